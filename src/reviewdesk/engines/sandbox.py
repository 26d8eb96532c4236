"""SQL of the user's own over given files: it can read them and nothing else, within limits."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from reviewdesk.errors import StorageError, UsageError

_KINDS: Final = frozenset({"SELECT", "EXPLAIN"})


def run_select(
    statement: str,
    tables: Mapping[str, Path],
    *,
    timeout: float,
    memory_mb: int,
    threads: int = 2,
) -> pa.Table:
    """Run one SELECT over Parquet files.

    Args:
        statement: the query.
        tables: name of each table to its file.
        timeout: most seconds that it may run.
        memory_mb: most memory that it may use, in MiB; nothing is spilled to disk.
        threads: how many threads it may use.

    Raises:
        UsageError: it is no query, not one, more than a query, or ran into a limit.
        StorageError: a file cannot be read.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory_mb}MiB",
        "threads": threads,
        "temp_directory": "",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with duckdb.connect(config=config) as connection:
        try:
            for name, file in tables.items():
                connection.read_parquet(str(file)).create_view(name)
        except (duckdb.IOException, duckdb.InvalidInputException) as error:
            raise StorageError(f"cannot read {next(iter(tables.values())).parent}") from error
        _close_off(connection, sorted({str(file) for file in tables.values()}))
        _check(connection, statement)
        return _run(connection, statement, timeout, memory_mb)


def _close_off(connection: duckdb.DuckDBPyConnection, files: list[str]) -> None:
    """Let the connection read these files and reach nothing else, for good."""
    quoted = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    connection.execute(f"SET allowed_paths = [{quoted}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _check(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    try:
        statements = connection.extract_statements(statement)
    except duckdb.Error as error:
        raise UsageError(f"this is no SQL that can be run: {_sentence(error)}") from error
    if len(statements) != 1:
        raise UsageError("give one SELECT at a time")
    if statements[0].type.name not in _KINDS:
        raise UsageError(
            f"a SELECT is expected, not {statements[0].type.name}: tables are only read"
        )


def _run(
    connection: duckdb.DuckDBPyConnection, statement: str, timeout: float, memory_mb: int
) -> pa.Table:
    late = threading.Event()

    def stop() -> None:
        late.set()
        connection.interrupt()

    timer = threading.Timer(timeout, stop)
    timer.daemon = True
    timer.start()
    try:
        return connection.sql(statement).to_arrow_table()
    except duckdb.OutOfMemoryException as error:
        raise UsageError(
            f"the query needs more than {memory_mb:,} MiB; bound it, or allow more with --memory-mb"
        ) from error
    except (duckdb.Error, RuntimeError) as error:
        if late.is_set():
            raise UsageError(
                f"the query ran for more than {timeout:g} seconds and was stopped; bound it, or "
                "allow more with --timeout"
            ) from error
        if "interrupt" in str(error).lower():  # what it makes of Ctrl-C
            raise KeyboardInterrupt from error
        raise UsageError(f"this is no SQL that can be run: {_sentence(error)}") from error
    finally:
        timer.cancel()


def _sentence(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
