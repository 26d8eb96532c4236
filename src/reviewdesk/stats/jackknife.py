"""How far a figure could be off because another sample of reviews would have been drawn.

Reviews of one product resemble each other, so whole products are left out, one after the other,
and the spread of the figure among what is left gives its standard error (Efron and Stein 1981;
with groups: Bell and McCaffrey 2002, there CV3). Every figure here is a function of sums over
rows. The sums are taken once for each group, so that leaving out a group is one subtraction.

Three things keep the intervals from being too narrow. Student's quantiles have as few degrees of
freedom as groups of unequal size are worth. Shares are taken for shares of so many independent rows
as would have this standard error (Korn and Graubard 1998), which never has a width of zero. And few
errors cannot show how much alike rows of a group are, so their likeness is taken to be higher by
half of what a single error more would show.
"""

import math
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from reviewdesk.stats.curves import RankedCounts
from reviewdesk.stats.shares import NO_INTERVAL, Interval, share_interval

Floats = NDArray[np.float64]

MOST_GROUPS: Final = 1000
SCORE_STEPS: Final = 128
FEWEST_GROUPS: Final = 5
"""Of fewer products with several reviews each, nothing can be said about others."""

UNSEEN: Final = 0.5
"""How many errors more, all in one product, are reckoned with (``bench/coverage.py``)."""

TAIL: Final = 0.975
FARTHEST: Final = 5.0
"""The ends of an interval on the scale of logarithms are at most so far from the figure."""


class JackknifeEvidence(NamedTuple):
    """The rows that a figure rests on.

    Args:
        rows: how many they are.
        groups: how many groups they are of.
        size: the mean number of rows of a group, as the rows see it: weighted by rows.
    """

    rows: float
    groups: int
    size: float

    @property
    def independent(self) -> bool:
        """Whether each row is of another group."""
        return self.size <= 1

    @property
    def degrees(self) -> float:
        """Degrees of freedom: the groups of equal size that would say as much, less one."""
        return max(self.rows / self.size - 1, 1.0) if self.rows else 1.0

    @property
    def too_little(self) -> bool:
        """Whether nothing can be said about rows of other groups."""
        return self.rows == 0 or (not self.independent and self.groups < FEWEST_GROUPS)

    def unseen(self, errors: float) -> float:
        """Return by how much the design effect could be higher for what few errors do not show."""
        return (max(self.size, 1.0) - 1) * min(1.0, UNSEEN / (1 + errors))


@dataclass(frozen=True, eq=False)
class Jackknifed:
    """A figure, and what it is without each group of rows.

    Args:
        value: the figure; NaN where it is not defined.
        left_out: its value without each group (g,); NaN where it is not defined.
        evidence: the rows that it rests on.
        most: the highest value it can have, where the lowest is 0; infinite where it has none.
        hits: the rows that count, where it is a plain share of the rows that it rests on.
    """

    value: float
    left_out: Floats
    evidence: JackknifeEvidence
    most: float = 1.0
    hits: int | None = None

    @property
    def variance(self) -> float:
        """The squared standard error."""
        return _variance(self.left_out - self.value)

    def interval(self) -> Interval:
        """Return the 95 % interval; NaN where the figure is not defined or rests on too little."""
        evidence = self.evidence
        if math.isnan(self.value) or evidence.too_little:
            return NO_INTERVAL
        if self.hits is not None and evidence.independent:
            return share_interval(self.hits, round(evidence.rows))
        if math.isinf(self.most):
            return _ratio(self.value, self.variance, evidence)
        share = min(max(self.value / self.most, 0.0), 1.0)
        low, high = _share(share, self.variance / self.most**2, evidence)
        return Interval(low * self.most, high * self.most)

    def difference(self, other: "Jackknifed", unlike: int) -> Interval:
        """Return the 95 % interval of how much higher it is than another figure of the same rows.

        Args:
            other: the figure that is taken off.
            unlike: how many rows the two differ on.
        """
        value = self.value - other.value
        if math.isnan(value) or self.evidence.too_little:
            return NO_INTERVAL
        variance = _variance(self.left_out - other.left_out - value)
        scale = 1.0 if math.isinf(self.most) else self.most
        return _student(value, variance, self.evidence, unlike, scale)


