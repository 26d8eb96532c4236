"""What a network learns from, as batches of tensors: words in their order, or rows of features."""

import hashlib
from collections.abc import Iterator, Sized
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reviewdesk.models.neural.batches import Reader
from reviewdesk.models.neural.modules import WIDTH
from reviewdesk.models.neural.processes import Processes
from reviewdesk.models.neural.tokens import TokenFiles


class Batch(Protocol):
    """Rows that are learnt from at once."""

    @property
    def rows(self) -> Sized:
        """Those of this process."""

    @property
    def whole(self) -> int:
        """How many there are, those of other processes included."""

    def parts(self, number: int) -> Iterator["Batch"]:
        """Yield the rows in so many parts, of which none is empty."""


class BatchSource(Protocol):
    """The batches of each epoch, in an order that the seed and the epoch's number say alone."""

    def __len__(self) -> int:
        """Return how many batches an epoch has."""

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch from one of them on."""


class Material(Protocol):
    """Rows with labels, some of them held out."""

    validation_rows: int

    def digest(self) -> str:
        """Return a name for the very content."""

    def first_scores(self) -> NDArray[np.float32]:
        """Return scores that give each label its share of the rows to learn from, (k,)."""

    def reader(self, size: int, seed: int, processes: Processes) -> BatchSource:
        """Return what deals the rows to learn from out to batches of a size."""

    def validation_batches(self, size: int, processes: Processes) -> Iterator[Batch]:
        """Yield the rows held out for validation once, always in one order."""

    def tensors(self, batch: Batch) -> tuple[tuple[Tensor, ...], Tensor]:
        """Return what the network is given of a batch, and its labels (B,) or (B, k)."""


class WordRows:
    """Reviews as ids of words.

    Args:
        tokens: the reviews.
        folder: the folder that they are in.
    """

    def __init__(self, tokens: TokenFiles, folder: Path) -> None:
        self.tokens, self.folder = tokens, folder
        self.validation_rows = len(tokens.validation)

    def digest(self) -> str:
        """Return a digest of all files of the rows, and of the words' first vectors."""
        digest = hashlib.sha256()
        for path in sorted([*self.folder.glob("*"), *self.folder.parent.glob("first.npy")]):
            with path.open("rb") as file:
                digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()

    def first_scores(self) -> NDArray[np.float32]:
        """Return scores that give each label its share of the rows to learn from, (k,)."""
        return self.tokens.first_scores()

    def reader(self, size: int, seed: int, processes: Processes) -> Reader:
        """Return what deals the rows to learn from out to batches of a size."""
        own = processes
        return Reader(self.tokens, self.tokens.learnt, size, seed, own.rank, own.size)

    def validation_batches(self, size: int, processes: Processes) -> Iterator[Batch]:
        """Yield the rows held out for validation once, from short to long."""
        rows, own = self.tokens.validation, processes
        yield from Reader(self.tokens, rows, size, 0, own.rank, own.size).in_order()

    def tensors(self, batch: Batch) -> tuple[tuple[Tensor, ...], Tensor]:
        """Return the ids (B, T) and lengths (B,) of rows, and their labels."""
        rows = np.asarray(batch.rows)
        lengths = self.tokens.lengths(rows)
        width = -(-max(int(lengths.max()), 1) // WIDTH) * WIDTH
        ids = torch.from_numpy(self.tokens.padded(rows, width))
        labels = torch.from_numpy(self.tokens.labels[rows])
        return (ids, torch.from_numpy(lengths)), (
            labels if labels.is_floating_point() else labels.long()
        )
