"""Pooling: sums by product, and the category of most of its reviews."""

import numpy as np

from reviewdesk.findings.product_category.pooling import most_frequent, pool, spread


def test_logs_are_summed_by_product() -> None:
    logs = np.array([[0.5, 0.5], [0.9, 0.1], [0.2, 0.8], [0.3, 0.7]], np.float32)
    pooled = pool([logs], np.array([1, 1, -1, 2]), 4)
    assert pooled.reviews.tolist() == [0, 2, 1, 0]
    expected = np.log(0.5 * 0.1) - np.log(0.5 * 0.9)
    np.testing.assert_allclose(pooled.sums[0][1], [0.0, expected], rtol=1e-5)
    np.testing.assert_array_equal(pooled.sums[0][0], [0.0, 0.0])
    assert pooled.take(np.array([2])).reviews.tolist() == [1]


def test_no_review_decides_alone() -> None:
    logs = np.array([[1.0, 0.0]], np.float32)
    found = pool([logs], np.array([0]), 1).sums[0][0, 1]
    np.testing.assert_allclose(found, np.log(1e-6), rtol=1e-6)


def test_the_category_of_most_reviews() -> None:
    product = np.array([0, 0, 0, 1, 1, 2, 3, -1])
    label = np.array([2, 1, 1, 0, 2, -1, 1, 0])
    assert most_frequent(product, label, 5, 3).tolist() == [1, 0, -1, 1, -1]
    assert most_frequent(product[:0], label[:0], 2, 3).tolist() == [-1, -1]


def test_some_products_are_chosen_by_their_ids() -> None:
    keys = np.random.default_rng(0).integers(2**63, size=50).astype(np.uint64)
    assert spread(keys, 100).tolist() == list(range(50))
    some = spread(keys, 10)
    assert len(some) == 10
    assert set(keys[some]) == set(keys[::-1][spread(keys[::-1], 10)])
