"""How often each word and run of words stands in a text, by hash: rows of counts for LIBSVM.

An index is XXH64 of the UTF-8 bytes of the word, or of neighbouring words with blanks between them,
modulo the number of buckets, plus 1. A word of a script that does not divide words counts as its
pairs of neighbouring characters. Source: Weinberger et al. 2009, Feature hashing for large scale
multitask learning.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.text.hashing import hash64
from reviewdesk.text.tokens import tokenize

_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]{2,}"
)


_BLANK: Final = pa.scalar(" ", pa.large_string())


class Counts(NamedTuple):
    """Rows of counts: row i has ``indices[ends[i]:ends[i + 1]]``, ascending, each once."""

    indices: NDArray[np.int64]
    counts: NDArray[np.int64]
    ends: NDArray[np.int64]  # (n + 1,)


def hashed_counts(fields: Sequence[pa.Array], buckets: int, longest: int = 1) -> Counts:
    """Return how often each word, and each run of words of a field, stands in a text.

    Args:
        fields: columns of (n,) texts each, which count together; null is an empty text.
        buckets: how many indices there are.
        longest: the longest run, in words.
    """
    columns = [column.to_pylist() for column in fields]
    parts = [words_of(text) for texts in zip(*columns, strict=True) for text in texts]
    rows = np.repeat(np.arange(len(columns[0])), len(columns))
    return hashed_words(parts, rows, len(columns[0]), buckets, longest)


def words_of(text: str | None) -> list[str]:
    """Return the words of a text, as they are counted."""
    return list(_words(text)) if text else []


def hashed_words(
    parts: Sequence[Sequence[str]], rows: NDArray[np.int64], n: int, buckets: int, longest: int
) -> Counts:
    """Return how often each word, and each run of words of a part, stands in a row.

    Args:
        parts: the words of parts of texts.
        rows: (parts,) the row that each part counts for, 0 to n - 1.
        n: how many rows there are.
        buckets: how many indices there are.
        longest: the longest run, in words.
    """
    owners = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    tokens = pa.array([word for part in parts for word in part], pa.large_string())
    runs, hashes, found = tokens, [hash64(tokens)], [rows[owners]]
    for length in range(2, longest + 1):
        if len(tokens) < length:
            break
        runs = pc.binary_join_element_wise(runs[:-1], tokens[length - 1 :], _BLANK)
        same = owners[: len(runs)] == owners[length - 1 :]
        hashes.append(hash64(runs.filter(pa.array(same))))
        found.append(rows[owners[: len(runs)][same]])
    indices = (np.concatenate(hashes) % np.uint64(buckets) + np.uint64(1)).astype(np.int64)
    width = buckets + 1
    keys, counts = np.unique(np.concatenate(found) * width + indices, return_counts=True)
    row, index = np.divmod(keys, width)
    return Counts(index, counts, np.searchsorted(row, np.arange(n + 1)))


def _words(text: str) -> Iterator[str]:
    for word in tokenize(text):
        if word.isascii() or _UNSPACED.search(word) is None:
            yield word
        else:
            yield from (word[at : at + 2] for at in range(len(word) - 1))
