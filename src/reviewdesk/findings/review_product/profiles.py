"""What is said of each product of a category: a distribution over terms.

A product is what its reviews say, smoothed by what all reviews of the category say (Dirichlet
prior, Zhai and Lafferty 2004). What a term says for a product is how much likelier it is there than
by the prior alone. Of most terms all products that have them are listed. Of those that very many
products have, only the products are listed that it says most for; for all others it says nothing.
So a review can be compared with hundreds of thousands of products: by the lists of its terms.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

PRIOR: Final = 10_000.0
"""How many terms the prior of a product counts as."""
EVIDENCE: Final = 0.4
"""The part that the log-likelihood counts for: terms of one review are no independent evidence."""
WHOLE: Final = 3
"""Lists that would hold a third of all products are whole: that costs little."""
SMALLEST: Final = 0.5  # of a term that no review has

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class ProductReviews(NamedTuple):
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


class TermProfiles(NamedTuple):
    """What is said of k products, by product and by term, as kernels read it."""

    counts: NDArray[np.int32]  # of a product's terms: how many reviews have them
    terms: NDArray[np.int32]  # ascending in each product
    ends: Ints  # (k + 1,)
    totals: Floats  # (k,) the sum of a product's counts
    dilution: Floats  # (k,) how much less likely its prior makes a term that nobody said of it
    reviews: Floats  # (k,)
    popularity: Floats  # (k,) the logarithm of how many reviews
    prior: Floats  # (terms,) the prior's counts
    partial: NDArray[np.bool_]  # (terms,) whether some products that have it are not listed
    least: NDArray[np.float32]  # (terms,) listed products of these terms gain more
    gains: NDArray[np.float32]  # of a term's listed products: what it says for them
    products: NDArray[np.int32]
    starts: Ints  # (terms + 1,)


def term_profiles(reviews: ProductReviews, longest: int) -> TermProfiles:
    """Return what reviews say of their products.

    Args:
        reviews: n reviews of one category.
        longest: how many products are listed of a term at most, where the category has more than
            ``WHOLE`` times as many.
    """
    n, k = len(reviews.product), reviews.products
    terms_of_reviews = sparse.csr_array(
        (np.ones(len(reviews.columns), np.int32), reviews.columns, reviews.ends),
        shape=(n, reviews.terms),
    )
    stands = sparse.csr_array(
        (np.ones(n, np.int32), reviews.product, np.arange(n + 1)), shape=(n, k)
    )
    counts = sparse.csr_array(stands.T @ terms_of_reviews)
    counts.sort_indices()
    totals = np.asarray(counts.sum(axis=1), np.float64).ravel()
    all_counts = np.bincount(reviews.columns, minlength=reviews.terms) + SMALLEST
    prior = PRIOR * all_counts / all_counts.sum()
    dilution = np.log1p(totals / PRIOR)
    stand = np.bincount(reviews.product, minlength=k).astype(np.float64)
    return TermProfiles(
        counts.data.astype(np.int32),
        counts.indices.astype(np.int32),
        counts.indptr.astype(np.int64),
        totals,
        dilution,
        stand,
        np.log(stand),
        prior,
        *_lists(counts.tocsc(), prior, dilution, longest),
    )


def _lists(
    by_term: sparse.csc_array, prior: Floats, dilution: Floats, longest: int
) -> tuple[NDArray[np.bool_], NDArray[np.float32], NDArray[np.float32], NDArray[np.int32], Ints]:
    """Return, by term, whether a list is partial, what its products gain more than, and the lists.

    What a partial list leaves out gains nothing, so that its products gain less by what the prior
    loses to all that is said of them: a term that is said of a product as often as of any says
    nothing for it.
    """
    starts = by_term.indptr.astype(np.int64)
    products = by_term.indices.astype(np.int32)
    having = np.diff(starts)
    gains = np.log1p(by_term.data / np.repeat(prior, having)).astype(np.float32)
    partial = (having > longest) & (len(dilution) > WHOLE * longest)
    least = np.zeros(len(having), np.float32)
    listed = np.ones(len(gains), np.bool_)
    for term in np.flatnonzero(partial):
        there = slice(starts[term], starts[term + 1])
        gains[there] -= dilution[products[there]]
        least[term] = max(0, np.partition(gains[there], -longest - 1)[-longest - 1])
        listed[there] = gains[there] > least[term]
    starts = np.append(0, np.cumsum(listed))[starts]
    return partial, least, gains[listed], products[listed], starts
