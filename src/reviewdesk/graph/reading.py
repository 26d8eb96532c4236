"""The tables of a graph, opened for queries."""

from typing import Final

from reviewdesk.engines.duckdb import DuckDBEngine
from reviewdesk.graph.schema import TABLES
from reviewdesk.graph.store import Graph

MEMORY: Final = "1GiB"


def open_tables(graph: Graph) -> DuckDBEngine:
    """Return an engine that knows the graph's tables by name."""
    engine = DuckDBEngine(memory_limit=MEMORY)
    for name in TABLES:
        engine.add_table(name, [graph.file(name)])
    return engine
