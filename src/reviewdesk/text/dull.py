"""The words that say little alone, of each language, as hashes that kernels look in."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled
from reviewdesk.text.letters import KIND_SHIFT, UNSPACED, letter, letters
from reviewdesk.text.profiles import LANGUAGES
from reviewdesk.text.stop_words import dull_words
from reviewdesk.text.words import decode, hash_words, lone

_SEED: Final = np.uint64(0)
_FIRST_UNSPACED: Final = 0xE0
"""No character of a script without spaces has a lower first byte in UTF-8."""

_ELIDING: Final = ("fr", "it")
_LONGEST_ELIDED: Final = 5
"""Bytes before the apostrophe, as in ``jusqu'``; ``quelqu'un`` and ``aujourd'hui`` are words."""

Hashes = NDArray[np.uint64]


class Dull(NamedTuple):
    """Lists of hashes one after the other: list ``i`` is ``stops[ends[i]:ends[i + 1]]``.

    Args:
        stops: stop words, sorted within each list; the first list is English.
        stop_ends: (lists + 1,) where they are.
        negations: words that turn a meaning round, in the same way.
        negation_ends: (lists + 1,) where they are.
        lists: (languages,) which list each of ``LANGUAGES`` has; those without one have English.
        elides: (lists,) whether words of the language leave a vowel out before the next, as in
            ``l'acqua``.
    """

    stops: Hashes
    stop_ends: NDArray[np.int64]
    negations: Hashes
    negation_ends: NDArray[np.int64]
    lists: NDArray[np.uint8]
    elides: NDArray[np.bool_]


@cache
def dull() -> Dull:
    """Return the lists of all languages."""
    words = dull_words()
    stops, stop_ends = _joined([word_hashes(one.stop_words) for one in words.values()])
    negations, negation_ends = _joined([word_hashes(one.negations) for one in words.values()])
    lists = np.zeros(len(LANGUAGES), np.uint8)
    for number, code in enumerate(words):
        lists[LANGUAGES.index(code)] = number
    elides = np.array([code in _ELIDING for code in words])
    return Dull(stops, stop_ends, negations, negation_ends, lists, elides)


def _joined(lists: Sequence[Hashes]) -> tuple[Hashes, NDArray[np.int64]]:
    return np.concatenate(lists), np.cumsum([0, *map(len, lists)], dtype=np.int64)


@cache
def word_hashes(words: frozenset[str]) -> Hashes:
    """Return the sorted hashes of words; what is several words to a kernel is left out."""
    return np.sort(np.array(list(_hashes(words)), np.uint64))


def _hashes(words: Iterable[str]) -> Iterable[np.uint64]:
    room, none = np.empty(256, np.uint64), np.empty((0, 2), np.int64)
    for word in sorted(words):
        data = np.frombuffer(word.encode(), np.uint8)
        if hash_words(data, 0, len(data), _SEED, letters(), room, none) == 1:
            yield room[0]


@compiled
def is_in(sorted_hashes: Hashes, value: np.uint64) -> bool:
    """Say whether a hash is among sorted ones."""
    low, high = 0, len(sorted_hashes)
    while low < high:
        middle = (low + high) // 2
        if sorted_hashes[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low < len(sorted_hashes) and sorted_hashes[low] == value


@compiled
def is_dull_pair(
    data: NDArray[np.uint8],
    begin: int,
    end: int,
    table: NDArray[np.uint32],
    stops: Hashes,
    negations: Hashes,
) -> bool:
    """Say whether a pair of characters of a script without spaces holds a stop word and no more.

    Args:
        data: bytes of texts.
        begin: where the pair begins.
        end: where it ends.
        table: ``letters()``.
        stops: those of the text's language.
        negations: the same.
    """
    if data[begin] < _FIRST_UNSPACED:
        return False
    stop, negates, at = False, False, begin
    while at < end:
        code, at = decode(data, at, end)
        if letter(table, code) >> KIND_SHIFT != UNSPACED:
            return False
        alone = lone(_SEED, code)
        stop = stop or is_in(stops, alone)
        negates = negates or is_in(negations, alone)
    return stop and not negates


@compiled
def after_elision(data: NDArray[np.uint8], begin: int, end: int) -> int:
    """Return where a word begins behind what was elided before it, as behind ``l'``."""
    for at in range(begin + 1, min(begin + _LONGEST_ELIDED + 1, end - 2)):
        if data[at] == 0x27:
            return at + 1
        if data[at] == 0xE2 and data[at + 1] == 0x80 and at + 3 < end:
            return at + 3
    return begin
