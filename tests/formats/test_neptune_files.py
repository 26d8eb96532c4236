"""Rules of Neptune's loader, one by one; and the files that graphs are exported to keep them."""

from pathlib import Path

import pytest

from reviewdesk.errors import InputError
from reviewdesk.formats.neptune_files import MOST_PROBLEMS, check_loader_files
from reviewdesk.graph.export import export_graph
from reviewdesk.graph.store import Graph
from tests.graph.test_export import graph

__all__ = ["graph"]
NODES = '~id,~label,name:String(single),n:Int\na,X,"one, two",1\nb,X;Y,"a ""b""\nc",\n'
EDGES = "~id,~from,~to,~label,score:Double\n1,a,b,LIKES,0.5\n2,b,a,,\n"


def folder(tmp_path: Path, **files: str | bytes) -> Path:
    for name, text in files.items():
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / f"{name}.csv").write_bytes(content)
    return tmp_path


@pytest.mark.parametrize("kind", ["neptune-gremlin", "neptune-opencypher"])
def test_what_is_exported_keeps_the_rules(graph: Graph, tmp_path: Path, kind: str) -> None:
    export_graph(graph, tmp_path / "out", kind)
    files = check_loader_files(tmp_path / "out")
    assert files.problems == []
    assert files.format == {"neptune-gremlin": "csv"}.get(kind, "opencypher")
    assert files.nodes > 100
    assert files.edges > 100


def test_small_files_of_both_formats(tmp_path: Path) -> None:
    files = check_loader_files(folder(tmp_path, nodes=NODES, edges=EDGES))
    assert (files.problems, files.nodes, files.edges) == ([], 2, 2)
    cypher = folder(
        tmp_path,
        nodes=":ID(Person),:LABEL,when:DateTime,t:String[]\na,X,2026-01-01T10:00:00Z,a;b\nb,X,,\n",
        edges=":START_ID(Person),:END_ID(Person),:TYPE\na,b,LIKES\n",
    )
    files = check_loader_files(cypher)
    assert (files.problems, files.format, files.nodes, files.edges) == ([], "opencypher", 2, 1)


@pytest.mark.parametrize(
    ("nodes", "edges", "line", "rule"),
    [
        ("", EDGES, 1, "needs a column ~id"),
        ("name\nx\n", EDGES, 1, "needs a column ~id"),
        ("~id,~id\na,b\n", EDGES, 1, "stands twice"),
        ("~id,~what\na,b\n", EDGES, 1, "none of ~id"),
        ("~id,the name:String\na,b\n", EDGES, 1, "NAME:Type"),
        ("~id,n:Integer\na,1\n", EDGES, 1, "type that the loader does not know"),
        ("~id\na\nb\nsecret,secret\n", EDGES, 4, "2 fields, of 1"),
        ("~id,n:Byte\na,128\nb,1\n", EDGES, 2, "column 2 is not of its type"),
        ("~id,n:Long\na,9223372036854775808\nb,\n", EDGES, 2, "not of its type"),
        ("~id,n:Bool\na,secret\nb,\n", EDGES, 2, "not of its type"),
        ("~id,n:Date\na,2026-13-01\nb,\n", EDGES, 2, "not of its type"),
        ("~id,n:Double\na,1,5\nb,\n", EDGES, 2, "fields"),
        ("~id,n:Int[]\na,1;x\nb,\n", EDGES, 2, "not of its type"),
        ("~id,~label\na,X\na,Y\nb,X\n", EDGES, 3, "there twice"),
        ("~id,~label\na,X\n,Y\nb,X\n", EDGES, 3, "the id is empty"),
        (NODES, "~id,~from,~to\n1,a,secret\n", 2, "ends at a node that no file has"),
        (NODES, "~id,~from,~to\n1,secret,a\n", 2, "begins at a node"),
        (NODES, "~id,~from,~to\n1,a,b\n1,b,a\n", 3, "an edge is there twice"),
        (NODES, "~id,~from\n1,a\n", 1, "both of its ends"),
        (NODES, "~from,~to\na,b\n", 1, "needs its id"),
        (NODES, "~id,~from,~to,n:Int[]\n1,a,b,1\n", 1, "one value"),
        (NODES, ":ID,:START_ID,:END_ID\n1,a,b\n", 1, "another format"),
        (NODES, '~id,~from,~to\n1,"a"x,b\n', 0, "no CSV"),
    ],
)
def test_each_rule(tmp_path: Path, nodes: str, edges: str, line: int, rule: str) -> None:
    files = check_loader_files(folder(tmp_path, nodes=nodes, zz_edges=edges))
    said = [one for one in files.problems if rule in one.rule]
    assert [one.line for one in said[:1]] == [line], files.problems
    assert "secret" not in " ".join(map(str, files.problems))


def test_what_is_no_text(tmp_path: Path) -> None:
    files = check_loader_files(folder(tmp_path, nodes=b"~id,n:String\na,\xff\n", edges=EDGES))
    assert "UTF-8" in files.problems[0].rule


def test_as_many_problems_as_one_can_read(tmp_path: Path) -> None:
    rows = "".join(f"{n},x\n" for n in range(100))
    files = check_loader_files(folder(tmp_path, nodes=f"~id,n:Int\n{rows}"))
    assert len(files.problems) == MOST_PROBLEMS
    assert files.problems[0].line == 2


def test_a_folder_without_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="graph export"):
        check_loader_files(tmp_path)
