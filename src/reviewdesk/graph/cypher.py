"""Cypher: a read-only index of the graph's tables, made when it is first needed.

The tables are the truth and the index may be thrown away. It is written aside, closed, renamed, and
from then on opened for reading only, since a reader beside a writer is not safe.
"""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa

from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.graph.cypher_worker import ERROR, EXTRA, SEVERAL, THREADS
from reviewdesk.graph.schema import EDGES, NODES, EdgeTable, NodeTable, node_table
from reviewdesk.graph.store import Graph
from reviewdesk.optional import require
from reviewdesk.prepare.lock import locked
from reviewdesk.process import WatchedProcess
from reviewdesk.progress import SILENT, Progress
from reviewdesk.storage import (
    PRIVATE_FILE,
    file_sha256,
    left_record,
    storage_errors,
    sync_directory,
    write_record,
)

WORKER: Final = "reviewdesk.graph.cypher_worker"
INDEX: Final = "index.lbug"
INDEX_RECORD: Final = "index.json"
BUFFER_BYTES: Final = 512 << 20
EDGE_BUFFER_BYTES: Final = 160
"""What indexing a table of edges takes for each; 10 million fitted into 1.5 GiB, not into 0.5."""
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
    check_reads_only(cypher)
    path = build_index(graph, progress=progress)
    process = graph.kept.get(INDEX)
    if process is None or process.memory != memory:
        process = graph.kept[INDEX] = _started(path, memory)
    request = {"cypher": cypher, "milliseconds": max(1, round(timeout * 1000))}
    kind, content = process.answer(request, timeout)
    if kind == SEVERAL:
        raise UsageError("give one query at a time")
    if kind == ERROR:
        raise _error(process, content.decode(errors="replace"), timeout)
    return pa.ipc.open_stream(content).read_all().combine_chunks()


def _started(path: Path, memory: int) -> WatchedProcess:
    """Return a process that has the index open for reading."""
    try:
        return WatchedProcess(
            WORKER, [str(path), str(memory)], memory=memory, advice="bound it, as in *1..2"
        )
    except ChildProcessError as error:
        raise StorageError(
            f"{path} cannot be opened; remove it, and the next query makes it again"
        ) from error


def _error(process: WatchedProcess, message: str, timeout: float) -> UsageError:
    lowered = message.lower()
    if "interrupted" in lowered or "timeout" in lowered:
        return process.too_long(timeout)
    if "buffer" in lowered or "memory" in lowered or "bad_alloc" in lowered:
        return process.too_large()
    if "read-only" in lowered or "read only" in lowered:
        return UsageError("a graph is only read; to change it, change what it is built from")
    return UsageError(f"this is no query that can be run: {message.partition(chr(10))[0]}")


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
    """Make the index where it is not there or damaged, and return its place.

    Raises:
        MissingExtra: the graph database is not installed.
        StorageError: it cannot be written, or there is too little memory.
    """
    ladybug = require("ladybug", EXTRA)
    path = graph.path / INDEX
    if path.exists() and (INDEX in graph.kept or _is_whole(path)):
        return path
    aside = graph.path / f".{INDEX}.partial"
    with locked(graph.path / f".{INDEX}.lock", f"the index {path}"):
        with storage_errors(str(aside)):
            for left_over in graph.path.glob(f"{aside.name}*"):
                left_over.unlink()
        tables: list[NodeTable | EdgeTable] = [*NODES, *EDGES]
        most_edges = max(graph.rows(table.name) for table in EDGES)
        memory = max(BUFFER_BYTES, EDGE_BUFFER_BYTES * most_edges)
        with (
            _memory_errors(path, memory),
            contextlib.closing(
                ladybug.Database(aside, buffer_pool_size=memory, max_num_threads=THREADS)
            ) as index,
            contextlib.closing(ladybug.Connection(index, num_threads=THREADS)) as connection,
            progress.task("Indexing", len(tables), "tables") as task,
        ):
            for table in tables:
                connection.execute(_definition(table))
                if graph.rows(table.name):
                    columns = ", ".join(f"`{name}`" for name in table.schema.names)
                    file = str(graph.file(table.name)).replace("\\", "\\\\").replace("'", "\\'")
                    source = f"(LOAD FROM '{file}' RETURN {columns})"
                    connection.execute(f"COPY {table.label} FROM {source}")
                task.advance()
            connection.execute("CHECKPOINT")
        with storage_errors(str(path)):
            aside.chmod(PRIVATE_FILE)
            write_record(path.with_name(INDEX_RECORD), {"sha256": file_sha256(aside)})
            aside.replace(path)
            sync_directory(graph.path)
    return path


@contextlib.contextmanager
def _memory_errors(path: Path, memory: int) -> Iterator[None]:
    """Say in a sentence that an index does not fit into memory."""
    try:
        yield
    except RuntimeError as error:  # the only kind that the graph database raises
        if not re.search("(?i)buffer|memory|bad_alloc", str(error)):
            raise
        raise StorageError(
            f"{path} cannot be made: the graph database needs more than {memory >> 20:,} MiB of "
            "memory for it; ask the graph by name or in SQL, which need no index"
        ) from error


def _is_whole(path: Path) -> bool:
    """Say whether the index is there as it was written; the graph database does not look."""
    with storage_errors(str(path)):
        record = left_record(path.with_name(INDEX_RECORD))
        return record is not None and file_sha256(path) == record["sha256"]


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


def check_index(graph: Graph) -> int:
    """Return how many nodes the index holds.

    Raises:
        InputError: it holds others than the tables.
    """
    counted = query(graph, "MATCH (n) RETURN count(n) AS nodes")["nodes"][0].as_py()
    if counted != graph.manifest["nodes"]:
        raise InputError(f"{graph.path / INDEX} does not hold what the tables do; remove it")
    return int(counted)
