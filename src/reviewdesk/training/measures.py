"""Everything that is measured of predictions whose true labels are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.stats.bootstrap import RESAMPLES, Bootstrap
from reviewdesk.stats.calibration import Reliability, perfect_error, reliability
from reviewdesk.stats.curves import coverage_points
from reviewdesk.stats.metrics import (
    LabelScores,
    brier_scores,
    check_probabilities,
    confusion_matrix,
    label_scores,
    log_losses,
    scores_of_counts,
)
from reviewdesk.training.figures import (
    MOST_POINTS,
    Areas,
    Figure,
    Points,
    Resampled,
    agreement,
    areas_together,
    mean,
    star_distances,
)

FEWEST_PRODUCTS: Final = 30
"""With fewer groups than this, drawing whole groups says little; reviews are drawn one by one."""

MOST_IN_MATRIX: Final = 60
"""With more labels than this, JSON names the most frequent mistakes instead of the whole matrix."""

MOST_MISTAKES: Final = 100


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
            labels or more; log_loss; brier; of stars also mean_absolute_error, in stars.
        resampled: the same figures in every resample. Equal rows, groups and seed make equal
            resamples, so that two classifiers can be compared on each of them.
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
    resampled: dict[str, Resampled]
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

    def mistakes(self, most: int) -> list[tuple[str, str, int]]:
        """Return the most frequent mistakes: the true label, the given one, and how many rows."""
        wrong = self.confusion.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[:most]
        return [
            (self.labels[i], self.labels[j], int(wrong[i, j]))
            for i, j in zip(*np.unravel_index(order, wrong.shape), strict=True)
            if wrong[i, j]
        ]

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
            **self._confusion_json(),
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

    def _confusion_json(self) -> dict[str, Any]:
        if len(self.labels) <= MOST_IN_MATRIX:
            return {"confusion": self.confusion.tolist()}
        names = ("true", "predicted", "rows")
        return {
            "mistakes": [dict(zip(names, one, strict=True)) for one in self.mistakes(MOST_MISTAKES)]
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
    here = label_scores(confusion)
    there = _resampled_scores(true, predicted, len(labels), bootstrap)
    areas = [Areas.of(true == j, probabilities[:, j], bootstrap) for j in range(len(labels))]
    confidence = probabilities[np.arange(len(true)), predicted]
    correct = predicted == true
    figures = {
        "accuracy": mean(correct, bootstrap),
        **agreement(here, there),
        **areas_together(areas, here.support),
        "log_loss": mean(log_losses(true, probabilities), bootstrap),
        "brier": mean(brier_scores(true, probabilities), bootstrap),
    }
    distances = star_distances(labels, true, predicted)
    if distances is not None:
        figures["mean_absolute_error"] = mean(distances, bootstrap)
    return Measures(
        labels=tuple(labels),
        rows=len(true),
        figures={name: one.figure() for name, one in figures.items()},
        resampled=figures,
        by_label=_by_label(labels, here, there, areas),
        confusion=confusion,
        reliability=reliability(confidence, correct),
        perfect_error=perfect_error(confidence, seed=seed),
        coverage=coverage_points(confidence, correct, MOST_POINTS),
        drawn=("products" if by_product else "reviews", bootstrap.units),
        resamples=resamples,
    )


def _resampled_scores(
    true: NDArray[Any], predicted: NDArray[Any], labels: int, bootstrap: Bootstrap
) -> LabelScores:
    """Return the labels' scores in resamples (resamples, k), without their confusion matrices."""
    right = np.where(predicted == true, true, labels)
    return scores_of_counts(
        bootstrap.counts(right, labels + 1)[:, :labels],
        bootstrap.counts(true, labels),
        bootstrap.counts(predicted, labels),
    )


def _by_label(
    labels: Sequence[str], here: LabelScores, there: LabelScores, areas: Sequence[Areas]
) -> tuple[LabelMeasures, ...]:
    measured = []
    for j, (label, area) in enumerate(zip(labels, areas, strict=True)):
        scores = {
            name: Resampled(float(getattr(here, name)[j]), getattr(there, name)[:, j])
            for name in ("precision", "recall", "f1")
        }
        measured.append(
            LabelMeasures(
                label=label,
                support=int(here.support[j]),
                predicted=int(here.predicted[j]),
                figures={name: one.figure() for name, one in {**scores, **area.figures()}.items()},
                roc=area.roc,
                precision_recall=area.precision_recall,
            )
        )
    return tuple(measured)
