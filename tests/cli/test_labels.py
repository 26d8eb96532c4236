"""Labels of one's own, and columns that are kept, as a user gives them."""

import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import reviewdesk as rd
from reviewdesk.bundle import load_bundle

from .conftest import Cli

WORDS = {"late": ("parcel", "never came", "two weeks"), "broken": ("snapped", "crack", "no power")}


def tickets(rows: int = 160) -> pd.DataFrame:
    """Return texts with a topic, the same as a number with a gap, and a flag."""
    rng = np.random.default_rng(5)
    topics = [("late", "broken")[n % 2] for n in range(rows)]
    texts = [
        f"Ticket {n}: the {rng.choice(WORDS[topic])} {rng.choice(['again', 'today', 'sadly'])}"
        for n, topic in enumerate(topics)
    ]
    numbers = [float(topic == "broken") for topic in topics]
    numbers[0] = float("nan")
    return pd.DataFrame({"note": texts, "topic": topics, "code": numbers, "score": 3})


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "tickets.csv"
    tickets().to_csv(path, index=False)
    return path


READ = ("--map", "review_body=note", "--folds", "2")


def test_run_learns_the_labels_of_a_column(file: Path, tmp_path: Path, cli: Cli) -> None:
    done = cli("run", file, *READ, "--label", "topic", "--out", tmp_path / "job", "--json")
    assert done.code == 0, done.err
    assert [*done.json()["targets"]] == ["label"]
    bundle = load_bundle(tmp_path / "job/label/bundle")
    assert bundle.labels == ["broken", "late"]
    assert bundle.metrics["figures"]["accuracy"]["value"] > 0.9
    oof = pq.read_table(tmp_path / "job/label/predictions.parquet")
    assert set(oof["label"].to_pylist()) == {"broken", "late"}


def test_numbers_are_labels_and_a_target_may_stand_beside(
    file: Path, tmp_path: Path, cli: Cli
) -> None:
    words = ("--label", "code", "--target", "category", "--category", "Desk", "--min-reviews", "2")
    done = cli("run", file, *READ, *words, "--out", tmp_path / "job")
    assert "needs reviews of two labels" in done.err  # of categories there is one
    alone = cli("run", file, *READ, *words[:2], "--out", tmp_path / "alone")
    assert alone.code == 0, alone.err
    bundle = load_bundle(tmp_path / "alone/label/bundle")
    assert bundle.labels == ["0", "1"]  # pandas wrote 0.0 and 1.0, because one is missing
    assert bundle.manifest["data"]["rows"]["labelled"] == 159


def test_the_steps_learn_and_measure_a_kept_column(file: Path, tmp_path: Path, cli: Cli) -> None:
    prepared = tmp_path / "prepared"
    keep = ("--keep", "topic", "--keep", "code")
    assert cli("prepare", file, "--map", "review_body=note", *keep, "--out", prepared).code == 0
    part = next((prepared / "reviews").glob("*/*.parquet"))
    found = duckdb.execute("SELECT review_body, topic, code FROM read_parquet(?)", [str(part)]).df()
    merged = found.merge(tickets().astype({"code": str}), left_on="review_body", right_on="note")
    assert len(merged) == 160
    assert (merged["topic_x"] == merged["topic_y"]).all()
    bundle = tmp_path / "bundle"
    assert cli("train", prepared, "--label", "topic", "--out", bundle).code == 0
    measured = cli("evaluate", bundle, prepared, "--json").json()
    assert measured["target"] == "label"
    assert measured["measures"]["figures"]["accuracy"]["value"] > 0.9
    other = cli("evaluate", bundle, prepared, "--rows", "all", "--label", "code", "--json")
    assert "no review in this data has one of the labels" in other.err  # 0 and 1 are not its words


def test_a_column_that_is_not_there_is_said_with_what_to_do(
    file: Path, tmp_path: Path, cli: Cli
) -> None:
    wrong = cli("run", file, *READ, "--label", "topics", "--out", tmp_path / "job")
    assert wrong.code != 0
    assert "has no column 'topics'; it has: 'note', 'score', 'topic', 'code'" in wrong.err
    prepared = tmp_path / "prepared"
    cli("prepare", file, "--map", "review_body=note", "--out", prepared)
    late = cli("train", prepared, "--label", "my topic", "--out", tmp_path / "bundle")
    assert "--keep 'my topic'" in late.err
    both = cli("train", prepared, "--target", "stars", "--label", "topic", "--out", tmp_path / "b")
    assert "give a target or a column of labels, not both" in both.err
    bare = cli("train", prepared, "--target", "label", "--out", tmp_path / "b")
    assert "--label COLUMN" in bare.err
    own = cli("prepare", file, "--keep", "copy_of", "--out", tmp_path / "other")
    assert "'copy_of' cannot be kept" in own.err


def test_keeping_changes_no_id_and_no_other_value(file: Path, tmp_path: Path) -> None:
    plain = rd.read(file, columns={"review_body": "note"}).to_pandas()
    kept = rd.read(file, columns={"review_body": "note"}, keep=["topic", "score"]).to_pandas()
    assert [*kept.columns] == [*plain.columns[:-2], "topic", "score", *plain.columns[-2:]]
    pd.testing.assert_frame_equal(kept[plain.columns], plain)
    assert set(kept["score"]) == {"3"}  # read as the stars, and kept as it stands
    assert set(kept["star_rating"]) == {3}


