"""The share of a list that rows drawn at random from its strata show, with an interval.

Each row counts as many as it stands for: the size of its stratum over how many of it were drawn,
the inverse of its chance to be drawn. The interval is that of Clopper and Pearson for as many
independent rows as tell as much as these do (Korn and Graubard 1998), which holds near 0 and 1,
where those by a normal distribution do not; strata that were looked at whole add no doubt.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from scipy.special import betaincinv

LEVEL = 0.95


class Stratum(NamedTuple):
    """One part of a list.

    Args:
        size: how many rows it has.
        drawn: how many of them were drawn at random and looked at.
        hits: how many of these count.
        open: how many of these could not be told, and are none of the hits.
    """

    size: int
    drawn: int
    hits: int
    open: int = 0


class Delivered(NamedTuple):
    """A share with its interval; NaN where nothing is known.

    Args:
        share: with half of what could not be told.
        low: where the interval begins, with none of it.
        high: where it ends, with all of it.
        rows: as many independent rows tell as much.
    """

    share: float
    low: float
    high: float
    rows: float


UNKNOWN = Delivered(math.nan, math.nan, math.nan, 0.0)


def stratified_share(strata: Sequence[Stratum]) -> Delivered:
    """Return the share of a list that counts, from rows drawn at random in each of its strata.

    Args:
        strata: the parts of the list; of none without rows may nothing have been drawn, or nothing
            is known.
    """
    filled = [one for one in strata if one.size]
    total = sum(one.size for one in filled)
    if not filled or any(one.drawn == 0 for one in filled):
        return UNKNOWN
    weights = [one.size / total for one in filled]
    low = sum(w * one.hits / one.drawn for w, one in zip(weights, filled, strict=True))
    high = sum(
        w * (one.hits + one.open) / one.drawn for w, one in zip(weights, filled, strict=True)
    )
    doubt = sum(
        w * w * (1 - one.drawn / one.size) / one.drawn
        for w, one in zip(weights, filled, strict=True)
    )
    share = (low + high) / 2
    if doubt <= 0:
        return Delivered(share, low, high, math.inf)
    rows = 1 / doubt
    return Delivered(
        share, _end(low * rows, rows, upper=False), _end(high * rows, rows, upper=True), rows
    )


def _end(hits: float, rows: float, *, upper: bool) -> float:
    """Return one end of Clopper and Pearson's interval; counts need not be whole."""
    tail = (1 - LEVEL) / 2
    if upper:
        return 1.0 if hits >= rows else float(betaincinv(hits + 1, rows - hits, 1 - tail))
    return 0.0 if hits <= 0 else float(betaincinv(hits, rows - hits + 1, tail))
