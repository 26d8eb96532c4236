"""UTF-8 in kernels: how many bytes a character takes, how it is written, how bytes are copied."""

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled


@compiled
def width(lead: int) -> int:
    """Return how many bytes the character takes that begins with a byte."""
    if lead < 0xC0:
        return 1
    if lead < 0xE0:
        return 2
    return 3 if lead < 0xF0 else 4


@compiled
def put(out: NDArray[np.uint8], at: int, code: int) -> int:
    """Write one character as UTF-8 and return the place after it."""
    if code < 0x80:
        out[at] = code
        return at + 1
    if code < 0x800:
        out[at] = 0xC0 | (code >> 6)
        return _continue(out, at + 1, code, 1)
    if code < 0x10000:
        out[at] = 0xE0 | (code >> 12)
        return _continue(out, at + 1, code, 2)
    out[at] = 0xF0 | (code >> 18)
    return _continue(out, at + 1, code, 3)


@compiled
def _continue(out: NDArray[np.uint8], at: int, code: int, count: int) -> int:
    for place in range(count):
        out[at + place] = 0x80 | ((code >> (6 * (count - 1 - place))) & 0x3F)
    return at + count


@compiled
def copy(text: NDArray[np.uint8], out: NDArray[np.uint8], at: int) -> int:
    """Write a text's bytes and return the place after them.

    Assigning a slice does the same and takes seconds more to compile.
    """
    for place in range(len(text)):
        out[at + place] = text[place]
    return at + len(text)
