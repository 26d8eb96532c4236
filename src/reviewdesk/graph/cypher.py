"""Cypher: a read-only index of the graph's tables, made when it is first needed.

The tables are the truth and the index may be thrown away. It is written aside, closed, renamed, and
from then on opened for reading only, since a reader beside a writer is not safe.
"""

import contextlib
import re
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.graph.schema import EDGES, NODES, EdgeTable, NodeTable, node_table
from reviewdesk.graph.store import Graph
from reviewdesk.optional import require
from reviewdesk.prepare.lock import locked
from reviewdesk.progress import SILENT, Progress
from reviewdesk.storage import storage_errors, sync_directory

EXTRA: Final = "graph"
INDEX: Final = "index.lbug"
BUFFER_BYTES: Final = 512 << 20
THREADS: Final = 2
TIMEOUT: Final = 30.0

FORBIDDEN: Final = frozenset(
    {
        *("COPY", "LOAD", "EXPORT", "IMPORT", "INSTALL", "UNINSTALL", "UPDATE", "ATTACH", "DETACH"),
        *("USE", "CREATE", "MERGE", "SET", "DELETE", "REMOVE", "DROP", "ALTER", "BEGIN", "COMMIT"),
        *("ROLLBACK", "CHECKPOINT", "COMMENT"),
    }
)
"""Words of statements that do more than read the graph."""

_QUOTED: Final = re.compile(
    r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`[^`]*`|//[^\n]*|/\*.*?\*/""", re.DOTALL
)

_KINDS: Final = {
    pa.string(): "STRING",
    pa.int64(): "INT64",
    pa.int32(): "INT32",
    pa.int8(): "INT8",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOL",
    pa.date32(): "DATE",
}


def query(
    graph: Graph,
    cypher: str,
    *,
    timeout: float = TIMEOUT,
    memory: int = BUFFER_BYTES,
    progress: Progress = SILENT,
) -> pa.Table:
    """Run one read-only Cypher query.

    Args:
        graph: the graph.
        cypher: the query; nodes are Customer, Product, Review, Category, edges BOUGHT, WROTE,
            REVIEWED, ASSIGNED, VARIANT_OF, PREDICTED, SIMILAR.
        timeout: most seconds that it may run.
        memory: most bytes that it may use.
        progress: shows how far making the index has come.

    Raises:
        MissingExtra: the graph database is not installed.
        UsageError: it is no query, wants to write, or ran into a limit.
    """
    ladybug = require("ladybug", EXTRA)
    check_reads_only(cypher)
    path = build_index(graph, progress=progress)
    connection = ladybug.Connection(_reader(ladybug, graph, path, memory), num_threads=THREADS)
    with contextlib.closing(connection):
        connection.set_query_timeout(max(1, round(timeout * 1000)))
        try:
            result = connection.execute(cypher)
        except RuntimeError as error:
            raise UsageError(_sentence(str(error), timeout, memory)) from error
        if isinstance(result, list):
            raise UsageError("give one query at a time")
        return result.get_as_arrow().combine_chunks()


def check_reads_only(cypher: str) -> None:
    """Refuse what reads or writes files, changes the graph or the database, or loads code.

    Raises:
        UsageError: names the word that is not allowed; a property of that name stands in backticks.
    """
    for word in re.findall(r"[^\W\d]\w*", _QUOTED.sub(" ", cypher)):
        if word.upper() in FORBIDDEN:
            raise UsageError(
                f"a graph is only read, and a query cannot use {word.upper()}; put a name that is "
                "spelt so into backticks"
            )
    if re.search(r"(?i)\bCALL\s+\w+\s*=", _QUOTED.sub(" ", cypher)):
        raise UsageError("a query cannot change settings")


def build_index(graph: Graph, *, progress: Progress = SILENT) -> Path:
    """Make the index where it is not there, and return its place.

    Raises:
        MissingExtra: the graph database is not installed.
        StorageError: it cannot be written.
    """
    ladybug = require("ladybug", EXTRA)
    path = graph.path / INDEX
    if path.exists():
        return path
    aside = graph.path / f".{INDEX}.partial"
    with locked(graph.path / f".{INDEX}.lock", f"the index {path}"):
        with storage_errors(str(aside)):
            for left_over in graph.path.glob(f"{aside.name}*"):
                left_over.unlink()
        tables: list[NodeTable | EdgeTable] = [*NODES, *EDGES]
        with (
            contextlib.closing(_database(ladybug, aside, BUFFER_BYTES, read_only=False)) as index,
            contextlib.closing(ladybug.Connection(index, num_threads=THREADS)) as connection,
            progress.task("Indexing", len(tables), "tables") as task,
        ):
            for table in tables:
                connection.execute(_definition(table))
                if graph.rows(table.name):
                    columns = ", ".join(f"`{name}`" for name in table.schema.names)
                    place = str(graph.file(table.name)).replace("'", "\\'")
                    source = f"(LOAD FROM '{place}' RETURN {columns})"
                    connection.execute(f"COPY {table.label} FROM {source}")
                task.advance()
            connection.execute("CHECKPOINT")
        with storage_errors(str(path)):
            aside.rename(path)
            sync_directory(graph.path)
    return path


def _reader(ladybug: Any, graph: Graph, path: Path, memory: int) -> Any:
    """Return the index opened for reading; it stays open as long as the graph is in use."""
    kept = graph.kept.get(INDEX)
    if kept is None or kept[0] != memory:
        kept = graph.kept[INDEX] = (memory, _database(ladybug, path, memory, read_only=True))
    return kept[1]


def _database(ladybug: Any, path: Path, memory: int, *, read_only: bool) -> Any:
    try:
        return ladybug.Database(
            path, buffer_pool_size=memory, max_num_threads=THREADS, read_only=read_only
        )
    except RuntimeError as error:
        raise StorageError(
            f"{path} cannot be opened; remove it, and the next query makes it again"
        ) from error


def _definition(table: NodeTable | EdgeTable) -> str:
    kinds = {
        name: _KINDS[kind]
        for name, kind in zip(table.schema.names, table.schema.types, strict=True)
    }
    if isinstance(table, NodeTable):
        columns = ", ".join(f"`{name}` {kind}" for name, kind in kinds.items())
        return f"CREATE NODE TABLE {table.label}({columns}, PRIMARY KEY(id))"
    ends = f"FROM {node_table(table.source).label} TO {node_table(table.target).label}"
    properties = [f"`{name}` {kind}" for name, kind in list(kinds.items())[2:]]
    return f"CREATE REL TABLE {table.label}({', '.join([ends, *properties])})"


def _sentence(message: str, timeout: float, memory: int) -> str:
    lowered = message.lower()
    if "interrupted" in lowered or "timeout" in lowered:
        return (
            f"the query ran for more than {timeout:g} seconds and was stopped; bound it, as in "
            "*1..2, or allow more with --timeout"
        )
    if "buffer" in lowered or "memory" in lowered:
        return (
            f"the query needs more than {memory >> 20:,} MiB; bound it, or allow more with "
            "--memory-mb"
        )
    if "read-only" in lowered or "read only" in lowered:
        return "a graph is only read; to change it, change what it is built from"
    return f"this is no query that can be run: {message.splitlines()[0]}"


def check_index(graph: Graph) -> int:
    """Return how many nodes the index holds.

    Raises:
        InputError: it holds others than the tables.
    """
    counted = query(graph, "MATCH (n) RETURN count(n) AS nodes")["nodes"][0].as_py()
    if counted != graph.manifest["nodes"]:
        raise InputError(f"{graph.path / INDEX} does not hold what the tables do; remove it")
    return int(counted)
