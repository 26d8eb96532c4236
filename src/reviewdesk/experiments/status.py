"""Where an experiment stands: arms, split, comparisons, guardrails; all looks at once."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.experiments import sample_ratio
from reviewdesk.experiments.comparison import Comparison, compare, look_rows
from reviewdesk.experiments.design import LOWER, Design, Metric
from reviewdesk.experiments.observations import Observations, observations
from reviewdesk.stats.e_values import e_benjamini_hochberg

Floats = NDArray[np.float64]

LOOKS: Final = 120
"""Looks that are drawn; the last one is now. Intervals hold at all others, too."""


@dataclass(frozen=True)
class Compared:
    """A comparison with its intervals at the level that the experiment calls for.

    Args:
        comparison: one treatment against the control by one metric.
        level: the intervals hold with a chance of 1 less this.
        low: where the difference begins, at each look (looks,).
        high: where it ends (looks,).
        named: whether it is named as a difference: for a goal, that its sequence excludes 0 now;
            for a guardrail, that it has been breached.
    """

    comparison: Comparison
    level: float
    low: Floats
    high: Floats
    named: bool

    @property
    def metric(self) -> Metric:
        """What arms are compared by."""
        return self.comparison.metric

    @property
    def treatment(self) -> str:
        """The arm that is set against the control."""
        return self.comparison.treatment

    @property
    def now(self) -> tuple[float, float, float]:
        """Estimate, lowest and highest difference at the last look."""
        return float(self.comparison.estimate[-1]), float(self.low[-1]), float(self.high[-1])

    @property
    def improves(self) -> bool:
        """Whether the estimate is for the better."""
        return bool((self.comparison.estimate[-1] < 0) == (self.metric.better == LOWER))


@dataclass(frozen=True)
class Ratio:
    """Whether arms received their shares.

    Args:
        counts: units, or rows, of each arm at each look (looks, arms).
        due: the shares that they were to receive (arms,).
        log_e: evidence against these shares, as a logarithm (looks,).
    """

    counts: NDArray[np.int64]
    due: Floats
    log_e: Floats

    @property
    def p_value(self) -> float:
        """The p-value of the split, over all looks."""
        return float(np.exp(-max(self.log_e.max(initial=0.0), 0.0)))

    @property
    def alarm(self) -> bool:
        """Whether the split is broken."""
        return self.p_value < sample_ratio.ALARM


@dataclass(frozen=True)
class Status:
    """Where an experiment stands.

    Args:
        design: what is compared.
        looks: rows at each look (looks,).
        ratio: whether arms received their shares; None where each arm answered every request.
        goals: comparisons that tell which arm is better.
        guardrails: comparisons that must not get worse.
        crossed: units that have rows in several arms, though each was dealt to one.
        elsewhere: rows of arms that the design does not name.
        unpaired: requests that not all arms answered, where all were to.
    """

    design: Design
    looks: NDArray[np.int64]
    ratio: Ratio | None
    goals: list[Compared]
    guardrails: list[Compared]
    crossed: int
    elsewhere: int
    unpaired: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return all figures at the last look as JSON values."""
        ratio = self.ratio
        return {
            "rows": int(self.looks[-1]),
            "units_in_several_arms": self.crossed,
            "rows_of_other_arms": self.elsewhere,
            "requests_not_answered_by_all": self.unpaired,
            "ratio": None
            if ratio is None
            else {
                "counts": dict(zip(self.design.arms, ratio.counts[-1].tolist(), strict=True)),
                "shares": dict(self.design.shares),
                "p_value": ratio.p_value,
                "alarm": ratio.alarm,
            },
            "goals": [_figures(one) for one in self.goals],
            "guardrails": [_figures(one) for one in self.guardrails],
        }


