"""Pairs of categories that overlap, so that what they say of a review is no error."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

OVERLAPPING: Final = 0.04
"""The share of two categories' reviews that speak of the other one, from which on they overlap."""

OVERLAPS: Final = pa.schema(
    [
        pa.field("category", pa.string(), False),
        pa.field("other", pa.string(), False),
        pa.field("confusion", pa.float64(), False),  # share of both that speak of the other one
        pa.field("reviews", pa.int64(), False),  # how many of the first speak of the other
        pa.field("other_reviews", pa.int64(), False),  # how many of the other speak of the first
    ]
)


def confusions(
    labels: NDArray[np.integer], predicted: NDArray[np.integer], k: int
) -> NDArray[np.int64]:
    """Count reviews by where they stand (down) and what they speak of (across), (k, k)."""
    cells = labels.astype(np.int64) * k + predicted
    return np.bincount(cells, minlength=k * k).reshape(k, k)


def mutual(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return which share of every two categories' reviews speaks of the other one, (k, k)."""
    sizes = counts.sum(axis=1)
    shares: NDArray[np.float64] = (counts + counts.T) / np.maximum(sizes[:, None] + sizes, 1)
    return shares


def overlaps(counts: NDArray[np.int64], names: Sequence[str]) -> pa.Table:
    """Return the pairs of categories that overlap, the worst first, schema ``OVERLAPS``.

    Args:
        counts: (k, k) of reviews that are thought to be filed rightly; see ``confusions``.
        names: the categories.
    """
    both = mutual(counts)
    left, right = np.nonzero(np.triu(both >= OVERLAPPING, 1))
    order = np.argsort(-both[left, right], kind="stable")
    left, right = left[order], right[order]
    columns = [
        pa.array([names[one] for one in left.tolist()], pa.string()),
        pa.array([names[one] for one in right.tolist()], pa.string()),
        pa.array(both[left, right], pa.float64()),
        pa.array(counts[left, right], pa.int64()),
        pa.array(counts[right, left], pa.int64()),
    ]
    return pa.Table.from_arrays(columns, schema=OVERLAPS)
