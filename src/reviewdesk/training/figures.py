"""Figures that predictions are measured by, each with what it is without each group of rows."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.stats.curves import precision_recall_points, rank, roc_points
from reviewdesk.stats.jackknife import Jackknife, Jackknifed, JackknifeEvidence, shifted
from reviewdesk.stats.metrics import LabelScores, macro_average, weighted_average

MOST_POINTS: Final = 100
TOO_FEW: Final = "too few products to say"
STARS: Final = ("1", "2", "3", "4", "5")

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Points = tuple[Floats, Floats]


class Estimate(NamedTuple):
    """A measured figure and its 95 % interval.

    All are NaN where the figure is not defined; the ends alone where it rests on too few products.
    """

    value: float
    low: float
    high: float

    @property
    def too_few(self) -> bool:
        """Whether it rests on too few products to say how far off it could be."""
        return math.isnan(self.low) and not math.isnan(self.value)

    def spread(self, write: Callable[[float], str]) -> str:
        """Return the interval in words, each end written by ``write``."""
        return TOO_FEW if self.too_few else f"{write(self.low)} to {write(self.high)}"

    @classmethod
    def from_json(cls, values: Mapping[str, float | None]) -> "Estimate":
        """Return the figure that JSON values, made by ``to_json``, tell."""
        known = (values[name] for name in cls._fields)
        return cls(*(math.nan if value is None else value for value in known))

    def to_json(self) -> dict[str, float | None]:
        """Return the figure as JSON values, null where it is not defined."""
        return {
            name: None if math.isnan(value) else round(value, 6)
            for name, value in self._asdict().items()
        }


def figure(measured: Jackknifed) -> Estimate:
    """Return a figure with its interval."""
    return Estimate(measured.value, *measured.interval())


def difference(measured: Jackknifed, other: Jackknifed, unlike: int) -> Estimate:
    """Return how much higher a figure is than another of the same rows.

    Args:
        measured: the one.
        other: the other.
        unlike: how many rows the two differ on.
    """
    return Estimate(measured.value - other.value, *measured.difference(other, unlike))


class Areas(NamedTuple):
    """The curves of one label against the rest, and the areas under them."""

    roc_auc: Jackknifed
    pr_auc: Jackknifed
    roc: Points
    precision_recall: Points

    @classmethod
    def of(cls, positive: Mask, scores: NDArray[Any], jackknife: Jackknife) -> "Areas":
        """Rank rows by how sure a classifier is of a label.

        Args:
            positive: which rows have the label (n,).
            scores: the label's probability (n,).
            jackknife: leaves out groups of the rows.
        """
        counts = rank(positive, scores)
        without = jackknife.ranked(positive, scores)
        roc_auc, pr_auc = float(counts.roc_auc()), float(counts.average_precision())
        drawn = not math.isnan(roc_auc)
        nothing = (np.empty(0), np.empty(0))
        positives, negatives = jackknife.evidence(positive), jackknife.evidence(~positive)
        rarer = min(positives, negatives, key=lambda evidence: evidence.rows)
        return cls(
            Jackknifed(roc_auc, shifted(roc_auc, without.roc_auc()), rarer),
            Jackknifed(pr_auc, shifted(pr_auc, without.average_precision()), positives),
            roc_points(counts, MOST_POINTS) if drawn else nothing,
            precision_recall_points(counts, MOST_POINTS) if drawn else nothing,
        )

    def figures(self) -> dict[str, Jackknifed]:
        """Return the two areas by name."""
        return {"roc_auc": self.roc_auc, "pr_auc": self.pr_auc}


def label_figures(
    here: LabelScores,
    without: LabelScores,
    at: int,
    masks: tuple[Mask, Mask],
    jackknife: Jackknife,
) -> dict[str, Jackknifed]:
    """Return precision, recall and F1 of one label.

    Args:
        here: scores of all rows (k,).
        without: scores without each group (g, k).
        at: which of the k labels it is.
        masks: which rows have the label, and which were given it, (n,) each.
        jackknife: leaves out groups of the rows.
    """
    true, predicted = masks
    right = int((true & predicted).sum())
    either = jackknife.evidence(true | predicted)
    return {
        "precision": Jackknifed(
            float(here.precision[at]),
            without.precision[:, at],
            jackknife.evidence(predicted),
            hits=right,
        ),
        "recall": Jackknifed(
            float(here.recall[at]), without.recall[:, at], jackknife.evidence(true), hits=right
        ),
        "f1": Jackknifed(float(here.f1[at]), without.f1[:, at], either),
    }


def agreement(
    here: LabelScores, without: LabelScores, evidence: JackknifeEvidence
) -> dict[str, Jackknifed]:
    """Return the averages of the labels' scores.

    Args:
        here: scores of the rows (k,).
        without: scores without each group (g, k).
        evidence: the rows.
    """
    evidence_of = {"macro": _of_equal_labels(here.support, evidence), "weighted": evidence}
    figures = {}
    for prefix, average in (("macro", macro_average), ("weighted", weighted_average)):
        for name in ("precision", "recall", "f1"):
            value = float(average(getattr(here, name), here))
            left_out = average(getattr(without, name), without)
            rests_on = evidence_of[prefix]
            figures[f"{prefix}_{name}"] = Jackknifed(value, left_out, rests_on)
    return figures


def areas_together(
    areas: Sequence[Areas], support: NDArray[Any], evidence: JackknifeEvidence
) -> dict[str, Jackknifed]:
    """Return the areas of the second of two labels, else their averages over defined labels.

    Args:
        areas: the areas of k labels.
        support: rows that have each label (k,).
        evidence: the rows.
    """
    if len(areas) == 2:
        return areas[1].figures()
    defined = [j for j, one in enumerate(areas) if not math.isnan(one.roc_auc.value)]
    figures = {}
    for prefix, shares in (("", np.ones(len(areas))), ("weighted_", support)):
        for name in ("roc_auc", "pr_auc"):
            columns = [areas[j].figures()[name] for j in defined]
            figures[prefix + name] = _averaged(columns, shares[defined], evidence)
    return figures


def share(counted: Mask, jackknife: Jackknife) -> Jackknifed:
    """Return the share of the rows that count (n,)."""
    evidence = jackknife.evidence()
    return Jackknifed(
        float(counted.mean()), jackknife.means(counted), evidence, hits=int(counted.sum())
    )


def mean(values: NDArray[Any], jackknife: Jackknife, most: float) -> Jackknifed:
    """Return the mean of a value of the rows (n,), which lies between 0 and ``most``."""
    return Jackknifed(float(values.mean()), jackknife.means(values), jackknife.evidence(), most)


def star_distances(
    labels: Sequence[str], true: NDArray[Any], predicted: NDArray[Any]
) -> NDArray[np.int64] | None:
    """Return by how many stars each row is off (n,), or None when the labels are no stars."""
    if not set(labels) <= set(STARS):
        return None
    stars = np.array([int(label) for label in labels], np.int64)
    distances: NDArray[np.int64] = np.abs(stars[true] - stars[predicted])
    return distances


def _of_equal_labels(support: Floats, evidence: JackknifeEvidence) -> JackknifeEvidence:
    """Return what rows say where each label counts the same, however few rows have it (k,)."""
    there = support[support > 0]
    rows = float(len(there) ** 2 / np.sum(1 / there))
    return evidence._replace(rows=min(rows, evidence.rows))


def _averaged(
    columns: Sequence[Jackknifed], shares: NDArray[Any], evidence: JackknifeEvidence
) -> Jackknifed:
    """Average figures, without each group over those that are defined there."""
    if not columns:
        return Jackknifed(math.nan, np.empty(0), evidence)
    value = float(np.average([one.value for one in columns], weights=shares))
    without = np.stack([one.left_out for one in columns])
    weights = shares[:, None] * ~np.isnan(without)
    totals = weights.sum(axis=0)
    sums = (np.nan_to_num(without) * weights).sum(axis=0)
    undefined = np.full(len(totals), math.nan)
    return Jackknifed(value, np.divide(sums, totals, undefined, where=totals > 0), evidence)
