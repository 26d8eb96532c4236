"""Everything that is measured of predictions whose true labels are known."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.stats.calibration import Reliability, perfect_error, reliability
from reviewdesk.stats.curves import coverage_points
from reviewdesk.stats.jackknife import Jackknife, Jackknifed
from reviewdesk.stats.metrics import (
    LabelScores,
    brier_scores,
    check_probabilities,
    confusion_matrix,
    label_scores,
    log_losses,
    scores_of_counts,
)
from reviewdesk.training.answered import AtLevel, ByShare, answered_at, by_share_answered
from reviewdesk.training.figures import (
    MOST_POINTS,
    STARS,
    Areas,
    Estimate,
    Points,
    agreement,
    areas_together,
    figure,
    label_figures,
    mean,
    share,
    star_distances,
)

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
    figures: dict[str, Estimate]
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
        jackknifed: the same figures, and what they are without each product. Of equal rows and
            groups, two classifiers can be compared without each of them.
        by_label: each label against the rest.
        confusion: rows by true and by predicted label (k, k).
        reliability: confidence against accuracy.
        perfect_error: 95th percentile of the calibration error of a perfectly calibrated model.
        coverage: shares of the surest rows, and the share of these that are right.
        by_share: how right it is where only the surest rows are answered.
        answered: how many rows can be answered so that 80 % and 95 % of the answers are right.
        units: what counts as independent of each other, ``"products"`` or ``"reviews"``, and how
            many there are.
    """

    labels: tuple[str, ...]
    rows: int
    figures: dict[str, Estimate]
    jackknifed: dict[str, Jackknifed]
    by_label: tuple[LabelMeasures, ...]
    confusion: NDArray[np.int64]
    reliability: Reliability
    perfect_error: float
    coverage: Points
    by_share: tuple[ByShare, ...]
    answered: tuple[AtLevel, ...]
    units: tuple[str, int]

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
            "answering_the_surest": {
                "by_share": [one.to_json() for one in self.by_share],
                "at": [one.to_json() for one in self.answered],
            },
            "intervals": {
                "level": 0.95,
                "independent": self.units[0],
                "of": self.units[1],
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
    seed: int = 0,
) -> Measures:
    """Measure predictions whose true labels are known.

    Args:
        true: index of each row's label (n,), 0 to k - 1.
        probabilities: probability of each label (n, k).
        labels: the k labels' names.
        groups: rows of one product have equal values (n,); intervals then say how far figures
            could be off for other products, and say nothing of fewer than five.
        seed: another seed simulates perfectly calibrated models otherwise.

    Raises:
        NotEnoughData: there is no row, or fewer than two labels.
        InputError: shapes do not fit, a label is out of range, or a value is no probability.
    """
    check_probabilities(true, probabilities)
    if len(labels) != probabilities.shape[1]:
        raise InputError(f"{len(labels)} labels do not fit {probabilities.shape[1]} probabilities")
    predicted = probabilities.argmax(axis=1)
    jackknife = Jackknife(len(true), groups)
    confusion = confusion_matrix(true, predicted, len(labels))
    here = label_scores(confusion)
    without = _scores_without_groups(true, predicted, len(labels), jackknife)
    areas = [Areas.of(true == j, probabilities[:, j], jackknife) for j in range(len(labels))]
    confidence = probabilities[np.arange(len(true)), predicted]
    correct = predicted == true
    everything = jackknife.evidence()
    figures = {
        "accuracy": share(correct, jackknife),
        **agreement(here, without, everything),
        **areas_together(areas, here.support, everything),
        "log_loss": mean(log_losses(true, probabilities), jackknife, math.inf),
        "brier": mean(brier_scores(true, probabilities), jackknife, min(len(labels) - 1, 2)),
    }
    distances = star_distances(labels, true, predicted)
    if distances is not None:
        figures["mean_absolute_error"] = mean(distances, jackknife, len(STARS) - 1)
    scores = [
        label_figures(here, without, j, (true == j, predicted == j), jackknife)
        for j in range(len(labels))
    ]
    return Measures(
        labels=tuple(labels),
        rows=len(true),
        figures={name: figure(one) for name, one in figures.items()},
        jackknifed=figures,
        by_label=_by_label(labels, here, scores, areas),
        confusion=confusion,
        reliability=reliability(confidence, correct, groups),
        perfect_error=perfect_error(confidence, seed=seed),
        coverage=coverage_points(confidence, correct, MOST_POINTS),
        by_share=by_share_answered(confidence, correct, groups),
        answered=answered_at(confidence, correct),
        units=("reviews" if jackknife.independent else "products", jackknife.units),
    )


def _scores_without_groups(
    true: NDArray[Any], predicted: NDArray[Any], labels: int, jackknife: Jackknife
) -> LabelScores:
    """Return the labels' scores without each group (g, k), without confusion matrices."""
    right = np.where(predicted == true, true, labels)
    return scores_of_counts(
        jackknife.counts(right, labels + 1)[:, :labels],
        jackknife.counts(true, labels),
        jackknife.counts(predicted, labels),
    )


def _by_label(
    labels: Sequence[str],
    here: LabelScores,
    scores: Sequence[dict[str, Jackknifed]],
    areas: Sequence[Areas],
) -> tuple[LabelMeasures, ...]:
    return tuple(
        LabelMeasures(
            label=label,
            support=int(here.support[j]),
            predicted=int(here.predicted[j]),
            figures={
                name: figure(one) for name, one in {**scores[j], **areas[j].figures()}.items()
            },
            roc=areas[j].roc,
            precision_recall=areas[j].precision_recall,
        )
        for j, label in enumerate(labels)
    )
