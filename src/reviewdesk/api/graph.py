"""A graph of reviews: built, asked, drawn, exported."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from reviewdesk.api.notebook import first_rows, small_table
from reviewdesk.api.tables import ArrowRows
from reviewdesk.graph.ask import ask, sql
from reviewdesk.graph.cypher import query
from reviewdesk.graph.export import export_graph
from reviewdesk.graph.map_page import write_map
from reviewdesk.graph.schema import EDGES, NODES
from reviewdesk.graph.store import Graph
from reviewdesk.graph.structure import Structure, structure
from reviewdesk.job.graph import build
from reviewdesk.progress import Progress


class GraphRows(ArrowRows):
    """The rows of an answer.

    Args:
        table: the rows.
        note: what a reader must know of them; empty where there is nothing.
    """

    def __init__(self, table: pa.Table, note: str = "") -> None:
        self.table = table
        self.note = note

    def to_arrow(self) -> pa.Table:
        """Return the rows as an Arrow table."""
        return self.table

    def __repr__(self) -> str:
        return f"<{len(self):,} rows of {', '.join(self.table.column_names)}>"

    def _repr_html_(self) -> str:
        return first_rows(self.table, self.note)


class ReviewGraph:
    """Customers, products, reviews and categories, with what was predicted.

    Args:
        graph: the folder.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a graph that was built."""
        return cls(Graph.open(path))

    def ask(self, question: str, **parameters: object) -> GraphRows:
        """Answer a named question; see ``reviewdesk graph ask``."""
        answer = ask(self.graph, question, {name: str(v) for name, v in parameters.items()})
        return GraphRows(answer.table, answer.note)

    def query(self, cypher: str, *, timeout: float = 30.0) -> GraphRows:
        """Run a read-only Cypher query, for so many seconds at most."""
        return GraphRows(query(self.graph, cypher, timeout=timeout, progress=Progress()))

    def sql(self, statement: str, *, timeout: float = 60.0) -> GraphRows:
        """Run one SELECT over the tables, for so many seconds at most."""
        return GraphRows(sql(self.graph, statement, timeout=timeout))

    def structure(self) -> Structure:
        """Return components, degrees, communities, modularity and ties between categories."""
        return structure(self.graph)

    def map(self, out: str | Path) -> Path:
        """Write the map, one HTML file, and return where it is."""
        write_map(self.graph, Path(out))
        return Path(out)

    def export(self, out: str | Path, kind: str) -> None:
        """Write it for another program; see ``reviewdesk graph export``."""
        export_graph(self.graph, Path(out), kind)

    def __repr__(self) -> str:
        return f"<graph with {self.graph.manifest['nodes']:,} nodes in {self.graph.path}>"

    def _repr_html_(self) -> str:
        rows = [(table.label, f"{self.graph.rows(table.name):,}") for table in (*NODES, *EDGES)]
        return small_table("Graph", rows)


def graph(
    data: str | Path,
    out: str | Path,
    *,
    predictions: Sequence[str | Path] = (),
    findings: str | Path | None = None,
    **options: Any,
) -> ReviewGraph:
    """Build the graph of reviews, as ``reviewdesk graph build`` does.

    Args:
        data: a prepared folder, or that of a job.
        out: the folder to write.
        predictions: tables of predicted categories.
        findings: a folder that finding wrote.
        options: ``key``, ``clear_customers``, ``texts`` and ``overwrite``, as on the command line.

    Raises:
        UsageError: ``out`` holds something else, or predictions are not of categories.
        InputError: something is damaged, or no review names a product.
    """
    return ReviewGraph(
        build(
            Path(data),
            Path(out),
            predictions=[Path(path) for path in predictions],
            findings=None if findings is None else Path(findings),
            progress=Progress(),
            **options,
        )
    )
