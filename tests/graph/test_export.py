"""Each format is read back by a reader of somebody else's and holds the same graph."""

import csv
import json
import shlex
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import networkx
import pandas as pd
import pytest

from reviewdesk.errors import UsageError
from reviewdesk.graph.export import FORMATS, export_graph
from reviewdesk.graph.schema import EDGES, NODES, node_table
from reviewdesk.graph.store import Graph
from reviewdesk.job.graph import build

from .shop import AWKWARD, predictions, prepared, rows

ODD = "bell\x07 and = sign"
TABLE = rows(120)
FIRST = TABLE["customer_id"].dropna().iloc[0]
TABLE.loc[TABLE["customer_id"] == FIRST, "customer_id"] = ODD


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    folder = tmp_path_factory.mktemp("export")
    prepared(TABLE, folder / "data")
    predictions(TABLE, folder / "said.parquet")
    said = [folder / "said.parquet"]
    return build(folder / "data", folder / "g", predictions=said, clear_customers=True)


def wanted_nodes(graph: Graph) -> dict[str, dict[str, Any]]:
    """Return all nodes by name, with their properties as text."""
    found = {}
    for table in NODES:
        for row in graph.table(table.name).to_pylist():
            row.pop("id")
            found[f"{table.label}:{row[table.key]}"] = texts(row)
    return found


def wanted_edges(graph: Graph) -> Counter[tuple[str, str, str, tuple[tuple[str, str], ...]]]:
    found: Counter[Any] = Counter()
    for table in EDGES:
        source, target = node_table(table.source), node_table(table.target)
        names = [graph.table(one.name)[one.key].to_pylist() for one in (source, target)]
        for row in graph.table(table.name).to_pylist():
            ends = (
                f"{source.label}:{names[0][row.pop('source')]}",
                f"{target.label}:{names[1][row.pop('target')]}",
            )
            found[table.label, *ends, tuple(sorted(texts(row).items()))] += 1
    return found


def texts(row: dict[str, Any]) -> dict[str, str]:
    return {name: text(value) for name, value in row.items() if value not in (None, "")}


def text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def like(kind: str, value: str) -> str:
    return text(float(value)) if kind.lower() == "double" else value


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("kind", "ids"),
    [
        ("neptune-gremlin", ("~id", "~label", "~from", "~to", "~label")),
        ("neptune-opencypher", (":ID", ":LABEL", ":START_ID", ":END_ID", ":TYPE")),
    ],
)
def test_loader_files(graph: Graph, kind: str, ids: tuple[str, ...], tmp_path: Path) -> None:
    export_graph(graph, tmp_path / "out", kind)
    nodes, edges, seen = {}, Counter[Any](), set()
    for path in sorted((tmp_path / "out").iterdir()):
        for row in csv_rows(path):
            name = row.pop(ids[0])
            assert name not in seen
            seen.add(name)
            filled = {
                key.partition(":")[0]: like(key.partition(":")[2].partition("(")[0], value)
                for key, value in row.items()
                if key not in ids and value != ""
            }
            if path.name.startswith("nodes-"):
                assert name.startswith(row[ids[1]])
                nodes[name] = filled
            else:
                ends = (row[ids[4]], row[ids[2]], row[ids[3]])
                edges[(*ends, tuple(sorted(filled.items())))] += 1
    assert nodes == wanted_nodes(graph)
    assert edges == wanted_edges(graph)
    assert nodes["Product:P07"]["title"] == AWKWARD


ODD_TITLES = {
    f"P{at:02}": title
    for at, title in enumerate(
        [
            'A "quoted" one, twice ""',
            "semicolons;; and, commas",
            "line\nbreak",
            "back\\slash \\n \\",
            "'single' `tick` $dollar",
            "=cmd()|'/c calc'!A0",
            "<b>&amp; ]]> <!--",
            "emoji \U0001f600 \u05d0\u05d1",
            "null",
            "\u2028in\u2029it",
        ]
    )
}


@pytest.mark.parametrize("kind", ["neptune-gremlin", "neptune-opencypher", "neo4j"])
def test_odd_titles_in_csv_as_duckdb_and_pandas_read_it(kind: str, tmp_path: Path) -> None:
    graph = odd_graph(tmp_path)
    export_graph(graph, tmp_path / "out", kind)
    file = tmp_path / "out" / ("Product.csv" if kind == "neo4j" else "nodes-Product.csv")
    read = duckdb.read_csv(str(file), all_varchar=True, header=True, escapechar='"')
    for frame in (read.df(), pd.read_csv(file, dtype=str, keep_default_na=False)):
        key, title = (
            next(name for name in frame.columns if name.startswith(start))
            for start in ("product_id", "title")
        )
        cells = zip(frame[key], frame[title].fillna(""), strict=True)
        assert {product: title for product, title in cells if title} == titles_of(graph)


def test_odd_titles_in_xml_and_json(tmp_path: Path) -> None:
    graph = odd_graph(tmp_path)
    for kind in ("graphml", "node-link", "ruruki"):
        export_graph(graph, tmp_path / kind, kind)
    tag = "{http://graphml.graphdrawing.org/xmlns}"
    root = ElementTree.parse(tmp_path / "graphml").getroot()
    names = {key.get("id"): key.get("attr.name") for key in root.iter(f"{tag}key")}
    nodes = [{names[one.get("key")]: one.text for one in node} for node in root.iter(f"{tag}node")]
    assert {n["product_id"]: n["title"] for n in nodes if "title" in n} == titles_of(graph)
    for kind, table in (("node-link", "nodes"), ("ruruki", "vertices")):
        rows = json.loads((tmp_path / kind).read_text())[table]
        plain = [row.get("properties", row) for row in rows]
        assert {n["product_id"]: n["title"] for n in plain if "title" in n} == titles_of(graph)


