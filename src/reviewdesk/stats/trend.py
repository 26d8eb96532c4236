"""A straight line through a few points, with the interval of its slope."""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np

FEWEST_POINTS: Final = 4


class Trend(NamedTuple):
    """A fitted line ``intercept + slope * x``, and the 95 % interval of its slope."""

    slope: float
    intercept: float
    low: float
    high: float

    def at(self, x: float) -> float:
        """Return the line's height at a place."""
        return self.intercept + self.slope * x

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def fit_trend(x: Sequence[float], y: Sequence[float]) -> Trend | None:
    """Fit a line by least squares; points whose y is NaN are left out.

    Args:
        x: where the points lie.
        y: how high they lie.

    Returns:
        None with fewer than four points, or when all lie at one place.
    """
    places, heights = np.asarray(x, np.float64), np.asarray(y, np.float64)
    there = np.isfinite(heights)
    places, heights = places[there], heights[there]
    count = len(places)
    if count < FEWEST_POINTS or np.ptp(places) == 0:
        return None
    away = places - places.mean()
    squares = float(away @ away)
    slope = float(away @ heights) / squares
    intercept = float(heights.mean() - slope * places.mean())
    rest = heights - (intercept + slope * places)
    error = math.sqrt(float(rest @ rest) / (count - 2) / squares)
    reach = error * student_quantile(0.975, count - 2)
    return Trend(slope, intercept, slope - reach, slope + reach)


def student_quantile(share: float, degrees: int) -> float:
    """Return a quantile of Student's t distribution.

    Exact for one and two degrees of freedom; beyond, the expansion of Abramowitz and Stegun 26.7.5,
    right to half a percent at 0.975.

    Args:
        share: of the distribution below the quantile, in (0, 1).
        degrees: of freedom, at least 1.
    """
    if degrees == 1:
        return math.tan(math.pi * (share - 0.5))
    if degrees == 2:
        return (2 * share - 1) * math.sqrt(2 / (4 * share * (1 - share)))
    z = NormalDist().inv_cdf(share)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(term / float(degrees) ** n for n, term in enumerate(terms, start=1))
