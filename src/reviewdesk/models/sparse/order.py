"""In which order chunks are learnt from: shuffled, their rows too, and cut into batches.

The order comes from the seed and the epoch's number alone, however many processes read: each
reads every n-th chunk, holds that one only, and hands its batches over in their order.
"""

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import ReviewdeskError
from reviewdesk.models.sparse.chunks import LEARNT, Chunks, LabelledRows
from reviewdesk.models.sparse.sparse_rows import SparseRows

_END: Final = -1
_HEADER: Final = 3 * 8


class ChunkBatch(NamedTuple):
    """Rows that are learnt from at once.

    Args:
        rows: those of this process.
        labels: (B,) int64, of these.
        whole: how many rows there are, those of other processes included.
    """

    rows: SparseRows
    labels: NDArray[np.int64]
    whole: int

    def parts(self, number: int) -> "Iterator[ChunkBatch]":
        """Yield the rows in so many parts, of which none is empty."""
        for own in np.array_split(np.arange(len(self.labels)), min(number, len(self.labels)) or 1):
            if len(own):
                yield self._replace(rows=self.rows.take(own), labels=self.labels[own])


@dataclass(frozen=True)
class ChunkReader:
    """Deals the rows of chunks out to batches.

    Args:
        chunks: the rows.
        size: how many rows a batch has.
        seed: another seed gives another order.
        readers: how many processes read; 0: this one does.
        rank: the number of this process among those that learn.
        processes: how many share each batch.
    """

    chunks: Chunks
    size: int
    seed: int
    readers: int = 0
    rank: int = 0
    processes: int = 1

    def __len__(self) -> int:
        """Return how many batches an epoch has."""
        return sum(self._batches(piece) for piece in range(len(self.chunks.pieces)))

    def epoch(self, number: int, start: int = 0) -> Iterator[ChunkBatch]:
        """Yield the batches of an epoch from one of them on."""
        order, skipped = self.order(number), 0
        while order and start >= skipped + self._batches(order[0]):
            skipped += self._batches(order.pop(0))
        visits = [(piece, start - skipped if not at else 0) for at, piece in enumerate(order)]
        read = (
            self._read_in_background(number, visits) if self.readers else self.read(number, visits)
        )
        for rows, labels in read:
            own = np.arange(self.rank, len(labels), self.processes)
            part = rows if self.processes == 1 else rows.take(own)
            yield ChunkBatch(part, labels[own], len(labels))

    def order(self, number: int) -> list[int]:
        """Return the chunks in the order of an epoch."""
        random = np.random.default_rng([self.seed, number])
        return [int(one) for one in random.permutation(len(self.chunks.pieces))]

    def read(self, number: int, visits: list[tuple[int, int]]) -> Iterator[LabelledRows]:
        """Yield the batches of some chunks, one chunk in memory at a time.

        Args:
            number: of the epoch.
            visits: the chunks, and with which of its batches each begins.
        """
        for piece, first in visits:
            if not self._batches(piece):
                continue
            held = self.chunks.read(self.chunks.pieces[piece], LEARNT)
            random = np.random.default_rng([self.seed, number, piece])
            order = random.permutation(len(held.labels))
            for at in range(first * self.size, len(order), self.size):
                rows = order[at : at + self.size]
                yield LabelledRows(held.rows.take(rows), held.labels[rows])
            del held

    def _batches(self, piece: int) -> int:
        return math.ceil(self.chunks.pieces[piece].rows[LEARNT] / self.size)

    def _read_in_background(
        self, number: int, visits: list[tuple[int, int]]
    ) -> Iterator[LabelledRows]:
        """Yield the same batches in the same order, read by other processes."""
        count = min(self.readers, len(visits))
        started = [self._start(number, visits[one::count]) for one in range(count)]
        try:
            for at in range(len(visits)):
                stream = started[at % count].stdout
                while stream is not None and (batch := _receive(stream)) is not None:
                    yield batch
        finally:
            for one in started:
                one.kill()
                one.wait()
                if one.stdout is not None:
                    one.stdout.close()

    def _start(self, number: int, visits: list[tuple[int, int]]) -> "subprocess.Popen[bytes]":
        told = {"size": self.size, "seed": self.seed, "number": number, "visits": visits}
        return subprocess.Popen(  # noqa: S603  (our own module)
            [sys.executable, "-m", READER, str(self.chunks.folder), json.dumps(told)],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )


READER: Final = "reviewdesk.models.sparse.reading"


def send(stream: IO[bytes], batch: LabelledRows) -> None:
    """Write a batch as numbers: how many rows and pairs, then these."""
    rows, labels = batch
    stream.write(np.array([len(labels), len(rows.indices), 0], np.int64).tobytes())
    for array in (labels, rows.ends, rows.indices, rows.values):
        stream.write(np.ascontiguousarray(array).data)


def send_end(stream: IO[bytes]) -> None:
    """Write that a chunk is over."""
    stream.write(np.array([_END, 0, 0], np.int64).tobytes())
    stream.flush()


def _receive(stream: IO[bytes]) -> LabelledRows | None:
    """Read a batch; None where the chunk is over."""
    n, m, _ = np.frombuffer(_exactly(stream, _HEADER), np.int64).tolist()
    if n == _END:
        return None
    labels = np.frombuffer(_exactly(stream, 8 * n), np.int64)
    ends = np.frombuffer(_exactly(stream, 8 * (n + 1)), np.int64)
    indices = np.frombuffer(_exactly(stream, 4 * m), np.int32)
    values = np.frombuffer(_exactly(stream, 4 * m), np.float32)
    return LabelledRows(SparseRows(indices, values, ends), labels)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise ReviewdeskError(
            "a process that reads chunks failed; `--set readers=0` needs no others"
        )
    return data
