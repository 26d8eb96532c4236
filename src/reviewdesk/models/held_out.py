"""What was predicted of the reviews held out, before a classifier learnt from these as well."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import BundleError, UsageError
from reviewdesk.formats.weights import load_weights, save_weights
from reviewdesk.text.hashing import hash64

HELD_OUT: Final = "held_out.npz"


@dataclass(frozen=True, eq=False)
class HeldOutPredictions:
    """Probabilities by a classifier that had not learnt from these reviews.

    Args:
        keys: (m,) uint64, hashes of the reviews' ids, ascending.
        probabilities: (m, k) float32, in the order of the keys.
    """

    keys: NDArray[np.uint64]
    probabilities: NDArray[np.float32]

    @classmethod
    def of(cls, review_ids: pa.ChunkedArray, probabilities: NDArray[np.float32]) -> Self:
        """Return the predictions of reviews (m,) with probabilities (m, k)."""
        keys = hash64(review_ids)
        order = np.argsort(keys, kind="stable")
        return cls(keys[order], probabilities[order])

    def find(self, review_ids: pa.ChunkedArray) -> NDArray[np.float32]:
        """Return the probabilities of the same reviews in another order, (m, k).

        Raises:
            UsageError: these are other reviews.
        """
        keys = hash64(review_ids)
        order = np.argsort(keys, kind="stable")
        if not np.array_equal(keys[order], self.keys):
            raise UsageError(
                "the reviews held out of this data are not those that were measured when the "
                "bundle was trained; train it again with this release"
            )
        probabilities = np.empty_like(self.probabilities)
        probabilities[order] = self.probabilities
        return probabilities

    def save(self, directory: Path) -> None:
        """Write the predictions into a bundle's directory."""
        save_weights(directory / HELD_OUT, {"keys": self.keys, "probabilities": self.probabilities})

    @classmethod
    def load(cls, directory: Path, k: int) -> Self | None:
        """Return the predictions in a bundle's directory for its k labels, if there are any.

        Raises:
            BundleError: they are damaged.
        """
        if not (directory / HELD_OUT).exists():
            return None
        arrays = load_weights(directory / HELD_OUT)
        keys, probabilities = arrays.get("keys"), arrays.get("probabilities")
        if keys is None or keys.dtype != np.uint64 or keys.ndim != 1:
            raise BundleError(f"{HELD_OUT} does not say of which reviews it is")
        if probabilities is None or probabilities.dtype != np.float32:
            raise BundleError(f"{HELD_OUT} lacks the probabilities")
        if probabilities.shape != (len(keys), k):
            raise BundleError(f"{HELD_OUT} does not fit the bundle's labels")
        return cls(keys, probabilities)
