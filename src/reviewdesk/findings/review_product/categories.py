"""How surely each review speaks of the category that it stands in.

A review of another category stands under the wrong product, too, but belongs under none of those
that it is compared with here: it is for the finder of reviews in the wrong category. Categories are
told apart as products are (see ``profiles``), and what is said of a review's own product counts for
no category: a product in the wrong category would otherwise speak for itself.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reviewdesk.findings.review_product.profiles import EVIDENCE, SMALLEST
from reviewdesk.text.compiled import compiled

PRIOR: Final = 1_000.0
"""How many terms the prior of a category counts as."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class _Reviews(NamedTuple):
    """Reviews, those of one product one after the other, as kernels read them."""

    columns: NDArray[np.int32]
    ends: Ints
    order: Ints
    products: Ints  # where each product's begin in the order
    category: Ints  # (n,)


class _Categories(NamedTuple):
    counts: Floats  # (terms, c) how many reviews have each term
    logs: NDArray[np.float32]  # (terms, c) of the counts with the prior
    totals: Floats  # (c,)
    reviews: Floats  # (c,)
    prior: Floats  # (terms,)


def own_shares(term_rows: sparse.csr_array, product: Ints, category: Ints) -> Floats:
    """Return how likely each review speaks of the category that it stands in, (n,).

    Args:
        term_rows: (n, terms) ones for the terms of each review.
        product: (n,) where each stands.
        category: (n,) the category of that product.
    """
    n = term_rows.shape[0]
    _, kind = np.unique(category, return_inverse=True)
    shares = np.ones(n)
    if not n or not kind.max():
        return shares
    order = np.argsort(product, kind="stable").astype(np.int64)
    begins = np.flatnonzero(np.r_[True, np.diff(product[order]) != 0])
    reviews = _Reviews(
        np.asarray(term_rows.indices, np.int32),
        np.asarray(term_rows.indptr, np.int64),
        order,
        np.append(begins, n).astype(np.int64),
        kind.astype(np.int64),
    )
    _share(reviews, _categories(reviews, term_rows.shape[1]), shares)
    return shares


def _categories(reviews: _Reviews, terms: int) -> _Categories:
    counts = np.zeros((terms, int(reviews.category.max()) + 1))
    _count(reviews, counts)
    everything = counts.sum(axis=1) + SMALLEST
    prior = PRIOR * everything / everything.sum()
    return _Categories(
        counts,
        np.log(counts + prior[:, None]).astype(np.float32),
        counts.sum(axis=0),
        np.bincount(reviews.category).astype(np.float64),
        prior,
    )


@compiled
def _count(reviews: _Reviews, counts: Floats) -> None:
    for review in range(len(reviews.category)):
        for place in range(reviews.ends[review], reviews.ends[review + 1]):
            counts[reviews.columns[place], reviews.category[review]] += 1


@compiled
def _share(reviews: _Reviews, categories: _Categories, shares: Floats) -> None:
    own = np.zeros(len(categories.prior))
    for product in range(len(reviews.products) - 1):
        there = reviews.order[reviews.products[product] : reviews.products[product + 1]]
        term_rows = 0.0
        for review in there:
            for position in range(reviews.ends[review], reviews.ends[review + 1]):
                own[reviews.columns[position]] += 1
                term_rows += 1
        for review in there:
            shares[review] = _own_share(reviews, categories, review, own, term_rows)
        for review in there:
            for position in range(reviews.ends[review], reviews.ends[review + 1]):
                own[reviews.columns[position]] = 0


@compiled
def _own_share(
    reviews: _Reviews, categories: _Categories, review: int, own: Floats, term_rows: float
) -> float:
    """Return the share of one review's category; ``own`` is what is said of its product."""
    kind = reviews.category[review]
    begin, end = reviews.ends[review], reviews.ends[review + 1]
    scores = -(end - begin) * np.log(categories.totals + PRIOR)
    scores[kind] = -(end - begin) * np.log(categories.totals[kind] - term_rows + PRIOR)
    for place in range(begin, end):
        term = reviews.columns[place]
        for other in range(len(scores)):
            if other != kind:
                scores[other] += categories.logs[term, other]
        left = categories.counts[term, kind] - own[term]
        scores[kind] += np.log(left + categories.prior[term])
    scores = EVIDENCE * scores + np.log(categories.reviews)
    return float(1 / np.exp(scores - scores[kind]).sum())
