"""Products that as a whole speak of another category: then it is the product that stands wrong."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.findings.misfiled.combination import Combination, Logs

Floats = NDArray[np.float64]

ALIKE: Final = 0.3
"""How much reviews of one product repeat each other: many count as about three."""
DOUBT: Final = 1.0
"""The log of how much likelier another category has to be by a product's other reviews."""
LEAST: Final = -7.0
"""No review says more than that a category is a thousand times less likely."""
BLOCK: Final = 65_536


def product_doubted(
    heads: Sequence[Logs],
    labels: NDArray[np.integer],
    product: NDArray[np.integer],
    combination: Combination,
) -> NDArray[np.bool_]:
    """Say of which reviews the product's other reviews speak of another category, (n,).

    Args:
        heads: for each head (n, k) log-probabilities.
        labels: (n,) the categories in which they stand.
        product: (n,) 0 to p - 1; -1 for reviews of no known product.
        combination: how the heads are combined.
    """
    n, k = heads[0].shape
    sums = np.zeros((int(product.max(initial=-1)) + 2, k))
    sizes = np.bincount(product + 1, minlength=len(sums))  # the first place is of no product
    for at in range(0, n, BLOCK):
        part = slice(at, at + BLOCK)
        np.add.at(sums, product[part] + 1, _logs(heads, combination, part))
    doubted = np.zeros(n, np.bool_)
    for at in range(0, n, BLOCK):
        part = slice(at, at + BLOCK)
        place = product[part] + 1
        others = sums[place] - _logs(heads, combination, part)
        count = sizes[place] - 1
        said = others / (1 + np.maximum(count - 1, 0) * ALIKE)[:, None]
        gain = said.max(axis=1) - said[np.arange(len(said)), labels[part]]
        doubted[part] = (gain > DOUBT) & (count > 0) & (place > 0)
    return doubted


def _logs(heads: Sequence[Logs], combination: Combination, part: slice) -> Floats:
    return np.maximum(combination.logs([head[part] for head in heads]), LEAST)
