"""Linear support vector machines, one for each label against the rest.

Source: Fan et al. 2008, LIBLINEAR: a library for large linear classification.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.svm import LinearSVC

from reviewdesk.errors import BundleError

# LIBLINEAR's own stopping rule for this solver. scikit-learn's is a thousand times stricter and
# takes twice as long for the same accuracy.
TOLERANCE: Final = 0.1


@dataclass(frozen=True, eq=False)
class LinearMargins:
    """How far a row lies on each label's side: at 1 and beyond surely, at -1 surely not.

    Args:
        weights: (features, k) float32.
        bias: (k,) float32.
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    @classmethod
    def fit(
        cls,
        rows: sparse.csr_matrix,
        labels: NDArray[Any],
        C: float,  # noqa: N803
        seed: int,
    ) -> Self:
        """Learn from rows of features.

        Args:
            rows: (n, features).
            labels: (n,) 0 to k - 1, each of them at least once, k at least 2.
            C: how much errors on the rows cost against large weights.
            seed: the order in which the solver visits rows.
        """
        k = int(labels.max()) + 1
        if not rows.shape[1]:  # no word occurs often enough to be a feature
            return cls(np.zeros((0, k), np.float32), np.zeros(k, np.float32))
        machine = LinearSVC(C=C, tol=TOLERANCE, dual=True, random_state=seed).fit(rows, labels)
        weights, bias = machine.coef_, machine.intercept_
        if k == 2:  # one machine; the other label's margin is its opposite
            weights, bias = np.vstack([-weights, weights]), np.append(-bias, bias)
        return cls(np.ascontiguousarray(weights.T, np.float32), bias.astype(np.float32))

    def __call__(self, rows: sparse.csr_matrix) -> NDArray[np.float32]:
        """Return the margins of rows, (n, k); each row is computed for itself."""
        margins: NDArray[np.float32] = rows.astype(np.float32) @ self.weights + self.bias
        return margins

    def spread(self, places: NDArray[Any], k: int) -> Self:
        """Return machines for k labels of which these are the ones at places.

        The other labels have the margin -1, as rows of other labels should.
        """
        weights = np.zeros((len(self.weights), k), np.float32)
        weights[:, places] = self.weights
        bias = np.full(k, -1.0, np.float32)
        bias[places] = self.bias
        return type(self)(weights, bias)

    def to_arrays(self) -> dict[str, NDArray[np.float32]]:
        """Return the machines as arrays of numbers."""
        return {"margins.weights": self.weights, "margins.bias": self.bias}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], shape: tuple[int, int]) -> Self:
        """Return the machines that ``to_arrays`` made arrays of.

        Raises:
            BundleError: an array is missing or damaged.
        """
        weights, bias = arrays.get("margins.weights"), arrays.get("margins.bias")
        if weights is None or weights.shape != shape or weights.dtype != np.float32:
            raise BundleError("the weights of the labels do not fit the vocabulary")
        if bias is None or bias.shape != shape[1:] or bias.dtype != np.float32:
            raise BundleError("the biases do not fit the labels")
        if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
            raise BundleError("the weights hold something that is not a number")
        return cls(weights, bias)
