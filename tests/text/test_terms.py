from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.text.stop_words import NEGATIONS, STOP_WORDS
from reviewdesk.text.terms import TermCounts, TermSketch
from reviewdesk.text.tokens import tokenize


def counted(
    texts: Sequence[str | None], groups: list[int] | None = None, most: int = 1000, fewest: int = 1
) -> dict[str, list[int]]:
    """Return in how many texts of each group each term is."""
    group = np.array(groups or [0] * len(texts), np.int32).reshape(-1, 1)
    batch = pa.array(texts, pa.string())
    sketch = TermSketch(bits=16)
    sketch.add(batch)
    counts = TermCounts(sketch, int(group.max(initial=0)) + 1, most, fewest)
    counts.add(batch, group)
    names, found = counts.result()
    assert len(set(names)) == len(names)
    return dict(zip(names, found.T.tolist(), strict=True))


def terms(text: str) -> set[str]:
    return set(counted([text]))


def test_words_and_pairs_without_stop_words() -> None:
    assert terms("The battery life of this phone is great") == {
        *("battery", "life", "phone", "great"),
        "battery life",
    }


def test_a_pair_needs_one_space_or_hyphen_between() -> None:
    assert terms("Great. Product") == {"great", "product"}
    assert terms("great product") == {"great", "product", "great product"}
    assert terms("shock-proof") == {"shock", "proof", "shock proof"}
    assert terms("great\nproduct") == {"great", "product"}


def test_a_negation_counts_only_before_another_word() -> None:
    assert terms("Do not buy, doesn’t work, no") == {
        *("buy", "work"),
        *("not buy", "doesn't work"),
    }


def test_numbers_marks_and_single_letters_are_no_terms() -> None:
    assert terms("5 2014 !? x 3.5 mp3 ❤ café") >= {"mp3", "❤", "café"}
    assert terms("5 2014 !? x 3.5") == set()


def test_each_text_counts_once_and_in_its_group() -> None:
    texts = ["good good good", "good bad", None, "bad"]
    assert counted(texts, [0, 1, 1, 1]) == {
        "good": [1, 1],
        "bad": [0, 2],
        "good bad": [0, 1],
        "good good": [1, 0],
    }


def test_scripts_without_spaces_are_counted_by_pairs_of_characters() -> None:
    found = terms("電池が切れた")
    assert {"電池", "池が"} <= found
    assert not any(" " in term for term in found)


@pytest.mark.parametrize("text", ["", "the of and", "\x00", "💥", "<b>&amp;", "ß" * 5000])
def test_odd_texts(text: str) -> None:
    counted([text, None, ""])


def test_the_same_in_batches_and_in_slices() -> None:
    texts = [f"word{n % 7} thing{n % 3} nice day" for n in range(100)]
    whole = counted(texts, [n % 2 for n in range(100)])
    sketch = TermSketch(bits=16)
    batches = [pa.array(texts).slice(0, 33), pa.array(texts).slice(33)]
    for batch in batches:
        sketch.add(batch)
    counts = TermCounts(sketch, 2, 1000, 1)
    start = 0
    for batch in batches:
        groups = np.arange(start, start + len(batch), dtype=np.int32) % 2
        counts.add(batch, groups.reshape(-1, 1))
        start += len(batch)
    names, found = counts.result()
    assert dict(zip(names, found.T.tolist(), strict=True)) == whole


def test_counts_are_those_of_a_plain_loop() -> None:
    random = np.random.default_rng(3)
    words = np.array([f"w{letter}{other}" for letter in "abcdef" for other in "abcdef"])
    texts = [" . ".join(random.choice(words, 8)) for _ in range(500)]
    plain = Counter(word for text in texts for word in set(tokenize(text)))
    assert {name: n for name, (n,) in counted(texts).items()} == plain


def test_only_the_most_frequent_terms_are_kept_in_bounded_memory() -> None:
    frequent = [f"often{n}" for n in range(20)]
    texts = [f"{frequent[n % 20]} . rare{n}" for n in range(5_000)]
    found = counted(texts, most=20, fewest=5)
    assert set(found) == set(frequent)
    assert all(n == [250] for n in found.values())


def test_groups_of_minus_one_count_for_none() -> None:
    sketch = TermSketch(bits=10)
    sketch.add(pa.array(["blue", "blue"]))
    counts = TermCounts(sketch, 2, 10, 1)
    counts.add(pa.array(["blue", "blue"]), np.array([[0, -1], [-1, 1]], np.int32))
    assert counts.result()[1].tolist() == [[1], [1]]


def test_the_lists_hold_single_words_that_the_tokeniser_knows() -> None:
    for word in STOP_WORDS | NEGATIONS:
        assert tokenize(word) == [word]
    assert not STOP_WORDS & NEGATIONS
    assert not STOP_WORDS & {"good", "bad", "great", "love", "broke", "return", "money", "work"}


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        (
            "Die Lieferung kam zu spät und der Verkäufer ist nicht freundlich gewesen.",
            {"lieferung", "verkäufer", "spät", "freundlich", "nicht freundlich"},
        ),
        (
            "L'écran s'est cassé dès l'ouverture, et le vendeur n'a pas répondu à mes messages.",
            {"écran", "cassé", "ouverture", "vendeur", "répondu", "messages", "pas répondu"},
        ),
        (
            "La borsa dell’acqua è arrivata rotta, non compro più da questo venditore.",
            {"borsa", "acqua", "arrivata", "rotta", "compro", "venditore", "non compro",
             "arrivata rotta"},
        ),
        (
            "Barangnya tidak bagus dan pengiriman ke rumah saya juga terlambat sekali.",
            {"barangnya", "bagus", "tidak bagus", "pengiriman", "rumah", "terlambat"},
        ),
    ],
)  # fmt: skip
def test_stop_words_are_those_of_the_language(text: str, terms: set[str]) -> None:
    sketch = TermSketch(10)
    sketch.add(pa.array([text]))
    counts = TermCounts(sketch, 1, 1_000, 1)
    counts.add(pa.array([text]), np.zeros((1, 1), np.int32))
    assert set(counts.result()[0]) == terms


def test_pairs_of_characters_without_particles() -> None:
    text = "这个酒店的服务态度不错，房间也非常干净，早餐很好吃，下次还会来，推荐给所有的朋友们。"
    sketch = TermSketch(10)
    sketch.add(pa.array([text]))
    counts = TermCounts(sketch, 1, 1_000, 1)
    counts.add(pa.array([text]), np.zeros((1, 1), np.int32))
    names = set(counts.result()[0])
    assert {"酒店", "服务", "态度", "不错", "干净", "早餐", "很好", "推荐"} <= names
    assert not names & {"店的", "的服", "这个", "间也"}


def test_short_texts_have_the_stop_words_of_the_main_language() -> None:
    texts = pa.array(["Die Tasse und der Teller"])
    for main, expected in (("en", {"die", "und", "der", "tasse", "teller"}), ("de", set())):
        sketch = TermSketch(10, main=main)
        sketch.add(texts)
        counts = TermCounts(sketch, 1, 1_000, 1)
        counts.add(texts, np.zeros((1, 1), np.int32))
        names = {name for name in counts.result()[0] if " " not in name}
        assert names == expected | {"tasse", "teller"}
