"""How a review's products agree with those of the other reviews where it stands.

Products of one family are spoken of in the same words, so that a review is often likelier about
another one than its own, and rightly stands where it does: so do its neighbours. What counts is
whether the others there look like it: ``sum over products q of share(q) * mean share(q) of the
others there / share(q) of all reviews``, which is how many times as likely a review like this one
is there as anywhere. Its logarithm, turned round, is the score.

What the scores of reviews under the wrong product would be is known: each review is put under
products of others in its category, drawn at random, and scored there (null draws; decoys in Elias
and Gygi 2007).
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.findings.review_product.posterior import ProductPosterior
from reviewdesk.text.compiled import compiled
from reviewdesk.text.hashing import Hashes, combine64

NULL_DRAWS: Final = 4
"""Products that each review is put under for comparison."""
ANYWHERE: Final = 1.0
"""How many reviews that stand anywhere are added to those of a product."""
ITSELF: Final = 1.0
"""How many reviews that are surely about it are added."""
LEAST: Final = 1e-9
_SALT: Final = 0x6D6973706C616365

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Fit(NamedTuple):
    """How badly n reviews fit under one product each, and what that has to be compared with."""

    scores: Floats  # (n,) in natural logarithms; 0 is as well as anywhere
    terms: Floats  # (n,) the logarithm of how many the review has
    reviews: Floats  # (n,) the logarithm of how many the product has

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64] | slice) -> "Fit":
        """Return some of them."""
        return Fit(self.scores[rows], self.terms[rows], self.reviews[rows])


class MisfitScores(NamedTuple):
    """How badly reviews fit where they stand, and where they do not."""

    observed: Fit
    null_draws: Fit


def misfit_scores(
    posterior: ProductPosterior,
    product: NDArray[np.int32],
    products: int,
    keys: Hashes,
    terms: Ints,
) -> MisfitScores:
    """Score reviews where they stand and where they do not.

    Args:
        posterior: which products each of n reviews speaks of.
        product: (n,) where each stands, 0 to products - 1.
        products: how many products there are.
        keys: (n,) hashes of review_ids, by which null draws are made.
        terms: (n,) how many terms each has.
    """
    n = len(product)
    everywhere = _everywhere(posterior, products)
    counts = np.log(np.bincount(product, minlength=products) + ANYWHERE + ITSELF)
    length = np.log(np.maximum(terms, 1))
    own = Fit(_scores(posterior, product, product, everywhere, own=True), length, counts[product])
    salted = combine64(keys, np.full(n, _SALT, np.uint64))
    order = np.lexsort((np.arange(n), salted))
    null_draws = [own.take(slice(0))]
    for step in range(1, NULL_DRAWS + 1):
        put = np.empty(n, np.int32)
        put[order] = product[np.roll(order, -step)]
        other = put != product
        scores = _scores(posterior, product, put, everywhere, own=False)
        null_draws.append(Fit(scores, length, counts[put]).take(other))
    return MisfitScores(own, together(null_draws))


def together(parts: Sequence[Fit]) -> Fit:
    """Return several as one."""
    return Fit(*(np.concatenate(one) for one in zip(*parts, strict=True)))


def _everywhere(posterior: ProductPosterior, products: int) -> Floats:
    """Return the mean share of each product, and of the rest, over all reviews (products + 1,)."""
    places, weights = posterior.products.ravel(), posterior.shares.ravel()
    sums = np.bincount(places, weights=weights, minlength=products + 1)
    sums[products] += posterior.rest.sum()
    return np.asarray(np.maximum(sums / max(len(posterior.rest), 1), LEAST), np.float64)


def _scores(
    posterior: ProductPosterior,
    product: NDArray[np.int32],
    put: NDArray[np.int32],
    everywhere: Floats,
    *,
    own: bool,
) -> Floats:
    """Return the scores of reviews under the products that they are put under, (n,)."""
    size = len(everywhere) - 1
    stands, there = (_by_product(one, size) for one in (product, put))
    scores = np.empty(len(product))
    _score(posterior, *stands, *there, everywhere, own, scores)
    return scores


def _by_product(product: NDArray[np.int32], products: int) -> tuple[Ints, Ints]:
    """Return the reviews of each product one after the other, and where each product's begin."""
    order = np.argsort(product, kind="stable")
    return order, np.searchsorted(product[order], np.arange(products + 1)).astype(np.int64)


@compiled
def _score(
    posterior: ProductPosterior,
    stands: Ints,
    stand_ends: Ints,
    put: Ints,
    put_ends: Ints,
    everywhere: Floats,
    own: bool,
    scores: Floats,
) -> None:
    rest = len(everywhere) - 1
    there = ANYWHERE * everywhere
    for product in range(rest):
        there[product] += ITSELF
        inside = stands[stand_ends[product] : stand_ends[product + 1]]
        for review in inside:
            there[rest] += posterior.rest[review]
            for place in range(posterior.products.shape[1]):
                there[posterior.products[review, place]] += posterior.shares[review, place]
        count = ANYWHERE + ITSELF + len(inside)
        for at in range(put_ends[product], put_ends[product + 1]):
            review = put[at]
            scores[review] = -np.log(
                _density_ratio(posterior, review, there, count, everywhere, own)
            )
        there[product] = ANYWHERE * everywhere[product]
        there[rest] = ANYWHERE * everywhere[rest]
        for review in inside:
            for other in posterior.products[review]:
                there[other] = ANYWHERE * everywhere[other]


@compiled
def _density_ratio(
    posterior: ProductPosterior,
    review: int,
    there: Floats,
    count: float,
    everywhere: Floats,
    own: bool,
) -> float:
    """Return how many times as likely a review like this one is there as anywhere."""
    rest, taken = len(everywhere) - 1, 1.0 if own else 0.0
    share = posterior.rest[review]
    total = share * (there[rest] - taken * share) / everywhere[rest]
    for place in range(posterior.products.shape[1]):
        product, share = posterior.products[review, place], posterior.shares[review, place]
        if product < rest:
            total += share * (there[product] - taken * share) / everywhere[product]
    return float(max(total / (count - taken), 1e-12))
