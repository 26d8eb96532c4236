"""Shares of slices of rows, where rows of one group resemble each other.

Reviews of one product are right or wrong together more often than others. So a slice counts as
fewer independent rows than it has: its rows divided by its design effect (Rao and Scott 1992, A
simple method for the analysis of clustered binary data). The design effect comes from one
correlation within groups that all slices share (Fleiss and Cuzick 1979), because a slice of few
groups cannot tell its own.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.stats.jackknife import FEWEST_GROUPS, clustered_shares

Floats = NDArray[np.float64]


class SliceShares(NamedTuple):
    """What is known of each of k slices; NaN where a slice or the rest is empty."""

    rows: NDArray[np.int64]  # (k,)
    share: Floats  # share of its rows that are right (k,)
    low: Floats  # its 95 % interval (k,)
    high: Floats
    rest: Floats  # share of the rows outside of it that are right (k,)
    p_value: Floats  # p-value of being this much below the rest, one-sided (k,)


def slice_shares(
    right: NDArray[np.bool_], slices: NDArray[Any], k: int, groups: NDArray[Any]
) -> SliceShares:
    """Compare each slice with all other rows.

    Args:
        right: whether each row is right (n,).
        slices: each row's slice (n,), 0 to k - 1.
        k: how many slices there are.
        groups: rows of equal value resemble each other (n,).
    """
    distinct, group = np.unique(groups, return_inverse=True)
    cells, cell, sizes = np.unique(
        slices.astype(np.int64) * len(distinct) + group, return_inverse=True, return_counts=True
    )
    slice_of = cells // len(distinct)
    hits = np.bincount(cell, weights=right)
    rows = np.bincount(slice_of, weights=sizes, minlength=k)
    rights = np.bincount(slice_of, weights=hits, minlength=k)
    squares = np.bincount(slice_of, weights=np.square(sizes, dtype=np.float64), minlength=k)
    with np.errstate(invalid="ignore", divide="ignore"):
        share, rest = rights / rows, (rights.sum() - rights) / (rows.sum() - rows)
        inside = np.bincount(slice_of, minlength=k)
        correlation = _correlation(hits, sizes, share, rows - inside)
        size = _effective(rows, squares, correlation)
        other = _effective(rows.sum() - rows, squares.sum() - squares, correlation)
        p_value = np.where(
            inside < np.minimum(rows, FEWEST_GROUPS), 1.0, _chance_below(share, size, rest, other)
        )
    low, high = np.full(k, math.nan), np.full(k, math.nan)
    there = int(slices.max()) + 1
    low[:there], high[:there] = clustered_shares(right, slices, groups)
    return SliceShares(rows.astype(np.int64), share, low, high, rest, p_value)


def _correlation(
    hits: NDArray[Any], sizes: NDArray[np.int64], share: Floats, repeats: NDArray[Any]
) -> float:
    """Return how much alike rows of one group and slice are, 0 to 1.

    Args:
        hits: right rows of each group in a slice (c,).
        sizes: rows of each group in a slice (c,).
        share: share of right rows of each slice (k,).
        repeats: rows of each slice beyond the first of each group (k,).
    """
    expected = float(np.nansum(repeats * share * (1 - share)))
    observed = float(np.sum(hits * (sizes - hits) / sizes))
    return min(max(1 - observed / expected, 0.0), 1.0) if expected else 0.0


def _effective(rows: NDArray[Any], squares: NDArray[Any], correlation: float) -> Floats:
    """Return how many independent rows would say as much: rows by 1 + (mean size - 1) ρ."""
    return np.asarray(rows / (1 + (squares / rows - 1) * correlation))


def _chance_below(share: Floats, size: Floats, rest: Floats, other: Floats) -> Floats:
    """Return the one-sided p-value of the signed root of the likelihood ratio.

    It is nearer to the exact test than the difference over its standard error, where a slice has
    few errors.
    """
    pooled = (share * size + rest * other) / (size + other)
    ratio = 2 * (size * _divergence(share, pooled) + other * _divergence(rest, pooled))
    root = np.sign(rest - share) * np.sqrt(np.maximum(ratio, 0.0))
    return np.array([0.5 * math.erfc(value / math.sqrt(2)) for value in root])


def _divergence(share: Floats, expected: Floats) -> Floats:
    """Return the Kullback-Leibler divergence of two chances."""
    return _times_log(share, share / expected) + _times_log(1 - share, (1 - share) / (1 - expected))


def _times_log(value: Floats, ratio: Floats) -> Floats:
    return np.where(value == 0, 0.0, value * np.log(np.where(value == 0, 1.0, ratio)))
