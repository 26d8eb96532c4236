"""Lists: as long as promises allow, for each size of product."""

import numpy as np
import pytest

from reviewdesk.findings.product_category.lists import (
    BANDS,
    DOUBTS,
    list_products,
    longest,
    no_lists,
)

PROMISES = (0.95, 0.9, 0.8)


def test_the_longest_list_keeps_the_promise() -> None:
    assert longest(np.array([0.0, 0.04, 0.2, 0.21]), 0.95) == 2
    assert longest(np.array([0.0, 0.04, 0.2, 0.21]), 0.8) == 4
    assert longest(np.array([0.5, 0.5, 0.5, 0.5]), 0.9) == 0
    assert longest(np.array([0.4, 0.4, 0.4, 0.4, 0.4]), 0.9) == 5
    assert longest(np.empty(0), 0.8) == 0


def test_each_size_keeps_its_promise() -> None:
    """Sure large products do not pay for unsure small ones."""
    reviews = np.array([20] * 50 + [2] * 10)
    wrong = np.array([0.9999] * 50 + [0.7] * 10)
    found = list_products(reviews, wrong, np.ones(60, np.bool_), PROMISES)
    assert set(reviews[found.products]) == {20}
    assert [one.listed for one in found.lists] == [50, 50, 50]
    assert (
        found.sizes.filter(found.sizes["listed"].to_numpy() > 0)["from_reviews"].to_pylist()
        == [10] * 3
    )


def test_lists_are_nested_and_the_surest_come_first() -> None:
    random = np.random.default_rng(0)
    reviews, wrong = random.integers(2, 80, 400), random.random(400) ** 0.1
    candidates = random.random(400) < 0.9
    found = list_products(reviews, wrong, candidates, PROMISES)
    assert np.all(np.diff(wrong[found.products]) <= 0)
    assert candidates[found.products].all()
    for one in found.lists:
        held = found.products[found.promise >= one.promise]
        assert one.listed == len(held)
        doubt = np.array(DOUBTS)[np.searchsorted([low for low, _ in BANDS[1:]], reviews, "right")]
        assert one.expected_errors == pytest.approx((doubt * (1 - wrong))[held].sum())
        assert one.expected_errors <= (1 - one.promise) * one.listed
    assert found.lists[0].listed < found.lists[2].listed


def test_what_is_likely_right_is_never_listed() -> None:
    wrong = np.array([1.0] * 30 + [0.49] * 5)
    found = list_products(np.full(35, 4), wrong, np.ones(35, np.bool_), PROMISES)
    assert sorted(found.products) == list(range(30))


def test_an_empty_list_says_why() -> None:
    nothing_sure = list_products(np.array([3, 4]), np.array([0.1, 0.2]), np.ones(2, np.bool_))
    assert all("of 2 products none" in (one.why_empty or "") for one in nothing_sure.lists)
    nothing = list_products(np.array([3]), np.array([1.0]), np.zeros(1, np.bool_))
    assert all("no product" in (one.why_empty or "") for one in nothing.lists)
    assert no_lists("because").lists[0].why_empty == "because"
    assert len(no_lists("because").products) == 0
