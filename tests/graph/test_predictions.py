"""Predictions from any endpoint: its own answers, and tables that other programs write."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from reviewdesk.errors import InputError, MissingColumn
from reviewdesk.job.graph import build
from reviewdesk.serving.media_types import CSV, JSON, JSON_LINES
from reviewdesk.serving.writers import rankings, write_answer

from .shop import prepared, rows

TABLE = rows(90)
LABELS = ["K0", "K1", "K2", "Two words, & a comma"]
PROBABILITIES = np.random.default_rng(2).dirichlet(np.ones(4), len(TABLE)).astype(np.float32)
SUREST = {
    review: (LABELS[row.argmax()], round(float(row.max()), 6))
    for review, row in zip(TABLE["review_id"], PROBABILITIES, strict=True)
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("predictions") / "data"
    prepared(TABLE, folder)
    return folder


def answers(media_type: str, labels: int) -> str:
    """Return what the endpoint answers, in the order of the reviews."""
    return write_answer(media_type, rankings(LABELS, PROBABILITIES, [labels] * len(TABLE))).decode()


def predicted(data: Path, file: Path, model: str = "answers") -> dict[str, tuple[str, float]]:
    """Build the graph with these predictions and return what it holds of them."""
    graph = build(data, file.with_name("graph"), predictions=[file], clear_customers=True)
    edges = graph.table("predicted").to_pandas()
    assert set(edges["model"]) == {model}
    reviews = graph.table("reviews")["review_id"].to_pylist()
    names = graph.table("categories")["name"].to_pylist()
    return {
        reviews[edge.source]: (names[edge.target], round(edge.confidence, 6))
        for edge in edges.itertuples()
    }


def beside_ids(lines: list[Any]) -> list[dict[str, Any]]:
    return [{"review_id": r, **line} for r, line in zip(TABLE["review_id"], lines, strict=True)]


@pytest.mark.parametrize("labels", [1, 4])
def test_json_lines_of_an_endpoint_beside_the_ids(data: Path, tmp_path: Path, labels: int) -> None:
    lines = [json.loads(line) for line in answers(JSON_LINES, labels).splitlines()]
    file = tmp_path / "answers.jsonl"
    file.write_text("\n".join(map(json.dumps, reversed(beside_ids(lines)))))
    assert predicted(data, file) == SUREST


def test_one_json_list_of_an_endpoint(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "answers.json"
    file.write_text(json.dumps(beside_ids(json.loads(answers(JSON, 2))), indent=1))
    assert predicted(data, file) == SUREST


def test_what_a_batch_transform_joins(data: Path, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in answers(JSON_LINES, 1).splitlines()]
    bodies = TABLE["review_body"]
    joined = [
        {"review_id": review, "source": body, "SageMakerOutput": line}
        for review, body, line in zip(TABLE["review_id"], bodies, lines, strict=True)
    ]
    file = tmp_path / "answers.jsonl.gz.out"
    file.write_bytes(gzip.compress("\n".join(map(json.dumps, joined)).encode()))
    assert predicted(data, file) == SUREST


def test_csv_of_an_endpoint_beside_the_ids(data: Path, tmp_path: Path) -> None:
    cells = list(csv.reader(answers(CSV, 1).splitlines()))
    file = tmp_path / "answers.csv"
    with file.open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["review_id", "label", "prob", "review_body"])
        for review, cell in zip(TABLE["review_id"], cells, strict=True):
            writer.writerow([review, *cell, 'broken\nin "two"'])
    assert predicted(data, file) == SUREST


def test_tables_of_other_programs(data: Path, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "review_id": list(SUREST),
            "label": [label for label, _ in SUREST.values()],
            "probability": [1] * 45 + [0.25] * 45,
            "model_id": "m7",
        }
    )
    wanted = {
        review: (label, 1.0 if at < 45 else 0.25)
        for at, (review, (label, _)) in enumerate(SUREST.items())
    }
    for name in ("a.csv.gz", "b.ndjson", "c.parquet"):
        (tmp_path / name).mkdir()
        file = tmp_path / name / name
        if name == "a.csv.gz":
            frame.to_csv(file, index=False)
        elif name == "b.ndjson":
            pl.from_pandas(frame).write_ndjson(file)
        else:
            pl.from_pandas(frame).write_parquet(file)
        assert predicted(data, file, "m7") == wanted


@pytest.mark.parametrize(
    ("name", "text", "error", "match"),
    [
        ("a.jsonl", '{"label": ["__label__K1"], "prob": [0.9]}', MissingColumn, "it has: label"),
        ("a.csv", "K1,0.9\n", MissingColumn, "it has: none of them"),
        ("a.csv", "review_id,label,confidence\nR1,K1,high\n", InputError, "no table"),
        ("a.csv", "review_id,label,confidence\nR1,K1,-1\n", InputError, "from 0 to 1"),
        ("a.csv", "review_id,label,confidence\nR1,__label__,1\n", InputError, "without a name"),
        ("a.jsonl", '{"review_id": "R1", "label": [], "prob": []}', InputError, "prediction 1"),
        ("a.jsonl", '["R1", "K1", 0.9]', InputError, "no JSON object"),
        ("a.jsonl", '{"review_id": "R1"', InputError, "damaged"),
        ("a.jsonl", '{"review_id": "R1", "label": "K1", "prob": "so"}', InputError, "kind"),
        ("a.csv", "", InputError, "no table"),
    ],
)
def test_what_is_no_prediction_is_said(
    data: Path, tmp_path: Path, name: str, text: str, error: type[Exception], match: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(error, match=match) as said:
        build(data, tmp_path / "graph", predictions=[tmp_path / name], clear_customers=True)
    assert "0.9" not in str(said.value)
    assert "R1" not in str(said.value)
