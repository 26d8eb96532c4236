"""Answering: named questions, SQL of the user's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.engines.sandbox import run_select
from reviewdesk.errors import InputError
from reviewdesk.graph.paths import shortest_path
from reviewdesk.graph.questions import PATH, NamedQuestion, question
from reviewdesk.graph.reading import hold_tables, query
from reviewdesk.graph.schema import TABLES
from reviewdesk.graph.store import Graph


@dataclass(frozen=True)
class GraphAnswer:
    """What a question gave.

    Args:
        question: what was asked.
        table: the answer's rows.
        note: what share of such a list is right, or another caution; empty where there is none.
    """

    question: NamedQuestion
    table: pa.Table
    note: str = ""


def ask(graph: Graph, name: str, given: Mapping[str, str] | None = None) -> GraphAnswer:
    """Answer a named question.

    Args:
        graph: the graph.
        name: of the question.
        given: its parameters; those that are left out have their defaults.

    Raises:
        UsageError: there is no such question or parameter.
    """
    asked = question(name)
    values: dict[str, Any] = asked.values(given or {})
    if asked.name == PATH:
        values = {"way": _way(graph, values)}
    hold_tables(graph)
    table = query(graph, asked.sql, values)
    return GraphAnswer(asked, table, asked.caution and _caution(graph, asked))


def sql(graph: Graph, statement: str, *, timeout: float = 60.0, memory_mb: int = 1024) -> pa.Table:
    """Run one SELECT over the graph's tables, which can read them and nothing else.

    Args:
        graph: the graph.
        statement: the query.
        timeout: most seconds that it may run.
        memory_mb: most memory that it may use, in MiB.

    Raises:
        UsageError: it is no query, or ran into a limit.
    """
    tables = {name: graph.file(name) for name in TABLES}
    return run_select(statement, tables, timeout=timeout, memory_mb=memory_mb)


def _way(graph: Graph, values: Mapping[str, Any]) -> list[int]:
    """Return the ids of the products on a shortest way."""
    names = graph.table("products", ["product_id"])["product_id"]
    ends = [pc.index(names, values[name]).as_py() for name in ("product", "other")]
    for name, end in zip(("product", "other"), ends, strict=True):
        if end < 0:
            raise InputError(f"the graph has no product {values[name]!r}")
    return shortest_path(graph, ends[0], ends[1], values["hops"])


def _caution(graph: Graph, asked: NamedQuestion) -> str:
    """Say of a list of differences what share of it is right, as far as this graph can tell."""
    differ = _share_listed(graph)
    return f"{asked.caution} {differ}" if differ else asked.caution


_LISTED: Final = """
WITH differing AS (
    SELECT review FROM comparisons WHERE assigned <> predicted
), wrong AS (
    SELECT r.id AS review FROM findings f
        JOIN reviews r ON f.kind = 'review' AND r.review_id = f.what
    UNION SELECT v.source FROM findings f JOIN products p ON f.kind = 'product'
        AND p.product_id = f.what AND f.suggested IN (SELECT name FROM categories)
        JOIN reviewed v ON v.target = p.id
)
SELECT count(*) AS differing, count(*) FILTER (review IN (SELECT review FROM wrong)) AS listed,
    (SELECT count(*) FROM findings) AS findings
FROM differing
"""


def _share_listed(graph: Graph) -> str:
    (row,) = query(graph, _LISTED).to_pylist()
    if not row["differing"] or not row["findings"]:
        return ""
    return (
        f"Of the {row['differing']:,} reviews that differ here, {row['listed']:,} "
        f"({row['listed'] / row['differing']:.1%}) are in a list of the finders or of a product "
        "that is."
    )
