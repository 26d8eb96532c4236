"""Rows of features, and the kernels that go over them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled

_SPREAD: Final = np.uint64(0x9FB21C651E98DF25)
_HALF: Final = np.uint64(32)


@dataclass(frozen=True, eq=False)
class HashedRows:
    """Rows of features one after the other: row i has ``ids[ends[i]:ends[i + 1]]``, each once."""

    ids: NDArray[np.uint32]
    ends: NDArray[np.int64]  # (n + 1,)
    labels: NDArray[np.int32]  # (n,)
    group_hash: NDArray[np.uint32]  # (n,) what decides which rows are held out; equal in a group
    duals: NDArray[np.float32]  # (n,) for a solver to write to

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def text_keys(self) -> NDArray[np.uint64]:
        """A hash of each row's features in their order, (n,); 0 for a row without any."""
        keys = np.empty(len(self), np.uint64)
        write_keys(self.ids, self.ends, keys)
        return keys


@compiled
def write_keys(ids: NDArray[np.uint32], ends: NDArray[np.int64], keys: NDArray[np.uint64]) -> None:
    """Write a hash of each row's features; equal texts have equal ones."""
    for row in range(len(keys)):
        key = np.uint64(0)
        for place in range(ends[row], ends[row + 1]):
            key = (key ^ np.uint64(ids[place] + 1)) * _SPREAD
            key ^= key >> _HALF
        keys[row] = key * _SPREAD


@compiled
def renumber(
    stream: NDArray[np.uint32],
    sizes: NDArray[np.uint32],
    numbers: NDArray[np.uint32],
    features: int,
    ids: NDArray[np.uint32],
) -> int:
    """Turn slots into features, leave out slots that are none, and return how many are left.

    Args:
        stream: slots of rows.
        sizes: (n,) how many slots each row has; becomes how many features it has.
        numbers: the feature of each slot.
        features: how many features there are; a larger number is none.
        ids: gets the features; may be ``stream``.
    """
    at, done = 0, 0
    for row in range(len(sizes)):
        before = done
        for _ in range(sizes[row]):
            feature = numbers[stream[at]]
            at += 1
            if feature < features:
                ids[done] = feature
                done += 1
        sizes[row] = done - before
    return done


@compiled
def count_labels(
    ids: NDArray[np.uint32],
    ends: NDArray[np.int64],
    labels: NDArray[np.int32],
    chosen: NDArray[np.int64],
    counts: NDArray[np.int32],
) -> None:
    """Add to ``counts`` (features, k) how many of the chosen rows of each label have a feature."""
    for row in chosen:
        label = labels[row]
        for place in range(ends[row], ends[row + 1]):
            counts[ids[place], label] += 1


@compiled
def take_rows(
    stream: NDArray[np.uint32],
    ends: NDArray[np.int64],
    order: NDArray[np.int64],
    taken: NDArray[np.uint32],
) -> None:
    """Copy rows in another order."""
    at = 0
    for row in order:
        for place in range(ends[row], ends[row + 1]):
            taken[at] = stream[place]
            at += 1


def shortened(rows: HashedRows, chosen: NDArray[np.int64], most: NDArray[np.int64]) -> HashedRows:
    """Return some rows, each cut to its first so many features (m,)."""
    sizes = np.minimum(rows.ends[chosen + 1] - rows.ends[chosen], most)
    ends = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    places = np.repeat(rows.ends[chosen] - ends[:-1], sizes) + np.arange(ends[-1])
    return HashedRows(
        rows.ids[places], ends, rows.labels[chosen], rows.group_hash[chosen], rows.duals[chosen]
    )


def row_ends(sizes: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return where rows of the given sizes begin and end, (n + 1,)."""
    ends = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=ends[1:])
    return ends
