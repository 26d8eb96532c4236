"""What an engine is: tables too large for memory are named, queried and read back in batches.

Rooms that need one build a query in plain SQL and hand it over; an engine is nothing but the few
verbs below. A query must be written so that its result is the same on every engine: every ORDER BY
and every window orders by columns that leave no ties, hashes come as columns (``text.hashing``),
and an engine's own hash or random functions are never used.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Protocol, Self

import pyarrow as pa

BATCH_ROWS = 65_536


class Engine(Protocol):
    """Queries tables. Use it in a ``with`` block, which frees what it holds."""

    name: ClassVar[str]
    """How the user calls it."""

    def add_table(self, name: str, files: Sequence[Path]) -> None:
        """Give Parquet files of one schema a name that queries can use.

        Args:
            name: a plain identifier; an older table of that name is replaced.
            files: at least one.

        Raises:
            UsageError: the name is not an identifier or there is no file.
            StorageError: a file cannot be read.
        """

    def query(
        self,
        sql: str,
        batch_rows: int = BATCH_ROWS,
        parameters: Mapping[str, object] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Run one SELECT and yield its result.

        Args:
            sql: a query over tables named before.
            batch_rows: rows in a batch at most.
            parameters: values of ``$name`` in the query.

        Raises:
            StorageError: memory and the place to spill to are not enough, or a file cannot be read.
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
