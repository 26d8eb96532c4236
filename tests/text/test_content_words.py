"""Words without stop words, against a plain program that does the same."""

import pyarrow as pa
import pytest
import snowballstemmer
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewdesk.text.content_words import content_words
from reviewdesk.text.stop_words import STOP_WORDS
from reviewdesk.text.tokens import tokenize

PIECES = [
    *("The", "not", "don’t", "can't", "product's", "naïve", "ÉTÉ", "3.5", "1,000", "v2.0", "x"),
    *(
        "running",
        "happiness",
        "読む",
        "👍",
        "❤️",
        "foo_bar",
        "!",
        "?",
        ".",
        ",",
        "'",
        "-",
        " ",
        "\n",
    ),
]


def words(*texts: str | None, stems: bool = False) -> list[str | None]:
    found: list[str | None] = content_words(pa.array(texts, pa.string()), stems=stems).to_pylist()
    return found


def plain(text: str) -> str:
    return " ".join(word for word in tokenize(text) if word not in STOP_WORDS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't buy this. It is NOT worth $3.50!!", "don't buy not worth 3.50"),
        ("the product’s case_is 👍👎", "product's case 👍 👎"),
        ("1,000 5.0.0. 35mm v3.5", "1,000 5.0.0 35mm v3 5"),
        ("It was, and there it is.", ""),
        ("", ""),
        (" \n ", ""),
        ("’quoted’ rock'n'roll' '", "quoted rock'n'roll"),
        ("読む本 Ωμέγα", "読む本 ωμέγα"),
        (None, None),
    ],
)
def test_words_that_stay(text: str | None, expected: str | None) -> None:
    assert words(text) == [expected]


def test_stems() -> None:
    assert words("The products' happiness, running naïvely; it's the printer's", stems=True) == [
        "product happi run naïvely printer"
    ]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_equals_the_plain_program(text: str) -> None:
    assert words(text) == [plain(text)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=4))
def test_any_text_gives_text(texts: list[str]) -> None:
    for stems in (False, True):
        found = content_words(pa.array(texts, pa.string()), stems=stems)
        found.validate(full=True)
        assert len(found) == len(texts)
        assert not any("  " in one or one != one.strip(" ") for one in found.to_pylist())


def test_ascii_words_are_stemmed_like_another_program() -> None:
    reference = snowballstemmer.stemmer("porter")
    text = "terrible packaging arrived damaged returned immediately refunded quickly"
    expected = " ".join(reference.stemWord(word) for word in text.split())
    assert words(text, stems=True) == [expected]


def test_slices_and_large_strings() -> None:
    values = pa.array(["dropped", "Good printer", None, "the end"], pa.large_string())
    assert content_words(values.slice(1)).to_pylist() == ["good printer", None, "end"]
    assert content_words(values.slice(0, 0)).to_pylist() == []


def test_a_word_of_a_megabyte() -> None:
    assert words("A" * 1_000_000, stems=True) == ["a" * 1_000_000]
