"""The interval of a share of independent rows, which holds it about as often as it says.

A share belongs to the 95 % interval of a count when the count is among those that the share makes
most probable, taken together until their chance is as near to 95 % as counts let it be (Sterne
1954). Counts come in whole numbers, so their chance jumps: it is kept between 93 % and 97 %
wherever a further count does not leap over both. Wilson's interval holds the truth in as few as
83 % of cases and equal tails in as few as 93 % or as many as 99 %, see ``bench/coverage.py``.
"""

import math
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, betaincinv, gammaln, xlog1py, xlogy

Floats = NDArray[np.float64]

LEVEL: Final = 0.95
LEAST: Final = 0.93
MOST: Final = 0.97

SHORT_OF: Final = 0.75
"""A count is left out where 95 % is missed by less than so much of its own chance: 0.5 would be
nearest to 95 %, and is above 97 % for more shares of 9 to 25 rows (measured)."""

FAR: Final = 0.9995
"""No share is looked at beyond this one-sided limit of Clopper and Pearson."""

STEPS: Final = 256
TIES: Final = 1e-9


class Interval(NamedTuple):
    """Where a figure lies in 95 of 100 cases; NaN where that cannot be said."""

    low: float
    high: float


NO_INTERVAL: Final = Interval(math.nan, math.nan)


def share_interval(hits: int, rows: int) -> Interval:
    """Return the 95 % interval of the share that ``hits`` of ``rows`` independent rows show.

    Args:
        hits: how many rows count, 0 to ``rows``.
        rows: how many there are; of none, nothing is known.
    """
    if rows == 0:
        return NO_INTERVAL
    return Interval(1 - _upper(rows - hits, rows), _upper(hits, rows))


def share_intervals(hits: NDArray[Any], rows: NDArray[Any]) -> tuple[Floats, Floats]:
    """Return both ends of the intervals of several shares, each (n,)."""
    pairs = zip(hits.tolist(), rows.tolist(), strict=True)
    ends = np.array([share_interval(round(hit), round(row)) for hit, row in pairs])
    return ends.reshape(-1, 2)[:, 0], ends.reshape(-1, 2)[:, 1]


@lru_cache(maxsize=4096)
def _upper(hits: int, rows: int) -> float:
    """Return the highest share of which the count is not too low."""
    if hits == rows:
        return 1.0
    low, high = max(hits / rows, 1e-12), float(betaincinv(hits + 1, rows - hits, FAR))
    while high - low > 1e-9:
        shares = np.linspace(low, high, STEPS + 1)
        last = int(np.flatnonzero(_belongs(hits, rows, shares))[-1])
        if last == STEPS:
            return high
        low, high = float(shares[last]), float(shares[last + 1])
    return high


def _belongs(hits: int, rows: int, shares: Floats) -> NDArray[np.bool_]:
    """Say for which shares, all from ``hits`` / ``rows`` up, the count is among the probable."""
    own = _log_chance(np.full_like(shares, hits), rows, shares)
    low = np.clip(np.floor((rows + 1) * shares), hits, rows)  # the most probable count
    high = np.full_like(low, rows)
    for _ in range(rows.bit_length() + 1):  # the last count that is more probable than this one
        middle = np.ceil((low + high) / 2)
        more = _log_chance(middle, rows, shares) > own + TIES
        low, high = np.where(more, middle, low), np.where(more, high, middle - 1)
    before = bdtr(low, rows, shares) - bdtr(hits, rows, shares)
    probability = np.exp(own)
    short = before < LEVEL - np.minimum(LEVEL - LEAST, SHORT_OF * probability)
    return np.asarray(np.where(before + probability > MOST, before < LEAST, short))


def _log_chance(counts: Floats, rows: int, shares: Floats) -> Floats:
    ways = gammaln(rows + 1) - gammaln(counts + 1) - gammaln(rows - counts + 1)
    return np.asarray(ways + xlogy(counts, shares) + xlog1py(rows - counts, -shares))
