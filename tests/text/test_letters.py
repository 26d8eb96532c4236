import numpy as np
import pytest

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


@pytest.mark.parametrize(
    ("char", "kind", "lower"),
    [
        ("A", WORD, "a"),
        ("7", WORD, "7"),
        ("É", WORD, "é"),
        ("Σ", WORD, "σ"),
        ("ς", WORD, "σ"),
        ("Я", WORD, "я"),
        ("İ", WORD, "i"),
        ("\u0301", WORD, "\u0301"),
        ("ע", WORD, "ע"),
        ("한", WORD, "한"),
        ("書", UNSPACED, "書"),
        ("の", UNSPACED, "の"),
        ("ไ", UNSPACED, "ไ"),
        ("\U00020000", UNSPACED, "\U00020000"),
        ("!", ALONE, "!"),
        ("👍", ALONE, "👍"),
        ("☃", ALONE, "☃"),
        ("'", JOINS, "'"),
        ("’", JOINS, "'"),
        (" ", BETWEEN, " "),
        ("\0", BETWEEN, "\0"),
        ("。", BETWEEN, "。"),
        ("\ufffd", BETWEEN, "\ufffd"),
    ],
)
def test_what_a_character_is(char: str, kind: int, lower: str) -> None:
    found = letter(letters(), ord(char))
    assert found >> KIND_SHIFT == kind
    if kind != BETWEEN:
        assert chr(found & 0xFFFFFF) == lower


def test_latin_greek_and_cyrillic_are_lowered_as_python_does() -> None:
    codes = [*range(0x41, 0x250), *range(0x370, 0x530), *range(0x1E00, 0x2000)]
    lower = letters()[codes] & np.uint32(0xFFFFFF)
    words = letters()[codes] >> np.uint32(KIND_SHIFT) == WORD
    wanted = np.array([ord(chr(code).lower()[0]) for code in codes])
    wanted[wanted == ord("ς")] = ord("σ")
    assert (lower[words] == wanted[words]).all()
