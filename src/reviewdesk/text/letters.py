"""What each character is to a kernel that looks for words, and how it is in lower case."""

import unicodedata
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled

LIMIT: Final = 0x10000
"""Characters from here on are not in the table; see ``letter``."""

KIND_SHIFT: Final = 24
BETWEEN: Final = 0  # white space, punctuation
WORD: Final = 1  # letters, digits, marks
JOINS: Final = 2  # an apostrophe: part of a word when inside it
ALONE: Final = 3  # an emoji, or a mark that says something: a word by itself
UNSPACED: Final = 4  # a letter of a script that does not divide words

_ALONE: Final = (
    (0x2300, 0x2400),  # clocks, hands of a watch
    (0x25A0, 0x27C0),  # shapes, stars, faces, hearts, hands
    (0x2B00, 0x2C00),  # arrows, more stars
    (0x21, 0x22),
    (0x3F, 0x40),
)
_UNSPACED: Final = (
    (0x0E00, 0x0F00),  # Thai, Lao
    (0x1000, 0x10A0),  # Burmese
    (0x1780, 0x1800),  # Khmer
    (0x3005, 0x3008),  # 々 〆 〇, which stand inside words of Japanese
    (0x3040, 0x3100),  # Hiragana, Katakana
    (0x3400, 0x4DC0),  # Chinese characters
    (0x4E00, 0xA000),
    (0xF900, 0xFB00),
)


@cache
def letters(marks: bool = False) -> NDArray[np.uint32]:
    """Return for each character below ``LIMIT`` its kind and, below that, its lower case.

    With marks, each mark of punctuation is a word by itself, as a full stop; an apostrophe is none.

    A character whose lower case is several characters counts as the first of them. The two small
    sigmas are one letter.
    """
    text = "".join(map(chr, range(0xD800))) + "\0" * 0x800 + "".join(map(chr, range(0xE000, LIMIT)))
    kinds = np.array([_kind(char) for char in text], np.uint32)
    for kind, ranges in ((ALONE, _ALONE), (UNSPACED, _UNSPACED)):
        for start, end in ranges:
            part = kinds[start:end]
            part[(part != BETWEEN) | (kind == ALONE)] = kind
    if marks:
        punctuation = np.array([unicodedata.category(char)[0] == "P" for char in text])
        kinds[punctuation & (kinds == BETWEEN)] = ALONE
    lower = np.fromiter((ord(char.lower()[0]) for char in text), np.uint32, LIMIT)
    lower[0x3C2] = 0x3C3
    lower[0x2019] = 0x27
    table: NDArray[np.uint32] = (kinds << np.uint32(KIND_SHIFT)) | lower
    return table


def _kind(char: str) -> int:
    if char.isalnum():
        return WORD
    if char in "'’":
        return JOINS
    if char == "\ufe0f":  # makes a symbol an emoji: ❤ and ❤️ are one word
        return BETWEEN
    return WORD if unicodedata.category(char) in ("Mn", "Mc") else BETWEEN


@compiled
def letter(table: NDArray[np.uint32], code: int) -> int:
    """Return a character's kind and lower case as ``letters`` has them.

    Beyond the table, Chinese characters and emoji have their kind and the rest are letters.
    """
    if code < LIMIT:
        return int(table[code])
    if 0x1F000 <= code < 0x1FC00:
        return (ALONE << KIND_SHIFT) | code
    kind = UNSPACED if code >= 0x20000 else WORD
    return (kind << KIND_SHIFT) | code
