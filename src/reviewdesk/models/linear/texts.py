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
    found = [buffers(batch.column(name)) for name in columns]
    data = found[0].data if len(found) == 1 else np.concatenate([one.data for one in found])
    data.flags.writeable = False
    bounds = np.zeros((len(batch), len(columns), 2), np.int64)
    start = 0
    for field, (content, offsets, valid) in enumerate(found):
        bounds[:, field, 0] = np.where(valid, offsets[:-1] + start, 0)
        bounds[:, field, 1] = np.where(valid, offsets[1:] + start, 0)
        start += len(content)
    return FieldTexts(data, bounds)


def field_seeds(columns: Sequence[str]) -> NDArray[np.uint64]:
    """Return what keeps equal words of two fields apart, one number a field."""
    return np.array([hash64_text(f"linear {name}") for name in columns], np.uint64)
