"""Rows of features, as batches of tensors."""

from collections.abc import Iterator
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reviewdesk.models.neural.material import Batch
from reviewdesk.models.neural.processes import Processes
from reviewdesk.models.sparse.chunks import LEARNT, MOST_VALIDATION, VALIDATION, Chunks
from reviewdesk.models.sparse.order import ChunkBatch, ChunkReader


class FeatureRows:
    """Rows of features in chunks, one of which is in memory at a time.

    Args:
        chunks: the rows.
    """

    def __init__(self, chunks: Chunks) -> None:
        self.chunks = chunks
        self.validation_rows = min(
            int(chunks.counts[VALIDATION][chunks.present].sum()), MOST_VALIDATION
        )

    def digest(self) -> str:
        """Return a name for the very content."""
        return self.chunks.digest()

    def first_scores(self) -> NDArray[np.float32]:
        """Return scores that give each label its share of the rows to learn from, (k,)."""
        counts = self.chunks.counts[LEARNT][self.chunks.present]
        return np.asarray(np.log(counts / counts.sum()), np.float32)

    def reader(self, size: int, seed: int, processes: Processes) -> ChunkReader:
        """Return what deals the rows to learn from out to batches of a size."""
        own = processes
        return ChunkReader(self.chunks, size, seed, self.chunks.readers, own.rank, own.size)

    def validation_batches(self, size: int, processes: Processes) -> Iterator[Batch]:
        """Yield the rows held out for validation once, in their order."""
        for part in self.chunks.validation():
            for at in range(0, len(part.labels), size):
                whole = np.arange(at, min(at + size, len(part.labels)))
                own = whole[processes.rank :: processes.size]
                yield ChunkBatch(part.rows.take(own), part.labels[own], len(whole))

    def tensors(self, batch: Batch) -> tuple[tuple[Tensor, ...], Tensor]:
        """Return indices (M,), values (M,) and ends (B + 1,) of rows, and their labels (B,)."""
        rows, labels, _ = cast(ChunkBatch, batch)
        indices, values = rows.indices.astype(np.int64), np.array(rows.values)
        inputs = (torch.from_numpy(one) for one in (indices, values, np.array(rows.ends)))
        return tuple(inputs), torch.from_numpy(np.array(labels))