def odd_graph(folder: Path) -> Graph:
    table = rows(200)
    table["product_title"] = table["product_id"].map(ODD_TITLES).fillna("plain")
    prepared(table, folder / "odd")
    return build(folder / "odd", folder / "g", clear_customers=True)


def titles_of(graph: Graph) -> dict[str, str]:
    """Return the titles that the graph holds; cleaning left all that is odd here."""
    products = graph.table("products", ["product_id", "title", "is_parent"]).to_pylist()
    titles = {row["product_id"]: row["title"] for row in products if not row["is_parent"]}
    for product in ("P00", "P01", "P02", "P03", "P05"):
        assert titles[product] == ODD_TITLES[product]
    return titles


def test_neo4j(graph: Graph, tmp_path: Path) -> None:
    export_graph(graph, tmp_path / "out", "neo4j")
    words = shlex.split((tmp_path / "out" / "import.sh").read_text())
    nodes, edges = {}, Counter[Any]()
    for word in words:
        option, _, file = word.partition("=")
        if option not in ("--nodes", "--relationships"):
            continue
        for row in csv_rows(tmp_path / "out" / file):
            plain = {key.partition(":")[0] or key: v for key, v in row.items() if v != ""}
            kinds = {key.partition(":")[0]: key.partition(":")[2] for key in row}
            filled = {
                k: like(kinds.get(k, ""), v) for k, v in plain.items() if not k.startswith(":")
            }
            if option == "--nodes":
                (key,) = (k for k in row if ":ID(" in k)
                assert key.endswith(f"({row[':LABEL']})")
                nodes[f"{row[':LABEL']}:{row[key]}"] = filled
            else:
                ends = {}
                for key, value in row.items():
                    for end in (":START_ID", ":END_ID"):
                        if key.startswith(end):
                            ends[end] = f"{key[len(end) + 1 : -1]}:{value}"
                kind = (row[":TYPE"], ends[":START_ID"], ends[":END_ID"])
                edges[(*kind, tuple(sorted(filled.items())))] += 1
    assert nodes == wanted_nodes(graph)
    assert edges == wanted_edges(graph)


def of_networkx(joined: Any) -> tuple[dict[str, Any], Counter[Any]]:
    nodes = {
        name: texts({k: v for k, v in values.items() if k != "label"})
        for name, values in joined.nodes(data=True)
    }
    edges: Counter[Any] = Counter()
    for source, target, values in joined.edges(data=True):
        kind = values.pop("label")
        edges[kind, source, target, tuple(sorted(texts(values).items()))] += 1
    return nodes, edges


def test_graphml(graph: Graph, tmp_path: Path) -> None:
    export_graph(graph, tmp_path / "g.graphml", "graphml")
    joined = networkx.read_graphml(tmp_path / "g.graphml", force_multigraph=True)
    nodes, edges = of_networkx(joined)
    wanted = json.dumps([wanted_nodes(graph), sorted(wanted_edges(graph).elements())])
    pictured = json.loads(wanted.replace("\\u0007", "␇"))  # XML cannot hold a bell
    assert pictured[0]["Customer:bell␇ and = sign"]
    assert nodes == pictured[0]
    assert json.loads(json.dumps(sorted(edges.elements()))) == sorted(pictured[1])


def test_node_link(graph: Graph, tmp_path: Path) -> None:
    export_graph(graph, tmp_path / "g.json", "node-link")
    data = json.loads((tmp_path / "g.json").read_text())
    nodes, edges = of_networkx(networkx.node_link_graph(data, edges="edges"))
    assert nodes == wanted_nodes(graph)
    assert edges == wanted_edges(graph)


def test_ruruki(graph: Graph, tmp_path: Path) -> None:
    export_graph(graph, tmp_path / "g.json", "ruruki")
    raw = (tmp_path / "g.json").read_text()
    data = json.loads(raw)
    assert raw == json.dumps(data, indent=4, sort_keys=True) + "\n"  # as ruruki dumps it
    assert sorted(data) == ["constraints", "edges", "vertices"]
    keys = {one["label"]: one["key"] for one in data["constraints"]}
    by_id = {one["id"]: one for one in data["vertices"]}
    named = {n: f"{v['label']}:{v['properties'][keys[v['label']]]}" for n, v in by_id.items()}
    assert {named[n]: texts(v["properties"]) for n, v in by_id.items()} == wanted_nodes(graph)
    edges: Counter[Any] = Counter()
    ends: Counter[tuple[str, int]] = Counter()
    for one in data["edges"]:
        kind = (one["label"], named[one["head_id"]], named[one["tail_id"]])
        edges[(*kind, tuple(sorted(texts(one["properties"]).items())))] += 1
        ends["out", one["head_id"]] += 1
        ends["in", one["tail_id"]] += 1
    assert edges == wanted_edges(graph)
    for number, vertex in by_id.items():
        assert vertex["metadata"]["in_edge_count"] == ends["in", number]
        assert vertex["metadata"]["out_edge_count"] == ends["out", number]


def test_other_formats_and_places_are_refused(graph: Graph, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not as 'xlsx'"):
        export_graph(graph, tmp_path / "x", "xlsx")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("")
    with pytest.raises(UsageError, match="empty folder"):
        export_graph(graph, tmp_path / "full", "neo4j")
    assert len(FORMATS) == 6
