"""The graph through the command line and from Python, and erasing a person from it."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

import reviewdesk as rd
from reviewdesk.cli.main import main
from reviewdesk.errors import InputError
from reviewdesk.graph.store import Graph
from reviewdesk.job.erase import erase_everywhere
from reviewdesk.job.graph import build

from .shop import predictions, prepared, rows

TABLE = rows()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    prepared(TABLE, tmp_path / "data")
    predictions(TABLE, tmp_path / "said.parquet")
    return tmp_path / "data"


def said_by(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


def test_from_prepared_reviews_to_answers(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, table = str(tmp_path / "g"), str(tmp_path / "said.parquet")
    built = ["graph", "build", str(data), "--predictions", table, "--out", out]
    code, text, _ = said_by(capsys, *built)
    assert code == 0
    assert "PREDICTED" in text
    code, text, _ = said_by(capsys, "graph", "ask", out)
    assert "wrong-category" in text
    code, text, _ = said_by(capsys, "graph", "ask", out, "confusion", "limit=2", "--json")
    answer = json.loads(text)
    assert len(answer["rows"]) == 2
    csv = tmp_path / "pairs.csv"
    said_by(capsys, "graph", "ask", out, "shared-customers", "--out", str(csv))
    assert pd.read_csv(csv)["shared_customers"].iloc[0] >= 3
    for words in (["limit"], ["=5"], ["limit=3", "limit=4"]):
        code, _, error = said_by(capsys, "graph", "ask", out, "confusion", *words)
        assert code == 2
        assert "--set" not in error
    code, _, error = said_by(capsys, "graph", "query", out, "CREATE (c:Category)")
    assert code == 2
    assert error.count("\n") == 1
    assert "only read" in error
    code, text, _ = said_by(capsys, "graph", "sql", out, "SELECT max(date) AS day FROM reviews")
    assert "20" in text
    code, text, _ = said_by(capsys, "graph", "structure", out, "--json")
    assert json.loads(text)["modularity"]["assigned"] is not None
    code, text, _ = said_by(capsys, "show", out)
    assert "under pseudonyms" in text
    assert said_by(capsys, *built)[0] == 0  # again: it is there already
    code, _, error = said_by(capsys, "graph", "build", str(data), "--out", out)
    assert code == 2
    assert "--overwrite" in error


def test_from_python(data: Path, tmp_path: Path) -> None:
    graph = rd.graph(data, tmp_path / "g", predictions=[tmp_path / "said.parquet"])
    answer = graph.ask("differs", confidence=0.8, limit=5)
    assert len(answer) == len(answer.to_pandas()) == 5
    assert answer.note
    assert graph.sql("SELECT count(*) AS n FROM products").to_arrow()["n"][0].as_py() > 40
    assert len(graph.query("MATCH (c:Category) RETURN c.name")) == 4
    graph.export(tmp_path / "g.graphml", "graphml")
    assert "Customer" in graph._repr_html_()
    assert rd.ReviewGraph.open(tmp_path / "g").structure().components


@pytest.mark.parametrize("clear", [True, False])
def test_erasing_a_person_builds_the_graph_without_them(
    data: Path, tmp_path: Path, clear: bool
) -> None:
    options: dict[str, Any] = {"clear_customers": clear, "texts": True}
    said = [tmp_path / "said.parquet"]
    graph = build(data, tmp_path / "g", predictions=said, **options)
    theirs = TABLE[TABLE["customer_id"] == "C5"]["review_id"]
    erased = erase_everywhere(data, "C5", [tmp_path / "said.parquet"], graphs=[graph.path])
    assert erased.tables[str(graph.path)] == len(theirs)
    left = Graph.open(graph.path)
    assert not set(left.table("reviews")["review_id"].to_pylist()) & set(theirs)
    assert left.rows("customers") == graph.rows("customers") - 1
    # It is the graph of reviews in which they never were.
    never = TABLE[TABLE["customer_id"] != "C5"]
    prepared(never, tmp_path / "never")
    key = None if clear else tmp_path / "g.key"
    wanted = build(tmp_path / "never", tmp_path / "w", predictions=said, key=key, **options)
    assert left.manifest["files"] == wanted.manifest["files"]


def test_erasing_needs_the_key(data: Path, tmp_path: Path) -> None:
    graph = build(data, tmp_path / "g")
    (tmp_path / "g.key").unlink()
    with pytest.raises(InputError, match="a key that is not at"):
        erase_everywhere(data, "C5", graphs=[graph.path])
    assert pq.read_metadata(graph.file("reviews")).num_rows == 400
