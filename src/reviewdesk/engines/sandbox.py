"""SQL of the user's own over given files: it can read them and nothing else, within limits.

It runs in a process of its own, since one long function call cannot be interrupted and takes memory
that the database does not count: ``repeat('x', 2000000000)`` took 4 GiB and 40 seconds.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from reviewdesk.errors import StorageError, UsageError
from reviewdesk.process import Answer, WatchedProcess, answer_requests

TABLE: Final = b"T"
NOT_SQL: Final = b"N"
TOO_LARGE: Final = b"L"
DAMAGED: Final = b"D"

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
    memory = memory_mb << 20
    process = WatchedProcess("reviewdesk.engines.sandbox", [], memory=memory, advice="bound it")
    request = {
        "statement": statement,
        "tables": {name: str(file.absolute()) for name, file in tables.items()},
        "memory": f"{memory_mb}MiB",
        "threads": threads,
    }
    try:
        kind, content = process.answer(request, timeout)
    finally:
        process.end()
    if kind == TOO_LARGE:
        raise process.too_large()
    if kind == NOT_SQL:
        raise UsageError(content.decode())
    if kind == DAMAGED:
        raise StorageError(f"cannot read {next(iter(tables.values())).parent}")
    return pa.ipc.open_stream(content).read_all()


def answer(request: dict[str, Any]) -> Answer:
    """Run one SELECT in this process.

    Args:
        request: ``statement``, ``tables`` by name, ``memory`` and ``threads``.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": request["memory"],
        "threads": request["threads"],
        "temp_directory": "",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with duckdb.connect(config=config) as connection:
        try:
            for name, file in request["tables"].items():
                connection.read_parquet(file).create_view(name)
        except (duckdb.IOException, duckdb.InvalidInputException):
            return DAMAGED, b""
        _close_off(connection, sorted(request["tables"].values()))
        wrong = _objection(connection, request["statement"])
        if wrong:
            return NOT_SQL, wrong.encode()
        try:
            table = connection.sql(request["statement"]).to_arrow_table()
        except (duckdb.OutOfMemoryException, MemoryError):
            return TOO_LARGE, b""
        except (duckdb.Error, RuntimeError) as error:
            return NOT_SQL, _sentence(error).encode()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return TABLE, bytes(memoryview(sink.getvalue()))


def _close_off(connection: duckdb.DuckDBPyConnection, files: list[str]) -> None:
    """Let the connection read these files and reach nothing else, for good."""
    quoted = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    connection.execute(f"SET allowed_paths = [{quoted}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _objection(connection: duckdb.DuckDBPyConnection, statement: str) -> str:
    """Return why a statement is not run; empty where it is one SELECT."""
    try:
        statements = connection.extract_statements(statement)
    except duckdb.Error as error:
        return _sentence(error)
    if len(statements) != 1:
        return "give one SELECT at a time"
    if statements[0].type.name not in _KINDS:
        return f"a SELECT is expected, not {statements[0].type.name}: tables are only read"
    return ""


def _sentence(error: Exception) -> str:
    return f"this is no SQL that can be run: {str(error).strip().partition(chr(10))[0]}"


if __name__ == "__main__":
    answer_requests(answer)
