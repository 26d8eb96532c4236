"""`reviewdesk graph`: customers, products, reviews and categories as a graph."""

from pathlib import Path
from typing import Annotated, Any, Final

import pyarrow as pa
import typer

from reviewdesk.cli.options import Json
from reviewdesk.cli.output import count, note, print_json, print_table, say
from reviewdesk.errors import UsageError
from reviewdesk.graph.ask import ask as ask_graph
from reviewdesk.graph.ask import sql as run_sql
from reviewdesk.graph.cypher import build_index
from reviewdesk.graph.cypher import query as run_cypher
from reviewdesk.graph.export import FORMATS, export_graph
from reviewdesk.graph.map_page import write_map
from reviewdesk.graph.questions import QUESTIONS
from reviewdesk.graph.questions import question as named_question
from reviewdesk.graph.schema import EDGES, NODES
from reviewdesk.graph.store import Graph
from reviewdesk.graph.structure import Structure
from reviewdesk.graph.structure import structure as structure_of
from reviewdesk.graph.tables import records, write_table
from reviewdesk.job.beside import link_beside
from reviewdesk.job.graph import build as build_graph
from reviewdesk.job.main_job import REPORT
from reviewdesk.progress import Progress

GraphFolder = Annotated[Path, typer.Argument(help="Folder of a graph.", metavar="GRAPH")]
TableOut = Annotated[
    Path | None,
    typer.Option(help="Write the answer: NAME.csv, .parquet or .jsonl.", metavar="FILE"),
]
Timeout = Annotated[float, typer.Option(help="Most seconds to run.", min=0.1)]
MemoryMB = Annotated[int, typer.Option(help="Most memory to use, in MiB.", min=64)]
MOST_SHOWN: Final = 100
MAP: Final = "The map: from categories to products to reviews"


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
    tables in GRAPH, the same for the same reviews in any order. Customers have names that nobody
    can trace back without the key. A killed build goes on when the same command is given again.

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


def ask(
    graph: GraphFolder,
    question: Annotated[
        str, typer.Argument(help="Name of the question; without one, all are listed.")
    ] = "",
    words: Annotated[
        list[str],
        typer.Argument(help="Its parameters.", metavar="NAME=VALUE..."),
    ] = [],  # noqa: B006
    *,
    out: TableOut = None,
    show_query: Annotated[
        bool, typer.Option("--show-query", help="Print the SQL that answers, and do not run it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Ask a graph a question that has a name.

    Without a question, says which there are and what each takes.

    Example:

        reviewdesk graph ask graph differs confidence=0.9
    """
    if not question:
        _list_questions(as_json)
        return
    if show_query:
        say(named_question(question).sql.strip())
        return
    answer = ask_graph(Graph.open(graph), question, _parameters(words))
    if not as_json:
        say(answer.question.sentence)
    _show(answer.table, out, as_json, answer.note)


def query(
    graph: GraphFolder,
    cypher: Annotated[str, typer.Argument(help="Cypher that only reads.", metavar="CYPHER")],
    *,
    out: TableOut = None,
    timeout: Timeout = 30.0,
    memory_mb: MemoryMB = 512,
    as_json: Json = False,
) -> None:
    """Ask a graph in Cypher; read-only, within limits of time and memory.

    The index that answers is made from the tables when it is first needed.

    Example:

        reviewdesk graph query graph "MATCH (p:Product)-[:ASSIGNED]->(c) RETURN c.name, count(p)"
    """
    table = run_cypher(
        Graph.open(graph), cypher, timeout=timeout, memory=memory_mb << 20, progress=Progress()
    )
    _show(table, out, as_json)


def sql(
    graph: GraphFolder,
    statement: Annotated[str, typer.Argument(help="One SELECT.", metavar="SQL")],
    *,
    out: TableOut = None,
    timeout: Timeout = 60.0,
    memory_mb: MemoryMB = 1024,
    as_json: Json = False,
) -> None:
    """Ask a graph in SQL, over its tables; read-only, within limits of time and memory.

    Tables are customers, products, reviews, categories, bought, wrote, reviewed, assigned,
    variant_of, predicted, similar_to and findings; edges join them by id, as source and target.

    Example:

        reviewdesk graph sql graph "SELECT name, products FROM categories ORDER BY products DESC"
    """
    table = run_sql(Graph.open(graph), statement, timeout=timeout, memory_mb=memory_mb)
    _show(table, out, as_json)


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
    list comes first. The page asks nobody for anything, and needs no network.

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


def _parameters(words: list[str]) -> dict[str, str]:
    """Return NAME=VALUE words by name."""
    given: dict[str, str] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not (name and sign):
            raise UsageError(f"{word!r} is no parameter; write NAME=VALUE, as in limit=5")
        if name in given:
            raise UsageError(f"{name} is given twice")
        given[name] = value
    return given


def _list_questions(as_json: bool) -> None:
    if as_json:
        print_json(
            {
                question.name: {
                    "sentence": question.sentence,
                    "parameters": {
                        name: {"meaning": parameter.meaning, "default": parameter.default}
                        for name, parameter in question.parameters.items()
                    },
                }
                for question in QUESTIONS.values()
            }
        )
        return
    for question in QUESTIONS.values():
        say(f"{question.name}: {question.sentence}")
        for name, parameter in question.parameters.items():
            default = "" if parameter.default is None else f" ({parameter.default} by default)"
            say(f"    {name}: {parameter.meaning}{default}")


def _show(table: pa.Table, out: Path | None, as_json: bool, caution: str = "") -> None:
    if out is not None:
        changed = write_table(table, out)
        if changed:
            note(f"{count(changed, 'cell')} got an apostrophe in front, against formulas")
        if as_json:
            print_json({"out": str(out), "rows": len(table), "note": caution})
        else:
            say(f"{count(len(table), 'row')} in {out}")
            if caution:
                say(caution)
        return
    if as_json:
        print_json({"rows": records(table), "note": caution})
        return
    shown = table.slice(0, MOST_SHOWN)
    print_table(table.column_names, [[_cell(v) for v in row.values()] for row in shown.to_pylist()])
    if len(table) > MOST_SHOWN:
        say(f"the first {MOST_SHOWN} of {len(table):,} rows; all of them with --out FILE")
    if not len(table):
        say("there is no such row")
    if caution:
        say(caution)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


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
