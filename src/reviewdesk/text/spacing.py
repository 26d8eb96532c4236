"""White space, control characters and invisible characters, in a kernel over UTF-8 bytes."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled
from reviewdesk.text.utf8 import copy, put, width

_KEEP: Final = 0
_SPACE: Final = 1
_NEWLINE: Final = 2
_NOTHING: Final = 3
_C1: Final = 4

# What the bytes 0x80 to 0x9F mean in Windows-1252. Text that was decoded as Latin-1 by mistake
# has these bytes as C1 control characters, which nobody types; browsers read them in this way too
# (HTML standard, numeric character references).
_WINDOWS_1252: Final = np.array(
    [ord(c) for c in bytes(range(0x80, 0xA0)).decode("cp1252", "replace")], np.int64
)
_UNDEFINED: Final = 0xFFFD


@compiled
def tidy(text: NDArray[np.uint8], out: NDArray[np.uint8], length: int) -> int:
    """Write a text tidied to ``out[length:]`` and return the place after it.

    Runs of white space become one space, or one newline where the run holds one; control
    characters are white space; invisible characters go, but for the two joiners, which words and
    emoji are made with. No more than half as many bytes again are written as are read.
    """
    first = length
    gap = _KEEP
    at = 0
    while at < len(text):
        byte = text[at]
        meaning = _KEEP if 32 < byte < 0x7F else _meaning(text, at)
        step = min(width(byte), len(text) - at)
        if meaning in (_SPACE, _NEWLINE):
            gap = max(gap, meaning)
        elif meaning != _NOTHING:
            if gap and length > first:
                out[length] = 10 if gap == _NEWLINE else 32
                length += 1
            gap = _KEEP
            if meaning == _C1:
                length = put(out, length, _WINDOWS_1252[text[at + 1] - 0x80])
            elif step == 1:
                out[length] = byte
                length += 1
            else:
                length = copy(text[at : at + step], out, length)
        at += step
    return length


@compiled
def _meaning(text: NDArray[np.uint8], at: int) -> int:
    """Say what the character that begins at a byte is to spacing."""
    lead = text[at]
    if lead < 0x80:
        if lead in (10, 13):
            return _NEWLINE
        return _SPACE if lead <= 32 or lead == 0x7F else _KEEP
    if lead == 0xC2 and at + 1 < len(text):
        return _latin(text[at + 1])
    if lead in (0xE1, 0xE2, 0xE3, 0xEF) and at + 2 < len(text):
        return _wide(((lead & 0x0F) << 12) | ((text[at + 1] & 0x3F) << 6) | (text[at + 2] & 0x3F))
    return _KEEP


@compiled
def _latin(code: int) -> int:
    """Say what a character from U+0080 to U+00BF is to spacing."""
    if code < 0xA0:
        return _SPACE if _WINDOWS_1252[code - 0x80] == _UNDEFINED else _C1
    if code == 0xA0:  # no-break space
        return _SPACE
    return _NOTHING if code == 0xAD else _KEEP  # soft hyphen


@compiled
def _wide(code: int) -> int:
    """Say what a character from U+1000 on is to spacing."""
    if code in (0x2028, 0x2029):  # line and paragraph separator
        return _NEWLINE
    if 0x2000 <= code <= 0x200A or code in (0x1680, 0x202F, 0x205F, 0x3000):
        return _SPACE
    if code in (0x200B, 0x200E, 0x200F, 0x180E, 0xFEFF):  # zero width, direction, byte order mark
        return _NOTHING
    if 0x202A <= code <= 0x202E or 0x2060 <= code <= 0x206F or 0xFFF9 <= code <= 0xFFFB:
        return _NOTHING  # direction, word joiner and invisible operators, annotation
    return _KEEP
