"""Hashed n-grams of texts, each row's fields kept apart, as slots of a table of a power of two.

The table holds a word of 8 bytes a slot: in its upper half the last row that had an n-gram there
(1 is the first row), in its lower half how many rows have had one. So one access both finds
whether the row had the n-gram already and counts it. An access waits for memory, not for the
processor, so each is asked for some accesses ahead.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.characters import SHORTEST, hash_characters
from reviewdesk.text.compiled import compiled
from reviewdesk.text.prefetch import prefetch
from reviewdesk.text.words import hash_words

AHEAD: Final = 24
BLOCK_BYTES: Final = 8_192  # words and slots of a block fit into the fastest caches

_SPREAD: Final = np.uint64(0x9FB21C651E98DF25)
_LONGER: Final = np.uint64(0xA0761D6478BD642F)
_CHARACTERS: Final = np.uint64(0xE7037ED1A0B428DB)
_ROW: Final = np.uint64(32)


@compiled
def row_slots(
    data: NDArray[np.uint8],
    bounds: NDArray[np.int64],
    row: int,
    seeds: NDArray[np.uint64],
    letters: NDArray[np.uint32],
    longest: int,
    characters: int,
    shift: np.uint64,
    words: NDArray[np.uint64],
    slots: NDArray[np.uint32],
    count: int,
) -> int:
    """Append the slot of each n-gram of one row, field by field and the shorter n-grams first.

    Args:
        data: bytes of all fields' texts.
        bounds: (rows, fields, 2) where each field's text begins and ends.
        row: which row.
        seeds: (fields,) what keeps the fields apart.
        letters: ``letters()``.
        longest: the longest n-gram, in words.
        characters: the longest run of characters in a word, 3 or more; 0 for none.
        shift: 64 less the bits of a slot.
        words: room for the hashes of the words, and of the runs, of one field.
        slots: gets the slots.
        count: how many there are already.

    Returns:
        How many there are now.
    """
    none = np.empty((0, 2), np.int64)
    for field in range(len(seeds)):
        start, end = bounds[row, field, 0], bounds[row, field, 1]
        found = hash_words(data, start, end, seeds[field], letters, words, none)
        for length in range(1, longest + 1):
            for first in range(found - length + 1):
                slots[count] = np.uint32(ngram(words, first, length) >> shift)
                count += 1
        if characters > 0:
            seed = seeds[field] ^ _CHARACTERS
            found = hash_characters(data, start, end, seed, letters, characters, words, none)
            for place in range(found):
                slots[count] = np.uint32(words[place] >> shift)
                count += 1
    return count


def character_seed(seed: np.uint64) -> np.uint64:
    """Return what the runs of characters of a field are hashed with, from the field's seed."""
    return seed ^ _CHARACTERS


@compiled
def lengths(longest: int, characters: int) -> int:
    """Return how many lengths of n-grams there are, those of characters included.

    There are at most as many n-grams of one length as the text has bytes.
    """
    return longest + max(characters - SHORTEST + 1, 0)


@compiled
def ngram(words: NDArray[np.uint64], first: int, length: int) -> np.uint64:
    """Return the hash of the n-gram that begins at a word."""
    value: np.uint64 = words[first]
    for place in range(first + 1, first + length):
        value = (value * _LONGER + words[place]) * _SPREAD
    return value


@compiled
def count_rows(
    data: NDArray[np.uint8],
    bounds: NDArray[np.int64],
    seeds: NDArray[np.uint64],
    letters: NDArray[np.uint32],
    longest: int,
    characters: int,
    shift: np.uint64,
    first_row: int,
    table: NDArray[np.uint64],
    stream: NDArray[np.uint32],
    sizes: NDArray[np.uint32],
) -> int:
    """Count the n-grams of rows, each once a row.

    Args:
        data: bytes of all fields' texts.
        bounds: (rows, fields, 2) where each field's text begins and ends.
        seeds: (fields,) what keeps the fields apart.
        letters: ``letters()``.
        longest: the longest n-gram, in words.
        characters: the longest run of characters in a word, 3 or more; 0 for none.
        shift: 64 less the bits of a slot.
        first_row: how many rows were counted before, all in all.
        table: (2 ** bits,) see above.
        stream: gets the slots of each row, each once, in the order in which they first come.
        sizes: (rows,) gets how many slots each row has.

    Returns:
        How many slots there are in the stream.
    """
    room = _largest(bounds) + BLOCK_BYTES
    words = np.empty(room * max(characters - SHORTEST + 1, 1), np.uint64)
    slots = np.empty(room * lengths(longest, characters), np.uint32)
    ends = np.empty(len(bounds), np.int64)
    begin, done = 0, 0
    while begin < len(bounds):
        until, count = _next_block(
            data, bounds, begin, seeds, letters, longest, characters, shift, words, slots, ends
        )
        done = _count(slots, count, ends, begin, until, first_row, table, stream, sizes, done)
        begin = until
    return done


