"""What each word of one review adds to the scores: what they would be without it is what tells.

Each word is taken for one that the network does not know, which it has learned to do without, and
the review is scored again; so it is the network itself that answers, whatever it is made of.
Source: Li, Monroe and Jurafsky 2016, Understanding neural networks through representation erasure.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.models.base import Explanation
from reviewdesk.models.neural.graph import OnnxGraph
from reviewdesk.models.neural.words import UNKNOWN, WordVocabulary


def explain_review(
    review: pa.RecordBatch,
    vocabulary: WordVocabulary,
    graph: OnnxGraph,
    present: NDArray[np.int64],
    scores: NDArray[np.float32],
) -> Explanation:
    """Return the words of a review with their weights, those that matter most first.

    A word that stands in a column more than once is left out everywhere there.

    Args:
        review: one row.
        vocabulary: gives ids, and where in the text they stand.
        graph: the network.
        present: the labels that it scores.
        scores: (k,) of the review.
    """
    texts, read = vocabulary.spans(review)
    fields = np.maximum(np.cumsum(read.spans[:, 0] < 0) - 1, 0)  # marks begin fields, if several
    places: dict[tuple[str, str], list[int]] = {}
    for place, (start, end) in enumerate(read.spans.tolist()):
        if start >= 0:
            word = texts.data[start:end].tobytes().decode(errors="replace")
            name = (word.replace("’", "'").lower(), vocabulary.columns[fields[place]])
            places.setdefault(name, []).append(place)
    without = np.tile(read.ids, (len(places), 1))  # (words, positions)
    for row, own in enumerate(places.values()):
        without[row, own] = UNKNOWN
    ends = np.arange(len(places) + 1) * len(read.ids)
    weights = np.zeros((len(places), len(scores)))
    weights[:, present] = scores[present] - graph.scores(without.ravel(), ends)
    order = np.argsort(-np.abs(weights).max(axis=1, initial=0), kind="stable")
    names = list(places)
    return Explanation(
        words=[names[place][0] for place in order],
        columns=[names[place][1] for place in order],
        weights=weights[order],
        bias=scores - weights.sum(axis=0),
    )
