"""Two arms compared by one metric, at every look: estimates, intervals, evidence."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.experiments import betting, mixture
from reviewdesk.experiments.design import Design, Metric
from reviewdesk.experiments.observations import Observations

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

FEWEST: Final = 20
"""Units of each arm below which an asymptotic interval is infinite."""

MANY: Final = 500
"""Units from which on the variance of an arm that is less than half the other is taken as it is."""


@dataclass(frozen=True)
class Answers:
    """The outcomes of two arms by one metric, in the order in which they came.

    Args:
        treated: whether each outcome is of the second arm (n,); None where each is a difference of
            the two arms' answers to one request.
        unit: each outcome's unit (n,).
        outcome: (n,).
        row: the row of the experiment that it came with (n,).
    """

    treated: NDArray[np.bool_] | None
    unit: NDArray[np.int64]
    outcome: Floats
    row: NDArray[np.int64]


@dataclass(frozen=True)
class Moments:
    """What asymptotic intervals are computed from, by look (looks,)."""

    error: Floats
    grown: Floats
    freedom: Floats


@dataclass(frozen=True)
class Comparison:
    """One treatment against the control by one metric; arrays are by look (looks,).

    Args:
        metric: what they are compared by.
        treatment: the arm that is set against the control.
        rate: whether the outcome is 0 or 1.
        rows: outcomes at each look.
        units: units that have outcomes.
        means: of control and treatment (2, looks).
        estimate: the treatment's mean less the control's.
        log_e: evidence against a difference of 0, as the logarithm of an e-value.
        moments: what asymptotic intervals are computed from.
        bets: what exact intervals are computed from; None where they are asymptotic.
        fewer: for arms that answered the same requests, the part of the requests that are needed
            of those without pairs; 1 otherwise.
    """

    metric: Metric
    treatment: str
    rate: bool
    rows: Counts
    units: Counts
    means: Floats
    estimate: Floats
    log_e: Floats
    moments: Moments
    bets: betting.Bets | None
    fewer: float = 1.0

    def intervals(self, alpha: float) -> tuple[Floats, Floats]:
        """Return where the difference lies, at all looks together with a chance of 1 - alpha."""
        if self.bets is not None:
            return betting.intervals(self.bets, alpha)
        moments = self.moments
        radius = mixture.radii(moments.error, moments.grown, moments.freedom, alpha)
        return self.estimate - radius, self.estimate + radius


def look_rows(n: int, looks: int) -> Counts:
    """Return after how many rows there is a look: evenly, the last after all."""
    return np.unique(np.linspace(0, n, looks + 1)[1:].round().astype(np.int64)) if n else np.zeros(
        1, np.int64)  # fmt: skip


def compare(
    seen: Observations, design: Design, metric: Metric, treatment: int, looks: Counts
) -> Comparison:
    """Compare one arm with the control.

    Args:
        seen: what was observed.
        design: what is compared.
        metric: by which outcome.
        treatment: the arm, by its place in the design.
        looks: after how many rows of the experiment there is a look (looks,).
    """
    answers = _paired(seen, metric, treatment) if design.paired else _split(seen, metric, treatment)
    outcomes = seen.outcomes[metric.column]
    rate = bool(np.isin(outcomes[np.isfinite(outcomes)], (0, 1)).all())
    once = len(np.unique(answers.unit)) == len(answers.unit)
    counts = np.searchsorted(answers.row, looks, side="left")
    moments = _Accumulated(answers).at(counts)
    grown = mixture.growth(moments.units, design.settings.horizon, design.settings.alpha)
    freedom = np.where(moments.enough, moments.units - (2.0 if design.paired else 3.0), 0.0)
    bets = _bets(answers, design, treatment, counts) if rate and once else None
    if bets is not None:
        log_e = betting.log_e_values(bets)
    else:
        log_e = mixture.log_e_values(moments.estimate, moments.error, grown, freedom)
    means, fewer = moments.means, 1.0
    if design.paired:
        means, fewer = _paired_means(seen, metric, treatment, answers, counts)
    return Comparison(
        metric,
        design.arms[treatment],
        rate,
        counts,
        moments.units.astype(np.int64),
        means,
        moments.estimate,
        log_e,
        Moments(moments.error, grown, freedom),
        bets,
        fewer,
    )


def _split(seen: Observations, metric: Metric, treatment: int) -> Answers:
    outcome = seen.outcomes[metric.column]
    row = np.flatnonzero(np.isfinite(outcome) & ((seen.arm == 0) | (seen.arm == treatment)))
    return Answers(seen.arm[row] == treatment, seen.unit[row], outcome[row], row)


def _paired(seen: Observations, metric: Metric, treatment: int) -> Answers:
    """Return the difference of the two answers to each request, when the later one has come."""
    control, treated = _pairs(seen, metric, treatment)
    outcome = seen.outcomes[metric.column]
    row = np.maximum(control, treated)
    order = np.argsort(row, kind="stable")
    differences = outcome[treated] - outcome[control]
    return Answers(None, seen.unit[control][order], differences[order], row[order])


def _pairs(
    seen: Observations, metric: Metric, treatment: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of control and treatment of each request that both answered."""
    usable = np.isfinite(seen.outcomes[metric.column])
    first = []
    for arm in (0, treatment):
        rows = np.flatnonzero(usable & (seen.arm == arm))
        requests, place = np.unique(seen.request[rows], return_index=True)
        first.append((requests, rows[place]))
    _, one, other = np.intersect1d(first[0][0], first[1][0], return_indices=True)
    return first[0][1][one], first[1][1][other]


