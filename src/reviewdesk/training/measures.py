"""Everything that is measured of predictions whose true labels are known."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.stats.bootstrap import RESAMPLES, Bootstrap, Interval, interval, interval_around
from reviewdesk.stats.calibration import Reliability, perfect_error, reliability
from reviewdesk.stats.curves import (
    RankedCounts,
    coverage_points,
    precision_recall_points,
    rank,
    roc_points,
)
from reviewdesk.stats.metrics import (
    LabelScores,
    accuracy,
    brier_scores,
    check_probabilities,
    confusion_matrix,
    label_scores,
    log_losses,
    macro_average,
    weighted_average,
)

FEWEST_PRODUCTS: Final = 30
"""With fewer groups than this, drawing whole groups says little; reviews are drawn one by one."""

MOST_POINTS: Final = 100

Floats = NDArray[np.float64]
Points = tuple[Floats, Floats]


class Figure(NamedTuple):
    """A measured figure and its 95 % interval; NaN where it is not defined."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float | None]:
        """Return the figure as JSON values, null where it is not defined."""
        return {
            name: None if math.isnan(value) else round(value, 6)
            for name, value in self._asdict().items()
        }


@dataclass(frozen=True, eq=False)
class LabelMeasures:
    """What is measured of one label against the rest.

    Args:
        label: its name.
        support: rows that have it.
        predicted: rows that were given it.
        figures: precision, recall, f1, roc_auc, pr_auc.
        roc: false and true positive rates; empty where not defined.
        precision_recall: recalls and precisions; empty where not defined.
    """

    label: str
    support: int
    predicted: int
    figures: dict[str, Figure]
    roc: Points
    precision_recall: Points

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON values, without the curves."""
        figures = {name: figure.to_json() for name, figure in self.figures.items()}
        counts = {"support": self.support, "predicted": self.predicted}
        return {"label": self.label, **counts, **figures}


@dataclass(frozen=True, eq=False)
class Measures:
    """Everything that is measured.

    Args:
        labels: the k labels.
        rows: how many rows were measured.
        figures: accuracy; macro_, weighted_ precision, recall and f1; roc_auc and pr_auc (of the
            second of two labels, else the macro average) and their weighted averages for three
            labels or more; log_loss; brier.
        by_label: each label against the rest.
        confusion: rows by true and by predicted label (k, k).
        reliability: confidence against accuracy.
        perfect_error: 95th percentile of the calibration error of a perfectly calibrated model.
        coverage: shares of the surest rows, and the share of these that are right.
        drawn: what the bootstrap drew, ``"products"`` or ``"reviews"``, and how many there are.
        resamples: how often it drew.
    """

    labels: tuple[str, ...]
    rows: int
    figures: dict[str, Figure]
    by_label: tuple[LabelMeasures, ...]
    confusion: NDArray[np.int64]
    reliability: Reliability
    perfect_error: float
    coverage: Points
    drawn: tuple[str, int]
    resamples: int

    @property
    def most_frequent(self) -> tuple[str, float]:
        """The most frequent label and its share: what always giving it would get right."""
        best = max(self.by_label, key=lambda one: one.support)
        return best.label, best.support / self.rows

    def to_json(self) -> dict[str, Any]:
        """Return all figures as JSON values; no text of a review is among them."""
        label, share = self.most_frequent
        bins = self.reliability
        return {
            "rows": self.rows,
            "labels": list(self.labels),
            "figures": {name: figure.to_json() for name, figure in self.figures.items()},
            "areas_are_of": self.labels[1] if len(self.labels) == 2 else "the macro average",
            "always_the_most_frequent": {"label": label, "accuracy": round(share, 6)},
            "by_label": [one.to_json() for one in self.by_label],
            "confusion": self.confusion.tolist(),
            "calibration": {
                "error": round(bins.error, 6),
                "perfect_error_95": round(self.perfect_error, 6),
                "bins": [
                    {"rows": int(rows), "confidence": round(sure, 6), "accuracy": round(right, 6)}
                    for rows, sure, right in zip(
                        bins.rows, bins.confidence.tolist(), bins.accuracy.tolist(), strict=True
                    )
                ],
            },
            "intervals": {
                "level": 0.95,
                "resamples": self.resamples,
                "drawn": self.drawn[0],
                "of": self.drawn[1],
            },
        }


def evaluate_probabilities(
    true: NDArray[Any],
    probabilities: NDArray[Any],
    labels: Sequence[str],
    *,
    groups: NDArray[Any] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Measures:
    """Measure predictions whose true labels are known.

    Args:
        true: index of each row's label (n,), 0 to k - 1.
        probabilities: probability of each label (n, k).
        labels: the k labels' names.
        groups: rows of one product have equal values (n,); intervals then come from drawing
            whole products, when there are 30 or more.
        resamples: how many resamples the intervals come from.
        seed: another seed gives other resamples.

    Raises:
        NotEnoughData: there is no row, or fewer than two labels.
        InputError: shapes do not fit, a label is out of range, or a value is no probability.
    """
    check_probabilities(true, probabilities)
    if len(labels) != probabilities.shape[1]:
        raise InputError(f"{len(labels)} labels do not fit {probabilities.shape[1]} probabilities")
    predicted = probabilities.argmax(axis=1)
    by_product = groups is not None and FEWEST_PRODUCTS <= len(np.unique(groups)) < len(true)
    bootstrap = Bootstrap(len(true), groups if by_product else None, resamples, seed)
    confusion = confusion_matrix(true, predicted, len(labels))
    resampled = bootstrap.counts(true.astype(np.int64) * len(labels) + predicted, len(labels) ** 2)
    matrices = resampled.reshape(-1, len(labels), len(labels))
    areas = [_Areas.of(true == j, probabilities[:, j], bootstrap) for j in range(len(labels))]
    confidence = probabilities[np.arange(len(true)), predicted]
    correct = predicted == true
    return Measures(
        labels=tuple(labels),
        rows=len(true),
        figures={
            **_agreement(confusion, matrices),
            **_area_figures(areas, confusion.sum(axis=1)),
            "log_loss": _mean(log_losses(true, probabilities), bootstrap),
            "brier": _mean(brier_scores(true, probabilities), bootstrap),
        },
        by_label=_by_label(labels, confusion, matrices, areas),
        confusion=confusion,
        reliability=reliability(confidence, correct),
        perfect_error=perfect_error(confidence, seed=seed),
        coverage=coverage_points(confidence, correct, MOST_POINTS),
        drawn=("products" if by_product else "reviews", bootstrap.units),
        resamples=resamples,
    )


class _Areas(NamedTuple):
    """The areas under one label's curves, and the same in resamples (1 + resamples,)."""

    counts: RankedCounts
    roc_auc: float
    pr_auc: float
    resampled_roc: Floats
    resampled_pr: Floats

    @classmethod
    def of(
        cls, positive: NDArray[np.bool_], scores: NDArray[Any], bootstrap: Bootstrap
    ) -> "_Areas":
        counts = rank(positive, scores)
        resampled = bootstrap.ranked(positive, scores)
        return cls(
            counts,
            float(counts.roc_auc()),
            float(counts.average_precision()),
            resampled.roc_auc(),
            resampled.average_precision(),
        )

    def figures(self) -> dict[str, Figure]:
        return {
            "roc_auc": _around(self.roc_auc, self.resampled_roc),
            "pr_auc": _around(self.pr_auc, self.resampled_pr),
        }


