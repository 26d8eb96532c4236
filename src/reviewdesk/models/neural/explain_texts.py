"""What each word of one review adds to the scores of a model that reads whole texts.

Each word is left out and the review is scored again. Source: Li, Monroe and Jurafsky 2016,
Understanding neural networks through representation erasure.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.models.base import Explanation
from reviewdesk.text.tokens import WORD_PATTERN

MOST_WORDS: Final = 100
"""Of a longer review, so many words are left out one by one: each costs a pass."""

_WORD: Final = re.compile(WORD_PATTERN)


def explain_text_words(
    texts: Mapping[str, str | None],
    columns: Sequence[str],
    score: Callable[[pa.RecordBatch], NDArray[np.float32]],
) -> Explanation:
    """Return the words of a review with their weights, those that matter most first.

    A word that stands in a column more than once is left out everywhere there.

    Args:
        texts: text column to text.
        columns: the columns that are read.
        score: returns the scores of reviews, (n, k).
    """
    own = {column: texts.get(column) or "" for column in columns}
    names = [(word, column) for column in columns for word in _words(own[column])]
    names = list(dict.fromkeys(names))[:MOST_WORDS]
    rows = [own] + [own | {column: _without(own[column], word)} for word, column in names]
    table = {column: pa.array([row[column] for row in rows], pa.string()) for column in columns}
    scores = score(pa.record_batch(table)).astype(np.float64)
    weights = scores[0] - scores[1:]
    order = np.argsort(-np.abs(weights).max(axis=1, initial=0), kind="stable")
    return Explanation(
        words=[names[place][0] for place in order],
        columns=[names[place][1] for place in order],
        weights=weights[order],
        bias=scores[0] - weights.sum(axis=0),
    )


def _words(text: str) -> list[str]:
    return [_name(found[0]) for found in _WORD.finditer(text)]


def _name(word: str) -> str:
    return word.lower().replace("’", "'")


def _without(text: str, word: str) -> str:
    return _WORD.sub(lambda found: "" if _name(found[0]) == word else found[0], text)
