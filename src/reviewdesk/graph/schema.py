"""The tables of a graph: one for each kind of node and of edge.

Nodes have a whole number ``id``, their place in the order of their keys, so that the same rows give
the same ids in any order. Edges name the nodes they join by these numbers: ``source``, ``target``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa


@dataclass(frozen=True)
class NodeTable:
    """A kind of node.

    Args:
        name: its table.
        label: what graph languages call it.
        key: the column that people know a node by.
        schema: its columns; the first is ``id``.
    """

    name: str
    label: str
    key: str
    schema: pa.Schema


@dataclass(frozen=True)
class EdgeTable:
    """A kind of edge.

    Args:
        name: its table.
        label: what graph languages call it.
        source: the table of the nodes it leaves.
        target: the table of the nodes it reaches.
        schema: its columns; the first two are ``source`` and ``target``.
    """

    name: str
    label: str
    source: str
    target: str
    schema: pa.Schema


def _nodes(name: str, label: str, key: str, columns: Mapping[str, pa.DataType]) -> NodeTable:
    fields = [pa.field("id", pa.int64(), False), pa.field(key, pa.string(), False)]
    return NodeTable(
        name, label, key, pa.schema([*fields, *(pa.field(n, t) for n, t in columns.items())])
    )


def _edges(
    name: str, source: str, target: str, columns: Mapping[str, pa.DataType], label: str = ""
) -> EdgeTable:
    ends = [pa.field("source", pa.int64(), False), pa.field("target", pa.int64(), False)]
    schema = pa.schema([*ends, *(pa.field(n, t) for n, t in columns.items())])
    return EdgeTable(name, label or name.upper(), source, target, schema)


NODES: Final = (
    _nodes(
        "customers",
        "Customer",
        "customer_id",
        {"reviews": pa.int64(), "products": pa.int64(), "mean_stars": pa.float64(),
         "first_date": pa.date32(), "last_date": pa.date32()},
    ),
    _nodes(
        "products",
        "Product",
        "product_id",
        {"title": pa.string(), "parent": pa.string(), "is_parent": pa.bool_(),
         "reviews": pa.int64(), "mean_stars": pa.float64(), "first_date": pa.date32(),
         "last_date": pa.date32()},
    ),
    _nodes(
        "reviews",
        "Review",
        "review_id",
        {"stars": pa.int8(), "date": pa.date32(), "verified": pa.bool_(),
         "helpful_votes": pa.int32(), "headline": pa.string(), "body": pa.string()},
    ),
    _nodes("categories", "Category", "name", {"reviews": pa.int64(), "products": pa.int64()}),
)  # fmt: skip
"""Every kind of node. Texts of reviews are null unless they were asked for."""

EDGES: Final = (
    _edges(
        "bought",
        "customers",
        "products",
        {"reviews": pa.int64(), "verified": pa.bool_(), "mean_stars": pa.float64(),
         "first_date": pa.date32(), "last_date": pa.date32()},
    ),
    _edges("wrote", "customers", "reviews", {}),
    _edges("reviewed", "reviews", "products", {}),
    _edges("assigned", "products", "categories", {"reviews": pa.int64()}),
    _edges("variant_of", "products", "products", {}),
    _edges(
        "predicted",
        "reviews",
        "categories",
        {"confidence": pa.float64(), "model": pa.string()},
    ),
    _edges("similar_to", "products", "products", {"score": pa.float64()}, "SIMILAR"),
)  # fmt: skip
"""Every kind of edge."""

FINDINGS: Final = pa.schema(
    [
        pa.field("finder", pa.string(), False),
        pa.field("kind", pa.string(), False),
        pa.field("what", pa.string(), False),
        pa.field("where", pa.string()),
        pa.field("suggested", pa.string()),
        pa.field("score", pa.float64(), False),
        pa.field("promise", pa.float64(), False),
    ]
)
"""What finders listed, beside the graph."""

COMPARISONS: Final = pa.schema(
    [pa.field(name, pa.int64(), False) for name in ("review", "product", "assigned", "predicted")]
    + [pa.field("confidence", pa.float64(), False)]
)
"""Where each review with a prediction stands, and what is predicted of it most surely, as ids.

Computed from the edges once, since most questions compare the two."""

TABLES: Final[Mapping[str, pa.Schema]] = {
    **{table.name: table.schema for table in NODES},
    **{table.name: table.schema for table in EDGES},
    "comparisons": COMPARISONS,
    "findings": FINDINGS,
}


def node_table(name: str) -> NodeTable:
    """Return a kind of node by the name of its table."""
    return next(table for table in NODES if table.name == name)
