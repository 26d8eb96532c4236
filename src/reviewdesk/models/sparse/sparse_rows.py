"""Rows of which most features are nothing: in memory, and as a column of a batch."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

FEATURES: Final = "features"
"""The column of a batch that holds features where others hold texts."""

_PAIR: Final = pa.struct([("index", pa.int32()), ("value", pa.float32())])


@dataclass(frozen=True, eq=False)
class SparseRows:
    """Rows of features.

    Args:
        indices: (m,) int32 of all rows, one after the other.
        values: (m,) float32, what each index has.
        ends: (n + 1,) int64, where each row begins and ends.
    """

    indices: NDArray[np.int32]
    values: NDArray[np.float32]
    ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ends) - 1

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Return some rows, in the order asked for."""
        sizes = self.ends[rows + 1] - self.ends[rows]
        ends = np.concatenate([[0], np.cumsum(sizes)])
        entries = np.arange(ends[-1]) + np.repeat(self.ends[rows] - ends[:-1], sizes)
        return type(self)(self.indices[entries], self.values[entries], ends)

    def column(self) -> pa.Array:
        """Return the rows as a column of lists."""
        pairs = pa.StructArray.from_arrays(
            [pa.array(self.indices, pa.int32()), pa.array(self.values, pa.float32())],
            fields=list(_PAIR),
        )
        return pa.ListArray.from_arrays(pa.array(self.ends, pa.int32()), pairs)

    @classmethod
    def of_column(cls, column: pa.Array) -> Self:
        """Return the rows of a column that ``column`` made."""
        pairs = column.flatten()
        ends = column.offsets.to_numpy().astype(np.int64)
        index, value = (pairs.field(name).to_numpy() for name in ("index", "value"))
        return cls(index, value, ends - ends[0])
