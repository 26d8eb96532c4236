"""Which length of n-grams and which strength do best on held-out rows."""

from typing import Final

import numpy as np
import pyarrow as pa

from reviewdesk.models.labelled import with_label
from reviewdesk.models.linear.learning import Learning
from reviewdesk.models.linear.texts import field_texts
from reviewdesk.models.linear.vocabulary import Grams

SAMPLE_ROWS: Final = 20_000
WORTH: Final = 0.005
"""A longer n-gram must make the labels of held-out rows so much likelier, as a share."""

LEAST_GAIN: Final = 5e-4
"""And by so much at the least: where all labels are told for certain, nothing is to be gained."""

HINGE_STRENGTH: Final = (0.7,)
SOFTMAX_STRENGTHS: Final = (0.7, 0.3, 1.0)


def choose(
    learning: Learning, sample: list[pa.RecordBatch], grams: Grams, strength: float, longest: int
) -> tuple[int, float]:
    """Return the length of n-grams, in words, and the strength.

    Args:
        learning: how rows are learnt from.
        sample: labelled rows.
        grams: the n-grams that were asked for; 0 words for a length that is to be chosen.
        strength: the one that was asked for; 0 for one that is to be chosen.
        longest: the longest n-gram that may be chosen.
    """
    text_bytes = sum(int(field_texts(b, learning.columns).bytes.sum()) for b in sample)
    labels = np.unique(np.concatenate([with_label(batch)[1] for batch in sample]))
    strengths = HINGE_STRENGTH if learning.multilabel or len(labels) <= 2 else SOFTMAX_STRENGTHS
    words, chosen = grams.words or 1, strength or strengths[0]
    if len(labels) < 2:
        return words, chosen

    def surprise(words: int, strength: float) -> float:
        tried = grams._replace(words=words)
        learnt = learning.learn(sample, text_bytes, tried, strength, choosing=True)
        return -float(learnt.likely.sum()) / max(len(learnt.likely), 1)

    best = surprise(words, chosen)
    while not grams.words and words < longest:
        tried = surprise(words + 1, chosen)
        if tried >= best * (1 - WORTH) - LEAST_GAIN:
            break
        best, words = tried, words + 1
    for other in () if strength else strengths[1:]:
        tried = surprise(words, other)
        if tried < best:
            best, chosen = tried, other
    return words, chosen
