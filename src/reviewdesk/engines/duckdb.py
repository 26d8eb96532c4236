"""DuckDB in this process: spills to disk when memory is short, fetches nothing from anywhere."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Final, Self

import duckdb
import pyarrow as pa

from reviewdesk.engines.base import BATCH_ROWS, GROUP_ROWS, Batches, by_group, check_table_name
from reviewdesk.errors import StorageError, UsageError

MEMORY_LIMIT: Final = "512MiB"
THREADS: Final = 2

_GLOB: Final = str.maketrans({character: f"[{character}]" for character in "*?["})


class DuckDBEngine:
    """Runs queries with DuckDB.

    Args:
        memory_limit: how much memory it may use, as in ``"512MiB"``, before it spills.
        threads: how many threads it may use.
        temp_directory: where it spills to; None: nowhere, and a large query fails instead.
    """

    name: ClassVar[str] = "duckdb"

    def __init__(
        self,
        memory_limit: str = MEMORY_LIMIT,
        threads: int = THREADS,
        temp_directory: Path | None = None,
    ) -> None:
        self._spill = str(temp_directory) if temp_directory else "memory"
        self._connection = duckdb.connect(
            config={
                "memory_limit": memory_limit,
                "threads": threads,
                "temp_directory": str(temp_directory or ""),
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )

    def add_table(self, name: str, files: Sequence[Path | str], *, held: bool = False) -> None:
        """Give Parquet files of one schema a name that queries can use.

        Args:
            name: of the table.
            files: the files.
            held: read them into memory now, for many small questions.
        """
        check_table_name(name)
        if not files:
            raise UsageError(f"the table {name} needs at least one file")
        with _storage_errors(str(Path(files[0]).parent)):
            # A path is taken as a pattern, so its own stars and brackets are written as classes.
            paths = [str(file).translate(_GLOB) for file in files]
            relation = self._connection.read_parquet(paths)
            if held:
                relation.create(name)
            else:
                relation.create_view(name, replace=True)

    def query(
        self,
        sql: str,
        batch_rows: int = BATCH_ROWS,
        parameters: Mapping[str, object] | None = None,
    ) -> Batches:
        """Run one SELECT and yield its result."""
        with _storage_errors(self._spill):
            result = self._connection.sql(sql, params=dict(parameters) if parameters else None)
            yield from result.to_arrow_reader(batch_rows)

    def table(self, sql: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
        """Run one SELECT and return its result, with its columns also where there is no row."""
        with _storage_errors(self._spill):
            cursor = self._connection.cursor()  # of its own, so that threads may ask at once
            return cursor.sql(sql, params=dict(parameters) if parameters else None).to_arrow_table()

    def keep(self, name: str, sql: str, place: str) -> None:
        """Give a query's result a name; it is worked out once."""
        check_table_name(name)
        with _storage_errors(self._spill):
            self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")

    def map_items(self, items: Sequence[str], function: Callable[[str], str]) -> Iterator[str]:
        """Run a function for each item, one after the other, and yield what it returns."""
        return map(function, items)

    def map_groups(
        self,
        sql: str,
        by: Sequence[str],
        order: Sequence[str],
        function: Callable[[Batches], str],
    ) -> Iterator[str]:
        """Run a function for each group of a query's rows, and yield what it returns."""
        ordered = f"SELECT * FROM ({sql}) AS grouped ORDER BY {', '.join([*by, *order])}"
        return map(function, by_group(self.query(ordered, GROUP_ROWS), by))

    def ship(self, file: Path) -> str:
        """Return the file's name: tasks are here."""
        return str(file.absolute())

    def close(self) -> None:
        """Free memory and temporary files."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@contextmanager
def _storage_errors(directory: str) -> Iterator[None]:
    try:
        yield
    except (duckdb.InterruptException, RuntimeError) as error:
        if "interrupt" in str(error).lower():  # what it makes of Ctrl-C
            raise KeyboardInterrupt from error
        raise
    except duckdb.OutOfMemoryException as error:
        raise StorageError(
            f"not enough memory, and not enough space to spill to in {directory}; free some space "
            "and run the same command again"
        ) from error
    except (duckdb.IOException, duckdb.InvalidInputException, OSError) as error:
        raise StorageError(f"cannot read or write in {directory}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")
