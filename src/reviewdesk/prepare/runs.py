"""Runs: sorted pieces of the staged reviews, cut into small batches that are found by their key.

A month is later merged from all runs, one range of keys after another, so that a month of any size
passes through bounded memory. A key is (day, review id); rows of the month ``unknown`` have no day.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.prepare.blocks import blocks, text_bytes
from reviewdesk.schema import REVIEWS, UNKNOWN_MONTH

BATCH_ROWS: Final = 2_048
BATCH_BYTES: Final = 4 * 1024 * 1024
SORT_KEYS: Final = (("review_date", "ascending"), ("review_id", "ascending"))


class Key(NamedTuple):
    """Where a row stands in its month."""

    day: int  # since 1970; 0 in the month without days
    review_id: str


@dataclass(frozen=True)
class RunBatch:
    """What is known of one batch without reading it.

    Args:
        month: all its rows are of this month.
        rows: how many.
        size: bytes of their text.
        first: the first row's key.
    """

    month: str
    rows: int
    size: int
    first: Key

    def to_json(self) -> list[Any]:
        """Return it as plain JSON values."""
        return [self.month, self.rows, self.size, *self.first]

    @classmethod
    def from_json(cls, data: list[Any]) -> Self:
        """Return it from plain JSON values."""
        return cls(data[0], data[1], data[2], Key(data[3], data[4]))


@dataclass(frozen=True)
class Run:
    """One run on disk.

    Args:
        file: name of the Arrow file.
        keys: name of the Parquet file with the rows' keys for finding duplicates.
        size: bytes of both files.
        batches: in file order.
    """

    file: str
    keys: str
    size: int
    batches: tuple[RunBatch, ...]

    @property
    def rows(self) -> int:
        """How many rows it holds."""
        return sum(batch.rows for batch in self.batches)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "file": self.file,
            "keys": self.keys,
            "size": self.size,
            "batches": [batch.to_json() for batch in self.batches],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return it from plain JSON values."""
        batches = tuple(RunBatch.from_json(batch) for batch in data["batches"])
        return cls(data["file"], data["keys"], data["size"], batches)


def months_of(days: pa.ChunkedArray) -> NDArray[np.str_]:
    """Return each day's month as ``YYYY-MM``, or ``unknown`` where there is none.

    Args:
        days: (n,) date32.
    """
    dates = days.to_numpy().astype("datetime64[M]")  # (n,)
    months: NDArray[np.str_] = np.where(np.isnat(dates), UNKNOWN_MONTH, dates.astype("U7"))
    return months


def write_run(reviews: pa.Table, file: IO[bytes]) -> tuple[RunBatch, ...]:
    """Write rows that are sorted by ``SORT_KEYS``; return what was written.

    Args:
        reviews: schema ``REVIEWS``; at least one row.
        file: open for writing.
    """
    written = []
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_file(file, REVIEWS, options=options) as writer:
        for month, part in _by_month(reviews):
            for batch in blocks([part], BATCH_ROWS, BATCH_BYTES):
                writer.write_table(batch)
                size = int(text_bytes(batch).sum())
                written.append(RunBatch(month, batch.num_rows, size, _first_key(batch)))
    return tuple(written)


def _by_month(reviews: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    months = months_of(reviews["review_date"])
    changes = (np.flatnonzero(months[1:] != months[:-1]) + 1).tolist()
    for start, end in zip([0, *changes], [*changes, len(months)], strict=True):
        yield str(months[start]), reviews.slice(start, end - start)


def _first_key(reviews: pa.Table) -> Key:
    day = reviews["review_date"][0].cast(pa.int32()).as_py()
    return Key(day or 0, reviews["review_id"][0].as_py())


def ranges(batches: Sequence[RunBatch], size: int) -> list[tuple[Key | None, Key | None]]:
    """Return ranges of keys that hold about equally many bytes and together everything.

    Args:
        batches: all batches of one month, of all runs.
        size: bytes of text in a range; a range exceeds it by one batch of each run at most.

    Returns:
        (first key, key behind the last one); None is an open end.
    """
    bounds: list[Key | None] = [None]
    held = 0
    for batch in sorted(batches, key=lambda one: one.first):
        if held >= size and batch.first != bounds[-1]:
            bounds.append(batch.first)
            held = 0
        held += batch.size
    return list(zip(bounds, [*bounds[1:], None], strict=True))


class Piece(NamedTuple):
    """A batch with its place in its run.

    Args:
        number: of the batch in the file.
        start: number of its first row in the run.
        batch: what is known of it.
        following: first key of the next batch of the same month.
    """

    number: int
    start: int
    batch: RunBatch
    following: Key | None


def pieces(run: Run) -> Iterator[Piece]:
    """Yield the batches of a run with their places."""
    start = 0
    for number, batch in enumerate(run.batches):
        after = run.batches[number + 1] if number + 1 < len(run.batches) else None
        same_month = after is not None and after.month == batch.month
        yield Piece(number, start, batch, after.first if after and same_month else None)
        start += batch.rows


def read_range(
    path: Path, candidates: Sequence[Piece], low: Key | None, high: Key | None
) -> Iterator[tuple[int, pa.RecordBatch, NDArray[np.bool_]]]:
    """Yield the batches that may hold keys of a range.

    Args:
        path: the run's file.
        candidates: the run's batches of one month.
        low: first key of the range; None: no bound.
        high: key behind the last one; None: no bound.

    Returns:
        For each batch: number of its first row in the run, its rows, and which of them (n,) are in
        the range.
    """
    wanted = [
        piece
        for piece in candidates
        if (high is None or piece.batch.first < high)
        and (low is None or piece.following is None or piece.following >= low)
    ]
    if not wanted:
        return
    with path.open("rb") as file, pa.ipc.open_file(file) as reader:
        for piece in wanted:
            batch = reader.get_batch(piece.number)
            inside = np.ones(batch.num_rows, np.bool_)
            if low is not None:
                inside &= ~_before(batch, low)
            if high is not None:
                inside &= _before(batch, high)
            yield piece.start, batch, inside


def _before(batch: pa.RecordBatch, key: Key) -> NDArray[np.bool_]:
    days = pc.fill_null(batch["review_date"].cast(pa.int32()), 0)
    smaller = pc.less(batch["review_id"], key.review_id)
    before = pc.or_(pc.less(days, key.day), pc.and_(pc.equal(days, key.day), smaller))
    found: NDArray[np.bool_] = before.to_numpy(zero_copy_only=False)
    return found
