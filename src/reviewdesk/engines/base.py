"""What an engine is: tables too large for memory are named, queried, mapped and grouped.

Rooms that need one build a query in plain SQL and hand it over; an engine is nothing but the few
verbs below. A query must be written so that its result is the same on every engine: every ORDER BY
and every window orders by columns that leave no ties, hashes come as columns (``text.hashing``),
texts are never changed in SQL, since engines disagree on blanks, cases and digits, and an engine's
own hash or random functions are never used. Whatever reads or changes a text is a function over
Arrow batches, which the engine runs where the rows are.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Final, Protocol, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.errors import UsageError

BATCH_ROWS = 65_536

Batches = Iterator[pa.RecordBatch]


class Engine(Protocol):
    """Queries tables. Use it in a ``with`` block, which frees what it holds."""

    name: ClassVar[str]
    """How the user calls it."""

    def add_table(self, name: str, files: Sequence[Path | str]) -> None:
        """Give Parquet files of one schema a name that queries can use.

        Args:
            name: a plain identifier; an older table of that name is replaced.
            files: local paths or addresses; at least one.

        Raises:
            UsageError: the name is not an identifier or there is no file.
            StorageError: a file cannot be read.
        """

    def query(
        self,
        sql: str,
        batch_rows: int = BATCH_ROWS,
        parameters: Mapping[str, object] | None = None,
    ) -> Batches:
        """Run one SELECT and yield its result here, so that it should be small on a cluster.

        Args:
            sql: a query over tables named before.
            batch_rows: rows in a batch at most.
            parameters: values of ``$name`` in the query.

        Raises:
            StorageError: memory and the place to spill to are not enough, or a file cannot be read.
        """

    def keep(self, name: str, sql: str, place: str) -> None:
        """Give a query's result a name; it is worked out once, however often it is used.

        Args:
            name: a plain identifier; an older table of that name is replaced.
            sql: a query over tables named before.
            place: a folder that all machines reach, where the result may be written.

        Raises:
            UsageError: the name is not an identifier.
            StorageError: as of ``query``, or the place cannot be written.
        """

    def map_items(self, items: Sequence[str], function: Callable[[str], str]) -> Iterator[str]:
        """Run a function for each item where there is room, and yield what it returns, in order.

        An item is run again where a machine is lost, and twice at once where one is slow: the
        function must do no harm by that, such as by writing files under names of its own.

        Args:
            items: what each call gets, such as which part of which file to read.
            function: returns a short text, such as where it wrote what.

        Raises:
            ReviewdeskError: the function raised it.
            StorageError: a task failed again and again.
        """

    def map_groups(
        self,
        sql: str,
        by: Sequence[str],
        order: Sequence[str],
        function: Callable[[Batches], str],
    ) -> Iterator[str]:
        """Run a function for each group of a query's rows, and yield what it returns.

        A group's rows come in batches, in order, so that a group of any size passes through bounded
        memory. As with ``map_items``, a group may be run more than once.

        Args:
            sql: a query over tables named before.
            by: the columns whose values tell the groups apart, never null.
            order: in which columns' order a group's rows come; they leave no ties.
            function: takes the batches of one group and returns a short text.

        Raises:
            ReviewdeskError: the function raised it.
            StorageError: a task failed again and again.
        """

    def ship(self, file: Path) -> str:
        """Send a file to every machine, once, however many tasks read it there.

        Args:
            file: is not changed while the engine is open.

        Returns:
            What ``shipped`` of ``engines.spark`` finds it by in a task.
        """

    def close(self) -> None:
        """Free memory and temporary files."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def check_table_name(name: str) -> None:
    """Check that a name can stand in a query as it is.

    Raises:
        UsageError: it is no plain identifier.
    """
    if not name.isidentifier():
        raise UsageError(f"{name!r} cannot be the name of a table")


def by_group(batches: Batches, by: Sequence[str]) -> Iterator[Batches]:
    """Yield the rows of each group, as batches, from rows that are sorted by group.

    Args:
        batches: the rows.
        by: the columns that tell the groups apart.
    """
    for _, parts in groupby(_pieces(batches, by), key=lambda piece: piece[0]):
        yield (batch for _, batch in parts)


def _pieces(
    batches: Batches, by: Sequence[str]
) -> Iterator[tuple[tuple[Any, ...], pa.RecordBatch]]:
    """Yield batches cut where another group begins, each with its group's values."""
    for batch in batches:
        if not len(batch):
            continue
        changed = np.zeros(len(batch), np.bool_)  # whether another group begins with the row
        changed[0] = True
        for name in by:
            column = batch[name]
            changed[1:] |= pc.not_equal(column[1:], column[:-1]).to_numpy(zero_copy_only=False)
        starts = np.flatnonzero(changed).tolist()
        for start, end in zip(starts, [*starts[1:], len(batch)], strict=True):
            yield tuple(batch[name][start].as_py() for name in by), batch.slice(start, end - start)


GROUP_ROWS: Final = 8_192
"""Rows in a batch of a group at most."""
