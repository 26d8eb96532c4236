"""Words of UTF-8 text as hashes: found, put into lower case and hashed in one pass over the bytes.

A word is what ``tokens`` calls one, with four differences that suit counting: digits are letters
of a word, ``!`` and ``?`` are words, emoticons lose their nose (``:-)`` is ``:)``), and scripts
that do not divide words give each pair of neighbouring characters.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled
from reviewdesk.text.letters import ALONE, BETWEEN, JOINS, KIND_SHIFT, UNSPACED, WORD, letter
from reviewdesk.text.utf8 import width

_PRIME: Final = np.uint64(0x9E3779B185EBCA87)
_MIX: Final = np.uint64(0xD6E8FEB86659FD93)
_HALF: Final = np.uint64(32)
_CODE: Final = (1 << KIND_SHIFT) - 1
_LOWER: Final = 0x20
_TEAR: Final = 0x27
LESS: Final = 0x3C
EYES: Final = (0x3A, 0x3B, 0x3D, LESS)  # : ; = <
THREE: Final = 0x33
BRACKETS: Final = (0x28, 0x29, 0x5B, 0x5D)  # ( ) [ ]
OTHER_MOUTHS: Final = (0x44, 0x50, 0x70, 0x2F, 0x5C, 0x7C, 0x2A)  # D P p / \ | *
_APOSTROPHE: Final = np.uint64(0x27)


@compiled
def hash_words(  # noqa: PLR0912, PLR0915  (one state machine: kernels that share its state cost time)
    data: NDArray[np.uint8],
    start: int,
    end: int,
    seed: np.uint64,
    table: NDArray[np.uint32],
    hashes: NDArray[np.uint64],
    spans: NDArray[np.int64],
) -> int:
    """Write the hash of each word in ``data[start:end]``, in their order.

    Bytes that are not UTF-8 are read as they come, and never beyond ``end``.

    Args:
        data: bytes of texts.
        start: where the text begins.
        end: where it ends.
        seed: another seed gives unrelated hashes.
        table: ``letters()``.
        hashes: gets a hash a word; there is room for a word a byte.
        spans: (words, 2) gets where each word begins and ends, unless it has no rows.

    Returns:
        How many words there are.
    """
    count, at = 0, start
    begin, stop, state, joins = -1, start, seed, False  # the word so far; begin -1 where none is
    before, before_at, lone = 0, start, False  # the unspaced character just before; 0 where none is
    while at < end:
        here = at
        byte = int(data[at])
        if byte < 0x80:
            at += 1
            value = int(table[byte])
        else:
            code, at = decode(data, at, end)
            value = letter(table, code)
        kind = value >> KIND_SHIFT
        if kind == WORD:
            if begin < 0:
                begin, state = here, seed
            elif joins:
                state = (state + _APOSTROPHE) * _PRIME
            joins, stop = False, at
            state = (state + np.uint64(value & _CODE)) * _PRIME
            if before == 0:
                continue
        elif begin >= 0:
            if kind == JOINS and not joins:
                joins = True
                continue
            count = _append(hashes, spans, count, mixed(state), begin, stop)
            begin, joins = -1, False
        if before != 0 and kind != UNSPACED:
            if lone:
                count = _append(hashes, spans, count, _pair(seed, before, 0), before_at, here)
            before = 0
        if kind == BETWEEN:
            size = emoticon(data, start, here, end)
            if size > 0:
                at = here + size
                face = _pair(seed, byte, int(data[at - 1]) | _LOWER)
                count = _append(hashes, spans, count, face, here, at)
                continue
        if kind == UNSPACED:
            if before != 0:
                pair = _pair(seed, before, value & _CODE)
                count = _append(hashes, spans, count, pair, before_at, at)
            before, before_at, lone = value & _CODE, here, before == 0
        elif kind == ALONE:
            count = _append(hashes, spans, count, _pair(seed, value & _CODE, 0), here, at)
    if begin >= 0:
        count = _append(hashes, spans, count, mixed(state), begin, stop)
    elif before != 0 and lone:
        count = _append(hashes, spans, count, _pair(seed, before, 0), before_at, end)
    return count


@compiled
def emoticon(data: NDArray[np.uint8], start: int, at: int, end: int) -> int:
    """Return how many bytes the emoticon that begins at a byte has; 0 where there is none.

    Emoticons are eyes, perhaps a nose or a tear, and a mouth, as in ``:-)``, and ``<3``. Right
    behind a word only mouths that are brackets count: ``good:)`` has one and ``http:/`` has none.

    Args:
        data: bytes of texts.
        start: where the text begins.
        at: where the eyes are.
        end: where the text ends.
    """
    eyes, mouth = int(data[at]), at + 1
    if eyes not in EYES:
        return 0
    if eyes != LESS and mouth < end and (data[mouth] == 0x2D or data[mouth] == _TEAR):
        mouth += 1
    if mouth >= end or (mouth + 1 < end and _is_word(int(data[mouth + 1]))):
        return 0
    size, face = mouth + 1 - at, int(data[mouth])
    if eyes == LESS:
        return size if face == THREE else 0
    behind_word = at > start and _is_word(int(data[at - 1]))
    return size if face in BRACKETS or (face in OTHER_MOUTHS and not behind_word) else 0


@compiled
def _is_word(byte: int) -> bool:
    """Say whether a byte is a letter or digit, or part of a character beyond ASCII."""
    lower = byte | _LOWER
    return byte >= 0x80 or 0x30 <= byte <= 0x39 or 0x61 <= lower <= 0x7A


@compiled
def decode(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """Return the character that begins at a byte, and the place after it."""
    lead = int(data[at])
    size = width(lead)
    if at + size > end:
        size = end - at
    if size == 1:
        return lead, at + 1
    code = lead & (0x7F >> size)
    for place in range(1, size):
        code = (code << 6) | (int(data[at + place]) & 0x3F)
    return code, at + size


@compiled
def mixed(value: np.uint64) -> np.uint64:
    """Return a hash whose every bit depends on every bit of the value."""
    value = (value ^ (value >> _HALF)) * _MIX
    return value ^ (value >> _HALF)


@compiled
def lone(seed: np.uint64, code: int) -> np.uint64:
    """Return the hash of a character of a script without spaces that stands alone."""
    return _pair(seed, code, 0)


@compiled
def _pair(seed: np.uint64, first: int, second: int) -> np.uint64:
    return mixed(((seed + np.uint64(first)) * _PRIME + np.uint64(second)) * _MIX)


@compiled
def _append(
    hashes: NDArray[np.uint64],
    spans: NDArray[np.int64],
    count: int,
    value: np.uint64,
    begin: int,
    end: int,
) -> int:
    hashes[count] = value
    if len(spans) > 0:
        spans[count, 0] = begin
        spans[count, 1] = end
    return count + 1
