"""The words that say what a text is about, as one line of text: Arrow to Arrow, in a kernel.

Words are those of ``tokens``: in lower case, without punctuation. Stop words go; the words that
turn a meaning round (not, never, cannot) stay. The special cases of Unicode are those of
``letters``: a character in lower case is one character.
"""

from functools import cache
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.text.buffers import Buffers, buffers
from reviewdesk.text.compiled import compiled
from reviewdesk.text.letters import (
    ALONE,
    BETWEEN,
    JOINS,
    KIND_SHIFT,
    UNSPACED,
    WORD,
    letter,
    letters,
)
from reviewdesk.text.stems import stem
from reviewdesk.text.stop_words import STOP_WORDS
from reviewdesk.text.utf8 import copy, put
from reviewdesk.text.words import decode

_CODE: Final = (1 << KIND_SHIFT) - 1
_EMOJI_FROM: Final = 0x2600
_SPACE: Final = 0x20
_APOSTROPHE: Final = 0x27
_S: Final = 0x73
_FNV_START: Final = np.uint64(0xCBF29CE484222325)
_FNV_PRIME: Final = np.uint64(0x100000001B3)
_SLOTS: Final = 2_048
_LARGEST: Final = 2**31 - 1


def content_words(values: pa.Array, *, stems: bool = False) -> pa.StringArray:
    """Return each text's words without stop words, in their order, with one space between them.

    Args:
        values: (n,) clean texts of any Arrow string type; null stays null.
        stems: English words are reduced to their stems (``stems``), without a possessive 's; words
            that hold other letters than a to z stay as they are.

    Raises:
        InputError: the words are larger than one Arrow string array holds (2 GiB).
    """
    texts = buffers(values)
    size = int(texts.offsets[-1] - texts.offsets[0])
    out = np.empty(2 * size + 1, np.uint8)  # a word takes at most half as much again, and a space
    ends = np.zeros(len(texts.offsets), np.int64)
    _reduce_rows(texts, letters(), _stop_words(), stems, out, ends)
    if ends[-1] > _LARGEST:
        raise InputError("the texts of one batch are over 2 GiB; take their words in smaller ones")
    valid = None if texts.valid.all() else pa.array(texts.valid).buffers()[1]
    data = pa.py_buffer(out[: ends[-1]])
    return pa.StringArray.from_buffers(
        len(texts.valid), pa.py_buffer(ends.astype(np.int32)), data, valid
    )


class _Words(NamedTuple):
    """A set of words that kernels can look in: word ``i`` is ``data[offsets[i]:offsets[i + 1]]``.

    Args:
        slots: (slots,) the word at this hash, or the next free slot after it; -1 where none is.
        data: (bytes,) of all words.
        offsets: (words + 1,) where they are.
    """

    slots: NDArray[np.int64]
    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]


@cache
def _stop_words() -> _Words:
    words = [word.encode() for word in sorted(STOP_WORDS)]
    data = np.frombuffer(b"".join(words), np.uint8).copy()
    offsets = np.cumsum([0, *map(len, words)], dtype=np.int64)
    slots = np.full(_SLOTS, -1, np.int64)
    for index in range(len(words)):
        slot = _slot(data, int(offsets[index]), int(offsets[index + 1]))
        while slots[slot] >= 0:
            slot = (slot + 1) % _SLOTS
        slots[slot] = index
    return _Words(slots, data, offsets)


@compiled
def _reduce_rows(
    texts: Buffers,
    table: NDArray[np.uint32],
    stop_words: _Words,
    stems: bool,
    out: NDArray[np.uint8],
    ends: NDArray[np.int64],
) -> None:
    """Write the words of each text to ``out`` and where each text's end to ``ends[1:]``."""
    length = 0
    for row in range(len(texts.valid)):
        first = length
        at, end = texts.offsets[row], texts.offsets[row + 1]
        while texts.valid[row] and at < end:
            start = length
            if length > first:
                out[length] = _SPACE
                start += 1
            at, stop = _write_word(texts.data, at, end, table, out, start)
            if stop == start or _contains(stop_words, out, start, stop):
                continue
            length = _write_stem(out, start, stop) if stems else stop
        ends[row + 1] = length


