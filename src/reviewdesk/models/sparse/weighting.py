"""From the values of LIBSVM files to what a network is given: which features, and how weighted.

Counts become TF-IDF of unit length, ``(1 + log count) * (1 + log((1 + rows) / (1 + rows with the
feature)))`` (Salton and Buckley 1988); other values are divided by the largest of their feature,
unless none is larger than 1, as in a file of TF-IDF.

A feature is looked up by its index, and beyond ``PLACES`` by a hash of it, so that a few features
of very wide files share one place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import BundleError, InputError
from reviewdesk.models.sparse.sparse_rows import SparseRows
from reviewdesk.text.compiled import compiled

PLACES: Final = 1 << 22
"""Indices from here on are hashed."""

TFIDF: Final = "tfidf"
SCALED: Final = "scaled"
AS_THEY_ARE: Final = "none"
WEIGHTINGS: Final = (TFIDF, SCALED, AS_THEY_ARE)

UNKNOWN: Final = -1
_MIX: Final = np.uint64(0x9FB21C651E98DF25)
_BELOW_PLACES: Final = np.uint64(64 - 22)


class FeatureCounts:
    """In how many rows each feature stands, and how large its values are."""

    def __init__(self) -> None:
        self.rows = 0
        self.whole = True  # all values are counts
        self.first: int | None = None  # the lowest index
        self._counts = np.zeros(1 << 12, np.int32)
        self._largest = np.zeros(1 << 12, np.float32)

    def add(self, rows: SparseRows, learnt: NDArray[np.bool_]) -> None:
        """Count the features of rows (n,), of those that are learnt from."""
        if len(rows.indices):
            lowest = int(rows.indices.min())
            self.first = lowest if self.first is None else min(self.first, lowest)
            self._make_room(min(int(rows.indices.max()) + 1, PLACES))
        self.rows += int(learnt.sum())
        whole = _count(rows.indices, rows.values, rows.ends, learnt, self._counts, self._largest)
        self.whole = self.whole and whole

    def _make_room(self, places: int) -> None:
        if places > len(self._counts):
            size = min(max(places, 2 * len(self._counts)), PLACES)
            grown = np.zeros(size, np.int32), np.zeros(size, np.float32)
            grown[0][: len(self._counts)], grown[1][: len(self._counts)] = (
                self._counts,
                self._largest,
            )
            self._counts, self._largest = grown

    def weighting(self, kind: str, most: int, min_df: int) -> "Weighting":
        """Return the most frequent features and how they are weighted.

        Args:
            kind: one of ``WEIGHTINGS``, or ``auto``.
            most: how many features at most.
            min_df: in how many rows a feature must stand.
        """
        places = np.flatnonzero(self._counts >= min_df)
        if len(places) > most:
            order = np.argsort(-self._counts[places], kind="stable")
            places = np.sort(places[order[:most]])
        if kind == "auto":
            small = self._largest.max(initial=0) <= 1
            kind = TFIDF if self.whole else AS_THEY_ARE if small else SCALED
        if kind == TFIDF:
            weights = 1 + np.log((1 + self.rows) / (1 + self._counts[places]))
        elif kind == SCALED:
            weights = 1 / np.maximum(self._largest[places], np.finfo(np.float32).tiny)
        else:
            weights = np.ones(len(places))
        return Weighting(kind, places.astype(np.int64), weights.astype(np.float32), self.first or 0)


@dataclass(frozen=True, eq=False)
class Weighting:
    """Which features are known, and how much their values count.

    Args:
        kind: one of ``WEIGHTINGS``.
        places: (f,) int64, the place of each feature, ascending.
        weights: (f,) float32.
        first: the lowest index that was met: indices begin at 0, or at 1.
    """

    kind: str
    places: NDArray[np.int64]
    weights: NDArray[np.float32]
    first: int

    def __len__(self) -> int:
        """Return how many features a network is given."""
        return max(len(self.places), 1)

    @cached_property
    def _numbers(self) -> NDArray[np.int32]:
        numbers = np.full(int(self.places[-1]) + 1 if len(self.places) else 1, UNKNOWN, np.int32)
        numbers[self.places] = np.arange(len(self.places), dtype=np.int32)
        return numbers

    def __call__(self, rows: SparseRows) -> SparseRows:
        """Return rows of known features, numbered from 0, with their weighted values."""
        numbers = np.empty(len(rows.indices), np.int32)
        values, ends = np.empty(len(rows.indices), np.float32), np.zeros(len(rows) + 1, np.int64)
        count = _weigh(
            rows.indices, rows.values, rows.ends, self._numbers, self.weights,
            self.kind == TFIDF, numbers, values, ends,
        )  # fmt: skip
        return SparseRows(numbers[:count], values[:count], ends)

    def shortened(
        self, rows: SparseRows, chosen: NDArray[np.int64], most: NDArray[np.int64]
    ) -> SparseRows:
        """Return some weighted rows, each with so many of its features at most (m,)."""
        some = rows.take(chosen)
        sizes = np.diff(some.ends)
        place = np.arange(len(some.indices)) - np.repeat(some.ends[:-1], sizes)
        kept = place < np.repeat(most, sizes)
        sizes = np.minimum(sizes, most)
        ends, values = np.concatenate([[0], np.cumsum(sizes)]), some.values[kept]
        if self.kind == TFIDF:
            row = np.repeat(np.arange(len(some)), sizes)
            squares = np.bincount(row, values.astype(np.float64) ** 2, minlength=len(some))
            values = (values / np.sqrt(squares)[row]).astype(np.float32)
        return SparseRows(some.indices[kept], values, ends)

    def check(self, rows: SparseRows) -> None:
        """Check that rows can be of the features that were learnt.

        Raises:
            InputError: their indices begin at 0 and those of the others at 1.
        """
        if self.first > 0 and len(rows.indices) and rows.indices.min() == 0:
            raise InputError(
                "a row has a feature of index 0, but the bundle learnt from files whose indices "
                "begin at 1; write the indices as there (dump_svmlight_file: zero_based=False)"
            )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the features as arrays of numbers."""
        numbers = np.array([WEIGHTINGS.index(self.kind), self.first], np.int64)
        return {
            "features.kind": numbers, "features.places": self.places,
            "features.weights": self.weights,
        }  # fmt: skip

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return what ``to_arrays`` made arrays of.

        Raises:
            BundleError: an array is missing or damaged.
        """
        kind, places, weights = (
            arrays.get(f"features.{name}") for name in ("kind", "places", "weights")
        )
        if kind is None or kind.dtype != np.int64 or kind.shape != (2,):
            raise BundleError("the weights do not say how features are weighted")
        if not (0 <= kind[0] < len(WEIGHTINGS) and kind[1] >= 0):
            raise BundleError("the weights do not say how features are weighted")
        if places is None or places.dtype != np.int64 or places.ndim != 1:
            raise BundleError("the weights lack the features")
        if len(places) and not (
            places[0] >= 0 and places[-1] < PLACES and (np.diff(places) > 0).all()
        ):
            raise BundleError("the weights lack the features")
        if weights is None or weights.dtype != np.float32 or weights.shape != places.shape:
            raise BundleError("the weights do not fit the features")
        if not np.isfinite(weights).all():
            raise BundleError("the weights hold something that is not a number")
        return cls(WEIGHTINGS[int(kind[0])], places, weights, int(kind[1]))


@compiled
def _place(index: np.int32) -> np.int64:
    """Return the place of an index."""
    if index < PLACES:
        return np.int64(index)
    return np.int64((np.uint64(index) * _MIX) >> _BELOW_PLACES)


@compiled
def _count(
    indices: NDArray[np.int32],
    values: NDArray[np.float32],
    ends: NDArray[np.int64],
    learnt: NDArray[np.bool_],
    counts: NDArray[np.int32],
    largest: NDArray[np.float32],
) -> bool:
    """Count features, note their largest values, and say whether all values are counts."""
    whole = True
    for row in range(len(learnt)):
        if learnt[row]:
            for at in range(ends[row], ends[row + 1]):
                place, value = _place(indices[at]), values[at]
                counts[place] += 1
                largest[place] = max(largest[place], abs(value))
                whole = whole and value > 0 and value == np.floor(value)
    return whole


@compiled
def _weigh(
    indices: NDArray[np.int32],
    values: NDArray[np.float32],
    ends: NDArray[np.int64],
    numbers: NDArray[np.int32],
    weights: NDArray[np.float32],
    tfidf: bool,
    known: NDArray[np.int32],
    weighted: NDArray[np.float32],
    new_ends: NDArray[np.int64],
) -> int:
    """Write the known features of each row with their values; return how many there are."""
    count = 0
    for row in range(len(ends) - 1):
        begin, squares = count, 0.0
        for at in range(ends[row], ends[row + 1]):
            place = _place(indices[at])
            if place >= len(numbers) or numbers[place] == UNKNOWN:
                continue
            number, value = numbers[place], float(values[at])
            if tfidf and value > 0:
                value = 1 + np.log(value)
            value *= weights[number]
            known[count], weighted[count] = number, value
            squares += value * value
            count += 1
        if tfidf and squares > 0:
            length = np.sqrt(squares)
            for at in range(begin, count):
                weighted[at] /= length
        new_ends[row + 1] = count
    return count
