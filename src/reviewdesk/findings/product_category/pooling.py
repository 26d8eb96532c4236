"""What each base model says of a product: the log-probabilities of its reviews, summed."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.hashing import unit_interval

SMALLEST: Final = 1e-6
"""A smaller probability counts as this one, so that no single review decides alone."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Pooled(NamedTuple):
    """What the reviews of p products say together.

    Args:
        sums: for each base model (p, k) sums of log-probabilities, the largest of each product
            taken off.
        reviews: (p,) how many reviews each product has.
    """

    sums: tuple[Floats, ...]
    reviews: Ints

    def take(self, products: Ints) -> "Pooled":
        """Return some of the products."""
        return Pooled(tuple(one[products] for one in self.sums), self.reviews[products])


def pool(
    base_models: Sequence[NDArray[np.floating]], product: NDArray[np.integer], products: int
) -> Pooled:
    """Sum what base models say of the reviews of each product.

    Args:
        base_models: for each base model (n, k) probabilities by classifiers that have not seen the
            product.
        product: (n,) the product of each review, 0 to p - 1; reviews at -1 count for none.
        products: how many there are.
    """
    kept = np.flatnonzero(product >= 0)
    of = product[kept]
    sums = []
    for probabilities in base_models:
        by_label = np.empty((products, probabilities.shape[1]))
        for label in range(probabilities.shape[1]):
            known = np.nan_to_num(probabilities[kept, label], nan=0.0, posinf=1.0, neginf=0.0)
            logs = np.log(np.clip(known, SMALLEST, 1.0))
            by_label[:, label] = np.bincount(of, logs, minlength=products)
        sums.append(by_label - by_label.max(axis=1, keepdims=True))
    return Pooled(tuple(sums), np.bincount(of, minlength=products))


def most_frequent(
    product: NDArray[np.integer], label: NDArray[np.integer], products: int, labels: int
) -> Ints:
    """Return the label of most reviews of each product, (p,); -1 where no review has one.

    Of equally frequent labels it is the first.

    Args:
        product: (n,) 0 to p - 1, or -1.
        label: (n,) 0 to k - 1, or -1.
        products: how many products there are.
        labels: how many labels there are.
    """
    known = (product >= 0) & (label >= 0)
    pairs = product[known].astype(np.int64) * max(labels, 1) + label[known]
    values, counts = np.unique(pairs, return_counts=True)
    order = np.lexsort((-values, counts))
    labels_of = np.full(products, -1, np.int64)
    labels_of[values[order] // max(labels, 1)] = values[order] % max(labels, 1)
    return labels_of


def spread(keys: NDArray[np.uint64], most: int) -> Ints:
    """Return at most so many products, chosen by hashes of their ids (p,), ascending."""
    if len(keys) <= most:
        return np.arange(len(keys))
    return np.sort(np.argsort(unit_interval(keys), kind="stable")[:most])
