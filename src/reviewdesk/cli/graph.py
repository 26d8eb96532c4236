"""`reviewdesk graph structure`, `map` and `export`: what is made of a graph."""

from pathlib import Path
from typing import Annotated, Final

import typer

from reviewdesk.cli.graph_folder import GraphFolder
from reviewdesk.cli.options import Json
from reviewdesk.cli.output import count, print_json, print_table, say
from reviewdesk.graph.export import FORMATS, export_graph
from reviewdesk.graph.map_page import write_map
from reviewdesk.graph.store import Graph
from reviewdesk.graph.structure import Structure
from reviewdesk.graph.structure import structure as structure_of
from reviewdesk.job.beside import REPORT, link_beside

MAP: Final = "The map: from categories to products to reviews"


def structure(graph: GraphFolder, *, as_json: Json = False) -> None:
    """Components, degrees, communities, modularity, and ties between categories.

    A tie says how many customers two categories have in common, and how many they would have by
    chance, each customer with as many categories and each category with as many customers.

    Example:

        reviewdesk graph structure graph
    """
    shape = structure_of(Graph.open(graph))
    if as_json:
        print_json(shape.to_json())
        return
    _show_structure(shape)


def export(
    graph: GraphFolder,
    out: Annotated[Path, typer.Option(help="New folder, or file, to write.", metavar="PLACE")],
    *,
    kind: Annotated[
        str, typer.Option("--format", help=f"What to write. One of: {', '.join(FORMATS)}.")
    ],
    as_json: Json = False,
) -> None:
    """A graph as files for Neptune, Neo4j, Gephi, NetworkX or ruruki.

    Example:

        reviewdesk graph export graph --format graphml --out graph.graphml
    """
    export_graph(Graph.open(graph), out, kind)
    if as_json:
        print_json({"out": str(out), "format": kind})
        return
    say(f"the graph as {kind}: {out}")


def map_(
    graph: GraphFolder,
    out: Annotated[Path, typer.Option(help="HTML file to write.", metavar="FILE")],
    *,
    job: Annotated[
        Path | None,
        typer.Option(help="Job whose report is to lead to the map.", metavar="DIR"),
    ] = None,
    as_json: Json = False,
) -> None:
    """A graph as one page: categories, then products, then reviews.

    The first picture leads from where reviews stand to what is predicted, and shows communities of
    products. A category or community leads to its products, a product to its reviews; what finders
    list comes first. The page is self-contained and needs no network.

    Example:

        reviewdesk graph map graph --out map.html
    """
    write_map(Graph.open(graph), out)
    if job is not None:
        link_beside(job / REPORT, MAP, out)
    if as_json:
        print_json({"out": str(out), "bytes": out.stat().st_size})
        return
    say(f"the map of the graph: {out}")


def _show_structure(shape: Structure) -> None:
    components = shape.components
    say(f"{count(len(components), 'connected component')}; the largest: {components[:5]}")
    for name, value in shape.modularity.items():
        shown = "not known" if value is None else f"{value:.3f}"
        say(f"modularity of {name}: {shown}")
    say(f"communities by shared customers: {shape.to_json()['communities']['number']:,}")
    rows = [
        [f"{tie.category} and {tie.other}", f"{tie.customers:,}", f"{tie.expected:,.1f}",
         f"{tie.z:+.1f}", f"{tie.p_value:.3f}"]
        for tie in (*shape.ties[:10], *shape.ties[10:][-3:])
    ]  # fmt: skip
    print_table(["the strongest ties, and the weakest", "customers", "by chance", "z", "p"], rows)
