"""Several labels a text: each label is a question of its own, yes or no.

Rows keep the number of their set of labels, so that they are stored as rows of one label are; for
each question the number is turned into yes or no.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import BundleError
from reviewdesk.models.linear.calibration import Calibration
from reviewdesk.models.linear.hashed_rows import HashedRows
from reviewdesk.models.linear.weights import Weights
from reviewdesk.text.hashing import combine64

Parts = Callable[[], Iterator[HashedRows]]


class LabelSets:
    """Numbers sets of labels in the order in which they first come.

    Args:
        k: how many labels there are.
    """

    def __init__(self, k: int) -> None:
        self.k = k
        self._numbers: dict[int, int] = {}
        self._members: list[NDArray[np.int32]] = []
        self._names = combine64(np.arange(k, dtype=np.uint64), np.full(k, k, np.uint64))

    def __len__(self) -> int:
        return len(self._members)

    def add(self, column: pa.Array) -> NDArray[np.int32]:
        """Return the number of each row's set, (n,).

        Args:
            column: n lists of places of labels, none of them null.
        """
        sizes = column.value_lengths().to_numpy().astype(np.int64)
        rows = np.repeat(np.arange(len(column)), sizes)
        pairs = np.unique(rows * self.k + column.flatten().to_numpy())  # a label counts once
        rows, labels = pairs // self.k, pairs % self.k
        names = np.zeros(len(column), np.uint64)  # of a set: those of its labels, all in one
        np.bitwise_xor.at(names, rows, self._names[labels])
        distinct, first, inverse = np.unique(names, return_index=True, return_inverse=True)
        numbers = np.empty(len(distinct), np.int32)
        for one in np.argsort(first).tolist():
            own = labels[slice(*np.searchsorted(rows, [first[one], first[one] + 1]))]
            numbers[one] = self._number(int(distinct[one]), own.astype(np.int32))
        return numbers[inverse]

    def _number(self, name: int, members: NDArray[np.int32]) -> int:
        if name not in self._numbers:
            self._numbers[name] = len(self._members)
            self._members.append(members)
        return self._numbers[name]

    def holding(self, label: int) -> NDArray[np.bool_]:
        """Return which sets hold a label, (sets,)."""
        return np.array([label in members for members in self._members], np.bool_)


def answers(parts: Parts, holding: NDArray[np.bool_]) -> Parts:
    """Return the same rows with 1 for those whose set of labels is among some, and else 0."""
    told = holding.astype(np.int32)

    def answered() -> Iterator[HashedRows]:
        for part in parts():
            yield replace(part, labels=told[part.labels])

    return answered


@dataclass(frozen=True, eq=False)
class MultilabelWeights:
    """A linear function for each label.

    Args:
        each: (k) the weights of each label's question.
    """

    each: Sequence[Weights]

    def scores(
        self, ids: NDArray[np.uint32], ends: NDArray[np.int64], chosen: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return the scores of some rows, (rows, k)."""
        scores = np.empty((len(chosen), len(self.each)), np.float32)
        for label, weights in enumerate(self.each):
            scores[:, label] = weights.scores(ids, ends, chosen)[:, 1]
        return scores

    @property
    def heavy(self) -> NDArray[np.bool_]:
        """Which features weigh anything for any label, (features,)."""
        return np.asarray(np.any([one.heavy for one in self.each], axis=0))

    def known(
        self, ids: NDArray[np.uint32], ends: NDArray[np.int64], chosen: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return how many features of each row weigh anything for each label, (rows, k)."""
        return np.stack([one.known(ids, ends, chosen) for one in self.each], axis=1)

    def contributions(
        self, ids: NDArray[np.uint32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what each feature of a row adds to the scores, (ids, k), and the bias, (k,)."""
        found = [weights.contributions(ids) for weights in self.each]
        return (
            np.stack([parts[:, 1] for parts, _ in found], axis=1),
            np.array([bias[1] for _, bias in found]),
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the weights as arrays of numbers."""
        return _numbered(weights.to_arrays() for weights in self.each)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], features: int, k: int) -> Self:
        """Return the weights that ``to_arrays`` made arrays of.

        Raises:
            BundleError: an array is missing or damaged.
        """
        return cls([Weights.from_arrays(_own(arrays, one), features, 2) for one in range(k)])


@dataclass(frozen=True, eq=False)
class MultilabelCalibrations:
    """A calibration for each label.

    Args:
        each: (k) None for a label whose question always had the same answer.
        shares: (k,) float64, the share of rows that had the label; a label without a calibration
            gets it as its probability, 0 or 1.
    """

    each: Sequence[Calibration | None]
    shares: NDArray[np.float64]

    def probabilities(
        self, scores: NDArray[np.float32], known: NDArray[np.int64] | None = None
    ) -> NDArray[np.float32]:
        """Return the probability of each label, (n, k); of ``known`` (n, k) see ``Calibration``."""
        probabilities = np.empty(scores.shape, np.float32)
        for label, calibration in enumerate(self.each):
            if calibration is None:
                probabilities[:, label] = self.shares[label]
            else:
                own = scores[:, label]
                both = np.stack([-own, own], axis=1)
                words = None if known is None else known[:, label]
                probabilities[:, label] = calibration.probabilities(both, words)[:, 1]
        return probabilities

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the calibrations as arrays of numbers."""
        arrays = _numbered({} if one is None else one.to_arrays() for one in self.each)
        return {"shares": self.shares, **arrays}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], k: int) -> Self:
        """Return the calibrations that ``to_arrays`` made arrays of.

        Raises:
            BundleError: an array is missing or damaged.
        """
        shares = arrays.get("shares")
        if shares is None or shares.shape != (k,) or shares.dtype != np.float64:
            raise BundleError("the shares do not fit the labels")
        if not ((shares >= 0) & (shares <= 1)).all():
            raise BundleError("the shares do not fit the labels")
        each = [
            Calibration.from_arrays(_own(arrays, label), 2) if 0 < shares[label] < 1 else None
            for label in range(k)
        ]
        return cls(each, shares)


def _numbered(each: Iterator[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    return {
        f"{number}.{name}": array
        for number, arrays in enumerate(each)
        for name, array in arrays.items()
    }


def _own(arrays: Mapping[str, NDArray[Any]], number: int) -> dict[str, NDArray[Any]]:
    prefix = f"{number}."
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
