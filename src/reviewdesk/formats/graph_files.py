"""Graphs for other programs: loaders of Neptune and Neo4j, GraphML, NetworkX, ruruki.

Sources: Amazon Neptune user guide, bulk load formats of Gremlin and openCypher; Neo4j operations
manual, admin import; GraphML primer (graphml.graphdrawing.org); NetworkX node_link_data; ruruki
graphs.py, dump.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple, TextIO
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.storage import write_then_rename

BATCH_ROWS: Final = 16_384
GRAPHML: Final = "http://graphml.graphdrawing.org/xmlns"

# What XML 1.0 cannot hold, not even as a reference.
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class NodeRows(NamedTuple):
    """Nodes of one kind.

    Args:
        label: what they are.
        key: the column that names them for people.
        table: the columns ``id`` (0, 1, 2 ...), the key and properties.
    """

    label: str
    key: str
    table: pa.Table


class EdgeRows(NamedTuple):
    """Edges of one kind.

    Args:
        label: what they are.
        source: label of the nodes that they leave.
        target: label of the nodes that they reach.
        table: the columns ``source`` and ``target``, ids of nodes, and properties.
    """

    label: str
    source: str
    target: str
    table: pa.Table


Nodes = Sequence[NodeRows]
Edges = Sequence[EdgeRows]


class _Dialect(NamedTuple):
    """How a loader names columns and types.

    Args:
        kinds: the name of each type.
        node: the header of the id and label columns of nodes.
        edge: the header of the id, end and label columns of edges.
        single: what follows the type of a node's property.
    """

    kinds: Mapping[pa.DataType, str]
    node: tuple[str, ...]
    edge: tuple[str, ...]
    single: str = ""


_NEPTUNE: Final = {
    pa.string(): "String",
    pa.int64(): "Long",
    pa.int32(): "Int",
    pa.int8(): "Byte",
    pa.float64(): "Double",
    pa.bool_(): "Bool",
    pa.date32(): "Date",
}
_GREMLIN: Final = _Dialect(
    _NEPTUNE, ("~id", "~label"), ("~id", "~from", "~to", "~label"), "(single)"
)
_OPEN_CYPHER: Final = _Dialect(
    {**_NEPTUNE, pa.date32(): "DateTime"},
    (":ID", ":LABEL"),
    (":ID", ":START_ID", ":END_ID", ":TYPE"),
)
_NEO4J: Final = {
    pa.string(): "string",
    pa.int64(): "long",
    pa.int32(): "int",
    pa.int8(): "byte",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.date32(): "date",
}


def write_neptune_gremlin(nodes: Nodes, edges: Edges, folder: Path) -> None:
    """Write a CSV file for each kind of vertex and edge, as Neptune's loader reads Gremlin data."""
    _write_loader_files(nodes, edges, folder, _GREMLIN)


def write_neptune_opencypher(nodes: Nodes, edges: Edges, folder: Path) -> None:
    """Write a CSV file for each kind of node and edge, as Neptune's loader reads openCypher."""
    _write_loader_files(nodes, edges, folder, _OPEN_CYPHER)


def write_neo4j(nodes: Nodes, edges: Edges, folder: Path) -> None:
    """Write a CSV file for each kind, and the command of Neo4j's admin import that reads them."""
    command = ["neo4j-admin database import full --multiline-fields=true"]
    for rows in nodes:
        names = [f"{rows.key}:ID({rows.label})", ":LABEL", *_properties(rows, _NEO4J)]
        values = ([name, rows.label, *rest] for name, rest in _node_values(rows))
        _write_csv(folder / f"{rows.label}.csv", names, values)
        command.append(f"  --nodes={rows.label}.csv")
    keys = _keys(nodes)
    for edge_rows in edges:
        ends = [f":START_ID({edge_rows.source})", f":END_ID({edge_rows.target})", ":TYPE"]
        names = [*ends, *_properties(edge_rows, _NEO4J)]
        links = ([a, b, edge_rows.label, *rest] for a, b, rest in _edge_values(edge_rows, keys))
        _write_csv(folder / f"{edge_rows.label}.csv", names, links)
        command.append(f"  --relationships={edge_rows.label}.csv")
    with write_then_rename(folder / "import.sh") as file:
        file.write((" \\\n".join([*command, "  neo4j"]) + "\n").encode())


