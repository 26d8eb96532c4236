import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewdesk.text.tokens import WORD_PATTERN, normalised_key, tokenize


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't buy; it’s BAD.", ["don't", "buy", "it's", "bad"]),
        ("rock'n'roll 'quoted' a''b", ["rock'n'roll", "quoted", "a", "b"]),
        ("3.5/5 for $1,000, 2,x", ["3.5", "5", "for", "1,000", "2", "x"]),
        ("Stopped.Then mp3s", ["stopped", "then", "mp3s"]),
        ("_very_ well-made", ["very", "well", "made"]),
        ("café cafe\u0301 हिन्दी 日本語", ["café", "cafe\u0301", "हिन्दी", "日本語"]),
        ("good 👍👍", ["good", "👍", "👍"]),
        ("", []),
        ("?! ...", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert tokenize(text) == words


def test_the_pattern_captures_no_group() -> None:
    assert re.compile(WORD_PATTERN).groups == 0


@given(st.text())
def test_every_letter_and_digit_is_in_a_word(text: str) -> None:
    found = "".join(tokenize(text))
    lower = text.lower().replace("’", "'")
    assert [c for c in found if c.isalnum()] == [c for c in lower if c.isalnum()]


def key(text: str | None, kind: pa.DataType | None = None) -> str | None:
    found: str | None = normalised_key(pa.array([text], kind or pa.string()))[0].as_py()
    return found


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("GREAT", "great!!!"),
        ("Great,  I love it", "great - I love it."),
        ("first\nsecond", "First. Second."),
        ("ÉTÉ", "été"),
        ("5/5", "5 5"),
    ],
)
def test_the_same_text(text: str, same: str) -> None:
    assert key(text) == key(same)


@pytest.mark.parametrize(
    ("text", "other"), [("👍", "👎"), (":)", ":("), ("!", ""), ("a b", "ab"), ("c++", "c")]
)
def test_another_text(text: str, other: str) -> None:
    assert key(text) != key(other)


def test_null_has_no_key() -> None:
    assert key(None) is None
    assert normalised_key(pa.array([], pa.string())).to_pylist() == []


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view()], ids=str)
def test_other_string_types(kind: pa.DataType) -> None:
    assert key("Good!", kind) == "good"


@given(st.text(st.characters(codec="utf-8")))
def test_a_key_is_its_own_key(text: str) -> None:
    found = key(text)
    assert key(found) == found
