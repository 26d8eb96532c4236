"""Named questions, SQL and Cypher against pandas, and their limits."""

import gc
import resource
import shutil
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.graph import cypher
from reviewdesk.graph.ask import ask, sql
from reviewdesk.graph.cypher import INDEX, check_index, query
from reviewdesk.graph.questions import QUESTIONS
from reviewdesk.graph.store import Graph
from reviewdesk.job.graph import build

from .shop import predictions, prepared, rows

TABLE = rows()


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    folder = tmp_path_factory.mktemp("asking")
    prepared(TABLE, folder / "data")
    predictions(TABLE, folder / "said.parquet")
    said = [folder / "said.parquet"]
    return build(folder / "data", folder / "g", predictions=said, clear_customers=True)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    table = predictions(TABLE, tmp_path_factory.mktemp("said") / "said.parquet")
    return TABLE.merge(table, on="review_id")


def test_every_question_runs_and_leaves_no_ties(graph: Graph) -> None:
    given = {
        "category": {"category": "K1"},
        "path": {"product": "P01", "other": "P02"},
        "around-product": {"product": "F2"},
        "around-customer": {"customer": "C5"},
        "reviews": {"product": "P01"},
    }
    for name in QUESTIONS:
        first, second = (ask(graph, name, given.get(name)).table for _ in range(2))
        assert first == second
        assert len(first) or name in ("wrong-category", "differs-products")


def test_differs(graph: Graph, said: pd.DataFrame) -> None:
    found = ask(graph, "differs", {"confidence": "0.8", "limit": "1000"})
    wanted = said[(said["label"] != said["product_category"]) & (said["confidence"] >= 0.8)]
    assert set(found.table["review_id"].to_pylist()) == set(wanted["review_id"])
    assert "no error" in found.note


def test_confusion(graph: Graph, said: pd.DataFrame) -> None:
    found = ask(graph, "confusion").table.to_pylist()
    wanted = said.groupby(["product_category", "label"]).size().to_dict()
    assert {(row["assigned"], row["predicted"]): row["reviews"] for row in found} == wanted


def test_shared_customers(graph: Graph) -> None:
    known = TABLE.dropna(subset="customer_id").drop_duplicates(["customer_id", "product_id"])
    pairs = known.merge(known, on="customer_id")
    pairs = pairs[pairs["product_id_x"] < pairs["product_id_y"]]
    pairs = pairs[pairs["product_parent_x"] != pairs["product_parent_y"]]
    counts = pairs.groupby(["product_id_x", "product_id_y"]).size()
    found = ask(graph, "shared-customers", {"limit": "10000"}).table.to_pylist()
    wanted = counts[counts >= 3].to_dict()
    assert {(r["product_id"], r["other"]): r["shared_customers"] for r in found} == wanted


def test_the_way_between_two_products_is_a_shortest(graph: Graph) -> None:
    networkx = pytest.importorskip("networkx")
    known = TABLE.dropna(subset="customer_id")
    joined = networkx.Graph(zip(known["customer_id"], known["product_id"], strict=True))
    for other in ("P01", "P17", "P39"):
        way = ask(graph, "path", {"product": "P00", "other": other}).table["product_id"].to_pylist()
        assert len(way) == networkx.shortest_path_length(joined, "P00", other) // 2 + 1
        for one, next_ in pairwise(way):
            assert set(joined[one]) & set(joined[next_])
    with pytest.raises(InputError, match="no product 'P99'"):
        ask(graph, "path", {"product": "P00", "other": "P99"})


def test_wrong_questions_are_said(graph: Graph) -> None:
    with pytest.raises(UsageError, match="no question 'foo'; there are: category"):
        ask(graph, "foo")
    with pytest.raises(UsageError, match="needs category"):
        ask(graph, "category")
    with pytest.raises(UsageError, match="no parameter 'shade'"):
        ask(graph, "differs", {"shade": "1"})
    with pytest.raises(UsageError, match="must be a number"):
        ask(graph, "differs", {"confidence": "high"})
    for name, value in (
        ("limit", "-1"),
        ("limit", "9" * 20),
        ("limit", "1.5"),
        ("confidence", "nan"),
        ("confidence", "1.01"),
    ):
        with pytest.raises(UsageError, match=f"{name} must be a"):
            ask(graph, "differs", {name: value})
    assert len(ask(graph, "reviews", {"product": "'; DROP TABLE products; --"}).table) == 0


def test_cypher_and_sql_agree(graph: Graph) -> None:
    cypher = query(
        graph,
        "MATCH (c:Customer)-[b:BOUGHT]->(p:Product) "
        "RETURN p.product_id AS product, count(c) AS customers ORDER BY product",
    )
    tables = sql(
        graph,
        "SELECT product_id AS product, count(*) AS customers FROM bought "
        "JOIN products ON products.id = target GROUP BY product_id ORDER BY product",
    )
    assert cypher.to_pylist() == tables.to_pylist()
    assert check_index(graph) == graph.manifest["nodes"]
    (graph.path / INDEX).unlink()
    assert check_index(graph) == graph.manifest["nodes"]  # it is made again


