"""What products are without what one writer said of them.

Before a review is compared with a product, everything that its own writer said of that product is
taken out: people who say the same of two products would otherwise seem to have said it of the wrong
one.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.findings.review_product.profiles import (
    EVIDENCE,
    PRIOR,
    ProductReviews,
    TermProfiles,
)
from reviewdesk.text.compiled import compiled

MOST_WRITTEN: Final = 1_000
"""Whoever wrote more reviews of a category is many: each of them counts as another's."""

Ints = NDArray[np.int64]
Places = NDArray[np.int32]


def by_writer(reviews: ProductReviews) -> tuple[Ints, Ints]:
    """Return the reviews of each writer one after the other, and where each writer's begin.

    Args:
        reviews: n reviews of one category.

    Returns:
        (n,) the reviews, those of one writer by product, and (writers + 1,) places among them.
    """
    n = len(reviews.writer)
    _, writer, written = np.unique(reviews.writer, return_inverse=True, return_counts=True)
    writer = np.where(written[writer] > MOST_WRITTEN, n + np.arange(n), writer)
    order = np.lexsort((reviews.product, writer))
    starts = np.flatnonzero(np.r_[True, np.diff(writer[order]) != 0][:n])
    return order, np.append(starts, n)


@compiled
def leave_out(
    reviews: ProductReviews,
    profiles: TermProfiles,
    terms: NDArray[np.float64],
    written: Ints,
    own: Places,
    products: Places,
    without: NDArray[np.float64],
) -> None:
    """Score a writer's reviews by the products he wrote about, without what he said of them.

    Args:
        reviews: of a category.
        profiles: of its products.
        terms: (n,) how many terms of each review have whole lists.
        written: (w,) his reviews, by product.
        own: (terms,) zeros, and so afterwards.
        products: (w,) gets the product of each.
        without: (w, w) gets the scores of all his reviews, by the product of each.
    """
    begin = 0
    while begin < len(written):
        product, end = reviews.product[written[begin]], begin
        total, left = profiles.totals[product], profiles.reviews[product]
        while end < len(written) and reviews.product[written[end]] == product:
            total -= reviews.ends[written[end] + 1] - reviews.ends[written[end]]
            left -= 1
            _count(reviews, written[end], 1, own)
            end += 1
        dilution = np.log1p(total / PRIOR)
        for position in range(len(written)):
            gain = _gain(reviews, profiles, written[position], product, dilution, own)
            score = EVIDENCE * (gain - terms[written[position]] * dilution) + np.log(max(left, 0.5))
            without[begin:end, position] = score
        for position in range(begin, end):
            _count(reviews, written[position], 0, own)
        products[begin:end] = product
        begin = end


@compiled
def _count(reviews: ProductReviews, review: int, by: int, own: Places) -> None:
    """Count a review's terms, or set their counts back to 0."""
    for term in reviews.columns[reviews.ends[review] : reviews.ends[review + 1]]:
        own[term] = (own[term] + by) * by


@compiled
def _gain(
    reviews: ProductReviews,
    profiles: TermProfiles,
    review: int,
    product: int,
    dilution: float,
    own: Places,
) -> float:
    """Return what a review's terms say for a product, less what is counted in ``own``."""
    gain, at, last = 0.0, profiles.ends[product], profiles.ends[product + 1]
    for term in reviews.columns[reviews.ends[review] : reviews.ends[review + 1]]:
        at += np.searchsorted(profiles.terms[at:last], term)
        if at < last and profiles.terms[at] == term:
            gain_of_term = np.log1p((profiles.counts[at] - own[term]) / profiles.prior[term])
            if profiles.partial[term]:  # in the same precision as lists
                gain_of_term = np.float32(np.float32(gain_of_term) - dilution)
            if not profiles.partial[term] or gain_of_term > profiles.least[term]:
                gain += gain_of_term
    return gain
