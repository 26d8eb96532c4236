"""Runs: sorted pieces of the staged reviews, cut into small batches that are found by their key.

A part (a month, a category or both) is later merged from all runs, one range of keys after another,
so that a part of any size passes through bounded memory. A key is (day, review id).
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
from reviewdesk.prepare.layout import RATINGS, Part, are_files
from reviewdesk.schema import UNKNOWN_MONTH
from reviewdesk.storage import filesystem

BATCH_ROWS: Final = 2_048
BATCH_BYTES: Final = 4 * 1024 * 1024
NO_DAY: Final = 2**31 - 1
"""Rows without a day come last."""

AS_RATINGS: Final = "ratings"
"""What reviews without a text are partitioned by: they are one part."""

SORT_KEYS: Final = (("review_date", "ascending"), ("review_id", "ascending"))


class Key(NamedTuple):
    """Where a row stands in its part."""

    day: int  # since 1970; NO_DAY where there is none
    review_id: str


@dataclass(frozen=True)
class RunBatch:
    """What is known of one batch without reading it.

    Args:
        part: all its rows are of this part.
        rows: how many.
        size: bytes of their text.
        first: the first row's key.
    """

    part: Part
    rows: int
    size: int
    first: Key

    def to_json(self) -> list[Any]:
        """Return it as plain JSON values."""
        return [*self.part, self.rows, self.size, *self.first]

    @classmethod
    def from_json(cls, data: list[Any]) -> Self:
        """Return it from plain JSON values."""
        month, category, rows, size, day, review_id = data
        return cls(Part(month, category), rows, size, Key(day, review_id))


@dataclass(frozen=True)
class StagedRun:
    """One run on disk.

    Args:
        file: name of the Arrow file.
        keys: name of the Parquet file with the rows' keys for finding duplicates.
        sha256: digest of both files.
        batches: in file order.
    """

    file: str
    keys: str
    sha256: str
    batches: tuple[RunBatch, ...]

    @property
    def rows(self) -> int:
        """How many rows it holds."""
        return sum(batch.rows for batch in self.batches)

    @property
    def has_texts(self) -> bool:
        """Whether its rows have texts; those of others have stars only."""
        return self.batches[0].part != RATINGS

    def is_whole(self, directory: Path) -> bool:
        """Say whether both files are there, as they were written."""
        return are_files(self.sha256, directory / self.file, directory / self.keys)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "file": self.file,
            "keys": self.keys,
            "sha256": self.sha256,
            "batches": [batch.to_json() for batch in self.batches],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return it from plain JSON values."""
        batches = tuple(RunBatch.from_json(batch) for batch in data["batches"])
        return cls(data["file"], data["keys"], data["sha256"], batches)


def months_of(days: pa.ChunkedArray) -> NDArray[np.str_]:
    """Return each day's month as ``YYYY-MM``, or ``unknown`` where there is none.

    Args:
        days: (n,) date32.
    """
    dates = days.to_numpy().astype("datetime64[M]")  # (n,)
    months: NDArray[np.str_] = np.where(np.isnat(dates), UNKNOWN_MONTH, dates.astype("U7"))
    return months


def order_of(reviews: pa.Table, partition_by: str) -> pa.Array:
    """Return the order, (n,), in which rows stand in a run: by part, and in it by ``SORT_KEYS``.

    Args:
        reviews: (n,) rows.
        partition_by: ``month``, ``category``, ``both`` or ``AS_RATINGS``.
    """
    if partition_by in ("month", AS_RATINGS):  # the order of days is that of months
        return pc.sort_indices(reviews, sort_keys=list(SORT_KEYS))
    columns = {name: reviews[name] for name, _ in SORT_KEYS}
    columns["category"] = pc.fill_null(reviews["product_category"], "")
    by = [("category", "ascending"), *SORT_KEYS]
    if partition_by == "both":
        columns["month"] = pa.array(months_of(reviews["review_date"]))
        by.insert(0, ("month", "ascending"))
    return pc.sort_indices(pa.table(columns), sort_keys=by)