@compiled
def _write_word(
    data: NDArray[np.uint8],
    at: int,
    end: int,
    table: NDArray[np.uint32],
    out: NDArray[np.uint8],
    length: int,
) -> tuple[int, int]:
    """Write the next word in lower case.

    Returns:
        The place in the text after it, and the place in ``out`` after it; the latter is ``length``
        when there is no word left.
    """
    while at < end:
        number = _number_end(data, at, end)
        if number > at:
            return number, copy(data[at:number], out, length)
        code, after = decode(data, at, end)
        kind = _kind(letter(table, code))
        if kind == ALONE:
            return after, put(out, length, code)
        if kind == WORD:
            break
        at = after
    while at < end:
        byte = int(data[at])
        after = at + 1
        value = int(table[byte])
        if byte >= 0x80:
            code, after = decode(data, at, end)
            value = letter(table, code)
        kind = _kind(value)
        if kind == WORD and byte < 0x80:
            out[length] = value & _CODE
            length += 1
        elif kind == WORD:
            length = put(out, length, value & _CODE)
        elif kind == JOINS and after < end and _begins_word(data, after, end, table):
            length = put(out, length, _APOSTROPHE)
        else:
            break
        at = after
    return at, length


@compiled
def _begins_word(data: NDArray[np.uint8], at: int, end: int, table: NDArray[np.uint32]) -> bool:
    code, _ = decode(data, at, end)
    return _kind(letter(table, code)) == WORD


@compiled
def _kind(value: int) -> int:
    """Return what a character is to a word of the kind that this module writes."""
    kind = value >> KIND_SHIFT
    if kind == UNSPACED:
        return WORD
    if kind == ALONE and (value & _CODE) < _EMOJI_FROM:  # ! and ?
        return BETWEEN
    if kind == WORD and 0xFE00 <= (value & _CODE) <= 0xFE0F:  # says how an emoji is drawn
        return BETWEEN
    return kind


@compiled
def _number_end(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Return the place after a number such as 3.5 or 1,000; ``at`` where there is none."""
    place, found = at, at
    while place < end and 0x30 <= data[place] <= 0x39:
        while place < end and 0x30 <= data[place] <= 0x39:
            place += 1
        if found > at or (place < end and data[place] in (0x2C, 0x2E)):
            found = place
        if place < end and data[place] in (0x2C, 0x2E):
            place += 1
        else:
            break
    return found


@compiled
def _write_stem(out: NDArray[np.uint8], start: int, end: int) -> int:
    """Turn the word ``out[start:end]`` into its stem and return the place after it."""
    if end - start > 2 and out[end - 2] == _APOSTROPHE and out[end - 1] == _S:
        end -= 2
    for place in range(start, end):
        if not 0x61 <= out[place] <= 0x7A:
            return end
    return start + stem(out[start:], end - start)


@compiled
def _contains(words: _Words, data: NDArray[np.uint8], start: int, end: int) -> bool:
    """Say whether ``data[start:end]`` is one of the words."""
    slot = _slot(data, start, end)
    while words.slots[slot] >= 0:
        word = words.slots[slot]
        first = words.offsets[word]
        same = 0
        if words.offsets[word + 1] - first == end - start:
            while same < end - start and words.data[first + same] == data[start + same]:
                same += 1
            if same == end - start:
                return True
        slot = (slot + 1) % _SLOTS
    return False


@compiled
def _slot(data: NDArray[np.uint8], start: int, end: int) -> int:
    """Return where a word is looked for first (FNV-1a)."""
    state = _FNV_START
    for place in range(start, end):
        state = (state ^ np.uint64(data[place])) * _FNV_PRIME
    return np.int64(state % np.uint64(_SLOTS))  # type: ignore[return-value]
