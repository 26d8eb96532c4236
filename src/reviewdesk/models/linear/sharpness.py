"""How far scores may be believed, by how much a row says.

A row of unit length has large scores also where it consists of one word that says little. The
length that it had before tells: scores are multiplied by a number that is read off a broken line
over the logarithm of that length.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import BundleError
from reviewdesk.models.linear.likelihood import most_likely, some_rows

Floats = NDArray[np.float64]

SHARES: Final = (0.02, 0.1, 0.3, 0.6, 0.98)
"""The shares of rows that are shorter than the line's corners."""
SHORTEST: Final = 1e-6
LEAST: Final = 0.05
PRIOR: Final = 0.1
SMOOTH: Final = 2.0
"""What a difference of neighbouring corners costs: with few rows the line is nearly straight."""
SHIFT_PRIOR: Final = 4.0


@dataclass(frozen=True, eq=False)
class Sharpness:
    """A broken line: ``factors`` at ``corners``, and level beyond them.

    Args:
        corners: (c,) logarithms of lengths, ascending.
        factors: (c,) above 0.
    """

    corners: Floats
    factors: Floats

    def __call__(self, lengths: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the scores of rows of these lengths (n,) are multiplied by, (n,)."""
        return np.interp(_logs(lengths), self.corners, self.factors).astype(np.float32)

    @classmethod
    def level(cls) -> Self:
        """Return the line that leaves all scores as they are."""
        return cls(np.zeros(1), np.ones(1))

    @classmethod
    def fit(
        cls,
        scores: NDArray[np.float32],
        lengths: NDArray[np.float32],
        labels: NDArray[np.int32],
        costs: NDArray[np.float32],
    ) -> Self:
        """Return the line under which the labels are most likely.

        Args:
            scores: (n, k) of rows that were not learnt from.
            lengths: (n,) of the rows before they were made unit length.
            labels: (n,) 0 to k - 1.
            costs: (k,) how much a row of each label counts.
        """
        some, k = some_rows(len(labels)), scores.shape[1]
        logs, scores, labels = _logs(lengths[some]), scores[some], labels[some]
        corners = np.unique(np.quantile(logs, SHARES)) if len(logs) else np.zeros(1)
        m = len(corners)
        hats = np.stack([np.interp(logs, corners, one) for one in np.eye(m)], axis=1)
        steps = np.diff(np.eye(m), axis=0)
        precision = np.diag(np.append(np.full(m, PRIOR), np.full(k, SHIFT_PRIOR)))
        precision[:m, :m] += SMOOTH * steps.T @ steps
        start = np.append(np.ones(m), np.zeros(k))
        terms = hats[:, :, None].astype(np.float32) * scores[:, None, :]
        weights = costs[labels].astype(np.float64)
        found = most_likely(terms, labels, weights, start, precision)[:m]
        return cls(corners, np.maximum(found, LEAST))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the line as arrays of numbers."""
        return {"sharpness": np.stack([self.corners, self.factors])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self | None:
        """Return the line that ``to_arrays`` made arrays of, if it did.

        Raises:
            BundleError: the array is damaged.
        """
        line = arrays.get("sharpness")
        if line is None:
            return None
        if line.ndim != 2 or line.shape[0] != 2 or not line.shape[1] or line.dtype != np.float64:
            raise BundleError("the sharpness of scores is damaged")
        if not np.isfinite(line).all() or (np.diff(line[0]) <= 0).any() or (line[1] <= 0).any():
            raise BundleError("the sharpness of scores is damaged")
        return cls(line[0], line[1])


def _logs(lengths: NDArray[np.float32]) -> Floats:
    return np.log(np.maximum(lengths.astype(np.float64), SHORTEST))
