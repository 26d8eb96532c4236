"""Words by number: a table from what a word is known by to its place in the vocabulary."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from reviewdesk.models.vectors.tokens import END, END_START, word_key
from reviewdesk.text.compiled import compiled

UNKNOWN: Final = -1
FILLED: Final = 0.5
"""The largest share of a table's slots that is used."""


@dataclass(frozen=True, eq=False)
class WordIndex:
    """A hash table with open addressing.

    Args:
        keys: (slots,) uint64, a power of two of them; 0 where a slot is free.
        values: (slots,) int32.
    """

    keys: NDArray[np.uint64]
    values: NDArray[np.int32]

    @classmethod
    def of_keys(cls, keys: NDArray[np.uint64]) -> Self:
        """Return a table that gives each key its place among the keys."""
        size = 1 << max(4, int(np.ceil(np.log2(max(len(keys), 1) / FILLED))))
        found = cls(np.zeros(size, np.uint64), np.zeros(size, np.int32))
        fill_index(found.keys, found.values, keys, 0, len(keys))
        return found


def word_keys(words: list[bytes]) -> NDArray[np.uint64]:
    """Return what each word is known by, (n,)."""
    sizes = np.array([len(word) for word in words], np.int64)
    ends = np.cumsum(sizes)
    starts = np.where([word == END for word in words], END_START, ends - sizes)
    keys = np.empty(len(words), np.uint64)
    _keys(np.frombuffer(b"".join(words), np.uint8), starts.astype(np.int64), ends, keys)
    return keys


def find_words(index: WordIndex, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the number of each key, or ``UNKNOWN``, (n,)."""
    found = np.empty(len(keys), np.int64)
    _find(index.keys, index.values, keys, found)
    return found


@compiled
def _find(
    slots: NDArray[np.uint64],
    values: NDArray[np.int32],
    keys: NDArray[np.uint64],
    found: NDArray[np.int64],
) -> None:
    for number in range(len(keys)):
        found[number] = find_word(slots, values, keys[number])


@compiled
def _keys(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    keys: NDArray[np.uint64],
) -> None:
    for word in range(len(keys)):
        keys[word] = word_key(data, starts[word], ends[word])


@compiled
def fill_index(
    slots: NDArray[np.uint64],
    values: NDArray[np.int32],
    keys: NDArray[np.uint64],
    first: int,
    end: int,
) -> None:
    """Enter keys from ``first`` to before ``end`` with their places; of equal keys the first."""
    mask = np.uint64(len(slots) - 1)
    for number in range(first, end):
        slot = keys[number] & mask
        while slots[slot] != np.uint64(0) and slots[slot] != keys[number]:
            slot = (slot + np.uint64(1)) & mask
        if slots[slot] == np.uint64(0):
            slots[slot] = keys[number]
            values[slot] = number


@compiled
def find_word(slots: NDArray[np.uint64], values: NDArray[np.int32], key: np.uint64) -> np.int64:
    """Return a word's number, or ``UNKNOWN``."""
    mask = np.uint64(len(slots) - 1)
    slot = key & mask
    while slots[slot] != np.uint64(0):
        if slots[slot] == key:
            return np.int64(values[slot])
        slot = (slot + np.uint64(1)) & mask
    return np.int64(UNKNOWN)
