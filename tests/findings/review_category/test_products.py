"""Products that stand wrong as a whole, told by their other reviews."""

import numpy as np
from numpy.typing import NDArray

from reviewdesk.findings.review_category.combination import Combination
from reviewdesk.findings.review_category.products import ProductTopics, product_doubted

SURE = np.log([0.96, 0.02, 0.02])
OTHER = np.log([0.02, 0.96, 0.02])
UNSURE = np.log([0.4, 0.35, 0.25])
BASE = Combination(np.ones(1), 0.03)


def doubted(logs: list[NDArray[np.float64]], product: list[int]) -> list[bool]:
    base_logs = [np.array(logs, np.float32)]
    labels = np.zeros(len(logs), np.int64)
    found: list[bool] = product_doubted(base_logs, labels, np.array(product), BASE).tolist()
    return found


def test_one_wrong_review_among_right_ones_is_not_the_products_fault() -> None:
    assert doubted([OTHER, SURE, SURE], [0, 0, 0]) == [False, False, False]


def test_a_product_of_which_all_speak_of_another_category_is_doubted() -> None:
    assert doubted([OTHER, OTHER, OTHER, UNSURE], [0] * 4) == [True] * 4


def test_of_two_reviews_the_right_one_is_judged_with_care() -> None:
    assert doubted([OTHER, SURE], [0, 0]) == [False, True]


def test_reviews_that_are_alone_and_those_of_no_product_are_never_doubted() -> None:
    assert doubted([OTHER, OTHER, OTHER, OTHER], [0, 1, -1, -1]) == [False] * 4


def test_nothing_at_all() -> None:
    base_logs = [np.zeros((0, 3), np.float32)]
    none = np.empty(0, np.int64)
    assert len(product_doubted(base_logs, none, none, BASE)) == 0


def test_what_other_reviews_of_a_product_speak_of_too_is_no_surprise() -> None:
    shares = np.array([[0.001, 0.999]] * 4 + [[0.99, 0.01]] * 96)
    labels = np.zeros(100, np.int64)
    app = np.arange(100) % 25 + 1
    app[:4] = 0  # an app that is a book: its four reviews speak of books
    topics = ProductTopics.of(shares, labels, app)
    together = topics.surprisal(shares, labels, app)
    alone = ProductTopics.of(shares, labels, np.arange(100))
    apart = alone.surprisal(shares, labels, np.arange(100))
    none = topics.surprisal(shares, labels, np.full(100, -1))
    assert (together[:4] < apart[:4] - 2).all()
    np.testing.assert_allclose(apart[:4], -np.log(0.001))
    np.testing.assert_allclose(none, -np.log(shares[:, 0]))
    np.testing.assert_allclose(together[4:], apart[4:], atol=0.02)