def _agreement(confusion: NDArray[Any], resampled: Floats) -> dict[str, Figure]:
    """Return accuracy and the averages of the labels' scores."""
    here, there = label_scores(confusion), label_scores(resampled)
    figures = {"accuracy": _figure(float(accuracy(confusion)), interval(accuracy(resampled)))}
    for prefix, average in (("macro", macro_average), ("weighted", weighted_average)):
        for name in ("precision", "recall", "f1"):
            value = float(average(_scores(here, name), here))
            spread = interval(average(_scores(there, name), there))
            figures[f"{prefix}_{name}"] = _figure(value, spread)
    return figures


def _area_figures(areas: Sequence[_Areas], support: NDArray[np.int64]) -> dict[str, Figure]:
    """Return the areas of the second of two labels, else their averages over defined labels."""
    if len(areas) == 2:
        return areas[1].figures()
    defined = [one for one in areas if not math.isnan(one.roc_auc)]
    weights = [n for n, one in zip(support, areas, strict=True) if not math.isnan(one.roc_auc)]
    nothing = Figure(math.nan, math.nan, math.nan)
    if not defined:
        names = ("roc_auc", "pr_auc", "weighted_roc_auc", "weighted_pr_auc")
        return dict.fromkeys(names, nothing)
    columns = {
        "roc_auc": ([a.roc_auc for a in defined], [a.resampled_roc for a in defined]),
        "pr_auc": ([a.pr_auc for a in defined], [a.resampled_pr for a in defined]),
    }
    figures = {}
    for prefix, shares in (("", np.ones(len(defined))), ("weighted_", np.array(weights))):
        for name, (values, resampled) in columns.items():
            value = float(np.average(values, weights=shares))
            figures[prefix + name] = _around(value, _nanaverage(np.stack(resampled), shares))
    return figures


def _by_label(
    labels: Sequence[str],
    confusion: NDArray[np.int64],
    resampled: Floats,
    areas: Sequence[_Areas],
) -> tuple[LabelMeasures, ...]:
    here, there = label_scores(confusion), label_scores(resampled)
    measured = []
    for j, (label, area) in enumerate(zip(labels, areas, strict=True)):
        scores = {
            name: _figure(float(_scores(here, name)[j]), interval(_scores(there, name)[:, j]))
            for name in ("precision", "recall", "f1")
        }
        drawn = not math.isnan(area.roc_auc)
        nothing = (np.empty(0), np.empty(0))
        measured.append(
            LabelMeasures(
                label=label,
                support=int(here.support[j]),
                predicted=int(here.predicted[j]),
                figures={**scores, **area.figures()},
                roc=roc_points(area.counts, MOST_POINTS) if drawn else nothing,
                precision_recall=(
                    precision_recall_points(area.counts, MOST_POINTS) if drawn else nothing
                ),
            )
        )
    return tuple(measured)


def _scores(scores: LabelScores, name: str) -> Floats:
    values: Floats = getattr(scores, name)
    return values


def _mean(values: Floats, bootstrap: Bootstrap) -> Figure:
    return _figure(float(values.mean()), interval(bootstrap.means(values)))


def _nanaverage(values: Floats, weights: NDArray[Any]) -> Floats:
    """Average over the first axis, leaving undefined values out."""
    shares = weights[:, None] * ~np.isnan(values)
    totals = shares.sum(axis=0)
    sums = (np.nan_to_num(values) * shares).sum(axis=0)
    return np.asarray(np.divide(sums, totals, np.full_like(sums, math.nan), where=totals > 0))


def _figure(value: float, spread: Interval) -> Figure:
    return Figure(value, spread.low, spread.high)


def _around(value: float, resampled: Floats) -> Figure:
    if math.isnan(value):
        return Figure(math.nan, math.nan, math.nan)
    return _figure(value, interval_around(value, resampled))
