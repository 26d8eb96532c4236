"""A graph as files that other programs read."""

from pathlib import Path
from typing import Final

from reviewdesk.errors import UsageError
from reviewdesk.formats.graph_files import FILE_FORMATS, FOLDER_FORMATS, EdgeRows, NodeRows
from reviewdesk.graph.schema import EDGES, NODES, node_table
from reviewdesk.graph.store import Graph
from reviewdesk.storage import private_directory, storage_errors

FORMATS: Final = (*FOLDER_FORMATS, *FILE_FORMATS)


def export_graph(graph: Graph, out: Path, kind: str) -> None:
    """Write a graph for another program.

    Args:
        graph: the graph.
        out: a new or empty folder, or for formats of one file the file.
        kind: one of ``FORMATS``.

    Raises:
        UsageError: there is no such format, or the folder is not empty.
        StorageError: it cannot be written.
    """
    if kind not in FORMATS:
        raise UsageError(f"graphs are exported as {', '.join(FORMATS)}, not as {kind!r}")
    # Columns without any value, such as texts that were not asked for, are no properties.
    nodes = [
        NodeRows(table.label, table.key, _filled(graph, table.name, keep=2)) for table in NODES
    ]
    edges = [
        EdgeRows(
            table.label,
            node_table(table.source).label,
            node_table(table.target).label,
            _filled(graph, table.name, keep=2),
        )
        for table in EDGES
        if graph.rows(table.name)
    ]
    if kind in FOLDER_FORMATS:
        with storage_errors(str(out)):
            if out.exists() and (not out.is_dir() or any(out.iterdir())):
                raise UsageError(f"{out} is there already; name an empty folder")
        FOLDER_FORMATS[kind](nodes, edges, private_directory(out))
    else:
        FILE_FORMATS[kind](nodes, edges, out)


def _filled(graph: Graph, name: str, keep: int) -> object:
    table = graph.table(name)
    names = [
        column
        for at, column in enumerate(table.column_names)
        if at < keep or table[column].null_count < len(table)
    ]
    return table.select(names)
