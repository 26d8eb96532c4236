"""What the other reviews of a product speak of, and products that as a whole speak of another
category: then it is the product that stands wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.findings.review_category.combination import Combination, Logs

Floats = NDArray[np.float64]

ALIKE: Final = 0.3
"""How much reviews of one product repeat each other: many count as about three."""
DOUBT: Final = 1.0
"""The log of how much likelier another category has to be by a product's other reviews."""
LEAST: Final = -7.0
"""No review says more than that a category is a thousand times less likely."""
BLOCK: Final = 65_536
WORTH: Final = 5.0
"""What a category's reviews speak of is worth so many reviews of a product."""
SMALLEST: Final = 1e-12


@dataclass(frozen=True, eq=False)
class ProductTopics:
    """What products' reviews speak of, beside what those of their categories do.

    An app that is a book has reviews that speak of books, and none of them is an error.

    Args:
        sums: (p + 1, k) sums of its reviews' probabilities; the first is of no product.
        sizes: (p + 1,) of how many.
        usual: (k, k) mean probabilities of the reviews that stand in each category.
    """

    sums: Floats
    sizes: NDArray[np.int64]
    usual: Floats

    @classmethod
    def of(
        cls, shares: NDArray[np.floating], labels: NDArray[np.integer], product: NDArray[np.integer]
    ) -> "ProductTopics":
        """Sum up what reviews speak of.

        Args:
            shares: (n, k) probabilities.
            labels: (n,) the categories in which they stand.
            product: (n,) 0 to p - 1; -1 for reviews of no known product.
        """
        k = shares.shape[1]
        places = int(product.max(initial=-1)) + 2
        sums, usual = np.zeros((places, k)), np.zeros((k, k))
        np.add.at(sums, product + 1, shares)
        np.add.at(usual, labels, shares)
        sums[0] = 0.0
        sizes = np.bincount(product + 1, minlength=places)
        sizes[0] = 0
        many = np.maximum(np.bincount(labels, minlength=k), 1)[:, None]
        return cls(sums, sizes, np.maximum(usual / many, SMALLEST))

    def surprisal(
        self,
        shares: NDArray[np.floating],
        labels: NDArray[np.integer],
        product: NDArray[np.integer],
        *,
        counted: bool = True,
    ) -> Floats:
        """Return minus the logs of how probable labels are, (m,).

        A label is so many times as probable as reviews of the product speak more often of what the
        review speaks of than those of the category do.

        Args:
            shares: (m, k) probabilities.
            labels: (m,) the categories in which they stand, or are thought to.
            product: (m,) the products under which.
            counted: whether the reviews are themselves among those of the products.
        """
        of, usual = product + 1, self.usual[labels]
        sums, sizes = self.sums[of], self.sizes[of]
        if counted:
            known = product >= 0
            sums, sizes = sums - shares * known[:, None], sizes - known
        speaks = (np.maximum(sums, 0.0) + WORTH * usual) / (sizes + WORTH)[:, None]
        times = (shares * (speaks / usual)).sum(axis=1)
        own = shares[np.arange(len(shares)), labels] * np.maximum(times, 1.0)
        return np.asarray(-np.log(np.clip(own, SMALLEST, 1.0)))


def product_doubted(
    base_logs: Sequence[Logs],
    labels: NDArray[np.integer],
    product: NDArray[np.integer],
    combination: Combination,
) -> NDArray[np.bool_]:
    """Say of which reviews the product's other reviews speak of another category, (n,).

    Args:
        base_logs: for each base model (n, k) log-probabilities.
        labels: (n,) the categories in which they stand.
        product: (n,) 0 to p - 1; -1 for reviews of no known product.
        combination: how the base models are combined.
    """
    n, k = base_logs[0].shape
    sums = np.zeros((int(product.max(initial=-1)) + 2, k))
    sizes = np.bincount(product + 1, minlength=len(sums))  # the first place is of no product
    for at in range(0, n, BLOCK):
        part = slice(at, at + BLOCK)
        np.add.at(sums, product[part] + 1, _logs(base_logs, combination, part))
    doubted = np.zeros(n, np.bool_)
    for at in range(0, n, BLOCK):
        part = slice(at, at + BLOCK)
        of_product = product[part] + 1
        others = sums[of_product] - _logs(base_logs, combination, part)
        count = sizes[of_product] - 1
        means = others / (1 + np.maximum(count - 1, 0) * ALIKE)[:, None]
        gain = means.max(axis=1) - means[np.arange(len(means)), labels[part]]
        doubted[part] = (gain > DOUBT) & (count > 0) & (of_product > 0)
    return doubted


def _logs(base_logs: Sequence[Logs], combination: Combination, part: slice) -> Floats:
    return np.maximum(combination.logs([logs[part] for logs in base_logs]), LEAST)
