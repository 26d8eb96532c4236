"""Ranking quality of one label against the rest: the ROC and the precision-recall curve."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RankedCounts:
    """How many rows of each kind lie at each score, from the highest score to the lowest.

    Leading axes are allowed, so that one value holds the rows without each of their groups.

    Args:
        positives: rows that have the label, by score (..., m).
        negatives: rows that do not, by score (..., m).
    """

    positives: Floats
    negatives: Floats

    def roc_auc(self) -> Floats:
        """Return the chance that a random positive outranks a random negative (...).

        Equal scores count one half; NaN where one kind is missing.
        """
        above = np.cumsum(self.positives, axis=-1) - self.positives / 2
        wins = np.sum(above * self.negatives, axis=-1)
        return _ratio(wins, self.positives.sum(axis=-1) * self.negatives.sum(axis=-1))

    def average_precision(self) -> Floats:
        """Return the area under the precision-recall curve as a sum of steps (...).

        No interpolation between points, which would flatter (Davis and Goadrich 2006); NaN where
        there are no positives.
        """
        found = np.cumsum(self.positives, axis=-1)
        picked = found + np.cumsum(self.negatives, axis=-1)
        precision = np.divide(found, picked, out=np.zeros_like(found), where=picked > 0)
        return _ratio(np.sum(precision * self.positives, axis=-1), self.positives.sum(axis=-1))


def rank(positive: NDArray[np.bool_], scores: NDArray[Any]) -> RankedCounts:
    """Count positives and negatives at each distinct score.

    Args:
        positive: whether a row has the label (n,).
        scores: how sure the classifier is of it (n,).
    """
    order = np.argsort(scores)[::-1]
    ordered = scores[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    rows = np.diff(np.r_[starts, len(scores)]).astype(np.float64)
    positives = np.add.reduceat(positive[order].astype(np.float64), starts)
    return RankedCounts(positives, rows - positives)


def roc_points(counts: RankedCounts, most: int) -> tuple[Floats, Floats]:
    """Return false and true positive rates along the ROC curve, at most ``most`` + 1 points."""
    positives, negatives = _cumulated(counts)
    kept = _evenly(negatives / negatives[-1] + positives / positives[-1], most)
    return negatives[kept] / negatives[-1], positives[kept] / positives[-1]


def precision_recall_points(counts: RankedCounts, most: int) -> tuple[Floats, Floats]:
    """Return recalls and precisions along the curve, at most ``most`` points."""
    positives, negatives = _cumulated(counts)
    positives, negatives = positives[1:], negatives[1:]
    kept = _evenly(positives / positives[-1], most)
    return positives[kept] / positives[-1], positives[kept] / (positives + negatives)[kept]


def _cumulated(counts: RankedCounts) -> tuple[Floats, Floats]:
    return np.r_[0.0, np.cumsum(counts.positives)], np.r_[0.0, np.cumsum(counts.negatives)]


def _evenly(along: Floats, most: int) -> NDArray[np.intp]:
    """Choose points at even steps along a rising line, with both ends."""
    steps = np.linspace(along[0], along[-1], most)
    return np.unique(np.r_[np.searchsorted(along, steps), len(along) - 1])


def _ratio(above: Floats, below: Floats) -> Floats:
    missing = np.full_like(below, np.nan)
    return np.asarray(np.divide(above, below, out=missing, where=below > 0))


def coverage_points(
    confidence: NDArray[Any], correct: NDArray[np.bool_], most: int
) -> tuple[Floats, Floats]:
    """Return how often the surest rows are right, by how many of them are taken.

    Rows of equal confidence are taken together.

    Args:
        confidence: how sure the classifier is (n,).
        correct: whether it is right (n,).
        most: how many points to return at most.

    Returns:
        Shares of the rows taken, rising to 1, and the share of these that are right.
    """
    counts = rank(correct, confidence)
    right, wrong = np.cumsum(counts.positives), np.cumsum(counts.negatives)
    taken = (right + wrong) / len(confidence)
    kept = _evenly(taken, most)
    return taken[kept], right[kept] / (right + wrong)[kept]
