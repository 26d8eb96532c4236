"""`reviewdesk graph build`: the graph of prepared reviews."""

from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.cli.options import Json
from reviewdesk.cli.output import count, print_json, print_table, say
from reviewdesk.graph.cypher import build_index
from reviewdesk.graph.schema import EDGES, NODES
from reviewdesk.job.graph import build as build_graph
from reviewdesk.progress import Progress


def build(
    data: Annotated[Path, typer.Argument(help="Prepared folder, or a job.", metavar="DIR")],
    out: Annotated[Path, typer.Option(help="Folder to write.", metavar="GRAPH")],
    *,
    predictions: Annotated[
        list[Path],
        typer.Option(
            help="Predicted categories: a table of ours, or Parquet, CSV or JSON lines of others, "
            "as of an endpoint, with review_id, label and confidence (or prob). May be given "
            "more than once; those of a job are taken by themselves.",
            metavar="FILE",
        ),
    ] = [],  # noqa: B006  (the parser copies it)
    findings: Annotated[
        Path | None, typer.Option(help="Folder that find wrote.", metavar="DIR")
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            help="File with the private key of the customers' names; GRAPH.key by default, made "
            "where it is not there.",
            metavar="FILE",
        ),
    ] = None,
    clear_customers: Annotated[
        bool, typer.Option("--clear-customers", help="Keep the customers' own ids.")
    ] = False,
    texts: Annotated[
        bool, typer.Option("--texts", help="Keep headline and body of the reviews.")
    ] = False,
    index: Annotated[
        bool, typer.Option("--index", help="Make the index for Cypher now, not when first asked.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a graph of other data or settings.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Build the graph of prepared reviews.

    Nodes are Customer, Product, Review and Category; edges BOUGHT, WROTE, REVIEWED, ASSIGNED,
    VARIANT_OF, PREDICTED (with confidence and model) and SIMILAR (with score). All are Parquet
    tables in GRAPH, the same for the same reviews in any order. Customers have pseudonyms that
    nobody can trace back without the key. A killed build goes on when the same command is given
    again.

    Example:

        reviewdesk graph build job --findings findings --out graph
    """
    graph = build_graph(
        data,
        out,
        predictions=predictions,
        findings=findings,
        key=key,
        clear_customers=clear_customers,
        texts=texts,
        overwrite=overwrite,
        progress=Progress(),
    )
    if index:
        build_index(graph, progress=Progress())
    if as_json:
        print_json(graph.manifest)
        return
    say(
        f"{graph.path}: {count(graph.manifest['nodes'], 'node')}, {graph.manifest['edges']:,} edges"
    )
    rows = [[table.label, f"{graph.rows(table.name):,}"] for table in (*NODES, *EDGES)]
    print_table(["nodes and edges", "number"], rows)