def _paired_means(
    seen: Observations, metric: Metric, treatment: int, answers: Answers, counts: Counts
) -> tuple[Floats, float]:
    """Return the arms' means at each look, and what part of the requests pairing leaves to ask."""
    control, treated = _pairs(seen, metric, treatment)
    order = np.argsort(np.maximum(control, treated), kind="stable")
    outcome = seen.outcomes[metric.column]
    both = np.stack([outcome[control], outcome[treated]])[:, order]  # (2, n)
    sums = np.concatenate([np.zeros((2, 1)), np.cumsum(both, axis=1)], axis=1)
    means = sums[:, counts] / np.maximum(counts, 1)
    apart = 2 * (both[0].var() + both[1].var()) if both.size else 0.0
    return means, float(answers.outcome.var() / apart) if apart else 1.0


def _bets(answers: Answers, design: Design, treatment: int, counts: Counts) -> betting.Bets:
    settings = design.settings
    if answers.treated is None:
        return betting.paired_bets(answers.outcome, counts, settings.horizon, settings.alpha)
    control, treated = design.shares[design.arms[0]], design.shares[design.arms[treatment]]
    return betting.split_bets(
        answers.treated,
        answers.outcome,
        treated / (control + treated),
        counts,
        settings.horizon,
        settings.alpha,
    )


@dataclass(frozen=True)
class _AtLooks:
    """Means and their errors at each look."""

    units: Floats
    means: Floats  # (2, looks)
    estimate: Floats
    error: Floats
    enough: NDArray[np.bool_]


class _Accumulated:
    """Sums by unit, look after look.

    An arm's mean is the sum of its outcomes over their number, and its error that of such a ratio
    over independent units (Deng, Knoblich and Lu 2018, Applying the delta method in metric
    analytics): rows of one unit may resemble each other as they like.
    """

    def __init__(self, answers: Answers) -> None:
        self._paired = answers.treated is None
        self._arm = np.ones(len(answers.outcome), np.int64)
        if answers.treated is not None:
            self._arm = answers.treated.astype(np.int64)
        units, self._unit = np.unique(answers.unit, return_inverse=True)
        self._outcome = answers.outcome
        # Outcomes are moved by their mean, so that squares of large ones keep their last digits.
        self._middle = float(answers.outcome.mean()) if len(answers.outcome) else 0.0
        self._sums = np.zeros((2, len(units)))
        self._sizes = np.zeros((2, len(units)))

    def at(self, counts: Counts) -> _AtLooks:
        """Return what is known after so many outcomes (looks,)."""
        before, rows = 0, []
        for count in counts.tolist():
            self._add(before, count)
            rows.append(self._look())
            before = count
        units, control, treated, error, enough = np.array(rows).T
        middle = self._middle
        estimate = treated + middle if self._paired else treated - control
        means = np.stack([control + middle, treated + middle])
        return _AtLooks(units, means, estimate, error, enough > 0)

    def _add(self, first: int, last: int) -> None:
        arm, unit = self._arm[first:last], self._unit[first:last]
        cells = arm * self._sums.shape[1] + unit
        size = self._sums.size
        self._sums += np.bincount(
            cells, self._outcome[first:last] - self._middle, minlength=size
        ).reshape(self._sums.shape)
        self._sizes += np.bincount(cells, minlength=size).reshape(self._sums.shape)

    def _look(self) -> tuple[float, float, float, float, float]:
        totals = self._sizes.sum(axis=1)
        units = (self._sizes > 0).sum(axis=1)
        seen = float((self._sizes > 0).any(axis=0).sum())
        means = self._sums.sum(axis=1) / np.maximum(totals, 1)
        rest = self._sums - means[:, None] * self._sizes
        influence = rest / np.maximum(totals, 1)[:, None]
        squares = (influence**2).sum(axis=1) * units / np.maximum(units - 1, 1)
        if not self._paired and units.min() < min(MANY, units.max() / 2):
            # Few units may be alike by chance: the variance of a small arm is at least that of all
            # units, or early looks would find differences that are not there.
            pooled = (rest**2).sum() / max(units.sum() - 2, 1)
            squares = np.maximum(squares, units * pooled / np.maximum(totals, 1) ** 2)
        variance = squares.sum() - 2 * float(influence[0] @ influence[1])
        fewest = units[1] if self._paired else units.min()
        return seen, means[0], means[1], float(np.sqrt(max(variance, 0.0))), float(
            fewest >= FEWEST)  # fmt: skip
