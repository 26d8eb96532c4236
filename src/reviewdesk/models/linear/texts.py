"""The text columns of a batch as one array of bytes, for kernels that read several fields."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.text.buffers import buffers
from reviewdesk.text.hashing import hash64_text

PART_BYTES: Final = 4 << 20
"""Texts are hashed in parts of about so many bytes, whatever the batches."""


_NOTHING: Final = np.empty(0, np.uint8)


class FieldTexts(NamedTuple):
    """Texts of n rows: field f of row i is ``data[bounds[i, f, 0]:bounds[i, f, 1]]``."""

    data: NDArray[np.uint8]
    bounds: NDArray[np.int64]  # (n, fields, 2)

    @property
    def bytes(self) -> NDArray[np.int64]:
        """How many bytes the texts of each row have, (n,)."""
        sizes: NDArray[np.int64] = (self.bounds[:, :, 1] - self.bounds[:, :, 0]).sum(axis=1)
        return sizes

    def parts(self) -> list[slice]:
        """Return runs of rows of about ``PART_BYTES`` each, at least one row."""
        total = np.cumsum(self.bytes)
        cuts = np.searchsorted(total, np.arange(PART_BYTES, total[-1:].sum() + 1, PART_BYTES)) + 1
        edges = np.unique(np.concatenate([[0], np.minimum(cuts, len(total)), [len(total)]]))
        return [slice(a, b) for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]


def field_texts(batch: pa.RecordBatch, columns: Sequence[str]) -> FieldTexts:
    """Return the text columns of a batch; a null is an empty text."""
    bounds = np.zeros((len(batch), len(columns), 2), np.int64)
    contents: list[NDArray[np.uint8]] = []
    start = 0
    for field, name in enumerate(columns):
        column = batch.column(name)
        if column.null_count == len(column):
            continue
        content, offsets, valid = buffers(column)
        bounds[:, field, 0] = offsets[:-1] + start
        bounds[:, field, 1] = offsets[1:] + start
        if column.null_count:
            bounds[~valid, field] = 0
        contents.append(content)
        start += len(content)
    data = contents[0] if len(contents) == 1 else np.concatenate([_NOTHING, *contents])
    data.flags.writeable = False
    return FieldTexts(data, bounds)


def field_seeds(columns: Sequence[str]) -> NDArray[np.uint64]:
    """Return what keeps equal words of two fields apart, one number a field."""
    return np.array([hash64_text(f"linear {name}") for name in columns], np.uint64)
