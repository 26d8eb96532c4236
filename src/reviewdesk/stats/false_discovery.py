"""How many of many findings may be chance."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def benjamini_hochberg(chances: Floats) -> Floats:
    """Return for each test the share of false findings in the list that begins with it.

    Benjamini and Hochberg 1995: calling all tests below 0.05 findings, at most 5 % of these are
    expected to be chance, when the tests are independent or positively dependent.

    Args:
        chances: p-value of each test (m,).
    """
    if not len(chances):
        return chances
    order = np.argsort(chances, kind="stable")
    ranked = chances[order] * len(chances) / np.arange(1, len(chances) + 1)
    adjusted = np.empty_like(ranked)
    adjusted[order] = np.minimum.accumulate(ranked[::-1])[::-1]
    return adjusted