def write_graphml(nodes: Nodes, edges: Edges, path: Path) -> None:
    """Write one GraphML file; what XML cannot hold becomes a picture of it, as in ␁."""
    kinds = {
        pa.string(): "string",
        pa.int64(): "long",
        pa.int32(): "int",
        pa.int8(): "int",
        pa.float64(): "double",
        pa.bool_(): "boolean",
        pa.date32(): "string",
    }
    keys: dict[tuple[str, str], tuple[str, str]] = {}
    for element, tables in (("node", nodes), ("edge", edges)):
        keys[element, "label"] = (f"{element[0]}label", "string")
        for rows in tables:
            for field in rows.table.schema:
                if field.name not in ("id", "source", "target"):
                    numbered = (f"{element[0]}{len(keys)}", kinds[field.type])
                    keys.setdefault((element, field.name), numbered)
    with _text_file(path) as file:
        file.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="{GRAPHML}">\n')
        for (element, column), (key, kind) in keys.items():
            what = f'attr.name={quoteattr(column)} attr.type="{kind}"'
            file.write(f'<key id="{key}" for="{element}" {what}/>\n')
        file.write('<graph edgedefault="directed">\n')
        for label, node, values in _all_nodes(nodes):
            data = _data(keys, "node", {"label": label, **values})
            file.write(f"<node id={_attribute(node)}>{data}</node>\n")
        for label, source, target, values in _all_edges(nodes, edges):
            data = _data(keys, "edge", {"label": label, **values})
            ends = f"source={_attribute(source)} target={_attribute(target)}"
            file.write(f"<edge {ends}>{data}</edge>\n")
        file.write("</graph>\n</graphml>\n")


def write_node_link(nodes: Nodes, edges: Edges, path: Path) -> None:
    """Write one JSON file as NetworkX's ``node_link_graph`` reads it: a directed multigraph."""
    head = {"directed": True, "multigraph": True, "graph": {}}
    with _text_file(path) as file:
        file.write(json.dumps(head)[:-1] + ', "nodes": [')
        records = ({"id": name, "label": label, **v} for label, name, v in _all_nodes(nodes))
        _write_items(file, records, json.dumps)
        file.write('], "edges": [')
        links = (
            {"source": source, "target": target, "key": number, "label": label, **values}
            for number, (label, source, target, values) in enumerate(_all_edges(nodes, edges))
        )
        _write_items(file, links, json.dumps)
        file.write("]}\n")


def write_ruruki(nodes: Nodes, edges: Edges, path: Path) -> None:
    """Write one JSON file as ruruki's ``Graph.load`` reads it."""
    first, total = {}, 0
    for rows in nodes:
        first[rows.label] = total
        total += len(rows.table)
    counts = {"in": [0] * total, "out": [0] * total}
    for edge_rows in edges:
        for name, label, way in (
            ("source", edge_rows.source, "out"),
            ("target", edge_rows.target, "in"),
        ):
            for node in edge_rows.table[name].to_pylist():
                counts[way][first[label] + node] += 1

    def vertices() -> Iterator[dict[str, Any]]:
        for number, (label, _, values) in enumerate(_all_nodes(nodes)):
            metadata = {
                "in_edge_count": counts["in"][number],
                "out_edge_count": counts["out"][number],
            }
            yield {"id": number, "label": label, "metadata": metadata, "properties": values}

    def links() -> Iterator[dict[str, Any]]:
        number = 0
        for rows in edges:
            for row in _records(rows.table):
                head = first[rows.source] + row.pop("source")
                tail = first[rows.target] + row.pop("target")
                yield {
                    "head_id": head, "id": number, "label": rows.label, "metadata": {},
                    "properties": row, "tail_id": tail,
                }  # fmt: skip
                number += 1

    def dumped(item: dict[str, Any]) -> str:
        text = json.dumps(item, indent=4, sort_keys=True)
        return "\n        " + text.replace("\n", "\n        ")

    constraints = [{"key": rows.key, "label": rows.label} for rows in nodes]
    with _text_file(path) as file:
        listed = json.dumps(constraints, indent=4, sort_keys=True).replace("\n", "\n    ")
        file.write(f'{{\n    "constraints": {listed},\n    "edges": [')
        _write_items(file, links(), dumped, ",")
        file.write('\n    ],\n    "vertices": [')
        _write_items(file, vertices(), dumped, ",")
        file.write("\n    ]\n}\n")


FOLDER_FORMATS: Final[Mapping[str, Callable[[Nodes, Edges, Path], None]]] = {
    "neptune-gremlin": write_neptune_gremlin,
    "neptune-opencypher": write_neptune_opencypher,
    "neo4j": write_neo4j,
}
"""Formats of several files, in a folder."""

FILE_FORMATS: Final[Mapping[str, Callable[[Nodes, Edges, Path], None]]] = {
    "graphml": write_graphml,
    "node-link": write_node_link,
    "ruruki": write_ruruki,
}
"""Formats of one file."""


