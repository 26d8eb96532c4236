"""How far a figure could be off because another sample of reviews would have been drawn.

The bootstrap (Efron 1979) measures again on reviews drawn from the measured ones with
replacement. Reviews of one product resemble each other, so whole products are drawn (Davison and
Hinkley 1997, section 3.8). Every figure here is a function of sums over rows. The sums are taken
once for each group of rows and a resample is a row of one matrix product, so that a thousand
resamples of a million rows take a fraction of a second.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.stats.curves import RankedCounts

Floats = NDArray[np.float64]

RESAMPLES = 1000
MOST_GROUPS = 1000
SCORE_STEPS = 128


class Interval(NamedTuple):
    """The middle 95 % of what resamples show; NaN where the figure is not defined."""

    low: float
    high: float


class Bootstrap:
    """Resamples of a set of rows.

    Beyond 1,000 groups, groups are put together at random into 1,000 and these are drawn: this
    leaves the spread what it is and costs about 2 % of precision in it.

    Args:
        rows: how many rows there are (n).
        groups: rows of equal value are drawn together (n,); None draws each row by itself.
        resamples: how many resamples to draw.
        seed: another seed gives other resamples.
    """

    def __init__(
        self,
        rows: int,
        groups: NDArray[Any] | None = None,
        resamples: int = RESAMPLES,
        seed: int = 0,
    ) -> None:
        generator = np.random.default_rng(seed)
        unit, self.units = _units(rows, groups)
        self.groups = min(self.units, MOST_GROUPS)
        self._group = generator.permutation(self.units)[unit] % self.groups  # (n,)
        drawn = generator.integers(self.groups, size=(resamples, self.groups))
        drawn += np.arange(resamples)[:, None] * self.groups
        counts = np.bincount(drawn.ravel(), minlength=drawn.size)
        self._weights = counts.reshape(resamples, self.groups).astype(np.float32)

    def counts(self, cells: NDArray[Any], size: int) -> Floats:
        """Count rows by cell in every resample: (resamples, size).

        Args:
            cells: each row's cell (n,), 0 to size - 1.
            size: how many cells there are.
        """
        flat = np.bincount(self._group * size + cells, minlength=self.groups * size)
        counted = self._weights @ flat.reshape(self.groups, size).astype(np.float32)
        return counted.astype(np.float64)

    def means(self, values: NDArray[Any]) -> Floats:
        """Return the mean of a value of the rows in every resample: (resamples,)."""
        sums = np.bincount(self._group, weights=values, minlength=self.groups)
        rows = np.bincount(self._group, minlength=self.groups)
        weights = self._weights.astype(np.float64)
        return np.asarray((weights @ sums) / (weights @ rows))

    def ranked(self, positive: NDArray[np.bool_], scores: NDArray[Any]) -> RankedCounts:
        """Count positives and negatives by score in every resample: (resamples, m) each.

        Scores are taken together in at most 256 steps, as many of them among the positives as
        among the negatives. The row with index 0 is the set of rows itself, at these steps.

        Args:
            positive: whether a row has the label (n,).
            scores: how sure the classifier is of it (n,).
        """
        steps = np.unique(np.r_[_quantiles(scores[positive]), _quantiles(scores[~positive])])
        step = len(steps) - np.searchsorted(steps, scores, side="right")
        size = len(steps)
        cells = step + size * positive
        resampled = self.counts(cells, 2 * size)
        itself = np.bincount(cells, minlength=2 * size)[None, :]
        both = np.concatenate([itself, resampled])
        return RankedCounts(positives=both[:, size:], negatives=both[:, :size])


def interval(resampled: Floats) -> Interval:
    """Return the middle 95 % of a figure's values in resamples, leaving undefined ones out."""
    defined = resampled[~np.isnan(resampled)]
    if len(defined) == 0:
        return Interval(float("nan"), float("nan"))
    low, high = np.quantile(defined, (0.025, 0.975))
    return Interval(float(low), float(high))


def shifted(value: float, stepped: Floats) -> Floats:
    """Return the resamples of a share that was taken in steps, as if it had been taken exactly.

    Args:
        value: the exact figure.
        stepped: its values at the same steps, first of the rows themselves, then of resamples.
    """
    return np.asarray(np.clip(stepped[1:] + (value - stepped[0]), 0.0, 1.0))


def _units(rows: int, groups: NDArray[Any] | None) -> tuple[NDArray[np.int64], int]:
    """Number the groups 0, 1, ... and return each row's number and how many there are."""
    if groups is None:
        return np.arange(rows), rows
    distinct, unit = np.unique(groups, return_inverse=True)
    return unit.astype(np.int64), len(distinct)


def _quantiles(scores: NDArray[Any]) -> NDArray[Any]:
    ordered = np.sort(scores)
    return ordered[:: max(1, -(-len(ordered) // SCORE_STEPS))]
