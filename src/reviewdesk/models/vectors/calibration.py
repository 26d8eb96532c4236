"""Probabilities that are true, from the scores of supervised vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import BundleError
from reviewdesk.models.few_texts import FEW
from reviewdesk.models.margin_calibration import MarginCalibration

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class LabelCalibration:
    """One calibration over all labels, or where a text may have several, one for each.

    Args:
        each: one calibration of k labels, or k of two; None for a label of all rows or none.
        shares: (k,) the share of rows that have each label.
        multilabel: whether each label is a question of its own.
    """

    each: Sequence[MarginCalibration | None]
    shares: NDArray[np.float64]
    multilabel: bool

    @classmethod
    def fit(
        cls, scores: Floats, truth: NDArray[np.bool_], shares: NDArray[Any], several: bool
    ) -> Self:
        """Return the calibration under which labels of unseen rows are most likely.

        Args:
            scores: (n, k) of rows that were not learnt from.
            truth: (n, k) which labels they have.
            shares: (k,) the share of all rows that have each label.
            several: whether each label is a question of its own.
        """
        if several:
            each = [
                _fit(_both(scores[:, label]), truth[:, label].astype(np.int64))
                if 0 < shares[label] < 1
                else None
                for label in range(len(shares))
            ]
            return cls(each, shares, True)
        present = np.flatnonzero(shares > 0)
        rows = truth[:, present].any(axis=1)
        numbers = truth[rows][:, present].argmax(axis=1)
        found = _fit(scores[rows][:, present], numbers)
        return cls([found.spread(present, len(shares))], shares, False)

    def probabilities(self, scores: Floats) -> Floats:
        """Return the probability of each label, (n, k)."""
        if not self.multilabel:
            (whole,) = self.each
            assert whole is not None  # noqa: S101  (only questions of their own can be None)
            return whole.probabilities(scores)
        found = np.empty(scores.shape, np.float32)
        for label, calibration in enumerate(self.each):
            if calibration is None:
                found[:, label] = self.shares[label]
            else:
                found[:, label] = calibration.probabilities(_both(scores[:, label]))[:, 1]
        return found

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the calibration as arrays of numbers."""
        arrays: dict[str, NDArray[Any]] = {"shares": self.shares}
        for number, calibration in enumerate(self.each):
            own = {} if calibration is None else calibration.to_arrays()
            arrays |= {f"{number}.{name}": array for name, array in own.items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], k: int, multilabel: bool) -> Self:
        """Return the calibration that ``to_arrays`` made arrays of.

        Raises:
            BundleError: an array is missing or damaged.
        """
        shares = arrays.get("shares")
        if shares is None or shares.shape != (k,) or shares.dtype != np.float64:
            raise BundleError("the shares do not fit the labels")
        if not ((shares >= 0) & (shares <= 1)).all():
            raise BundleError("the shares do not fit the labels")
        each: list[MarginCalibration | None] = []
        for number in range(k if multilabel else 1):
            own = {
                name.removeprefix(f"{number}."): array
                for name, array in arrays.items()
                if name.startswith(f"{number}.")
            }
            asked = not multilabel or 0 < shares[number] < 1
            size = 2 if multilabel else k
            each.append(MarginCalibration.from_arrays(own, size) if asked else None)
        return cls(each, shares, multilabel)


def _fit(scores: Floats, labels: NDArray[np.int64]) -> MarginCalibration:
    """Return the calibration of scores; equal texts, which have equal scores, count as one."""
    _, place, counts = np.unique(scores, axis=0, return_inverse=True, return_counts=True)
    if 1 < len(counts) < FEW:  # of scores that are all the same, only the shares can be learnt
        return MarginCalibration.fit_few(scores, labels, counts[place])
    return MarginCalibration.fit(scores, labels)


def _both(scores: Floats) -> Floats:
    """Return the scores of no and of yes, (n, 2)."""
    return np.stack([-scores, scores], axis=1)