class Jackknife:
    """Leaves out one group of rows after the other.

    Beyond 1,000 groups, groups are put together at random into 1,000 and these are left out; this
    leaves the standard error what it is and adds about 2 % of noise to it.

    Args:
        rows: how many rows there are (n).
        groups: rows of equal value are left out together (n,); None leaves out each row by itself.
        seed: another seed puts groups together otherwise.
    """

    def __init__(self, rows: int, groups: NDArray[Any] | None = None, seed: int = 0) -> None:
        self._unit, self.units = _units(rows, groups)
        self.rows = rows
        self.groups = min(self.units, MOST_GROUPS)
        order = np.random.default_rng(seed).permutation(self.units)
        self._group = order[self._unit] % self.groups  # (n,)

    @property
    def independent(self) -> bool:
        """Whether each row is a group by itself."""
        return self.units == self.rows

    def evidence(self, rows: NDArray[np.bool_] | None = None) -> JackknifeEvidence:
        """Return what the chosen rows (n,), or all of them, say about others."""
        sizes = np.bincount(self._unit if rows is None else self._unit[rows])
        total = float(sizes.sum())
        squares = float(np.square(sizes, dtype=np.float64).sum())
        return JackknifeEvidence(
            total, int(np.count_nonzero(sizes)), squares / total if total else 1.0
        )

    def counts(self, cells: NDArray[Any], size: int) -> Floats:
        """Count rows by cell without each group: (g, size).

        Args:
            cells: each row's cell (n,), 0 to size - 1.
            size: how many cells there are.
        """
        flat = np.bincount(self._group * size + cells, minlength=self.groups * size)
        counted = flat.reshape(self.groups, size)
        return np.asarray(counted.sum(axis=0) - counted, np.float64)

    def means(self, values: NDArray[Any]) -> Floats:
        """Return the mean of a value of the rows (n,) without each group: (g,)."""
        sums = np.bincount(self._group, weights=values, minlength=self.groups)
        rows = np.bincount(self._group, minlength=self.groups)
        left = (self.rows - rows).astype(np.float64)
        nothing = np.full(self.groups, math.nan)
        return np.asarray(np.divide(sums.sum() - sums, left, out=nothing, where=left > 0))

    def ranked(self, positive: NDArray[np.bool_], scores: NDArray[Any]) -> RankedCounts:
        """Count positives and negatives by score without each group: (1 + g, m) each.

        Scores are taken together in at most 256 steps, as many of them among the positives as
        among the negatives. The row with index 0 is all the rows, at these steps.

        Args:
            positive: whether a row has the label (n,).
            scores: how sure the classifier is of it (n,).
        """
        steps = np.unique(np.r_[_quantiles(scores[positive]), _quantiles(scores[~positive])])
        step = len(steps) - np.searchsorted(steps, scores, side="right")
        size = len(steps)
        cells = step + size * positive
        without = self.counts(cells, 2 * size)
        everything = np.bincount(cells, minlength=2 * size)[None, :]
        both = np.concatenate([everything, without])
        return RankedCounts(positives=both[:, size:], negatives=both[:, :size])


def shifted(value: float, stepped: Floats) -> Floats:
    """Return what a figure is without each group, exactly, from its values at steps.

    Args:
        value: the exact figure.
        stepped: its values at steps, first of all rows, then without each group.
    """
    return np.asarray(stepped[1:] + (value - stepped[0]))


