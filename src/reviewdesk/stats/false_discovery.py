"""How many of many findings may be chance."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def benjamini_hochberg(p_values: Floats) -> Floats:
    """Return for each test the share of false findings in the list that begins with it.

    Benjamini and Hochberg 1995: calling all tests below 0.05 findings, at most 5 % of these are
    expected to be chance, when the tests are independent or positively dependent.

    Args:
        p_values: p-value of each test (m,).
    """
    if not len(p_values):
        return p_values
    order = np.argsort(p_values, kind="stable")
    ranked = p_values[order] * len(p_values) / np.arange(1, len(p_values) + 1)
    adjusted = np.empty_like(ranked)
    adjusted[order] = np.minimum.accumulate(ranked[::-1])[::-1]
    return adjusted
