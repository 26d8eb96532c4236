"""Reviews that are needed out of their turn: spooled to disk, or merged into others."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.runs import NO_DAY, SORT_KEYS
from reviewdesk.progress import SILENT, Progress
from reviewdesk.storage import open_private, private_directory, storage_errors

Ints = NDArray[np.int64]


class SpooledReviews:
    """Some reviews on disk, found by their number: a context that removes them in the end.

    Args:
        folder: where they are written.
        data: where they are.
        rows: which, ascending.
        progress: is shown how far it has come.
    """

    def __init__(
        self, folder: Path, data: PreparedData, rows: Ints, progress: Progress = SILENT
    ) -> None:
        self._path = private_directory(folder) / "spooled.arrow"
        self._rows = rows
        self._schema = data.schema
        with (
            storage_errors(str(self._path)),
            open_private(self._path) as file,
            pa.ipc.new_file(file, data.schema) as writer,
        ):
            for batch in self._picked(data, progress):
                writer.write_batch(batch)

    def __enter__(self) -> Self:
        self._map = pa.memory_map(str(self._path))  # read only where it is needed
        self._batches = pa.ipc.open_file(self._map).read_all().to_batches()
        self._starts = np.cumsum([0, *map(len, self._batches)])
        return self

    def __exit__(self, *_: object) -> None:
        self._batches = []
        self._map.close()
        self._path.unlink()

    def _picked(self, data: PreparedData, progress: Progress) -> Iterator[pa.RecordBatch]:
        start = 0
        with progress.task("Looking", data.rows, "reviews") as task:
            for batch in data.batches():
                low, high = np.searchsorted(self._rows, (start, start + len(batch)))
                if high > low:
                    yield batch.take(pa.array(self._rows[low:high] - start))
                start += len(batch)
                task.advance(len(batch))

    def take(self, rows: Ints) -> pa.Table:
        """Return the reviews with the given numbers, in that order."""
        places = np.searchsorted(self._rows, rows)
        order = np.argsort(places, kind="stable")
        cuts = np.searchsorted(places[order], self._starts)
        batches = [
            self._batches[chunk].take(pa.array(places[order[low:high]] - self._starts[chunk]))
            for chunk, (low, high) in enumerate(pairwise(cuts))
            if high > low
        ]
        back = np.empty(len(order), np.int64)
        back[order] = np.arange(len(order))
        together = pa.Table.from_batches(batches, self._schema).combine_chunks()
        return together.take(pa.array(back))


class Arriving:
    """Reviews that come into a part from others, merged into those that it has.

    Args:
        reviews: what comes.
    """

    def __init__(self, reviews: pa.Table) -> None:
        self._left = _sorted(reviews)
        self._days = _days(self._left)

    def merged(self, own: pa.Table) -> pa.Table:
        """Return reviews of the part with those that come before the last of them."""
        if not len(own) or not len(self._left):
            return own
        possible = int(np.searchsorted(self._days, _days(own)[-1], side="right"))
        last = own["review_id"][-1].as_py().encode()
        day = _days(own)[-1]
        while possible and self._days[possible - 1] == day:
            if self._left["review_id"][possible - 1].as_py().encode() < last:
                break
            possible -= 1
        before, self._left = self._left.slice(0, possible), self._left.slice(possible)
        self._days = self._days[possible:]
        return _sorted(pa.concat_tables([own, before])) if possible else own

    def rest(self) -> pa.Table:
        """Return those that come after all others."""
        return self._left


def _sorted(reviews: pa.Table) -> pa.Table:
    reviews = reviews.combine_chunks()
    return reviews.take(pc.sort_indices(reviews, sort_keys=list(SORT_KEYS)))


def _days(reviews: pa.Table) -> NDArray[np.int32]:
    days = reviews["review_date"].cast(pa.int32()).fill_null(NO_DAY)
    found: NDArray[np.int32] = days.to_numpy()
    return found
