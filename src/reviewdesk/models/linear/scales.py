"""How much each feature counts, from how unevenly it stands in the rows of the labels."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

SMOOTHING: Final = 1.0
DIVERGENCE_POWER: Final = 0.7
"""Between the root, at which n-grams of little meaning still count, and the divergence itself."""


RATIO_POWER_WITH_RUNS: Final = 0.5
"""Of two labels, where runs of characters count: each word is there in many runs, most of them in
few rows, and rare ones have the largest ratios."""


def scales(
    counts: NDArray[np.int32], rows: NDArray[np.int64], min_df: int, ratio_power: float = 1.0
) -> NDArray[np.float32]:
    """Return each feature's scale; 0 for one in fewer rows than ``min_df``.

    Args:
        counts: (features, k) how many rows of each label have a feature.
        rows: (k,) how many rows each label has.
        min_df: the least number of rows.
        ratio_power: of two labels, the power that the log of the ratio is raised to.

    Returns:
        (features,).
    """
    if len(rows) == 2:
        found = log_count_ratio(counts, rows) ** np.float32(ratio_power)
    else:
        found = divergence(counts, rows)
    found[counts.sum(axis=1) < min_df] = 0
    return found


def log_count_ratio(counts: NDArray[np.int32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the size of the log of how much likelier a feature is under one label of two.

    Source: Wang and Manning 2012, Baselines and bigrams.
    """
    shares = (counts.astype(np.float32) + np.float32(SMOOTHING)) / (rows + 2 * SMOOTHING)
    found: NDArray[np.float32] = np.abs(np.log(shares[:, 1] / shares[:, 0])).astype(np.float32)
    return found


def divergence(counts: NDArray[np.int32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the Kullback-Leibler divergence of a feature's labels from all labels, flattened."""
    prior = (rows / rows.sum()).astype(np.float32)
    divergences = np.zeros(len(counts), np.float32)
    totals = counts.sum(axis=1, dtype=np.float32) + np.float32(SMOOTHING)
    for label in np.flatnonzero(prior).tolist():  # one label at a time: no second large array
        ratio = counts[:, label] / prior[label]
        ratio = ((ratio + np.float32(SMOOTHING)) / totals).astype(np.float32)
        divergences += prior[label] * ratio * np.log(ratio)
    flat: NDArray[np.float32] = np.maximum(divergences, 0) ** np.float32(DIVERGENCE_POWER)
    return flat
