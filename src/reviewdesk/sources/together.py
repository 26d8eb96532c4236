"""Several files of one kind read one after another, and their rows typed together.

Typing costs much the same for ten rows as for ten thousand. Each file is cut into rows for itself,
by its own separator, quotes and encoding; only rows whose columns are the same are put together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.sources.base import MAX_BATCH_ROWS
from reviewdesk.sources.catalog import Input
from reviewdesk.sources.columns import to_reviews
from reviewdesk.sources.raw_rows import MAX_BYTES, RawRows
from reviewdesk.sources.tally import SourceBatch, Tally


@dataclass(frozen=True)
class GroupBatch:
    """Part of a group of inputs, and which of them each row is from.

    Args:
        batch: the rows, and what was met beside them.
        reviews_of: (reviews,) int32, the place of each review's input in the group.
        rejects_of: (rejects,) int32, the same for the rows that could not be read.
        notes: sentences about an input that its owner must see, each with the input's place.
    """

    batch: SourceBatch
    reviews_of: NDArray[np.int32]
    rejects_of: NDArray[np.int32]
    notes: tuple[tuple[int, str], ...]

    @classmethod
    def of_one(cls, batch: SourceBatch) -> "GroupBatch":
        """Return a batch of the only input in a group."""
        return cls(
            batch,
            np.zeros(len(batch.reviews), np.int32),
            np.zeros(len(batch.rejects), np.int32),
            tuple((0, note) for note in batch.notes),
        )


def read_together(group: Sequence[Input], digests: dict[str, str]) -> Iterator[GroupBatch]:
    """Yield the reviews and rejects of inputs, in their order, in batches of bounded size.

    Args:
        group: inputs of one format and one map of columns, all read in the same way.
        digests: takes the SHA-256, by place, of the files that are read to their end.

    Raises:
        StorageError: one cannot be read.
    """
    if len(group) == 1:
        yield from map(GroupBatch.of_one, group[0].read(digests))
        return
    gathered = _Gathered(group[0])
    for number, one in enumerate(group):
        gathered.tally.begin(one.name)
        for rows in one.raw_rows(gathered.tally, digests):
            gathered.add(rows, number)
            if gathered.full:
                yield gathered.take()
        gathered.assign(number)
    yield gathered.take()


class _Gathered:
    """Rows of several inputs until there are enough for a batch.

    Args:
        first: of the inputs; the others are typed as it is.
    """

    def __init__(self, first: Input) -> None:
        self._first = first
        self.tally = Tally(first.name)
        self._clear()

    def _clear(self) -> None:
        self._rows: list[RawRows] = []
        self._reviews_of: list[tuple[int, int]] = []
        self._rejects_of: list[int] = []
        self._notes_of: list[int] = []
        self._count = self._bytes = 0

    @property
    def full(self) -> bool:
        """Whether it is time to take a batch."""
        waiting = len(self.tally.rejects)
        return self._count + waiting >= MAX_BATCH_ROWS // 2 or self._bytes >= MAX_BYTES

    def add(self, rows: RawRows, number: int) -> None:
        """Add rows of the input at this place in the group."""
        self.assign(number)
        if rows.count:
            self._rows.append(rows)
            self._reviews_of.append((number, rows.count))
            self._count += rows.count
            self._bytes += sum(column.nbytes for column in rows.columns.values())

    def assign(self, number: int) -> None:
        """Note that what was tallied since the last call is of the input at this place."""
        self._rejects_of += [number] * (len(self.tally.rejects) - len(self._rejects_of))
        self._notes_of += [number] * (len(self.tally.notes) - len(self._notes_of))

    def take(self) -> GroupBatch:
        """Return what was gathered since the last call, typed."""
        reader = self._first.reader
        reviews = to_reviews(
            _joined(self._rows),
            self.tally,
            reading=self._first.reading or reader.reading_by_default(),
            category=reader.settings.category,
            kept=reader.kept,
        )
        batch = self.tally.batch(reviews)
        numbers, counts = zip(*self._reviews_of, strict=True) if self._reviews_of else ((), ())
        taken = GroupBatch(
            batch,
            np.repeat(np.array(numbers, np.int32), np.array(counts, np.int64)),
            np.array(self._rejects_of, np.int32),
            tuple(zip(self._notes_of, batch.notes, strict=True)),
        )
        self._clear()
        return taken


def _joined(parts: Sequence[RawRows]) -> RawRows:
    """Return all rows as one; where some have a column that others lack, it is null in those."""
    if not parts:
        return RawRows.none()
    names = dict.fromkeys(name for rows in parts for name in rows.columns)
    columns: Mapping[str, pa.Array] = {
        name: pa.concat_arrays([_text_column(rows, name) for rows in parts]) for name in names
    }
    return RawRows(columns, sum(rows.count for rows in parts), None, lambda _: b"")


def _text_column(rows: RawRows, name: str) -> pa.Array:
    values = rows.columns.get(name)
    if values is None:
        return pa.nulls(rows.count, pa.string())
    return values if values.type == pa.string() else values.cast(pa.string())
