import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewdesk.desk.highlight import LEVELS, Segment, segments


def test_words_in_any_case_and_only_whole() -> None:
    found = segments("Good goods, GOOD!", {"good": 2.0})
    assert found == [
        Segment("Good", 3),
        Segment(" goods, ", 0),
        Segment("GOOD", 3),
        Segment("!", 0),
    ]


def test_pairs_reach_over_what_is_between_and_add_up() -> None:
    found = segments("It is not -- good.", {"not good": -1.0, "good": 0.5})
    assert found == [
        Segment("It is ", 0),
        Segment("not -- ", -3),
        Segment("good", -2),
        Segment(".", 0),
    ]


def test_strength_is_relative_to_the_strongest() -> None:
    found = segments("a b c", {"a": 3.0, "b": -1.0, "c": 0.1})
    assert [one.level for one in found] == [3, 0, -1, 0, 1]


def test_no_words_no_text() -> None:
    assert segments("plain", {}) == [Segment("plain", 0)]
    assert segments("", {"a": 1.0}) == []
    assert segments("a", {"a": 0.0}) == [Segment("a", 0)]


@pytest.mark.parametrize("word", ["(", "a.b", "\\", "[x", "<b>", "$1", ""])
def test_words_are_no_patterns(word: str) -> None:
    assert "".join(one.text for one in segments("a.b (axb) <b>", {word: 1.0})) == "a.b (axb) <b>"


@given(st.text(), st.dictionaries(st.text(min_size=1, max_size=3), st.floats(-9, 9)))
def test_the_stretches_together_are_the_text(text: str, weights: dict[str, float]) -> None:
    found = segments(text, weights)
    assert "".join(one.text for one in found) == text
    assert all(-LEVELS <= one.level <= LEVELS for one in found)


def test_characters_inside_words() -> None:
    found = segments("Wonderfull, full of wonder", {"won…": 1.0, "…ull": -1.0})
    told = [(one.text, one.level) for one in found if one.level]
    assert told == [("Won", 3), ("ull", -3), ("ull", -3), ("won", 3)]
