"""Runs of characters inside words as hashes: what misspelt words and long scripts still share.

A word here is a run of letters, digits and marks, also of scripts that do not divide words. It is
read with a mark before and one behind it, so that a run at a word's edge is another than the same
run inside. Source: Bojanowski et al. 2017, Enriching word vectors with subword information.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled
from reviewdesk.text.letters import JOINS, KIND_SHIFT, UNSPACED, WORD, letter
from reviewdesk.text.words import decode, mixed

SHORTEST: Final = 3
LONGEST_WORD: Final = 40
"""Of a longer word, only so many characters count: nobody writes one, and it bounds the work."""

_PRIME: Final = np.uint64(0x9E3779B185EBCA87)
_CODE: Final = (1 << KIND_SHIFT) - 1
_EDGE: Final = 0x110000  # no character
_APOSTROPHE: Final = 0x27


@compiled
def hash_characters(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    seed: np.uint64,
    table: NDArray[np.uint32],
    longest: int,
    hashes: NDArray[np.uint64],
    spans: NDArray[np.int64],
) -> int:
    """Write the hash of each run of 3 to ``longest`` characters in the words of a text.

    Args:
        data: bytes of texts.
        start: where the text begins.
        end: where it ends.
        seed: another seed gives unrelated hashes.
        table: ``letters()``.
        longest: the longest run, edges of the word included.
        hashes: gets the hashes; there is room for ``longest - 2`` a byte.
        spans: (runs, 2) gets where each run begins and ends, unless it has no rows; inverted (and
            so below 0) where the word's edge is part of the run.

    Returns:
        How many there are.
    """
    codes = np.empty(LONGEST_WORD + 2, np.int64)
    places = np.empty(LONGEST_WORD + 3, np.int64)
    codes[0] = _EDGE
    count, at, size, joins, begin = 0, start, 0, False, 0
    while at < end:
        here = at
        code, at = decode(data, at, end)
        value = letter(table, code)
        kind = value >> KIND_SHIFT
        if kind in (WORD, UNSPACED):
            if joins and size < LONGEST_WORD:
                size += 1
                codes[size], places[size] = _APOSTROPHE, begin
                places[size + 1] = here
            joins = False
            if size < LONGEST_WORD:
                size += 1
                codes[size], places[size] = value & _CODE, here
                places[size + 1] = at
        elif size > 0:
            if kind == JOINS and not joins:
                joins, begin = True, here
                continue
            count = _append_runs(codes, places, size, seed, longest, hashes, spans, count)
            size, joins = 0, False
    if size > 0:
        count = _append_runs(codes, places, size, seed, longest, hashes, spans, count)
    return count


@compiled
def _append_runs(
    codes: NDArray[np.int64],
    places: NDArray[np.int64],
    size: int,
    seed: np.uint64,
    longest: int,
    hashes: NDArray[np.uint64],
    spans: NDArray[np.int64],
    count: int,
) -> int:
    codes[size + 1] = _EDGE
    for first in range(size):
        state = seed
        for place in range(first, min(first + longest, size + 2)):
            state = (state + np.uint64(codes[place])) * _PRIME
            if place - first < SHORTEST - 1:
                continue
            hashes[count] = mixed(state)
            if len(spans) > 0:
                spans[count, 0] = places[first] if first > 0 else ~places[1]
                spans[count, 1] = places[place + 1] if place <= size else ~places[size + 1]
            count += 1
    return count
