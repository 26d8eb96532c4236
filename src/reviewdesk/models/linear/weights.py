"""The weights of features and the scores that they give rows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import BundleError
from reviewdesk.models.linear.sharpness import Sharpness
from reviewdesk.models.short_texts import LONG
from reviewdesk.text.compiled import compiled


@dataclass(frozen=True, eq=False)
class Weights:
    """A linear function of rows of unit length.

    Args:
        table: float32, (features, 2) for two labels: the weight for the second one times the
            feature's scale, and the scale's square; else (features, k + 2): k weights times the
            scale, the scale's square, and the sum of squared gradients, for learning on.
        bias: (1,) or (k,) float32.
        sharpness: what scores are multiplied by, if anything, by how much a row says.
    """

    table: NDArray[np.float32]
    bias: NDArray[np.float32]
    sharpness: Sharpness | None = None

    @classmethod
    def nothing(cls, features: int) -> Self:
        """Return weights for two labels of which nothing is known."""
        return cls(np.zeros((features, 2), np.float32), np.zeros(1, np.float32))

    def extended(self, features: int) -> Self:
        """Return the same weights with more features, which weigh nothing."""
        table = np.zeros((features, self.table.shape[1]), np.float32)
        table[: len(self.table)] = self.table
        return replace(self, table=table)

    def scores(
        self, ids: NDArray[np.uint32], ends: NDArray[np.int64], chosen: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return the scores of some rows, (rows, k) with k at least 2."""
        scores, lengths = self.scored(ids, ends, chosen)
        if self.sharpness is not None:
            scores *= self.sharpness(lengths)[:, None]
        return scores

    def scored(
        self, ids: NDArray[np.uint32], ends: NDArray[np.int64], chosen: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return scores (rows, k) as they are without sharpness, and lengths before unit length."""
        scores = np.empty((len(chosen), len(self.bias)), np.float32)
        lengths = np.empty(len(chosen), np.float32)
        score_rows(ids, ends, chosen, self.table, self.bias, scores, lengths)
        if len(self.bias) == 1:
            scores = np.concatenate([-scores, scores], axis=1)
        return scores, lengths

    @property
    def heavy(self) -> NDArray[np.bool_]:
        """Which features weigh anything, (features,)."""
        return self.table[:, len(self.bias)] > 0

    def known(
        self, ids: NDArray[np.uint32], ends: NDArray[np.int64], chosen: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return how many features of each row weigh anything, (rows,); ``LONG`` at the most."""
        counts = np.empty(len(chosen), np.int64)
        count_known(ids, ends, chosen, self.table, len(self.bias), counts)
        return counts

    def contributions(
        self, ids: NDArray[np.uint32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what each feature of a row adds to the scores, (ids, k), and the bias, (k,)."""
        m = len(self.bias)
        parts = self.table[ids, :m].astype(np.float64)
        length = np.sqrt(self.table[ids, m].astype(np.float64).sum())
        parts /= length if length > 0 else 1.0
        bias = self.bias.astype(np.float64)
        if self.sharpness is not None:
            sharpness = float(self.sharpness(np.array([length], np.float32))[0])
            parts, bias = parts * sharpness, bias * sharpness
        if len(bias) == 1:
            return np.concatenate([-parts, parts], axis=1), np.concatenate([-bias, bias])
        return parts, bias

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the weights as arrays of numbers."""
        arrays = {"weights.table": self.table, "weights.bias": self.bias}
        return arrays if self.sharpness is None else arrays | self.sharpness.to_arrays()

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], features: int, k: int) -> Self:
        """Return the weights that ``to_arrays`` made arrays of.

        Raises:
            BundleError: an array is missing or damaged.
        """
        table, bias = arrays.get("weights.table"), arrays.get("weights.bias")
        m, width = (1, 2) if k == 2 else (k, k + 2)
        if table is None or table.shape != (features, width) or table.dtype != np.float32:
            raise BundleError("the weights of the labels do not fit the vocabulary")
        if bias is None or bias.shape != (m,) or bias.dtype != np.float32:
            raise BundleError("the biases do not fit the labels")
        if not (np.isfinite(table).all() and np.isfinite(bias).all()):
            raise BundleError("a weight is not a number")
        return cls(table, bias, Sharpness.from_arrays(arrays))


@compiled
def score_rows(
    ids: NDArray[np.uint32],
    ends: NDArray[np.int64],
    chosen: NDArray[np.int64],
    table: NDArray[np.float32],
    bias: NDArray[np.float32],
    scores: NDArray[np.float32],
    lengths: NDArray[np.float32],
) -> None:
    """Write scores (rows, m) and lengths (rows,) of chosen rows, each computed for itself."""
    width = table.shape[1]
    sums = np.empty(width, np.float32)
    for number in range(len(chosen)):
        row = chosen[number]
        if width == 2:
            sum_pairs(ids, ends[row], ends[row + 1], table, sums)
        else:
            sum_rows(ids, ends[row], ends[row + 1], table, sums)
        length = np.sqrt(sums[len(bias)])
        lengths[number] = length
        inverse = np.float32(1) / length if length > 0 else np.float32(0)
        for label in range(len(bias)):
            scores[number, label] = sums[label] * inverse + bias[label]


@compiled
def count_known(
    ids: NDArray[np.uint32],
    ends: NDArray[np.int64],
    chosen: NDArray[np.int64],
    table: NDArray[np.float32],
    column: int,
    counts: NDArray[np.int64],
) -> None:
    """Write how many features of chosen rows have a scale above 0, up to ``LONG``."""
    for number in range(len(chosen)):
        count, row = 0, chosen[number]
        for at in range(ends[row], ends[row + 1]):
            if table[ids[at], column] > 0:
                count += 1
                if count == LONG:
                    break
        counts[number] = count


@compiled
def sum_rows(
    ids: NDArray[np.uint32],
    begin: int,
    end: int,
    table: NDArray[np.float32],
    sums: NDArray[np.float32],
) -> None:
    """Write the sum of the table's rows of some features."""
    for label in range(len(sums)):
        sums[label] = 0
    for place in range(begin, end):
        feature = ids[place]
        for label in range(len(sums)):
            sums[label] += table[feature, label]


@compiled
def sum_pairs(
    ids: NDArray[np.uint32],
    begin: int,
    end: int,
    table: NDArray[np.float32],
    sums: NDArray[np.float32],
) -> None:
    """Do the same for a table of two columns, with sums that need not wait for each other."""
    a, b, c, d = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
    at = begin
    while at + 2 <= end:
        a += table[ids[at], 0]
        b += table[ids[at], 1]
        c += table[ids[at + 1], 0]
        d += table[ids[at + 1], 1]
        at += 2
    if at < end:
        a += table[ids[at], 0]
        b += table[ids[at], 1]
    sums[0], sums[1] = a + c, b + d
