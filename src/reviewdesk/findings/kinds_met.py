"""Whether classifiers have met enough kinds of products to tell a wrong place from a new kind.

A kind of product that no classifier has met looks as if it stood in a wrong category, and so do its
reviews. How much of that there is, no score tells; it falls with how many products of a category
there were to learn from.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

FEWEST_EACH: Final = 30
"""Products of a category, on average, from which on hardly any list is made of right ones: of 27
worlds of 2,000 generated reviews (some 20 products each) without an error, 4 had a list of
products and 2 one of reviews; of those of 5,000 (some 45 each) none (bench/RESULTS.md)."""


def products_of_each(product: NDArray[np.integer], category: NDArray[np.integer]) -> float:
    """Return how many products a category has on average.

    Args:
        product: (n,) the product of each review, -1 for none.
        category: (n,) the category in which each stands, 0 to k - 1.
    """
    there = product >= 0
    width = int(category.max(initial=0)) + 1
    pairs = np.unique(product[there].astype(np.int64) * width + category[there])
    return len(pairs) / max(len(np.unique(category[there])), 1)
