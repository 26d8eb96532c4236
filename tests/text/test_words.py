import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reviewdesk.text.letters import letters
from reviewdesk.text.words import hash_words


def found(raw: bytes, seed: int = 1) -> tuple[list[int], NDArray[np.int64]]:
    data = np.frombuffer(raw, np.uint8)
    hashes = np.zeros(len(data) + 1, np.uint64)
    spans = np.zeros((len(data) + 1, 2), np.int64)
    count = hash_words(data, 0, len(data), np.uint64(seed), letters(), hashes, spans)
    return hashes[:count].tolist(), spans[:count]


def words(text: str) -> list[str]:
    raw = text.encode()
    return [raw[start:end].decode() for start, end in found(raw)[1].tolist()]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", []),
        ("one", ["one"]),
        (" two  words\n", ["two", "words"]),
        ("don't 'quoted' rock''n", ["don't", "quoted", "rock", "n"]),
        ("it’s ’tis x’", ["it’s", "tis", "x"]),
        ("great!! why?", ["great", "!", "!", "why", "?"]),
        ("3.5 stars", ["3", "5", "stars"]),
        ("naïve ΣΟΦΌΣ Привет", ["naïve", "ΣΟΦΌΣ", "Привет"]),
        ("这本书 书", ["这本", "本书", "书"]),
        ("x书y书", ["x", "书", "y", "书"]),
        ("สวัส", ["สว", "วั", "ัส"]),
        ("so👍good", ["so", "👍", "good"]),
        ("a\0b", ["a", "b"]),
    ],
)
def test_words_of_a_text(text: str, wanted: list[str]) -> None:
    assert words(text) == wanted


@pytest.mark.parametrize(
    ("one", "other"),
    [("GREAT Book", "great book"), ("ΣΟΦΌΣ", "σοφός"), ("ПРИВЕТ", "привет"), ("it’s", "it's")],
)
def test_case_and_kind_of_apostrophe_make_no_difference(one: str, other: str) -> None:
    assert found(one.encode())[0] == found(other.encode())[0]


def test_different_words_and_seeds_have_different_hashes() -> None:
    texts = ["a", "b", "ab", "ba", "its", "it's", "书", "书本", "!", "?", "1", "11", "é", "e"]
    hashes = [found(text.encode(), seed)[0][0] for text in texts for seed in (1 << 20, 1 << 40)]
    assert len(set(hashes)) == len(hashes)


@given(st.lists(st.text(st.characters(codec="utf-8")), max_size=5))
def test_a_word_has_the_same_hash_wherever_it_stands(texts: list[str]) -> None:
    apart = [one for text in texts for one in found(text.encode())[0]]
    assert found("\n".join(texts).encode())[0] == apart


@given(st.binary(max_size=40))
def test_bytes_that_are_not_text_are_read_within_bounds(raw: bytes) -> None:
    hashes, spans = found(raw)
    assert len(hashes) <= len(raw)
    assert ((spans >= 0) & (spans <= len(raw))).all()
    assert (spans[:, 0] < spans[:, 1]).all()
    padded = np.frombuffer(b"abc" + raw + b"xyz", np.uint8)
    inside = np.zeros(len(padded), np.uint64)
    count = hash_words(
        padded, 3, 3 + len(raw), np.uint64(1), letters(), inside, np.empty((0, 2), np.int64)
    )
    assert inside[:count].tolist() == hashes
