"""What planting needs to know of reviews: a few numbers each, no text."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.sources.truth.moves import NONE, Categories

NO_DAY: Final = -(2**31)
NO_STARS: Final = 0

__all__ = ["NONE", "NO_DAY", "NO_STARS", "ReviewFacts"]


@dataclass(frozen=True, eq=False)
class ReviewFacts:
    """Facts of n reviews of p products in k categories, in the order of the data.

    Args:
        key: (n,) uint64, hashes of the review_ids.
        product: (n,) int32, 0 to p - 1, or -1 without a product.
        product_key: (p,) uint64, hashes of the product_ids.
        category: (n,) int32, 0 to k - 1, or -1 without a category.
        categories: the k categories.
        day: (n,) int32, days since 1970, or ``NO_DAY``.
        stars: (n,) int8, 1 to 5, or ``NO_STARS``.
        copied: (n,) bool, whether the text also stands under another variant of the product.
    """

    key: NDArray[np.uint64]
    product: NDArray[np.int32]
    product_key: NDArray[np.uint64]
    category: NDArray[np.int32]
    categories: Categories
    day: NDArray[np.int32]
    stars: NDArray[np.int8]
    copied: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.key)

    def product_category(self) -> NDArray[np.int64]:
        """Return the category of most reviews of each product, (p,); -1 without any."""
        k = max(len(self.categories.keys), 1)
        has_both = (self.product >= 0) & (self.category >= 0)
        pairs = self.product[has_both].astype(np.int64) * k + self.category[has_both]
        values, counts = np.unique(pairs, return_counts=True)
        order = np.lexsort(
            (-values, counts)
        )  # the largest count last; of equals the first category
        found = np.full(len(self.product_key), NONE, np.int64)
        found[values[order] // k] = values[order] % k
        return found

    def first_reviews(self) -> NDArray[np.int64]:
        """Return the first review of each product, (p,)."""
        first = np.full(len(self.product_key), len(self), np.int64)
        rows = np.flatnonzero(self.product >= 0)
        np.minimum.at(first, self.product[rows], rows)
        return first
