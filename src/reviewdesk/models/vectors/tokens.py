"""Words of texts as spans of bytes, and the hashes that fastText's files are made with.

Source: fastText at 1142dc4, ``src/dictionary.cc``: ``readWord``, ``hash``, ``computeSubwords``,
``addWordNgrams``.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled

END: Final = b"</s>"
"""The word at the end of each line."""
END_START: Final = -1
"""Where the word at the end of a line begins, which stands nowhere in the text."""

_BASIS32: Final = np.uint32(2166136261)
_PRIME32: Final = np.uint32(16777619)
_BASIS64: Final = np.uint64(0xCBF29CE484222325)
_PRIME64: Final = np.uint64(0x100000001B3)
_HIGH32: Final = np.uint32(0xFFFFFF00)
_NGRAM_FACTOR: Final = np.uint64(116049371)
_HALF: Final = np.uint64(32)
_MIX: Final = np.uint64(0xD6E8FEB86659FD93)
_LESS: Final = 60
_GREATER: Final = 62


@compiled
def split_line(
    data: NDArray[np.uint8], start: int, end: int, spans: NDArray[np.int64], at: int
) -> int:
    """Write where each word of one line begins and ends; what separates words is fastText's.

    The line ends at a line break, at the word ``</s>`` or at ``end``.

    Args:
        data: bytes of texts.
        start: where the line begins.
        end: where it ends.
        spans: (words, 2).
        at: the first place in ``spans`` to write to.

    Returns:
        The place after the last one written.
    """
    begin = -1
    for byte_at in range(start, end):
        byte = int(data[byte_at])
        if byte == 32 or 9 <= byte <= 13 or byte == 0:
            if begin >= 0:
                if _is_end(data, begin, byte_at):
                    return at
                spans[at, 0], spans[at, 1] = begin, byte_at
                at += 1
                begin = -1
            if byte == 10:
                return at
        elif begin < 0:
            begin = byte_at
    if begin >= 0 and not _is_end(data, begin, end):
        spans[at, 0], spans[at, 1] = begin, end
        at += 1
    return at


@compiled
def _is_end(data: NDArray[np.uint8], start: int, end: int) -> bool:
    return (
        end - start == 4
        and data[start] == 60
        and data[start + 1] == 47
        and data[start + 2] == 115
        and data[start + 3] == 62
    )


@compiled
def fnv32(state: np.uint32, byte: np.uint8) -> np.uint32:
    """Return fastText's hash after one more byte, which it takes for a signed one."""
    wide = np.uint32(byte)
    if wide >= np.uint32(128):
        wide |= _HIGH32
    return np.uint32((state ^ wide) * _PRIME32)


@compiled
def word_hash(data: NDArray[np.uint8], start: int, end: int) -> np.uint32:
    """Return fastText's hash of a word."""
    state = _BASIS32
    if start == END_START:
        for byte in (60, 47, 115, 62):
            state = fnv32(state, np.uint8(byte))
        return state
    for place in range(start, end):
        state = fnv32(state, data[place])
    return state


@compiled
def word_key(data: NDArray[np.uint8], start: int, end: int) -> np.uint64:
    """Return what a word is known by: 64 bits, never 0."""
    state = _BASIS64
    if start == END_START:
        for byte in (60, 47, 115, 62):
            state = (state ^ np.uint64(byte)) * _PRIME64
    else:
        for place in range(start, end):
            state = (state ^ np.uint64(data[place])) * _PRIME64
    state = (state ^ (state >> _HALF)) * _MIX
    state ^= state >> _HALF
    return state if state != np.uint64(0) else np.uint64(1)


@compiled
def character_buckets(
    data: NDArray[np.uint8],
    start: int,
    end: int,
    shortest: int,
    longest: int,
    bucket: np.uint32,
    out: NDArray[np.int64],
    at: int,
) -> int:
    """Write the bucket of each n-gram of characters of a word between ``<`` and ``>``.

    Args:
        data: bytes of texts.
        start: where the word begins.
        end: where it ends.
        shortest: fewest characters.
        longest: most characters.
        bucket: how many buckets there are.
        out: gets the buckets.
        at: the first place in ``out`` to write to.

    Returns:
        The place after the last one written.
    """
    size = end - start + 2
    for first in range(size):
        if 0 < first < size - 1 and (int(data[start + first - 1]) & 0xC0) == 0x80:
            continue
        state = _BASIS32
        byte_at, count = first, 1
        while byte_at < size and count <= longest:
            state = fnv32(state, _framed(data, start, size, byte_at))
            byte_at += 1
            while 0 < byte_at < size - 1 and (int(data[start + byte_at - 1]) & 0xC0) == 0x80:
                state = fnv32(state, data[start + byte_at - 1])
                byte_at += 1
            if count >= shortest and not (count == 1 and (first == 0 or byte_at == size)):
                out[at] = np.int64(state % bucket)
                at += 1
            count += 1
    return at


@compiled
def _framed(data: NDArray[np.uint8], start: int, size: int, byte_at: int) -> np.uint8:
    """Return one byte of a word between ``<`` and ``>``."""
    if byte_at == 0:
        return np.uint8(_LESS)
    if byte_at == size - 1:
        return np.uint8(_GREATER)
    return np.uint8(data[start + byte_at - 1])


@compiled
def longer_ngram(state: np.uint64, word: np.uint32) -> np.uint64:
    """Return the hash of an n-gram of words with one more word."""
    return state * _NGRAM_FACTOR + signed(word)


@compiled
def signed(word: np.uint32) -> np.uint64:
    """Return a word's hash as fastText widens it: as a signed number."""
    wide = np.uint64(word)
    if word >= np.uint32(0x80000000):
        wide |= np.uint64(0xFFFFFFFF00000000)
    return wide