def write_run(
    reviews: pa.Table, file: IO[bytes], partition_by: str = "month"
) -> tuple[RunBatch, ...]:
    """Write rows that are in ``order_of``; return what was written.

    Args:
        reviews: schema ``reviews_schema``; at least one row.
        file: open for writing.
        partition_by: ``month``, ``category``, ``both`` or ``AS_RATINGS``.
    """
    written = []
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_file(file, reviews.schema, options=options) as writer:
        for part, rows in _by_part(reviews, partition_by):
            for batch in blocks([rows], BATCH_ROWS, BATCH_BYTES):
                writer.write_table(batch)
                size = int(text_bytes(batch).sum())
                written.append(RunBatch(part, batch.num_rows, size, _first_key(batch)))
    return tuple(written)


def _by_part(reviews: pa.Table, partition_by: str) -> Iterator[tuple[Part, pa.Table]]:
    if partition_by == AS_RATINGS:
        yield RATINGS, reviews
        return
    months = categories = None
    changed = np.zeros(reviews.num_rows, np.bool_)  # whether another part begins with the row
    if partition_by != "category":
        months = months_of(reviews["review_date"])
        changed[1:] |= months[1:] != months[:-1]
    if partition_by != "month":
        categories = pc.fill_null(reviews["product_category"], "").combine_chunks()
        changed[1:] |= pc.not_equal(categories[1:], categories[:-1]).to_numpy(False)
    starts = [0, *np.flatnonzero(changed).tolist()]
    for start, end in zip(starts, [*starts[1:], reviews.num_rows], strict=True):
        part = Part(
            None if months is None else str(months[start]),
            None if categories is None else categories[start].as_py(),
        )
        yield part, reviews.slice(start, end - start)


def _first_key(reviews: pa.Table) -> Key:
    day = reviews["review_date"][0].cast(pa.int32()).as_py()
    return Key(NO_DAY if day is None else day, reviews["review_id"][0].as_py())


def ranges(batches: Sequence[RunBatch], size: int) -> list[tuple[Key | None, Key | None]]:
    """Return ranges of keys that hold about equally many bytes and together everything.

    Args:
        batches: all batches of one part, of all runs.
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
        following: first key of the next batch of the same part.
    """

    number: int
    start: int
    batch: RunBatch
    following: Key | None


def pieces(run: StagedRun) -> Iterator[Piece]:
    """Yield the batches of a run with their places."""
    start = 0
    for number, batch in enumerate(run.batches):
        after = run.batches[number + 1] if number + 1 < len(run.batches) else None
        same_part = after is not None and after.part == batch.part
        yield Piece(number, start, batch, after.first if after and same_part else None)
        start += batch.rows


def read_range(
    run: str, candidates: Sequence[Piece], low: Key | None, high: Key | None
) -> Iterator[tuple[int, pa.RecordBatch, NDArray[np.bool_]]]:
    """Yield the batches that may hold keys of a range.

    Args:
        run: the run's file, a local path or an address.
        candidates: the run's batches of one part.
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
    files, path = filesystem(run)
    with files.open_input_file(path) as file, pa.ipc.open_file(file) as reader:
        for piece in wanted:
            batch = reader.get_batch(piece.number)
            inside = np.ones(batch.num_rows, np.bool_)
            if low is not None:
                inside &= ~_before(batch, low)
            if high is not None:
                inside &= _before(batch, high)
            yield piece.start, batch, inside


def _before(batch: pa.RecordBatch, key: Key) -> NDArray[np.bool_]:
    days = pc.fill_null(batch["review_date"].cast(pa.int32()), NO_DAY)
    smaller = pc.less(batch["review_id"], key.review_id)
    before = pc.or_(pc.less(days, key.day), pc.and_(pc.equal(days, key.day), smaller))
    found: NDArray[np.bool_] = before.to_numpy(zero_copy_only=False)
    return found
