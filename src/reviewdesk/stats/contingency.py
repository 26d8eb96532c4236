"""How likely two-by-two tables are by chance, and whether a share drifts: for many at once.

Sources: Fisher 1935, The logic of inductive inference (the exact test); Tarone 1990, A modified
Bonferroni method for discrete data (tables that cannot be clear, however their rows fall);
Armitage 1955, Tests for linear trends in proportions.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr

FAINT: Final = 1e-12
"""Terms of a tail below this share of it are left out."""

Floats = NDArray[np.float64]
Counts = NDArray[Any]


def fisher_chances(left: Counts, right: Counts, left_of: Counts, right_of: Counts) -> Floats:
    """Return the two-sided p-value of each table: twice the smaller tail, at most one.

    Args:
        left: (n,) how many of the left rows have it.
        right: (n,) how many of the right rows have it.
        left_of: (n,) how many left rows there are.
        right_of: (n,) how many right rows there are.
    """
    more = left * right_of >= right * left_of  # the tail goes away from what is expected
    ours, theirs = np.where(more, left, right), np.where(more, right, left)
    ours_of, theirs_of = np.where(more, left_of, right_of), np.where(more, right_of, left_of)
    first = np.exp(_log_chance(ours, theirs, ours_of, theirs_of))
    chances: Floats = np.minimum(2 * first * _tail(ours, theirs, ours_of, theirs_of), 1.0)
    return chances


def least_chances(having: Counts, left_of: Counts, right_of: Counts) -> Floats:
    """Return the smallest p-value that each table could have, however the rows that have it fall.

    Args:
        having: (n,) how many rows have it.
        left_of: (n,) how many left rows there are.
        right_of: (n,) how many right rows there are.
    """
    most, least = np.minimum(having, left_of), np.maximum(having - right_of, 0)
    ends = [np.exp(_log_chance(end, having - end, left_of, right_of)) for end in (most, least)]
    smallest: Floats = np.minimum(2 * np.minimum(*ends), 1.0)
    return smallest


def armitage_trend(hits: Counts, rows: Counts, at: Floats) -> tuple[float, float]:
    """Return how a share drifts: z, above zero for a rise, and its two-sided p-value.

    Args:
        hits: (n,) how many rows count at each point.
        rows: (n,) how many there are.
        at: (n,) where the points lie.

    Returns:
        0 and 1 where nothing can be said: one point, or a share of nothing or all.
    """
    total, having = float(rows.sum()), float(hits.sum())
    if not 0 < having < total:
        return 0.0, 1.0
    away = at - float(rows @ at) / total
    spread = float(rows @ away**2) * having / total * (1 - having / total)
    if spread <= 0:
        return 0.0, 1.0
    z = float(hits @ away) / float(np.sqrt(spread))
    return z, float(2 * ndtr(-abs(z)))


def _log_chance(left: Counts, right: Counts, left_of: Counts, right_of: Counts) -> Floats:
    """Return the logarithm of the hypergeometric probability of each table."""
    logs: Floats = (
        _log_choose(left_of, left)
        + _log_choose(right_of, right)
        - _log_choose(left_of + right_of, left + right)
    )
    return logs


def _log_choose(of: Counts, taken: Counts) -> Floats:
    logs: Floats = gammaln(of + 1.0) - gammaln(taken + 1.0) - gammaln(of - taken + 1.0)
    return logs


def _tail(left: Counts, right: Counts, left_of: Counts, right_of: Counts) -> Floats:
    """Return the tail's sum over its first term: each table's, and those with more on the left."""
    total, term = np.ones(len(left)), np.ones(len(left))
    left, right = left.astype(np.float64), right.astype(np.float64)
    going = np.arange(len(left))
    while len(going):
        x, y = left[going], right[going]
        ratio = (left_of[going] - x) * y / ((x + 1) * (right_of[going] - y + 1))
        term[going] *= ratio
        total[going] += term[going]
        left[going] += 1
        right[going] -= 1
        going = going[term[going] > FAINT * total[going]]
    return total
