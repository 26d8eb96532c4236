import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewdesk.text.spacing import tidy

INVISIBLE = re.compile(
    "[\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
TRICKY = st.sampled_from(
    "a é\n\r\t\x00\x1f\x7f\x80\x81\x85\x92\xa0\u1680\u2003\u2028\u202f\u3000\u200b\u200d\ufeff🙂"
)


def tidied(text: bytes) -> bytes:
    out = np.full(3 + len(text) + len(text) // 2, 0x78, np.uint8)
    end = tidy(np.frombuffer(text, np.uint8), out, 2)
    assert out[:2].tobytes() == b"xx"
    return out[2:end].tobytes()


def expected(text: str) -> str:
    """Do what tidy does, character by character."""
    plain = "".join(_expected_character(c) for c in INVISIBLE.sub("", text))
    return re.sub("[ \n]+", lambda run: "\n" if "\n" in run[0] else " ", plain.strip(" \n"))


def _expected_character(character: str) -> str:
    if character in "\n\r\u2028\u2029":
        return "\n"
    if "\x80" <= character <= "\x9f":
        return character.encode("latin-1").decode("cp1252", "replace").replace("\ufffd", " ")
    return " " if unicodedata.category(character) in ("Cc", "Zs") else character


@given(st.text(TRICKY | st.characters(codec="utf-8")))
def test_any_text_is_tidied_as_the_description_says(text: str) -> None:
    assert tidied(text.encode()).decode() == expected(text)


def test_every_character_is_tidied_as_the_description_says() -> None:
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    text = "".join(f"a{c}b" for c in characters)
    assert tidied(text.encode()).decode() == expected(text)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("  one \t two  ", "one two"),
        ("one\r\n\r\n two", "one\ntwo"),
        ("don\x92t \x96 no\x85", "don’t – no…"),
        ("nul\x00here", "nul here"),
        ("\ufeffzero\u200bwidth", "zerowidth"),
        ("👩\u200d👧", "👩\u200d👧"),
        (" \n\t ", ""),
        ("", ""),
    ],
)
def test_examples(text: str, plain: str) -> None:
    assert tidied(text.encode()).decode() == plain


@given(st.binary(max_size=40))
def test_bytes_that_are_not_text_do_no_harm(text: bytes) -> None:
    assert len(tidied(text)) <= len(text) + len(text) // 2