@compiled
def _next_block(
    data: NDArray[np.uint8],
    bounds: NDArray[np.int64],
    begin: int,
    seeds: NDArray[np.uint64],
    letters: NDArray[np.uint32],
    longest: int,
    characters: int,
    shift: np.uint64,
    words: NDArray[np.uint64],
    slots: NDArray[np.uint32],
    ends: NDArray[np.int64],
) -> tuple[int, int]:
    """Write the slots of some rows; return the row after them and how many slots there are."""
    row, count, used = begin, 0, 0
    while row < len(bounds) and used < BLOCK_BYTES:
        used += _bytes(bounds, row)
        count = row_slots(
            data, bounds, row, seeds, letters, longest, characters, shift, words, slots, count
        )
        ends[row] = count
        row += 1
    return row, count


@compiled
def _count(
    slots: NDArray[np.uint32],
    count: int,
    ends: NDArray[np.int64],
    begin: int,
    until: int,
    first_row: int,
    table: NDArray[np.uint64],
    stream: NDArray[np.uint32],
    sizes: NDArray[np.uint32],
    done: int,
) -> int:
    for place in range(min(AHEAD, count)):
        prefetch(table, slots[place])
    place = 0
    for row in range(begin, until):
        stamp = np.uint64(first_row + row + 1) << _ROW
        before = done
        while place < ends[row]:
            if place + AHEAD < count:
                prefetch(table, slots[place + AHEAD])
            slot = slots[place]
            entry = table[slot]
            place += 1
            if (entry >> _ROW) != (stamp >> _ROW):
                table[slot] = stamp | ((entry & np.uint64(0xFFFFFFFF)) + np.uint64(1))
                stream[done] = slot
                done += 1
        sizes[row] = done - before
    return done


@compiled
def find_rows(
    data: NDArray[np.uint8],
    bounds: NDArray[np.int64],
    seeds: NDArray[np.uint64],
    letters: NDArray[np.uint32],
    longest: int,
    characters: int,
    shift: np.uint64,
    numbers: NDArray[np.uint32],
    seen: NDArray[np.uint32],
    stream: NDArray[np.uint32],
    sizes: NDArray[np.uint32],
) -> int:
    """Find the known n-grams of rows, each once a row.

    Args:
        data: bytes of all fields' texts.
        bounds: (rows, fields, 2) where each field's text begins and ends.
        seeds: (fields,) what keeps the fields apart.
        letters: ``letters()``.
        longest: the longest n-gram, in words.
        characters: the longest run of characters in a word, 3 or more; 0 for none.
        shift: 64 less the bits of a slot.
        numbers: (2 ** bits,) the feature of each slot; as many as there are where there is none.
        seen: (features,) zeros, and zeros again at the end; the last row that had each feature.
        stream: gets the features of each row, each once.
        sizes: (rows,) gets how many features each row has.

    Returns:
        How many features there are in the stream.
    """
    room = _largest(bounds) + BLOCK_BYTES
    words = np.empty(room * max(characters - SHORTEST + 1, 1), np.uint64)
    slots = np.empty(room * lengths(longest, characters), np.uint32)
    ends = np.empty(len(bounds), np.int64)
    begin, done = 0, 0
    while begin < len(bounds):
        until, count = _next_block(
            data, bounds, begin, seeds, letters, longest, characters, shift, words, slots, ends
        )
        done = _find(slots, count, ends, begin, until, numbers, seen, stream, sizes, done)
        begin = until
    if done > len(seen):
        seen[:] = 0
    else:
        for place in range(done):
            seen[stream[place]] = 0
    return done


@compiled
def _find(
    slots: NDArray[np.uint32],
    count: int,
    ends: NDArray[np.int64],
    begin: int,
    until: int,
    numbers: NDArray[np.uint32],
    seen: NDArray[np.uint32],
    stream: NDArray[np.uint32],
    sizes: NDArray[np.uint32],
    done: int,
) -> int:
    for place in range(min(AHEAD, count)):
        prefetch(numbers, slots[place])
    place = 0
    for row in range(begin, until):
        before = done
        while place < ends[row]:
            if place + AHEAD < count:
                prefetch(numbers, slots[place + AHEAD])
            feature = numbers[slots[place]]
            place += 1
            if feature < len(seen) and seen[feature] != row + 1:
                seen[feature] = row + 1
                stream[done] = feature
                done += 1
        sizes[row] = done - before
    return done


@compiled
def _bytes(bounds: NDArray[np.int64], row: int) -> int:
    size = 0
    for field in range(bounds.shape[1]):
        size += bounds[row, field, 1] - bounds[row, field, 0]
    return size


@compiled
def _largest(bounds: NDArray[np.int64]) -> int:
    largest = 1
    for row in range(len(bounds)):
        largest = max(largest, _bytes(bounds, row))
    return largest
