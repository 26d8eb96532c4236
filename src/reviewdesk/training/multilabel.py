"""What is measured where a review may have several labels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewdesk.bundle import Bundle
from reviewdesk.errors import NotEnoughData
from reviewdesk.examples.examples import Examples, load_examples
from reviewdesk.examples.label_sets import indicators
from reviewdesk.models.base import LIKELY
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.stats.calibration import perfect_error, reliability
from reviewdesk.stats.jackknife import Jackknife, Jackknifed, JackknifeEvidence
from reviewdesk.stats.multilabel import Agreement, macro
from reviewdesk.training.figures import Estimate, figure, share
from reviewdesk.training.measured_rows import (
    Rows,
    check_cleaning,
    choose_rows,
    held_out,
    predict_rows,
)


@dataclass(frozen=True)
class LabelAnswers:
    """What is measured of one label."""

    label: str
    support: int
    given: int
    precision: float
    recall: float
    f1: float
    calibration_error: float
    perfect_error: float

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON values; null where one is not defined."""
        return {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in vars(self).items()
        }


@dataclass(frozen=True)
class MultilabelMeasures:
    """Everything that is measured.

    Args:
        rows: how many rows were measured.
        figures: micro_f1, macro_f1 and accuracy, the share of rows of which all labels are right.
        by_label: each label.
    """

    rows: int
    figures: dict[str, Estimate]
    by_label: tuple[LabelAnswers, ...]

    def to_json(self) -> dict[str, Any]:
        """Return all figures as JSON values."""
        return {
            "rows": self.rows,
            "several": True,
            "figures": {name: one.to_json() for name, one in self.figures.items()},
            "by_label": [one.to_json() for one in self.by_label],
        }


def measure_multilabel(
    true: NDArray[np.bool_],
    probabilities: NDArray[np.float32],
    labels: Sequence[str],
    *,
    groups: NDArray[np.uint64] | None = None,
) -> MultilabelMeasures:
    """Measure answers to as many questions a row as there are labels.

    Args:
        true: (n, k) which labels each row has.
        probabilities: (n, k).
        labels: the k labels.
        groups: (n,) rows of one product have equal values.
    """
    said = probabilities > LIKELY
    both = said & true
    jackknife = Jackknife(len(true), groups)
    whole = Agreement(*(one.mean(axis=0) for one in (both, said, true)))
    without = Agreement(*(_means(one, jackknife) for one in (both, said, true)))
    support = true.sum(axis=0)
    evidence = jackknife.evidence()
    figures = {
        "micro_f1": _figure(whole.micro().f1()[0], without.micro().f1()[:, 0], evidence),
        "macro_f1": _figure(macro(whole.f1(), support), macro(without.f1(), support), evidence),
        "accuracy": figure(share((said == true).all(axis=1), jackknife)),
    }
    scores = (whole.precision(), whole.recall(), whole.f1())
    by_label = []
    for at, label in enumerate(labels):
        error, perfect = _calibration(probabilities[:, at], true[:, at])
        precision, recall, f1 = (float(score[at]) for score in scores)
        counts = int(support[at]), int(said[:, at].sum())
        by_label.append(LabelAnswers(label, *counts, precision, recall, f1, error, perfect))
    return MultilabelMeasures(len(true), figures, tuple(by_label))


def measure_examples(
    examples: Examples, chosen: NDArray[np.bool_], probabilities: NDArray[np.float32]
) -> MultilabelMeasures:
    """Measure some examples (n,) with the probabilities that they were given (m, k)."""
    k = len(examples.labels)
    true = indicators(examples.sets, examples.label[chosen], k)
    groups = examples.groups[chosen]
    return measure_multilabel(true, probabilities, examples.labels, groups=groups)


@dataclass(frozen=True)
class MultilabelEvaluation:
    """What an evaluation of a bundle with several labels found.

    Args:
        bundle: the bundle's id.
        data: the evaluated data's fingerprint.
        rows: which rows were measured.
        why: the reason for this choice, in one sentence.
        measures: what was measured.
    """

    bundle: str
    data: str
    rows: Rows
    why: str
    measures: MultilabelMeasures

    def to_json(self) -> dict[str, Any]:
        """Return the evaluation as JSON values."""
        return {
            "format": "reviewdesk.evaluation",
            "format_version": 1,
            "bundle": self.bundle,
            "target": "labels",
            "data": self.data,
            "rows_used": {"which": self.rows, "why": self.why},
            "measures": self.measures.to_json(),
        }


def evaluate_multilabel(
    bundle: Bundle, data: PreparedData, *, rows: Rows | None = None, progress: Progress = SILENT
) -> MultilabelEvaluation:
    """Measure a bundle on reviews that may have several labels; see ``evaluate``.

    Raises:
        UsageError: the data was cleaned otherwise, or held-out rows are asked for of other data.
        NotEnoughData: no row has labels.
    """
    check_cleaning(bundle, data)
    settings = bundle.settings
    examples = load_examples(
        data, settings.target, settings.text, labels=bundle.labels, progress=progress
    )
    used, why = choose_rows(rows, bundle, data)
    aside = held_out(examples, bundle, data) if used == "held-out" else None
    chosen = examples.labelled if aside is None else aside
    if not chosen.any():
        raise NotEnoughData(f"no review in this data has labels for {bundle.id}")
    probabilities = predict_rows(bundle, examples, chosen, progress, aside)
    measures = measure_examples(examples, chosen, probabilities)
    return MultilabelEvaluation(bundle.id, data.fingerprint, used, why, measures)


def _means(values: NDArray[np.bool_], jackknife: Jackknife) -> NDArray[np.float64]:
    """Return the mean of each column without each group, (g, k)."""
    return np.stack([jackknife.means(column) for column in values.T], axis=1)


def _figure(value: Any, without: NDArray[np.float64], evidence: JackknifeEvidence) -> Estimate:
    return figure(Jackknifed(float(value), without, evidence))


def _calibration(
    probabilities: NDArray[np.float32], true: NDArray[np.bool_]
) -> tuple[float, float]:
    sure = np.maximum(probabilities, 1 - probabilities)
    right = (probabilities > LIKELY) == true
    return reliability(sure, right).error, perfect_error(sure)
