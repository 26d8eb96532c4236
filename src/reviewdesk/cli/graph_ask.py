"""`reviewdesk graph ask`, `query` and `sql`: questions of a graph, and what it answers."""

from pathlib import Path
from typing import Annotated, Any, Final

import pyarrow as pa
import typer

from reviewdesk.cli.graph_folder import GraphFolder
from reviewdesk.cli.options import Json
from reviewdesk.cli.output import count, note, print_json, print_table, say
from reviewdesk.errors import UsageError
from reviewdesk.graph.ask import ask as ask_graph
from reviewdesk.graph.ask import sql as run_sql
from reviewdesk.graph.cypher import query as run_cypher
from reviewdesk.graph.questions import QUESTIONS
from reviewdesk.graph.questions import question as named_question
from reviewdesk.graph.store import Graph
from reviewdesk.graph.tables import records, write_table
from reviewdesk.progress import Progress

TableOut = Annotated[
    Path | None,
    typer.Option(help="Write the answer: NAME.csv, .parquet or .jsonl.", metavar="FILE"),
]
Timeout = Annotated[float, typer.Option(help="Most seconds to run.", min=0.1)]
MemoryMB = Annotated[int, typer.Option(help="Most memory to use, in MiB.", min=64)]
MOST_SHOWN: Final = 100


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
    """Ask a graph one of the named questions.

    Without a question, lists them and what each takes.

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
