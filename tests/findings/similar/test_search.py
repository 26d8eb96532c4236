import numpy as np
import pytest
from scipy import sparse

from reviewdesk.findings.similar.neighbours import nearest
from reviewdesk.findings.similar.search import EXACT_UP_TO, Searched, search, share_found
from tests.findings.similar.test_approximate import made_up

PRODUCTS = 800


def searched(weights: sparse.csr_array, exact_up_to: int) -> Searched:
    every = np.arange(weights.shape[0])
    return search(
        weights,
        every,
        5,
        ids=[f"P{number}" for number in every],
        category=np.zeros(len(every), np.int32),
        variant=every,
        exact_up_to=exact_up_to,
    )


def test_a_small_catalogue_is_searched_exactly() -> None:
    weights = made_up(PRODUCTS)
    found = searched(weights, PRODUCTS)
    every = np.arange(PRODUCTS)
    known = nearest(weights, every, 5, category=np.zeros(PRODUCTS, np.int32), variant=every)
    assert found.exact
    assert found.share == 1
    assert np.array_equal(found.neighbours.products, known.products)


def test_a_large_catalogue_is_searched_quickly_and_says_what_it_finds() -> None:
    found = searched(made_up(PRODUCTS), PRODUCTS - 1)
    assert not found.exact
    assert 0.95 < found.share <= 1
    assert EXACT_UP_TO > PRODUCTS


def test_the_share_is_of_the_nearest_that_there_are() -> None:
    known = np.array([[1, 2, -1], [3, -1, -1], [-1, -1, -1]], np.int32)
    found = np.array([[2, 5, -1], [4, 6, -1], [-1, 7, -1]], np.int32)
    assert share_found(found, known) == pytest.approx(1 / 3)
    assert share_found(known, known) == 1
    assert share_found(known[2:], known[2:]) == 1
