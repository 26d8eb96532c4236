"""Which products of its category each review speaks of, as if it stood under none.

A review is as likely about a product as its terms are there (see ``profiles``), and as the product
has reviews, without what its own writer said of that product (see ``writers``).
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from reviewdesk.findings.review_product.profiles import (
    EVIDENCE,
    ProductReviews,
    TermProfiles,
    term_profiles,
)
from reviewdesk.findings.review_product.writers import by_writer, leave_out
from reviewdesk.text.compiled import compiled

KEPT: Final = 48
"""Products that are remembered of each review, the likeliest; the rest are one more."""
LONGEST: Final = 300
"""How many products are listed of a term, but in a category of few more."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Places = NDArray[np.int32]


class ProductPosterior(NamedTuple):
    """How likely each review is about each product; the last of k + 1 products is all the rest."""

    products: Places  # (n, kept) the likeliest first; k where there are fewer
    shares: Floats  # (n, kept)
    rest: Floats  # (n,)


class _Unlisted(NamedTuple):
    """Scores of products that no list of a review's terms holds, by how many lists are whole.

    Of the likeliest, as many as are remembered of a review are enough: those of them that a list
    holds are likelier still.
    """

    size: Ints  # (n,) which row is a review's
    terms: NDArray[np.float64]  # (sizes,) how many terms with whole lists there are
    products: Places  # (sizes, kept) the likeliest
    whole: NDArray[np.float64]  # (sizes,) the logarithm of the likelihood of all products


class _Scores(NamedTuple):
    """Room for one review's scores."""

    gains: NDArray[np.float64]  # (k,) zero but for those that are reached
    scores: NDArray[np.float64]  # (k,) of those that are reached
    reached: Places  # (k + 1,)
    own: Places  # (terms,) all zeros between reviews
    likeliest: NDArray[np.float64]  # (kept,) the scores of the products that are remembered


def product_posterior(
    reviews: ProductReviews, kept: int = KEPT, longest: int = LONGEST
) -> ProductPosterior:
    """Return which products each review speaks of.

    Args:
        reviews: n reviews of one category.
        kept: how many products are told apart for each.
        longest: how many products are listed of a term.
    """
    n, kept = len(reviews.product), min(kept, reviews.products)
    posterior = ProductPosterior(
        np.full((n, kept), reviews.products, np.int32),
        np.zeros((n, kept), np.float32),
        np.zeros(n, np.float32),
    )
    order, ends = by_writer(reviews)
    profiles = term_profiles(reviews, longest)
    scores = _Scores(
        np.zeros(reviews.products),
        np.zeros(reviews.products),
        np.zeros(reviews.products + 1, np.int32),
        np.zeros(reviews.terms, np.int32),
        np.zeros(kept),
    )
    _compare(reviews, profiles, _unlisted(reviews, profiles, kept), order, ends, scores, posterior)
    return posterior


def _unlisted(reviews: ProductReviews, profiles: TermProfiles, kept: int) -> _Unlisted:
    whole_lists = np.append(0, np.cumsum(~profiles.partial[reviews.columns]))
    terms, size = np.unique(np.diff(whole_lists[reviews.ends]), return_inverse=True)
    products = np.empty((len(terms), kept), np.int32)
    whole = np.empty(len(terms))
    for row, count in enumerate(terms):
        scores = profiles.popularity - EVIDENCE * count * profiles.dilution
        products[row] = np.argsort(-scores, kind="stable")[:kept]
        whole[row] = logsumexp(scores)
    return _Unlisted(size.astype(np.int64), terms.astype(np.float64), products, whole)


@compiled
def _compare(
    reviews: ProductReviews,
    profiles: TermProfiles,
    unlisted: _Unlisted,
    order: Ints,
    ends: Ints,
    scores: _Scores,
    posterior: ProductPosterior,
) -> None:
    """Compare the reviews of one writer after the other."""
    terms = unlisted.terms[unlisted.size]
    for writer in range(len(ends) - 1):
        written = order[ends[writer] : ends[writer + 1]]
        products = np.empty(len(written), np.int32)
        without = np.empty((len(written), len(written)))
        leave_out(reviews, profiles, terms, written, scores.own, products, without)
        for number in range(len(written)):
            review = written[number]
            reached = _look_up(reviews, profiles, review, terms[review], scores)
            for product in range(len(products)):
                if scores.gains[products[product]] == 0:
                    scores.gains[products[product]] = 1
                    scores.reached[reached] = products[product]
                    reached += 1
                scores.scores[products[product]] = without[product, number]
            _keep(profiles, unlisted, scores, reached, posterior, review)
            for product in scores.reached[:reached]:
                scores.gains[product] = 0


@compiled
def _look_up(
    reviews: ProductReviews, profiles: TermProfiles, review: int, terms: float, scores: _Scores
) -> int:
    """Score the products that the lists of a review's terms hold; return how many they are."""
    reached = 0
    for place in range(reviews.ends[review], reviews.ends[review + 1]):
        term = reviews.columns[place]
        for at in range(profiles.starts[term], profiles.starts[term + 1]):
            product = profiles.products[at]
            before = scores.gains[product]
            scores.reached[reached] = product  # stays if it is new; a branch would take longer
            reached += before == 0
            scores.gains[product] = before + profiles.gains[at]
    for product in scores.reached[:reached]:
        gain = scores.gains[product] - terms * profiles.dilution[product]
        scores.scores[product] = profiles.popularity[product] + EVIDENCE * gain
    return reached


@compiled
def _keep(
    profiles: TermProfiles,
    unlisted: _Unlisted,
    scores: _Scores,
    reached: int,
    posterior: ProductPosterior,
    review: int,
) -> None:
    """Write the likeliest products with their shares, and the share of all others."""
    products, count, row = posterior.products[review], 0, unlisted.size[review]
    rate, whole = EVIDENCE * unlisted.terms[row], unlisted.whole[row]
    likeliest = scores.likeliest
    for product in scores.reached[:reached]:
        score = scores.scores[product]
        if count < len(products) or score >= likeliest[count - 1]:  # calls cost more than scores
            count = _insert(products, likeliest, count, product, score)
    for product in unlisted.products[row]:
        if scores.gains[product] == 0:
            score = profiles.popularity[product] - rate * profiles.dilution[product]
            count = _insert(products, likeliest, count, product, score)
    top, total, listed = likeliest[0], 0.0, 0.0
    for product in scores.reached[:reached]:
        total += np.exp(scores.scores[product] - top)
        listed += np.exp(profiles.popularity[product] - rate * profiles.dilution[product] - whole)
    total += max(0.0, 1.0 - listed) * np.exp(whole - top)
    known = 0.0
    for place in range(count):
        share = np.exp(likeliest[place] - top) / total
        posterior.shares[review, place] = share
        known += share
    posterior.rest[review] = max(0.0, 1.0 - known)


@compiled
def _insert(
    products: Places, likeliest: NDArray[np.float64], count: int, product: int, score: float
) -> int:
    """Put a product among the likeliest, where it is one; return how many there are then.

    Of equal ones the first comes first.
    """
    rank = count
    while rank > 0 and (
        score > likeliest[rank - 1]
        or (score == likeliest[rank - 1] and product < products[rank - 1])
    ):
        rank -= 1
    if rank == len(products):
        return count
    count = min(count + 1, len(products))
    for later in range(count - 1, rank, -1):
        products[later], likeliest[later] = products[later - 1], likeliest[later - 1]
    products[rank], likeliest[rank] = product, score
    return count
