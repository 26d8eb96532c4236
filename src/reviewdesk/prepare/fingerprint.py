"""Fingerprints of rows: the same for the same rows, whatever file they are in and in what order.

A row's hash is taken over the hashes of its cells, so that a value that changes columns or rows is
noticed; the hashes of rows are added up, which forgets their order and how they are divided.
Source of adding: Bellare and Micciancio 1997, A new paradigm for collision-free hashing (AdHash).
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import pyarrow as pa

from reviewdesk.text.hashing import hash64, hash64_text

_LANES: Final = 2
"""Two sums of 64 bits: one alone would be equal by chance too soon for an identity."""
_WORD: Final = 2**64


@dataclass(frozen=True)
class RowSum:
    """The sum of the hashes of rows.

    Args:
        rows: how many rows there are.
        sums: of their hashes, modulo 2**64, a lane each.
    """

    rows: int = 0
    sums: tuple[int, ...] = (0,) * _LANES

    @classmethod
    def of(cls, rows: pa.Table | pa.RecordBatch) -> Self:
        """Return the sum of the rows of a table, whose columns may stand in any order."""
        hashes = np.empty((rows.num_rows, rows.num_columns), "<u8")  # (n, columns)
        for at, name in enumerate(sorted(rows.schema.names)):
            hashes[:, at] = hash64(rows.column(name).cast(pa.string()), hash64_text(name))
        width = hashes.shape[1] * hashes.itemsize
        cells = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(width), len(hashes), [None, pa.py_buffer(hashes)]
        ).cast(pa.large_binary())
        sums = (int(hash64(cells, lane).sum(dtype=np.uint64)) for lane in range(_LANES))
        return cls(len(hashes), tuple(sums))

    def __add__(self, other: "RowSum") -> "RowSum":
        """Return the sum of the rows of both."""
        sums = ((a + b) % _WORD for a, b in zip(self.sums, other.sums, strict=True))
        return RowSum(self.rows + other.rows, tuple(sums))

    def to_text(self) -> str:
        """Return the sums in hexadecimal digits, as a manifest holds them."""
        return "".join(f"{lane:016x}" for lane in self.sums)

    @classmethod
    def from_text(cls, rows: int, text: str) -> Self:
        """Return the sum of so many rows from ``to_text``.

        Raises:
            ValueError: the text is not a sum.
        """
        if not re.fullmatch(f"[0-9a-f]{{{16 * _LANES}}}", text):
            raise ValueError("not a sum of rows")
        return cls(rows, tuple(int(text[at : at + 16], 16) for at in range(0, len(text), 16)))


def fingerprint(parts: Iterable[RowSum]) -> str:
    """Return the fingerprint of the rows of all parts: 64 hexadecimal digits."""
    whole = sum(parts, RowSum())
    return hashlib.sha256(f"{whole.rows} {whole.to_text()}".encode()).hexdigest()
