"""What leaving out the reviews that a classifier is least sure of brings."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.stats.curves import rank
from reviewdesk.stats.jackknife import Jackknife
from reviewdesk.training.figures import Estimate, figure, share

SHARES: Final = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
LEVELS: Final = (0.8, 0.95)


class ByShare(NamedTuple):
    """How right it is where only the surest reviews are answered.

    Args:
        share: of the reviews that are answered.
        rows: how many these are.
        least: the probability from which on they are answered.
        accuracy: the share of these that is right.
    """

    share: float
    rows: int
    least: float
    accuracy: Estimate

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "share": round(self.share, 6),
            "rows": self.rows,
            "least_probability": round(self.least, 6),
            "accuracy": self.accuracy.to_json(),
        }


class AtLevel(NamedTuple):
    """How many reviews can be answered so that so many of the answers are right.

    Args:
        level: the share of answers that is right, at least.
        answered: the largest share of the reviews of which that holds; 0 where of none.
        least: the probability from which on they are answered; 1 where none is.
    """

    level: float
    answered: float
    least: float

    def to_json(self) -> dict[str, float]:
        """Return it as JSON values."""
        return {
            "right": self.level,
            "answered": round(self.answered, 6),
            "least_probability": round(self.least, 6),
        }


def by_share_answered(
    confidence: NDArray[Any], correct: NDArray[np.bool_], groups: NDArray[Any] | None
) -> tuple[ByShare, ...]:
    """Return how often the surest rows are right, by how many of them are answered.

    Rows of equal confidence are answered together.

    Args:
        confidence: how sure the classifier is (n,).
        correct: whether it is right (n,).
        groups: rows of one product have equal values (n,).
    """
    ordered = np.sort(confidence)[::-1]
    by_rows = {}
    for wanted in SHARES:
        least = float(ordered[max(round(wanted * len(ordered)), 1) - 1])
        taken = confidence >= least
        rows = int(taken.sum())
        jackknife = Jackknife(rows, None if groups is None else groups[taken])
        accuracy = figure(share(correct[taken], jackknife))
        by_rows[rows] = ByShare(rows / len(ordered), rows, least, accuracy)
    return tuple(by_rows.values())


def answered_at(confidence: NDArray[Any], correct: NDArray[np.bool_]) -> tuple[AtLevel, ...]:
    """Return how many of the surest rows can be answered at each of ``LEVELS``.

    Args:
        confidence: how sure the classifier is (n,).
        correct: whether it is right (n,).
    """
    counts = rank(correct, confidence)
    right, wrong = np.cumsum(counts.positives), np.cumsum(counts.negatives)
    taken = right + wrong
    values = np.unique(confidence)[::-1]
    levels = []
    for level in LEVELS:
        enough = np.flatnonzero(right >= level * taken)
        last = int(enough[-1]) if len(enough) else -1
        answered = float(taken[last]) / len(confidence) if len(enough) else 0.0
        levels.append(AtLevel(level, answered, float(values[last]) if len(enough) else 1.0))
    return tuple(levels)
