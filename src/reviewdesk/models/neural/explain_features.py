"""What each word of one review adds to the scores of a network over hashed words.

Each word is left out, with the runs of words that it is in, and the review is scored again. Source:
Li, Monroe and Jurafsky 2016, Understanding neural networks through representation erasure.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from reviewdesk.models.base import Explanation
from reviewdesk.models.neural.review_chunks import rows_of_counts
from reviewdesk.models.sparse.sparse_rows import SparseRows
from reviewdesk.text.hashed_counts import hashed_words, words_of


def explain_words(
    texts: Mapping[str, str | None],
    columns: Sequence[str],
    score: Callable[[SparseRows], NDArray[np.float32]],
    *,
    buckets: int,
    ngrams: int,
) -> Explanation:
    """Return the words of a review with their weights, those that matter most first.

    A word that stands in a column more than once is left out everywhere there.

    Args:
        texts: text column to text.
        columns: the columns that are read.
        score: returns the scores of rows of counts, (n, k).
        buckets: how many indices words are hashed to.
        ngrams: the longest run of words that is a feature.
    """
    words = {column: words_of(texts.get(column)) for column in columns}
    left_out = list(dict.fromkeys((word, column) for column in columns for word in words[column]))
    parts: list[list[str]] = [words[column] for column in columns]
    rows = [0] * len(parts)
    for row, (word, column) in enumerate(left_out, 1):
        cut = _cut(words[column], word)
        own = [*cut, *(words[other] for other in columns if other != column)]
        parts += own
        rows += [row] * len(own)
    counts = hashed_words(parts, np.array(rows), 1 + len(left_out), buckets, ngrams)
    scores = score(rows_of_counts(counts)).astype(np.float64)
    weights = scores[0] - scores[1:]
    order = np.argsort(-np.abs(weights).max(axis=1, initial=0), kind="stable")
    return Explanation(
        words=[left_out[place][0] for place in order],
        columns=[left_out[place][1] for place in order],
        weights=weights[order],
        bias=scores[0] - weights.sum(axis=0),
    )


def _cut(words: Sequence[str], word: str) -> list[list[str]]:
    """Return what stands between the places of a word."""
    parts: list[list[str]] = [[]]
    for one in words:
        if one == word:
            parts.append([])
        else:
            parts[-1].append(one)
    return parts