def clustered_shares(
    counted: NDArray[np.bool_], parts: NDArray[Any], groups: NDArray[Any]
) -> tuple[Floats, Floats]:
    """Return both ends of the 95 % intervals of the shares of rows that count, part by part.

    Args:
        counted: which rows count (n,).
        parts: the part of each row (n,), 0 to p - 1.
        groups: rows of equal value resemble each other (n,).

    Returns:
        Two arrays (p,); NaN where a part has no rows or too few groups.
    """
    order = np.argsort(parts, kind="stable")
    ends = np.cumsum(np.bincount(parts))
    ranges = np.split(order, ends[:-1])
    both = np.array([_clustered_share(counted[rows], groups[rows]) for rows in ranges])
    return both[:, 0], both[:, 1]


def _clustered_share(counted: NDArray[np.bool_], groups: NDArray[Any]) -> Interval:
    if not len(counted):
        return NO_INTERVAL
    jackknife = Jackknife(len(counted), groups)
    without = jackknife.means(counted)
    measured = Jackknifed(
        float(counted.mean()), without, jackknife.evidence(), hits=int(counted.sum())
    )
    return measured.interval()


def _variance(moved: Floats) -> float:
    """Return the squared standard error by how much leaving out each group moves a figure (g,)."""
    defined = moved[np.isfinite(moved)]
    return float(np.square(defined).sum() * (len(moved) - 1) / len(moved)) if len(moved) else 0.0


def _share(share: float, variance: float, evidence: JackknifeEvidence) -> Interval:
    """Return Wilson's interval (1927) with Student's quantile and the effective number of rows."""
    rows = evidence.rows
    expected = (rows * share + 1) / (rows + 2)
    binomial = expected * (1 - expected) / rows
    errors = rows * min(share, 1 - share)
    design = max(variance / binomial, 1.0) + evidence.unseen(errors)
    effective, quantile = rows / design, float(stdtrit(evidence.degrees, TAIL))
    spread = quantile * math.sqrt(
        share * (1 - share) / effective + (quantile / (2 * effective)) ** 2
    )
    middle = share + quantile**2 / (2 * effective)
    scale = 1 + quantile**2 / effective
    low = (middle - spread) / scale if share > 0 else 0.0  # exactly, whatever rounding leaves
    high = (middle + spread) / scale if share < 1 else 1.0
    return Interval(max(low, 0.0), min(high, 1.0))


def _ratio(value: float, variance: float, evidence: JackknifeEvidence) -> Interval:
    """Return Student's interval of the logarithm of a mean that is skewed to the right."""
    above = value + 1 / evidence.rows
    error = math.sqrt(_widened(variance, evidence, evidence.rows * min(value, 1.0))) / above
    reach = min(float(stdtrit(evidence.degrees, TAIL)) * error, FARTHEST)
    return Interval(value * math.exp(-reach), above * math.exp(reach))


def _student(
    value: float, variance: float, evidence: JackknifeEvidence, errors: float, scale: float = 1.0
) -> Interval:
    widened = _widened(variance, evidence, errors, scale)
    reach = float(stdtrit(evidence.degrees, TAIL)) * math.sqrt(widened)
    return Interval(value - reach, value + reach)


def _widened(
    variance: float, evidence: JackknifeEvidence, errors: float, scale: float = 1.0
) -> float:
    """Return the variance as if two rows more had been off by ``scale``, one each way.

    Bonett and Price (2012) add these to differences of shares.
    """
    return (variance + 2 * (scale / evidence.rows) ** 2) * (1 + evidence.unseen(errors))


def _units(rows: int, groups: NDArray[Any] | None) -> tuple[NDArray[np.int64], int]:
    """Number the groups 0, 1, ... and return each row's number and how many there are."""
    if groups is None:
        return np.arange(rows), rows
    distinct, unit = np.unique(groups, return_inverse=True)
    return unit.astype(np.int64), len(distinct)


def _quantiles(scores: NDArray[Any]) -> NDArray[Any]:
    ordered = np.sort(scores)
    return ordered[:: max(1, -(-len(ordered) // SCORE_STEPS))]
