"""The tables of a graph, opened for queries."""

import shutil
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk.engines.duckdb import DuckDBEngine
from reviewdesk.graph.schema import TABLES
from reviewdesk.graph.store import Graph

MEMORY: Final = "1GiB"
MOST_HELD_BYTES: Final = 320 << 20
"""Of tables as Parquet holds them unpacked; in memory they take about half more."""

_ENGINE: Final = "engine"
_HELD: Final = "held"


def open_tables(graph: Graph, *, held: bool = False) -> DuckDBEngine:
    """Return an engine that knows the graph's tables by name.

    Args:
        graph: the graph.
        held: read the tables into memory.
    """
    spill = Path(tempfile.mkdtemp(prefix="reviewdesk-"))
    engine = DuckDBEngine(memory_limit=MEMORY, temp_directory=spill)
    weakref.finalize(engine, shutil.rmtree, spill, ignore_errors=True)
    for name in TABLES:
        engine.add_table(name, [graph.file(name)], held=held)
    return engine


def query(graph: Graph, sql: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
    """Run one SELECT over the tables of a graph; the connection stays open as long as that is used.

    Args:
        graph: the graph.
        sql: the query.
        parameters: values of its ``$name``.
    """
    if _ENGINE not in graph.kept:
        graph.kept[_ENGINE] = open_tables(graph)
    table: pa.Table = graph.kept[_ENGINE].table(sql, parameters)
    return table


def hold_tables(graph: Graph) -> None:
    """Answer from memory from now on, where somebody asked before and the tables are small enough.

    Whoever asks once, as on the command line, is faster served from the files.
    """
    if _ENGINE in graph.kept and _HELD not in graph.kept:
        graph.kept[_HELD] = _unpacked_bytes(graph) <= MOST_HELD_BYTES
        if graph.kept[_HELD]:
            graph.kept[_ENGINE] = open_tables(graph, held=True)


def _unpacked_bytes(graph: Graph) -> int:
    total = 0
    for name in TABLES:
        metadata = pq.read_metadata(graph.file(name))
        total += sum(metadata.row_group(n).total_byte_size for n in range(metadata.num_row_groups))
    return total
