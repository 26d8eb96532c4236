"""Product quantisers: rows of a matrix as one byte for each few columns.

The columns are cut into parts of a few, and each part of a row becomes the nearest of 256
centroids, found by k-means. Source: Jégou, Douze and Schmid 2011, Product quantization for nearest
neighbor search; fastText at 1142dc4, ``src/productquantizer.cc``, whose layout this is.
"""

import struct
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

CENTROIDS: Final = 256
MOST_ROWS: Final = 65_536
"""Centroids are learnt from at most so many rows."""
ROUNDS: Final = 25
NUDGE: Final = 1e-7
ENCODED_AT_ONCE: Final = 8_192

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ProductQuantiser:
    """The centroids of each part.

    Args:
        dim: columns.
        width: columns a part; the last part may have fewer.
        centroids: (dim * 256,) float32, part after part, centroid after centroid.
    """

    dim: int
    width: int
    centroids: Floats

    @property
    def parts(self) -> int:
        """How many parts a row has."""
        return -(-self.dim // self.width)

    @property
    def last_width(self) -> int:
        """How many columns the last part has."""
        return self.dim - (self.parts - 1) * self.width

    def part(self, number: int) -> Floats:
        """Return one part's centroids, (256, columns)."""
        start = number * self.width * CENTROIDS
        width = self.width if number < self.parts - 1 else self.last_width
        return self.centroids[start : start + width * CENTROIDS].reshape(CENTROIDS, width)

    @classmethod
    def fit(cls, values: Floats, width: int, seed: int = 0) -> Self:
        """Return centroids for a matrix's rows.

        Args:
            values: (m, dim).
            width: columns a part.
            seed: another seed begins at other rows.
        """
        dim = values.shape[1]
        width = min(width, dim)
        random = np.random.default_rng(seed)
        if len(values) > MOST_ROWS:
            values = values[np.sort(random.choice(len(values), MOST_ROWS, replace=False))]
        found = [
            _k_means(np.ascontiguousarray(values[:, start : start + width]), random).ravel()
            for start in range(0, dim, width)
        ]
        return cls(dim, width, np.concatenate(found))

    def encode(self, values: Floats) -> NDArray[np.uint8]:
        """Return the nearest centroid of each part of each row, (m, parts)."""
        codes = np.empty((len(values), self.parts), np.uint8)
        for number in range(self.parts):
            start = number * self.width
            codes[:, number] = _nearest(values[:, start : start + self.width], self.part(number))
        return codes

    def decode(self, codes: NDArray[np.uint8]) -> Floats:
        """Return the centroids that codes stand for, (m, dim)."""
        values = np.empty((len(codes), self.dim), np.float32)
        for number in range(self.parts):
            start = number * self.width
            values[:, start : start + self.width] = self.part(number)[codes[:, number]]
        return values

    def to_bytes(self) -> bytes:
        """Return the quantiser as it stands in a file."""
        head = struct.pack("<4i", self.dim, self.parts, self.width, self.last_width)
        return head + self.centroids.astype("<f4").tobytes()


def _nearest(values: Floats, centroids: Floats) -> NDArray[np.uint8]:
    nearest = np.empty(len(values), np.uint8)
    lengths = (centroids**2).sum(axis=1)
    for start in range(0, len(values), ENCODED_AT_ONCE):
        block = values[start : start + ENCODED_AT_ONCE]
        nearest[start : start + len(block)] = (lengths - 2 * (block @ centroids.T)).argmin(axis=1)
    return nearest


def _k_means(values: Floats, random: np.random.Generator) -> Floats:
    """Return 256 centroids of rows, (256, columns), by Lloyd's steps.

    A centroid without rows takes half of those of the one that has most, as in fastText.
    """
    if not len(values):
        return np.zeros((CENTROIDS, values.shape[1]), np.float32)
    places = random.choice(len(values), CENTROIDS, replace=len(values) < CENTROIDS)
    centroids = values[places].astype(np.float32)
    for _ in range(ROUNDS):
        nearest = _nearest(values, centroids)
        counts = np.bincount(nearest, minlength=CENTROIDS)
        for column in range(values.shape[1]):
            sums = np.bincount(nearest, values[:, column], CENTROIDS)
            centroids[:, column] = np.where(
                counts > 0, sums / np.maximum(counts, 1), centroids[:, column]
            )
        _fill_empty(centroids, counts)
    return centroids


def _fill_empty(centroids: Floats, counts: NDArray[np.int64]) -> None:
    for empty in np.flatnonzero(counts == 0):
        largest = int(counts.argmax())
        if counts[largest] < 2:
            return
        centroids[empty] = centroids[largest] * (1 + NUDGE)
        centroids[largest] *= 1 - NUDGE
        counts[empty] = counts[largest] // 2
        counts[largest] -= counts[empty]
