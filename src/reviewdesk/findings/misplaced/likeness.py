"""Which products of its category each review speaks of, as if it stood under none.

A product is a distribution over terms: what its reviews say, smoothed by what all reviews of the
category say (Dirichlet prior, Zhai and Lafferty 2004). Before a review is compared with a product,
everything that its own writer said of that product is taken out: people who say the same of two
products would otherwise seem to have said it of the wrong one. Terms of one review are no
independent evidence, so the log-likelihood counts for a part only.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reviewdesk.text.compiled import compiled

PRIOR: Final = 10_000.0
"""How many terms the prior of a product counts as."""
EVIDENCE: Final = 0.4
"""The part that the log-likelihood counts for."""
KEPT: Final = 48
"""Products that are remembered of each review, the likeliest; the rest are one more."""
SMALLEST: Final = 0.5  # of a term that no review has

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


class Reviews(NamedTuple):
    """n reviews of one category with k products.

    Args:
        columns: (t,) the terms of all reviews, those of one ascending, each once.
        ends: (n + 1,) where each review's terms begin.
        product: (n,) where each review stands, 0 to k - 1.
        writer: (n,) equal for reviews of one writer.
        terms: how many terms there are.
        products: k.
    """

    columns: NDArray[np.int32]
    ends: Ints
    product: NDArray[np.int32]
    writer: Ints
    terms: int
    products: int


class Likeness(NamedTuple):
    """How likely each review is about each product; the last of k + 1 products is all the rest."""

    products: NDArray[np.int32]  # (n, kept) the likeliest first; k where there are fewer
    shares: Floats  # (n, kept)
    rest: Floats  # (n,)


class _Profiles(NamedTuple):
    """What is said of k products, as kernels read it."""

    counts: NDArray[np.int32]  # of a product's terms: how many reviews have them
    terms: NDArray[np.int32]  # ascending in each product
    ends: Ints  # (k + 1,)
    totals: NDArray[np.float64]  # (k,) the sum of a product's counts
    reviews: NDArray[np.float64]  # (k,)
    prior: NDArray[np.float64]  # (terms,) the prior's counts
    weights: Floats  # of a term's products: what the term adds to the log-likelihood
    products: NDArray[np.int32]
    starts: Ints  # (terms + 1,)


def likeness(reviews: Reviews, kept: int = KEPT) -> Likeness:
    """Return which products each review speaks of.

    Args:
        reviews: n reviews of one category.
        kept: how many products are told apart for each.
    """
    n, kept = len(reviews.product), min(kept, reviews.products)
    found = Likeness(
        np.full((n, kept), reviews.products, np.int32),
        np.zeros((n, kept), np.float32),
        np.zeros(n, np.float32),
    )
    order = np.argsort(reviews.writer, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(reviews.writer[order]) != 0][:n])
    ends = np.append(starts, n)
    _compare(reviews, _profiles(reviews), order, ends, found)
    return found


def _profiles(reviews: Reviews) -> _Profiles:
    n, k = len(reviews.product), reviews.products
    said = sparse.csr_array(
        (np.ones(len(reviews.columns), np.int32), reviews.columns, reviews.ends),
        shape=(n, reviews.terms),
    )
    stands = sparse.csr_array(
        (np.ones(n, np.int32), reviews.product, np.arange(n + 1)), shape=(n, k)
    )
    counts = sparse.csr_array(stands.T @ said)
    counts.sort_indices()
    all_counts = np.bincount(reviews.columns, minlength=reviews.terms) + SMALLEST
    prior = PRIOR * all_counts / all_counts.sum()
    by_term = counts.tocsc()
    weights = np.log1p(by_term.data / np.repeat(prior, np.diff(by_term.indptr)))
    return _Profiles(
        counts.data.astype(np.int32),
        counts.indices.astype(np.int32),
        counts.indptr.astype(np.int64),
        np.asarray(counts.sum(axis=1), np.float64).ravel(),
        np.bincount(reviews.product, minlength=k).astype(np.float64),
        prior,
        weights.astype(np.float32),
        by_term.indices.astype(np.int32),
        by_term.indptr.astype(np.int64),
    )


@compiled
def _compare(
    reviews: Reviews, profiles: _Profiles, order: Ints, ends: Ints, found: Likeness
) -> None:
    """Compare the reviews of one writer after the other."""
    scores = np.empty(reviews.products, np.float64)
    own = np.zeros(reviews.terms, np.int32)
    for writer in range(len(ends) - 1):
        written = order[ends[writer] : ends[writer + 1]]
        for review in written:
            _score(reviews, profiles, review, scores)
            for place in range(len(written)):
                if _is_first_there(reviews.product, written, place):
                    product = reviews.product[written[place]]
                    scores[product] = _without(reviews, profiles, review, product, written, own)
            _keep(scores, found.products[review], found.shares[review], found.rest, review)


@compiled
def _is_first_there(product: NDArray[np.int32], written: Ints, place: int) -> bool:
    """Say whether no review before this one stands under the same product."""
    there = product[written[place]]
    return not np.any(product[written[:place]] == there)


@compiled
def _score(reviews: Reviews, profiles: _Profiles, review: int, scores: NDArray[np.float64]) -> None:
    """Write the log of how likely the review is about each product, up to a constant."""
    begin, end = reviews.ends[review], reviews.ends[review + 1]
    for product in range(len(scores)):
        scores[product] = -(end - begin) * np.log(profiles.totals[product] + PRIOR)
    for place in range(begin, end):
        term = reviews.columns[place]
        for at in range(profiles.starts[term], profiles.starts[term + 1]):
            scores[profiles.products[at]] += profiles.weights[at]
    for product in range(len(scores)):
        scores[product] = EVIDENCE * scores[product] + np.log(profiles.reviews[product])


@compiled
def _without(
    reviews: Reviews,
    profiles: _Profiles,
    review: int,
    product: int,
    written: Ints,
    own: NDArray[np.int32],
) -> float:
    """Return the same for one product without what the writer said of it; ``own`` is all zeros."""
    total, left = profiles.totals[product], profiles.reviews[product]
    for other in written:
        if reviews.product[other] == product:
            total -= reviews.ends[other + 1] - reviews.ends[other]
            left -= 1
            for place in range(reviews.ends[other], reviews.ends[other + 1]):
                own[reviews.columns[place]] += 1
    begin, end = reviews.ends[review], reviews.ends[review + 1]
    score = -(end - begin) * np.log(total + PRIOR)
    at, last = profiles.ends[product], profiles.ends[product + 1]
    for place in range(begin, end):
        term = reviews.columns[place]
        at = _place(profiles.terms, at, last, term)
        if at < last and profiles.terms[at] == term:
            score += np.log1p((profiles.counts[at] - own[term]) / profiles.prior[term])
    for other in written:
        if reviews.product[other] == product:
            for place in range(reviews.ends[other], reviews.ends[other + 1]):
                own[reviews.columns[place]] = 0
    return float(EVIDENCE * score + np.log(max(left, 0.5)))


@compiled
def _place(ascending: NDArray[np.int32], low: int, high: int, value: int) -> int:
    """Return the first place from ``low`` on whose value is not smaller."""
    while low < high:
        middle = (low + high) // 2
        if ascending[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _keep(
    scores: NDArray[np.float64], products: NDArray[np.int32], shares: Floats, rest: Floats, row: int
) -> None:
    """Write the likeliest products with their shares, and the share of all others."""
    kept, count = len(products), 0
    for product in range(len(scores)):
        place = count
        if count == kept and scores[product] <= scores[products[kept - 1]]:
            continue
        count = min(count + 1, kept)
        place = min(place, kept - 1)
        while place > 0 and scores[product] > scores[products[place - 1]]:
            products[place] = products[place - 1]
            place -= 1
        products[place] = product
    top, total = scores[products[0]], 0.0
    for product in range(len(scores)):
        total += np.exp(scores[product] - top)
    known = 0.0
    for place in range(count):
        shares[place] = np.exp(scores[products[place]] - top) / total
        known += shares[place]
    rest[row] = max(0.0, 1.0 - known)
