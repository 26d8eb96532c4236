import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from reviewdesk.findings.similar.approximate import nearly_nearest
from reviewdesk.findings.similar.neighbours import Neighbours, nearest


def made_up(products: int = 3_000, terms: int = 2_000, topics: int = 60) -> sparse.csr_array:
    """Return vectors of products that speak of a topic each, and of anything."""
    random = np.random.default_rng(7)
    shares = 1 / np.arange(1, terms + 1)
    orders = np.stack([random.permutation(terms) for _ in range(topics)])
    drawn = random.choice(terms, (products, 40), p=shares / shares.sum())
    topic = random.integers(topics, size=products)
    columns = np.where(random.random(drawn.shape) < 0.5, orders[topic[:, None], drawn], drawn)
    row = np.repeat(np.arange(products), drawn.shape[1])
    ones = np.ones(drawn.size, np.float32)
    counts = sparse.csr_array((ones, (row, columns.ravel())), shape=(products, terms))
    rarity = np.log(products / (1 + np.bincount(counts.indices, minlength=terms)))
    counts.data *= np.maximum(rarity, 0.1)[counts.indices]
    lengths = np.sqrt(counts.multiply(counts).sum(axis=1))
    counts.data /= np.repeat(lengths, np.diff(counts.indptr))
    return counts.astype(np.float32)


def both(
    weights: sparse.csr_array, k: int, variant: NDArray[np.int64], category: NDArray[np.int32]
) -> tuple[Neighbours, Neighbours]:
    every = np.arange(weights.shape[0])
    return (
        nearest(weights, every, k, category=category, variant=variant),
        nearly_nearest(weights, k, category=category, variant=variant),
    )


def of_one_category(products: int) -> NDArray[np.int32]:
    return np.zeros(products, np.int32)


def test_nearly_all_of_the_nearest_are_found_with_the_same_likeness() -> None:
    weights = made_up()
    random = np.random.default_rng(8)
    variant = random.integers(2_500, size=3_000)
    category = random.integers(3, size=3_000).astype(np.int32)
    exact, found = both(weights, 10, variant, category)
    hits = found.products[:, :, None] == exact.products[:, None, :]
    assert hits.any(axis=2).mean() > 0.95
    row, one, other = np.nonzero(hits)
    assert np.array_equal(found.similarity[row, one], exact.similarity[row, other])
    assert np.all(np.diff(found.similarity, axis=1) <= 0)
    shown = np.where(found.products >= 0, variant[found.products], -1)
    assert all(len(set(one)) == len(one) for one in shown.tolist())
    assert not np.any(shown == variant[:, None])


def test_the_same_catalogue_gives_the_same_neighbours() -> None:
    weights = made_up(600)
    variant, category = np.arange(600), of_one_category(600)
    one, other = (nearly_nearest(weights, 5, category=category, variant=variant) for _ in "12")
    assert np.array_equal(one.products, other.products)
    assert np.array_equal(one.similarity, other.similarity)


def test_more_neighbours_than_candidates_and_products_of_which_nothing_is_said() -> None:
    silent = sparse.csr_array((2, 2_000), dtype=np.float32)
    weights = sparse.csr_array(sparse.vstack([made_up(300), silent]))
    exact, found = both(weights, 80, np.arange(302), of_one_category(302))
    hits = found.products[:300, :, None] == exact.products[:300, None, :]
    assert hits.any(axis=2).mean() > 0.95
    assert np.all(found.products[300:] == -1)


@pytest.mark.parametrize("products", [1, 2, 4])
def test_fewer_products_than_are_asked_for(products: int) -> None:
    weights = sparse.csr_array(np.ones((products, 2), np.float32))
    exact, found = both(weights, 10, np.arange(products), of_one_category(products))
    assert np.array_equal(found.products, exact.products)
    assert np.array_equal(found.similarity, exact.similarity)


def test_of_two_as_alike_the_first_comes_first() -> None:
    weights = sparse.csr_array(np.ones((40, 3), np.float32))
    found = nearly_nearest(weights, 3, category=of_one_category(40), variant=np.arange(40))
    assert found.products[:5].tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2], [0, 1, 2]]


def test_products_that_share_nothing_have_no_neighbours() -> None:
    weights = sparse.csr_array(np.eye(5, dtype=np.float32))
    found = nearly_nearest(weights, 3, category=of_one_category(5), variant=np.arange(5))
    assert np.all(found.products == -1)
    assert not found.similarity.any()


def test_variants_of_one_product_are_never_beside_each_other() -> None:
    weights = sparse.csr_array(np.array([[1, 0], [0.9, 0], [0.5, 0], [0.7, 0]], np.float32))
    variant = np.array([0, 0, 1, 1])
    found = nearly_nearest(weights, 3, category=of_one_category(4), variant=variant)
    assert found.products.tolist() == [[3, -1, -1], [3, -1, -1], [0, -1, -1], [0, -1, -1]]
