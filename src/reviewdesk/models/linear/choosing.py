"""Which n-grams and which strength do best on held-out rows."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from reviewdesk.models.labelled import with_label
from reviewdesk.models.linear.learning import Learning
from reviewdesk.models.linear.texts import field_texts
from reviewdesk.models.linear.vocabulary import CHOOSE, Grams
from reviewdesk.text.languages import UNKNOWN, language_column

SAMPLE_ROWS: Final = 20_000
WORTH: Final = 0.005
"""A longer n-gram must make the labels of held-out rows so much likelier, as a share."""

LEAST_GAIN: Final = 5e-4
"""And by so much at the least: where all labels are told for certain, nothing is to be gained."""

RUNS: Final = 6
"""The longest run of characters that is tried."""
ROWS_TOLD: Final = 2_000
ENOUGH_TO_TELL: Final = 60
"""Texts of fewer characters are told by their languages together with the next ones."""
UNSPACED: Final = ("zh", "ja", "th", "lo", "km", "my")
"""Languages that do not divide words."""

HINGE_STRENGTH: Final = (0.7,)
SOFTMAX_STRENGTHS: Final = (0.7, 0.3, 1.0)


def choose(
    learning: Learning, sample: list[pa.RecordBatch], grams: Grams, strength: float, longest: int
) -> tuple[Grams, float]:
    """Return the n-grams and the strength.

    In English, runs of characters have been of no use. In languages that do not divide words they
    have been, more than how likely held-out rows are can say; in others these decide.

    Args:
        learning: how rows are learnt from.
        sample: labelled rows.
        grams: the n-grams that were asked for; 0 words for a length that is to be chosen, and
            ``CHOOSE`` for runs of characters that are.
        strength: the one that was asked for; 0 for one that is to be chosen.
        longest: the longest n-gram that may be chosen.
    """
    text_bytes = sum(int(field_texts(b, learning.columns).bytes.sum()) for b in sample)
    labels = np.unique(np.concatenate([with_label(batch)[1] for batch in sample]))
    strengths = HINGE_STRENGTH if learning.multilabel or len(labels) <= 2 else SOFTMAX_STRENGTHS
    power = strength or strengths[0]
    told = main_language(sample, learning.columns) if grams.characters == CHOOSE else ""
    asked = RUNS if told in UNSPACED else max(grams.characters, 0)
    chosen = Grams(grams.words or 1, asked, grams.marks)
    runs = told not in ("", "en", *UNSPACED)
    if len(labels) < 2 or (grams.words and strength and not runs):
        return chosen, power

    def surprise(tried: Grams, strength: float) -> float:
        learnt = learning.learn(sample, text_bytes, tried, strength, choosing=True)
        return -float(learnt.likely.sum()) / max(len(learnt.likely), 1)

    def worth_it(tried: float) -> bool:
        return tried < best * (1 - WORTH) - LEAST_GAIN

    best = surprise(chosen, power)
    while not grams.words and chosen.words < longest:
        longer = chosen._replace(words=chosen.words + 1)
        if not worth_it(loss := surprise(longer, power)):
            break
        best, chosen = loss, longer
    for other in () if strength else strengths[1:]:
        if (loss := surprise(chosen, other)) < best:
            best, power = loss, other
    with_runs = chosen._replace(characters=RUNS)
    if runs and worth_it(surprise(with_runs, power)):
        chosen = with_runs
    return chosen, power


def main_language(sample: Sequence[pa.RecordBatch], columns: Sequence[str]) -> str:
    """Return the code of the language that most texts are in; empty where none can be told.

    Args:
        sample: rows.
        columns: the text columns.
    """
    rows = sum(map(len, sample))
    every = -(-rows // ROWS_TOLD) or 1
    pieces, begin = [""], 0
    for batch in sample:  # the same rows however they are cut into batches
        for row in range(-begin % every, len(batch), every):
            texts = [batch[name][row].as_py() for name in columns]
            if len(pieces[-1]) >= ENOUGH_TO_TELL:
                pieces.append("")
            pieces[-1] = " ".join(text for text in (pieces[-1], *texts) if text)
        begin += len(batch)
    codes = Counter(code for code in language_column(pa.array(pieces)).to_pylist())
    del codes[UNKNOWN]
    return str(max(codes, key=codes.__getitem__)) if codes else ""
