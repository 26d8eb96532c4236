import numpy as np
import pytest

from reviewdesk.findings.review_product.posterior import product_posterior
from reviewdesk.findings.review_product.profiles import EVIDENCE, PRIOR, ProductReviews
from reviewdesk.findings.review_product.writers import MOST_WRITTEN


def reviews(
    rows: list[list[int]], product: list[int], writer: list[int] | None = None
) -> ProductReviews:
    ends = np.cumsum([0, *(len(row) for row in rows)]).astype(np.int64)
    return ProductReviews(
        np.array([term for row in rows for term in sorted(row)], np.int32),
        ends,
        np.array(product, np.int32),
        np.array(writer or range(len(rows)), np.int64),
        1 + max((max(row, default=0) for row in rows), default=0),
        1 + max(product),
    )


def plain(of: ProductReviews, longest: int = 99) -> np.ndarray:
    """Return the shares by the book, (n, k): each review against what others said.

    Terms of more products than ``longest`` count for those that they gain most for.
    """
    n, k = len(of.product), of.products
    rows = np.zeros((n, of.terms))
    for row in range(n):
        rows[row, of.columns[of.ends[row] : of.ends[row + 1]]] = 1
    everything = rows.sum(axis=0) + 0.5
    prior = PRIOR * everything / everything.sum()
    shares = np.zeros((n, k))
    least = least_gains(rows, of, prior, longest)
    for row in range(n):
        others = of.writer != of.writer[row]
        for product in range(k):
            there = others & (of.product == product)
            counts = rows[there].sum(axis=0)
            word = np.log((counts + prior) / prior / (counts.sum() / PRIOR + 1))
            word = np.where(word > least, word, 0)
            shares[row, product] = EVIDENCE * rows[row] @ word + np.log(max(there.sum(), 0.5))
    shares = np.exp(shares - shares.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def least_gains(
    rows: np.ndarray, of: ProductReviews, prior: np.ndarray, longest: int
) -> np.ndarray:
    """Return what products have to gain by each term for it to count, (terms,)."""
    counts = np.stack([rows[of.product == product].sum(axis=0) for product in range(of.products)])
    gains = np.log1p(counts / prior) - np.log1p(counts.sum(axis=1, keepdims=True) / PRIOR)
    gains[counts == 0] = -np.inf
    least = np.sort(gains, axis=0)[::-1][min(longest, of.products - 1)].clip(0)
    return np.where((counts > 0).sum(axis=0) > longest, least + 1e-7, -np.inf)


def random_reviews(n: int = 60, k: int = 5) -> ProductReviews:
    random = np.random.default_rng(2)
    product = random.integers(0, k, n).tolist()
    rows = [sorted({*random.integers(0, 30, 6).tolist(), 30 + product[i]}) for i in range(n)]
    return reviews(rows, [*product[:-1], k - 1], random.integers(0, n // 2, n).tolist())


def test_shares_are_those_by_the_book() -> None:
    of = random_reviews()
    found, expected = product_posterior(of), plain(of)
    by_product = np.zeros_like(expected)
    np.put_along_axis(by_product, found.products.astype(np.int64), found.shares, axis=1)
    np.testing.assert_allclose(by_product, expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.rest, 0, atol=1e-5)


def test_lists_that_would_hold_a_third_of_all_products_are_whole() -> None:
    of = random_reviews(200, 9)
    for one, other in zip(
        product_posterior(of, 9, longest=3), product_posterior(of, 9), strict=True
    ):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("longest", [1, 2])
@pytest.mark.parametrize("kept", [2, 9])
def test_terms_of_many_products_count_for_those_that_they_say_most_for(
    longest: int, kept: int
) -> None:
    of = random_reviews(200, 9)
    found, expected = product_posterior(of, kept, longest), plain(of, longest)
    assert np.abs(expected - plain(of)).max() > 0.001
    order = np.argsort(-expected, axis=1, kind="stable")[:, :kept]
    np.testing.assert_allclose(
        found.shares, np.take_along_axis(expected, order, axis=1), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(found.shares.sum(axis=1) + found.rest, 1, rtol=1e-5)


@pytest.mark.parametrize("kept", [1, 2, 4])
def test_the_likeliest_come_first_and_the_rest_is_one_more(kept: int) -> None:
    of = random_reviews()
    found, expected = product_posterior(of, kept), plain(of)
    order = np.argsort(-expected, axis=1)[:, :kept]
    np.testing.assert_allclose(
        found.shares, np.take_along_axis(expected, order, axis=1), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(found.shares.sum(axis=1) + found.rest, 1, rtol=1e-5)


def test_what_a_writer_said_of_other_products_does_not_count() -> None:
    """One who says the same of two products did not say it of the wrong one."""
    rows = [[0, 1], [0, 1], [2, 3], [2, 3], [4, 5], [4, 5]]
    product = [0, 0, 1, 1, 0, 1]
    same, others = (
        product_posterior(reviews(rows, product, [0, 1, 2, 3, 9, 9])),
        product_posterior(reviews(rows, product)),
    )

    def share_of_other(found: object) -> float:
        products, shares = found.products[4], found.shares[4]  # type: ignore[attr-defined]
        return float(shares[products == 1][0])

    assert share_of_other(same) < share_of_other(others)


def test_a_name_of_many_is_no_writer() -> None:
    """Whoever shares it would otherwise seem to have said everything."""
    n = MOST_WRITTEN + 1
    rows, product = [[0, 1 + place % 3] for place in range(n)], [place % 3 for place in range(n)]
    one, many, some = (
        product_posterior(reviews(rows, product, writer)).shares
        for writer in ([7] * n, None, [*[7] * MOST_WRITTEN, 8])
    )
    np.testing.assert_array_equal(one, many)
    assert (one != some).any()


def test_reviews_without_terms_are_as_likely_as_products_have_reviews() -> None:
    found = product_posterior(reviews([[], [0], [0], [1]], [0, 1, 1, 1]))
    assert found.products[0].tolist() == [1, 0]
    np.testing.assert_allclose(found.shares[0], [3 / 3.5, 0.5 / 3.5], rtol=1e-6)


def test_one_product_is_certain() -> None:
    found = product_posterior(reviews([[0], [1]], [0, 0]))
    assert found.products.tolist() == [[0], [0]]
    assert found.shares.tolist() == [[1], [1]]
