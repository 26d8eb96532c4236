"""How good predicted labels and probabilities are, in scikit-learn's conventions."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import InputError, NotEnoughData

Floats = NDArray[np.float64]

SMALLEST_PROBABILITY = float(np.finfo(np.float32).eps)
"""Probabilities are float32: a smaller one is taken for this in the log loss."""


class LabelScores(NamedTuple):
    """Scores of every label, each (..., k); zero where nothing was predicted or is there."""

    precision: Floats  # share of the rows given this label that have it
    recall: Floats  # share of the rows with this label that were given it
    f1: Floats  # harmonic mean of the two
    support: Floats  # rows that have the label
    predicted: Floats  # rows that were given it


def check_probabilities(true: NDArray[Any], probabilities: NDArray[Any]) -> None:
    """Check that labels and probabilities can be measured.

    Args:
        true: index of each row's label (n,), 0 to k - 1.
        probabilities: probability of each label (n, k).

    Raises:
        NotEnoughData: there is no row, or fewer than two labels.
        InputError: shapes do not fit, a label is out of range, or a value is no probability.
    """
    if probabilities.ndim != 2 or true.shape != probabilities.shape[:1]:
        raise InputError(f"labels {true.shape} do not fit probabilities {probabilities.shape}")
    rows, labels = probabilities.shape
    if rows == 0:
        raise NotEnoughData("there are no labelled rows to measure on")
    if labels < 2:
        raise NotEnoughData("measuring a classifier needs at least two labels")
    if true.min() < 0 or true.max() >= labels:
        raise InputError(f"a label's index is outside 0 to {labels - 1}")
    if not np.isfinite(probabilities).all():
        raise InputError("a probability is not a finite number")
    if probabilities.min() < 0 or abs(probabilities.sum(axis=1) - 1).max() > 1e-3:
        raise InputError("the probabilities of a row are negative or do not add up to 1")


def confusion_matrix(true: NDArray[Any], predicted: NDArray[Any], labels: int) -> NDArray[np.int64]:
    """Count rows by true label (down) and predicted label (across): (k, k)."""
    cells = true.astype(np.int64) * labels + predicted
    return np.bincount(cells, minlength=labels * labels).reshape(labels, labels)


def label_scores(confusion: NDArray[Any]) -> LabelScores:
    """Return precision, recall and F1 of every label, each (..., k), from (..., k, k)."""
    return scores_of_counts(
        np.diagonal(confusion, axis1=-2, axis2=-1).astype(np.float64),
        confusion.sum(axis=-1).astype(np.float64),
        confusion.sum(axis=-2).astype(np.float64),
    )


def scores_of_counts(right: Floats, support: Floats, predicted: Floats) -> LabelScores:
    """Return precision, recall and F1 of every label from its rows, each (..., k).

    Args:
        right: rows that have the label and were given it.
        support: rows that have it.
        predicted: rows that were given it.
    """
    return LabelScores(
        precision=_or_zero(right, predicted),
        recall=_or_zero(right, support),
        f1=_or_zero(2 * right, support + predicted),
        support=support,
        predicted=predicted,
    )


def macro_average(values: Floats, scores: LabelScores) -> Floats:
    """Return the plain mean over the labels that are there or were predicted: (...)."""
    counted = (scores.support + scores.predicted) > 0
    return _or_zero((values * counted).sum(axis=-1), counted.sum(axis=-1).astype(np.float64))


def weighted_average(values: Floats, scores: LabelScores) -> Floats:
    """Return the mean over the labels, weighted by their rows: (...)."""
    return _or_zero((values * scores.support).sum(axis=-1), scores.support.sum(axis=-1))


def log_losses(true: NDArray[Any], probabilities: NDArray[Any]) -> Floats:
    """Return minus the natural logarithm of each row's probability of its own label (n,)."""
    own = probabilities[np.arange(len(true)), true].astype(np.float64)
    return np.asarray(-np.log(np.clip(own, SMALLEST_PROBABILITY, 1.0)))


def brier_scores(true: NDArray[Any], probabilities: NDArray[Any]) -> Floats:
    """Return each row's squared distance from certainty about its own label (n,).

    Brier 1950: summed over the labels, 0 to 2; with two labels halved, 0 to 1, as is usual.
    """
    distances = probabilities.astype(np.float64)
    distances[np.arange(len(true)), true] -= 1.0
    squares = np.square(distances).sum(axis=1)
    return np.asarray(squares / 2 if probabilities.shape[1] == 2 else squares)


def _or_zero(above: Floats, below: Floats) -> Floats:
    return np.asarray(np.divide(above, below, out=np.zeros_like(below), where=below > 0))
