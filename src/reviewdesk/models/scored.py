"""Calibrations for families that score texts without weighing them: vectors and networks."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewdesk.models.few_texts import FEW
from reviewdesk.models.linear.calibration import Calibration
from reviewdesk.models.linear.multilabel import MultilabelCalibrations
from reviewdesk.models.short_texts import CutTexts, ShortTexts

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def calibration_of_one(
    scores: Floats,
    labels: NDArray[Any],
    known: Ints,
    label_rows: NDArray[Any],
    cut: CutTexts | None = None,
) -> Calibration:
    """Return the calibration under which the labels of unseen rows are most likely.

    Of few different rows, or none, it decides no label: it only says how far scores are believed.

    Args:
        scores: (n, k) of rows that were not learnt from.
        labels: (n,) 0 to k - 1.
        known: (n,) how many words of each row are known.
        label_rows: (k,) how many of the rows that were learnt from have each label.
        cut: such rows again, cut short, with their scores.
    """
    labels = labels.astype(np.int32)
    _, place, counts = np.unique(scores, axis=0, return_inverse=True, return_counts=True)
    if len(counts) >= FEW:
        found = Calibration.fit(scores, labels, np.ones(scores.shape[1], np.float32), known, cut)
    else:  # equal texts, which have equal scores, count as one
        found = Calibration.fit_few(scores, labels, 1 / counts[place])
    short = found.short or ShortTexts.level(label_rows)
    return replace(found, short=replace(short, label_rows=label_rows.astype(np.float64)))


def multilabel_calibrations(
    scores: Floats, truth: NDArray[Any], known: Ints, rows: int, label_rows: Sequence[int]
) -> MultilabelCalibrations:
    """Return a calibration for each of the labels of which a row may have several.

    Args:
        scores: (n, k) of rows that were not learnt from.
        truth: (n, k) which labels they have.
        known: (n,) how many words of each row are known.
        rows: how many rows were learnt from.
        label_rows: (k) how many of them have each label; where none or all have it, that is all
            that is said.
    """
    each: list[Calibration | None] = []
    for label, yes in enumerate(label_rows):
        own = scores[:, label]
        both = np.stack([-own, own], axis=1)
        told = np.array([rows - yes, yes])
        asked = 0 < yes < rows
        each.append(calibration_of_one(both, truth[:, label], known, told) if asked else None)
    return MultilabelCalibrations(each, np.array(label_rows, np.float64) / max(rows, 1))


def probabilities_of(
    calibration: Calibration | MultilabelCalibrations, scores: Floats, known: Ints
) -> Floats:
    """Return the probability of each label, (n, k), of rows of so many known words (n,)."""
    if isinstance(calibration, MultilabelCalibrations):
        return calibration.probabilities(scores, np.tile(known[:, None], scores.shape[1]))
    return calibration.probabilities(scores, known)


def calibration_from(
    arrays: dict[str, NDArray[Any]], k: int, *, multilabel: bool
) -> Calibration | MultilabelCalibrations:
    """Return the calibration of k labels that is among arrays.

    Raises:
        BundleError: an array is missing or damaged.
    """
    kind = MultilabelCalibrations if multilabel else Calibration
    return kind.from_arrays(arrays, k)
