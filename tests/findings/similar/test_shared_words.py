import numpy as np
from scipy import sparse

from reviewdesk.findings.similar.finder import SIMILAR
from reviewdesk.findings.similar.shared_words import shared_word_lists, shared_words
from reviewdesk.findings.similar.vectors import ProductVectors

NAMES = ["battery", "life", "battery life", "screen", "book"]
PARTS = np.array([[0, -1], [1, -1], [0, 1], [3, -1], [4, -1]], np.int32)


def vectors(weights: list[list[float]], rarity: list[float] | None = None) -> ProductVectors:
    rare = np.array(rarity or [4] * 5, np.float32)
    return ProductVectors(sparse.csr_array(np.array(weights, np.float32)), NAMES, PARTS, rare)


def words(of: ProductVectors) -> list[str]:
    return [word for word, _ in shared_words(of, np.array([0]), np.array([1]))[0]]


def test_words_that_both_have_come_with_their_share() -> None:
    of = vectors([[0, 0, 0, 0.6, 0.8], [0, 0.9, 0, 0.6, 0.2]])
    found = shared_words(of, np.array([0]), np.array([1]))[0]
    assert [word for word, _ in found] == ["screen", "book"]
    np.testing.assert_allclose([share for _, share in found], [0.36 / 0.52, 0.16 / 0.52], rtol=1e-5)


def test_a_pair_and_its_words_are_said_once() -> None:
    assert words(vectors([[0.5, 0.4, 0.6, 0.1, 0], [0.5, 0.4, 0.6, 0.1, 0]])) == [
        "battery life",
        "screen",
    ]


def test_rare_words_come_before_common_ones() -> None:
    of = vectors([[0, 0, 0, 0.5, 0.55], [0, 0, 0, 0.5, 0.55]], [4, 4, 4, 4, 1])
    assert words(of) == ["screen", "book"]


def test_nothing_shared_is_nothing_said() -> None:
    assert words(vectors([[1, 0, 0, 0, 0], [0, 0, 0, 1, 0]])) == []


def test_word_lists_are_the_words_of_every_pair() -> None:
    of = vectors([[0, 0, 0, 0.6, 0.8], [0, 0.9, 0, 0.6, 0.2], [1, 0, 0, 0, 0]])
    left, right = np.array([0, 0, 1]), np.array([1, 2, 0])
    lists = shared_word_lists(of, left, right)
    assert lists.to_pylist() == [["screen", "book"], [], ["screen", "book"]]
    assert lists.type == SIMILAR.field("words").type
    assert shared_word_lists(of, left[:0], right[:0]).to_pylist() == []