def status(table: pa.Table, design: Design, looks: int = LOOKS) -> Status:
    """Return where an experiment stands.

    Goals of all treatments are one family: a difference is named by e-values so that of those named
    at most a part alpha is expected to be none, however outcomes depend on each other (Wang and
    Ramdas 2022), and its interval holds at the level that this leaves (Xu, Wang and Ramdas 2024,
    Post-selection inference for e-value based confidence intervals).

    Args:
        table: one answer a row; has the columns of the design.
        design: what is compared.
        looks: how many looks there are, evenly.

    Raises:
        MissingColumn: a column is not there.
        InputError: an outcome is no number, or no row is of an arm.
    """
    seen = observations(table, design)
    rows = look_rows(len(seen), looks)
    treatments = range(1, len(design.arms))
    goals, guards = [
        [
            compare(seen, design, metric, treatment, rows)
            for metric in design.metrics
            if metric.guardrail == guardrail
            for treatment in treatments
        ]
        for guardrail in (False, True)
    ]
    return Status(
        design,
        rows,
        None if design.paired else _ratio(seen, design, rows),
        _judged(goals, design.settings.alpha),
        [_guarded(one, design.settings.alpha / len(guards)) for one in guards],
        _crossed(seen) if design.settings.split == "unit" and not design.paired else 0,
        seen.elsewhere,
        _unpaired(seen, len(design.arms)) if design.paired else 0,
    )


def _judged(goals: list[Comparison], alpha: float) -> list[Compared]:
    shares = e_benjamini_hochberg(np.array([one.log_e[-1] for one in goals]))
    named = shares <= alpha
    level = alpha * max(int(named.sum()), 1) / len(goals)
    return [
        Compared(one, level, *one.intervals(level), bool(is_named))
        for one, is_named in zip(goals, named, strict=True)
    ]


def _guarded(comparison: Comparison, level: float) -> Compared:
    low, high = comparison.intervals(level)
    metric = comparison.metric
    worse = low > metric.margin if metric.better == LOWER else high < -metric.margin
    return Compared(comparison, level, low, high, bool(worse.any()))


def _ratio(seen: Observations, design: Design, looks: NDArray[np.int64]) -> Ratio:
    dealt = np.arange(len(seen))
    if design.settings.split == "unit":
        dealt = np.unique(seen.unit, return_index=True)[1]
    due = np.array(list(design.shares.values()))
    counts = np.stack(
        [
            np.searchsorted(np.sort(dealt[seen.arm[dealt] == arm]), looks)
            for arm in range(len(design.arms))
        ],
        axis=1,
    )
    return Ratio(counts, due, sample_ratio.log_e_values(counts, due))


def _crossed(seen: Observations) -> int:
    arms = seen.arm.max() + 1
    pairs = np.unique(seen.unit * arms + seen.arm)
    return int((np.bincount(pairs // arms) > 1).sum())


def _unpaired(seen: Observations, arms: int) -> int:
    answered = np.unique(seen.request * arms + seen.arm) // arms
    return int((np.bincount(answered) < arms).sum())


def _figures(compared: Compared) -> dict[str, Any]:
    estimate, low, high = compared.now
    comparison = compared.comparison
    return {
        "metric": compared.metric.column,
        "better": compared.metric.better,
        "treatment": compared.treatment,
        "method": "exact" if comparison.bets is not None else "asymptotic",
        "units": int(comparison.units[-1]),
        "control_mean": float(comparison.means[0, -1]),
        "treatment_mean": float(comparison.means[1, -1]),
        "difference": estimate,
        "low": low if np.isfinite(low) else None,
        "high": high if np.isfinite(high) else None,
        "confidence": 1 - compared.level,
        "e_value": float(np.exp(min(comparison.log_e[-1], 700))),
        "p_value": float(np.exp(-max(comparison.log_e.max(initial=0.0), 0.0))),
        "margin": compared.metric.margin if compared.metric.guardrail else None,
        "named": compared.named,
        "requests_needed_of_those_unpaired": comparison.fewer,
    }