def _write_loader_files(nodes: Nodes, edges: Edges, folder: Path, dialect: _Dialect) -> None:
    for rows in nodes:
        names = [*dialect.node, *_properties(rows, dialect.kinds, dialect.single, key=True)]
        values = (
            [f"{rows.label}:{name}", rows.label, name, *rest] for name, rest in _node_values(rows)
        )
        _write_csv(folder / f"nodes-{rows.label}.csv", names, values)
    keys = _keys(nodes)
    for edge_rows in edges:
        names = [*dialect.edge, *_properties(edge_rows, dialect.kinds)]
        lines = (
            [f"{edge_rows.label}:{n}", f"{edge_rows.source}:{a}", f"{edge_rows.target}:{b}",
             edge_rows.label, *rest]
            for n, (a, b, rest) in enumerate(_edge_values(edge_rows, keys))
        )  # fmt: skip
        _write_csv(folder / f"edges-{edge_rows.label}.csv", names, lines)


def _properties(
    rows: NodeRows | EdgeRows,
    kinds: Mapping[pa.DataType, str],
    single: str = "",
    *,
    key: bool = False,
) -> list[str]:
    taken = ("id", "source", "target") if key or isinstance(rows, EdgeRows) else ("id", rows.key)
    return [f"{f.name}:{kinds[f.type]}{single}" for f in rows.table.schema if f.name not in taken]


def _keys(nodes: Nodes) -> dict[str, pa.ChunkedArray]:
    return {rows.label: rows.table[rows.key] for rows in nodes}


def _node_values(rows: NodeRows) -> Iterator[tuple[str, list[Any]]]:
    for row in _records(rows.table):
        row.pop("id")
        yield row.pop(rows.key), list(row.values())


def _edge_values(
    rows: EdgeRows, keys: Mapping[str, pa.ChunkedArray]
) -> Iterator[tuple[str, str, list[Any]]]:
    for row in _named_ends(rows, keys):
        yield row.pop("source"), row.pop("target"), list(row.values())


def _named_ends(rows: EdgeRows, keys: Mapping[str, pa.ChunkedArray]) -> Iterator[dict[str, Any]]:
    """Yield edges with the keys of their nodes in place of the ids."""
    for batch in rows.table.to_batches(BATCH_ROWS):
        named = pa.Table.from_batches([batch])
        for at, label in enumerate((rows.source, rows.target)):
            name = ("source", "target")[at]
            named = named.set_column(at, name, pc.take(keys[label], batch.column(name)))
        yield from _records(named)


def _all_nodes(nodes: Nodes) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield label, name and properties of all nodes; names are unique over all kinds."""
    for rows in nodes:
        for row in _records(rows.table):
            row.pop("id")
            yield rows.label, f"{rows.label}:{row[rows.key]}", _filled(row)


def _all_edges(nodes: Nodes, edges: Edges) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    keys = _keys(nodes)
    for rows in edges:
        for row in _named_ends(rows, keys):
            source, target = (
                f"{rows.source}:{row.pop('source')}",
                f"{rows.target}:{row.pop('target')}",
            )
            yield rows.label, source, target, _filled(row)


def _filled(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def _records(table: pa.Table) -> Iterator[dict[str, Any]]:
    """Yield rows with days as text."""
    for batch in table.to_batches(BATCH_ROWS):
        for row in batch.to_pylist():
            yield {n: v.isoformat() if isinstance(v, date) else v for n, v in row.items()}


def _write_csv(path: Path, names: Sequence[str], rows: Iterator[list[Any]]) -> None:
    with _text_file(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_plain(value) for value in row] for row in rows)


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def _data(
    keys: Mapping[tuple[str, str], tuple[str, str]], place: str, values: Mapping[str, Any]
) -> str:
    return "".join(
        f'<data key="{keys[place, name][0]}">{_xml(_plain(value))}</data>'
        for name, value in values.items()
    )


def _xml(value: Any) -> str:
    return escape(_pictured(str(value)), {"\r": "&#13;"})


def _attribute(value: str) -> str:
    return quoteattr(_pictured(value), {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"})


def _pictured(text: str) -> str:
    return _NOT_XML.sub(
        lambda found: chr(0x2400 + ord(found[0])) if ord(found[0]) < 32 else "\ufffd", text
    )


@contextmanager
def _text_file(path: Path) -> Iterator[TextIO]:
    """Open a text file that is written whole or not at all."""
    with write_then_rename(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
        yield text
        text.flush()
        text.detach()


def _write_items(
    file: TextIO,
    items: Iterator[dict[str, Any]],
    dumped: Callable[[dict[str, Any]], str],
    separator: str = ",\n",
) -> None:
    for number, item in enumerate(items):
        file.write((separator if number else "") + dumped(item))