@pytest.mark.parametrize("kind", ["tsv", "jsonl", "parquet", "csv-format"])
def test_every_kind_of_file_keeps_its_columns(kind: str, tmp_path: Path) -> None:
    frame = tickets(8).rename(columns={"note": "text"})
    frame["topic"] = frame["topic"] + "\t=1"
    path = tmp_path / f"t.{kind}"
    settings: dict[str, Any] = {}
    if kind == "tsv":
        frame["topic"] = frame["topic"].str.replace("\t", " ")
        frame.to_csv(path, sep="\t", index=False)
    elif kind == "jsonl":
        rows = [{"text": r.text, "meta": {"topic": r.topic}, "all": [r.code, "x"]}
                for r in frame.fillna(0).itertuples()]  # fmt: skip
        path.write_text("\n".join(map(json.dumps, rows)))
        kept = rd.read(path, keep=["meta.topic", "all"]).to_pandas().set_index("review_body")
        assert kept["meta.topic"].to_dict() == dict(zip(frame["text"], frame["topic"], strict=True))
        assert set(kept["all"]) == {'[0.0,"x"]', '[1.0,"x"]'}
        return
    elif kind == "parquet":
        frame.to_parquet(path)
    else:
        path = tmp_path / "t.csv"
        frame.to_csv(path, index=False)
        settings = {"format": "csv"}
    found = rd.read(path, keep=["topic"], **settings).to_pandas().set_index("review_body")
    assert found["topic"].to_dict() == dict(zip(frame["text"], frame["topic"], strict=True))


def test_python_learns_from_a_column_of_reviews_that_kept_it(file: Path, tmp_path: Path) -> None:
    reviews = rd.prepare(file, tmp_path / "p", columns={"review_body": "note"}, keep=["topic"])
    model = rd.train(reviews, label="topic")
    assert [*model.predict(["the parcel never came", "snapped, no power"])] == ["late", "broken"]
    measured = model.evaluate(file, label="topic", rows="all")
    assert measured.evaluation.measures.rows == 160
    job = rd.run(
        tickets(), tmp_path / "job", label="topic", columns={"review_body": "note"}, folds=2
    )
    assert [*job.models] == ["label"]


def test_several_labels_may_stand_in_any_column(tmp_path: Path, cli: Cli) -> None:
    frame = tickets()
    frame["tags"] = frame["topic"] + np.where(frame.index % 3 == 0, "|urgent", "")
    frame.rename(columns={"note": "text"}).to_csv(tmp_path / "tags.csv", index=False)
    cli("prepare", tmp_path / "tags.csv", "--keep", "tags", "--out", tmp_path / "p")
    words = ("--target", "labels", "--label", "tags", "--out", tmp_path / "bundle")
    done = cli("train", tmp_path / "p", *words)
    assert done.code == 0, done.err
    assert load_bundle(tmp_path / "bundle").labels == ["broken", "late", "urgent"]


def test_several_labels_are_exported_by_their_names(tmp_path: Path, cli: Cli) -> None:
    frame = tickets()
    frame["tags"] = frame["topic"] + np.where(frame.index % 3 == 0, "|urgent", "")
    frame["review_id"] = [f"R{row}" for row in range(len(frame))]
    frame.rename(columns={"note": "text"}).to_csv(tmp_path / "tags.csv", index=False)
    cli("prepare", tmp_path / "tags.csv", "--keep", "tags", "--out", tmp_path / "p")
    tags = {row.review_id: set(str(row.tags).split("|")) for row in frame.itertuples()}
    words = ("export", tmp_path / "p", "--target", "labels", "--label", "tags")
    for form in ("csv", "jsonl", "fasttext", "augmented-manifest", "libsvm"):
        done = cli(*words, "--format", form, "--out", tmp_path / form)
        assert done.code == 0, done.err
    as_csv = pd.read_csv(tmp_path / "csv" / "train.csv", index_col="review_id")["label"]
    lines = (tmp_path / "jsonl" / "train.jsonl").read_text().splitlines()
    as_json = {row["review_id"]: row["label"] for row in map(json.loads, lines)}
    assert len(as_json) == len(as_csv) > 50
    for review, names in as_json.items():
        assert set(names) == tags[review] == set(as_csv[review].split("|"))
    names = [one["name"] for one in json.loads((tmp_path / "csv" / "labels.json").read_text())]
    manifest = (tmp_path / "augmented-manifest" / "train.manifest").read_text().splitlines()
    numbers = [json.loads(line)["label"] for line in manifest]
    assert [[names[one] for one in row] for row in numbers] == list(as_json.values())
    fasttext = (tmp_path / "fasttext" / "train.txt").read_text().splitlines()
    assert [line.count("__label__") for line in fasttext] == [len(row) for row in numbers]
    libsvm = (tmp_path / "libsvm" / "train.libsvm").read_text().splitlines()
    assert [line.split()[0] for line in libsvm] == [",".join(map(str, row)) for row in numbers]