def test_a_damaged_index_is_made_again(graph: Graph) -> None:
    titles = "MATCH (p:Product) RETURN p.title AS title ORDER BY title"
    expected = query(graph, titles)
    index = graph.path / INDEX
    raw = index.read_bytes()
    words = [title.encode() for title in expected["title"].to_pylist() if title]
    place = next(raw.index(word) for word in words if word in raw)
    index.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
    assert query(Graph.open(graph.path), titles) == expected


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE (c:Category {id: 99, name: 'x'})",
        "MATCH (p:Product) SET p.title = 'x'",
        "MATCH (p:Product) DETACH DELETE p",
        "COPY (MATCH (p:Product) RETURN p.title) TO '{folder}/x.csv'",
        "LOAD FROM '{folder}/secret.csv' RETURN *",
        "MATCH (p:Product) /* x */ cOpY",
        "CALL threads=8",
        "INSTALL httpfs",
        "nonsense",
        "MATCH (p:Product) RETURN p.nothing",
    ],
)
def test_cypher_reads_the_graph_and_nothing_else(
    graph: Graph, statement: str, tmp_path: Path
) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with pytest.raises(UsageError):
        query(graph, statement.replace("{folder}", str(tmp_path)))
    assert not (tmp_path / "x.csv").exists()
    assert check_index(graph) == graph.manifest["nodes"]


def test_words_in_quotes_are_no_statements(graph: Graph) -> None:
    rows_ = query(graph, "MATCH (p:Product) WHERE p.title = 'DROP it; COPY' RETURN p.id AS `set`")
    assert rows_.num_rows == 0


def test_unbounded_questions_are_stopped(graph: Graph) -> None:
    with pytest.raises(UsageError, match="more than 0.5 seconds"):
        query(graph, "MATCH (a:Customer)-[*1..8]-(b) RETURN count(*)", timeout=0.5)
    tables = ", ".join(f"bought b{number}" for number in range(6))
    many = f"SELECT count(*) FROM {tables} WHERE hash(b0.source, b3.target, b5.source) % 7 = 1"
    with pytest.raises(UsageError, match="more than 0.5 seconds"):
        sql(graph, many, timeout=0.5)
    large = "SELECT list(a.source) FROM range(100000) a(source), range(10000)"
    with pytest.raises(UsageError, match="more than 64 MiB"):
        sql(graph, large, memory_mb=64)


def test_what_does_not_look_at_the_clock_is_ended_with_its_process(graph: Graph) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UsageError, match="more than (0.3 seconds|64 MiB)"):
        query(graph, "UNWIND range(1, 1000000000) AS i RETURN sum(i)", timeout=0.3, memory=64 << 20)
    with pytest.raises(UsageError, match="more than (0.3 seconds|64 MiB)"):
        sql(graph, "SELECT length(repeat('x', 2000000000))", timeout=0.3, memory_mb=64)
    with pytest.raises(UsageError, match="more than 64 MiB"):
        sql(graph, "SELECT list_sum(range(1, 1000000000))", timeout=60, memory_mb=64)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 256 << 10  # KiB
    assert check_index(graph) == graph.manifest["nodes"]  # the next query starts another


def test_a_process_that_was_killed_is_started_again_and_ends_with_its_graph(graph: Graph) -> None:
    copy = Graph.open(graph.path)
    assert check_index(copy) == graph.manifest["nodes"]
    process = copy.kept[INDEX]._process
    process.kill()
    process.wait()
    assert check_index(copy) == graph.manifest["nodes"]
    last = copy.kept[INDEX]._process
    assert last.poll() is None
    del copy
    gc.collect()
    assert last.poll() is not None


def test_an_index_that_does_not_fit_into_memory_is_a_sentence(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Graph.open(shutil.copytree(graph.path, tmp_path / "copy"))
    (copy.path / INDEX).unlink(missing_ok=True)
    with monkeypatch.context() as patched:
        patched.setattr(cypher, "BUFFER_BYTES", 1 << 20)
        with pytest.raises(StorageError, match="needs more than 1 MiB of memory"):
            query(copy, "MATCH (c:Customer) RETURN count(*)")
    assert check_index(copy) == graph.manifest["nodes"]


def test_an_index_that_is_none_is_made_again(graph: Graph, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(graph.path, folder)
    (folder / INDEX).write_bytes(b"nothing of the kind" * 1000)
    assert check_index(Graph.open(folder)) == graph.manifest["nodes"]
    (folder / INDEX).unlink()
    for left_over in (f".{INDEX}.partial", f".{INDEX}.partial.wal"):  # as of a killed command
        (folder / left_over).write_bytes(b"half of it")
    assert check_index(Graph.open(folder)) == graph.manifest["nodes"]
    assert [path.name for path in folder.glob(f".{INDEX}.partial*")] == []
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_an_answer_without_rows_has_its_columns(graph: Graph) -> None:
    answer = ask(graph, "differs", {"confidence": "1"})
    assert len(answer.table) == 0
    assert answer.table.column_names[:2] == ["review_id", "product_id"]


@pytest.mark.parametrize(
    ("statement", "match"),
    [
        ("DROP VIEW products", "SELECT is expected"),
        ("COPY products TO '{folder}/x.csv'", "SELECT is expected"),
        ("SELECT 1; SELECT 2", "one SELECT"),
        ("SELECT * FROM read_csv('{folder}/secret.csv')", "no SQL that can be run"),
        ("SELECT * FROM '{folder}/secret.csv'", "no SQL that can be run"),
        ("SET threads = 9", "SELECT is expected"),
        ("ATTACH '{folder}/x.db'", "SELECT is expected"),
        ("", "one SELECT"),
        ("selec 1", "no SQL that can be run"),
    ],
)
def test_sql_reads_the_graph_and_nothing_else(
    graph: Graph, statement: str, match: str, tmp_path: Path
) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with pytest.raises(UsageError, match=match):
        sql(graph, statement.replace("{folder}", str(tmp_path)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret.csv"]
