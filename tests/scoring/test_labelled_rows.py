"""Predictions back in the rows that they are for, read by other people's programs."""

import csv
import datetime as dt
import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import reviewdesk as rd
from reviewdesk.bundle import Bundle
from reviewdesk.errors import UsageError
from reviewdesk.findings.predictions_table import PredictionsTable
from reviewdesk.scoring.labelled_rows import label_rows
from reviewdesk.scoring.predict import PredictSummary
from reviewdesk.settings import SourceSettings
from reviewdesk.sources.catalog import open_inputs

GOOD = ["lovely, works well", "works very well, happy", "happy with the lovely colour"]
BAD = ["broke at once", "poor and broke", "sent back, poor thing"]


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    rows = [
        (text, stars) for _ in range(30) for texts, stars in ((GOOD, 5), (BAD, 1)) for text in texts
    ]
    frame = pd.DataFrame(rows, columns=["text", "stars"])
    frame["text"] += [f" {n}" for n in range(len(frame))]
    return rd.train(frame, "stars").bundle


def labelled(bundle: Bundle, path: Path, out: Path, **settings: Any) -> PredictSummary:
    return label_rows(bundle, open_inputs([str(path)], SourceSettings(**settings)), out)


def test_a_spreadsheet_comes_back_with_every_row_in_its_place(
    bundle: Bundle, tmp_path: Path
) -> None:
    path, out = tmp_path / "shop.csv", tmp_path / "out.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL)
        writer.writerow(["Nr", "comment", "note", "label", "comment"])
        writer.writerow(["1", "lovely,\nworks; well", "=1+2", "mine", "a"])
        writer.writerow(["2", "broke at once", "too", "many", "cells", "here"])
        writer.writerow(["3", "poor and broke", "-5", "@x", "b"])
        writer.writerow(["4", "", "+49 171", "", ""])
    summary = labelled(bundle, path, out, separator="semicolon")
    assert (summary.rows, summary.rejected) == (3, {"wrong_field_count": 1})
    assert summary.formula_cells == 4
    with out.open(newline="") as file:
        rows = [*csv.DictReader(file, delimiter=";")]  # as the spreadsheet wrote it
    assert [*rows[0]] == [
        *("Nr", "comment", "note", "label", "comment (2)"),
        *("predicted_label", "probability", "expected_stars", "not_labelled_because"),
    ]
    assert [row["Nr"] for row in rows] == ["1", "2", "3", "4"]
    assert [row["predicted_label"] for row in rows] == ["5", "", "1", rows[3]["predicted_label"]]
    assert rows[0]["comment"] == "lovely,\nworks; well"
    assert [row["note"] for row in rows] == ["'=1+2", "too", "'-5", "'+49 171"]
    assert rows[1]["comment (2)"] == "cells;here"
    assert rows[1]["not_labelled_because"].startswith("wrong_field_count: the line has more")
    assert 4 < float(rows[0]["expected_stars"]) <= 5
    again = tmp_path / "again.jsonl"
    labelled(bundle, out, again, separator="semicolon")
    read = [json.loads(line) for line in again.read_text().splitlines()]
    assert [row["note"] for row in read] == ["=1+2", "too", "-5", "+49 171"]  # the apostrophe went
    assert read[0]["predicted_label"] == "5"
    assert read[0]["predicted_label_2"] == "5"


def test_json_keeps_what_it_had(bundle: Bundle, tmp_path: Path) -> None:
    rows = [
        {"review": "works very well, happy", "author": {"id": 7, "tags": ["a", "b"]}, "price": 1.5},
        {"review": "broke at once", "seen": True, "id": 2**60, "price": None},
    ]
    path = tmp_path / "r.jsonl.gz"
    text = f"{json.dumps(rows[0])}\nno json\n{json.dumps(rows[1])}\n"
    path.write_bytes(gzip.compress(text.encode()))
    labelled(bundle, path, tmp_path / "o.jsonl")
    found = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    for given, got in zip((rows[0], rows[1]), (found[0], found[2]), strict=True):
        assert {name: got[name] for name in given} == given
    assert [one["label"] for one in found] == ["5", None, "1"]
    assert found[1]["unread_row"] == "no json"
    assert found[1]["not_labelled_because"].startswith("bad_json")
    labelled(bundle, path, tmp_path / "o.parquet")
    table = pd.read_parquet(tmp_path / "o.parquet")
    assert json.loads(table["author"][0]) == rows[0]["author"]
    assert table["price"][0] == 1.5
    assert table["id"][2] == 2**60
    labelled(bundle, path, tmp_path / "o.csv")
    flat = pd.read_csv(tmp_path / "o.csv")
    assert flat["review"][2] == "broke at once"
    assert flat["seen"].tolist()[2] in (True, "True")


def test_parquet_keeps_its_types_and_is_a_predictions_table(bundle: Bundle, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "review_id": [f"R{n}" for n in range(6)],
            "text": GOOD + BAD,
            "when": [dt.datetime(2024, 1, n + 1) for n in range(6)],
            "price": np.arange(6) / 3,
            "tags": [["a", "=b"]] * 6,
        }
    )
    frame.to_parquet(tmp_path / "r.parquet")
    labelled(bundle, tmp_path / "r.parquet", tmp_path / "o.parquet")
    found = pd.read_parquet(tmp_path / "o.parquet")
    pd.testing.assert_frame_equal(
        found[[*frame.columns]].drop(columns="tags"), frame.drop(columns="tags")
    )
    assert [[*one] for one in found["tags"]] == [["a", "=b"]] * 6
    assert found["label"].tolist() == ["5"] * 3 + ["1"] * 3
    table = PredictionsTable.open(tmp_path / "o.parquet")
    assert (table.target, table.labels) == ("stars", bundle.labels)
    assert table.ids().to_pylist() == frame["review_id"].tolist()
    again = labelled(bundle, tmp_path / "r.parquet", tmp_path / "o.parquet")
    assert (again.already, again.labels) == (True, {"1": 3, "5": 3})


def test_a_folder_of_files_of_several_kinds_is_one_table(bundle: Bundle, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text("text,n\nlovely,1\n")
    (folder / "b.jsonl").write_text('{"text": "broke", "k": 2}\n')
    pq.write_table(pa.table({"text": ["poor"], "n": [3]}), folder / "c.parquet")
    labelled(bundle, folder, tmp_path / "o.csv")
    rows = [*csv.DictReader(io.StringIO((tmp_path / "o.csv").read_text()))]
    assert [(row["text"], row["n"], row["k"]) for row in rows] == [
        ("lovely", "1", ""),
        ("broke", "", "2"),
        ("poor", "3", ""),
    ]
    assert [row["label"] for row in rows] == ["5", "1", "1"]


def test_python_writes_the_rows_of_a_frame(bundle: Bundle, tmp_path: Path) -> None:
    frame = pd.DataFrame({"comment": [*GOOD, *BAD], "n": range(6)})
    model = rd.Model(bundle, tmp_path)
    summary = model.predict_file(frame, tmp_path / "o.csv", columns={"review_body": "comment"})
    assert summary.labels == {"1": 3, "5": 3}
    found = pd.read_csv(tmp_path / "o.csv")
    assert found["n"].tolist() == [*range(6)]
    with pytest.raises(UsageError, match="is there already"):
        model.predict_file(frame, tmp_path / "o.csv", columns={"review_body": "comment"})
    with pytest.raises(UsageError, match="has to end in one of"):
        model.predict_file(frame, tmp_path / "o.xlsx", columns={"review_body": "comment"})
