"""Figures that predictions are measured by, each with what it is in resamples of the rows."""

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.stats.bootstrap import Bootstrap, interval, shifted
from reviewdesk.stats.curves import precision_recall_points, rank, roc_points
from reviewdesk.stats.metrics import LabelScores, macro_average, weighted_average

MOST_POINTS: Final = 100
STARS: Final = ("1", "2", "3", "4", "5")

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


class Resampled(NamedTuple):
    """A figure of the measured rows, and of every resample of them (resamples,)."""

    value: float
    resamples: Floats

    def figure(self) -> Figure:
        """Return the figure with its interval."""
        if math.isnan(self.value):
            return Figure(math.nan, math.nan, math.nan)
        return Figure(self.value, *interval(self.resamples))

    def minus(self, other: "Resampled") -> Figure:
        """Return how much higher it is than another on the same resamples, with its interval."""
        return Resampled(self.value - other.value, self.resamples - other.resamples).figure()


class Areas(NamedTuple):
    """The curves of one label against the rest, and the areas under them."""

    roc_auc: Resampled
    pr_auc: Resampled
    roc: Points
    precision_recall: Points

    @classmethod
    def of(cls, positive: NDArray[np.bool_], scores: NDArray[Any], bootstrap: Bootstrap) -> "Areas":
        """Rank rows by how sure a classifier is of a label.

        Args:
            positive: which rows have the label (n,).
            scores: the label's probability (n,).
            bootstrap: resamples of the rows.
        """
        counts = rank(positive, scores)
        resampled = bootstrap.ranked(positive, scores)
        roc_auc, pr_auc = float(counts.roc_auc()), float(counts.average_precision())
        drawn = not math.isnan(roc_auc)
        nothing = (np.empty(0), np.empty(0))
        return cls(
            Resampled(roc_auc, shifted(roc_auc, resampled.roc_auc())),
            Resampled(pr_auc, shifted(pr_auc, resampled.average_precision())),
            roc_points(counts, MOST_POINTS) if drawn else nothing,
            precision_recall_points(counts, MOST_POINTS) if drawn else nothing,
        )

    def figures(self) -> dict[str, Resampled]:
        """Return the two areas by name."""
        return {"roc_auc": self.roc_auc, "pr_auc": self.pr_auc}


def agreement(here: LabelScores, there: LabelScores) -> dict[str, Resampled]:
    """Return the averages of the labels' scores.

    Args:
        here: scores on the rows (k,).
        there: scores in resamples (resamples, k).
    """
    figures = {}
    for prefix, average in (("macro", macro_average), ("weighted", weighted_average)):
        for name in ("precision", "recall", "f1"):
            value = float(average(getattr(here, name), here))
            figures[f"{prefix}_{name}"] = Resampled(value, average(getattr(there, name), there))
    return figures


def areas_together(areas: Sequence[Areas], support: NDArray[Any]) -> dict[str, Resampled]:
    """Return the areas of the second of two labels, else their averages over defined labels.

    Args:
        areas: the areas of k labels.
        support: rows that have each label (k,).
    """
    if len(areas) == 2:
        return areas[1].figures()
    defined = [j for j, one in enumerate(areas) if not math.isnan(one.roc_auc.value)]
    figures = {}
    for prefix, shares in (("", np.ones(len(areas))), ("weighted_", support)):
        for name in ("roc_auc", "pr_auc"):
            columns = [areas[j].figures()[name] for j in defined]
            figures[prefix + name] = _averaged(columns, shares[defined])
    return figures


def mean(values: NDArray[Any], bootstrap: Bootstrap) -> Resampled:
    """Return the mean of a value of the rows (n,)."""
    return Resampled(float(values.mean()), bootstrap.means(values))


def star_distances(
    labels: Sequence[str], true: NDArray[Any], predicted: NDArray[Any]
) -> NDArray[np.int64] | None:
    """Return by how many stars each row is off (n,), or None when the labels are no stars."""
    if not set(labels) <= set(STARS):
        return None
    stars = np.array([int(label) for label in labels], np.int64)
    distances: NDArray[np.int64] = np.abs(stars[true] - stars[predicted])
    return distances


def _averaged(columns: Sequence[Resampled], shares: NDArray[Any]) -> Resampled:
    """Average figures, in each resample over those that are defined there."""
    if not columns:
        return Resampled(math.nan, np.empty(0))
    value = float(np.average([one.value for one in columns], weights=shares))
    resampled = np.stack([one.resamples for one in columns])
    weights = shares[:, None] * ~np.isnan(resampled)
    totals = weights.sum(axis=0)
    sums = (np.nan_to_num(resampled) * weights).sum(axis=0)
    undefined = np.full(len(totals), math.nan)
    return Resampled(value, np.divide(sums, totals, undefined, where=totals > 0))
