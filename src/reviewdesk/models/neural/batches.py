"""In which order rows are learnt from: shuffled, and in batches of rows that are about as long.

The order comes from the seed and the number of the epoch alone, so that a run that was killed goes
on at any batch.
"""

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.models.neural.tokens import TokenFiles

WINDOW: Final = 64
"""Rows are sorted by length among those of so many batches; more would shuffle less."""


class TokenBatch(NamedTuple):
    """Rows that are learnt from at once.

    Args:
        rows: their places among all rows; with several processes, this process's.
        whole: how many rows there are, those of other processes included.
    """

    rows: NDArray[np.int64]
    whole: int

    def parts(self, number: int) -> "Iterator[TokenBatch]":
        """Yield the rows in so many parts, of which none is empty."""
        for rows in np.array_split(self.rows, min(number, len(self.rows)) or 1):
            if len(rows):
                yield self._replace(rows=rows)


class Reader:
    """Deals rows out to batches.

    Args:
        tokens: all reviews.
        rows: those to read.
        size: how many rows a batch has.
        seed: another seed gives another order.
        rank: the number of this process.
        processes: how many processes share each batch.
    """

    def __init__(
        self,
        tokens: TokenFiles,
        rows: NDArray[np.int64],
        size: int,
        seed: int,
        rank: int = 0,
        processes: int = 1,
    ) -> None:
        self._rows, self._size, self._seed = rows, size, seed
        self._lengths = tokens.lengths(rows)
        self._rank, self._processes = rank, processes

    def __len__(self) -> int:
        """Return how many batches an epoch has."""
        return math.ceil(len(self._rows) / self._size)

    def epoch(self, number: int, start: int = 0) -> Iterator[TokenBatch]:
        """Yield the batches of an epoch from one of them on."""
        random = np.random.default_rng([self._seed, number])
        order = random.permutation(len(self._rows))
        window = WINDOW * self._size
        for at in range(0, len(order), window):
            part = order[at : at + window]
            order[at : at + window] = part[np.argsort(self._lengths[part], kind="stable")]
        for place in random.permutation(len(self))[start:].tolist():
            whole = order[place * self._size : (place + 1) * self._size]
            yield TokenBatch(self._rows[whole[self._rank :: self._processes]], len(whole))

    def in_order(self) -> Iterator[TokenBatch]:
        """Yield all rows once, from short to long."""
        order = np.argsort(self._lengths, kind="stable")
        for at in range(0, len(order), self._size):
            whole = order[at : at + self._size]
            yield TokenBatch(self._rows[whole[self._rank :: self._processes]], len(whole))
