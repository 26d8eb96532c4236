"""Anybody's predictions measured: figures are those of scikit-learn."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss

import reviewdesk as rd
from reviewdesk.errors import InputError, MissingColumn, NotEnoughData, UsageError

from ..cli.conftest import run_cli

N = 60
NAMES = np.array(["negative", "positive"])


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    truth = rng.random(N) < 0.5
    positive = np.clip(np.where(truth, 0.7, 0.3) + rng.normal(0, 0.25, N), 0.01, 0.99).round(3)
    positive[positive == 0.5] = 0.51  # no ties
    return pd.DataFrame(
        {
            "text": [f"review number {n}, long enough to be one" for n in range(N)],
            "stars": np.where(truth, 5, 1),
            "truth": NAMES[truth.astype(int)],
            "positive": positive,
            "said": NAMES[(positive > 0.5).astype(int)],
        }
    )


@pytest.fixture(scope="module")
def sent(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that was sent, with a line in the middle that is no record."""
    path = tmp_path_factory.mktemp("sent") / "sent.jsonl"
    lines = [json.dumps(row) for row in frame[["text", "stars", "truth"]].to_dict("records")]
    path.write_text("\n".join([*lines[:20], "broken", *lines[20:]]) + "\n")
    return path


def check(found: dict[str, Any], frame: pd.DataFrame, *, probabilities: bool = True) -> None:
    figures = found["measures"]["figures"]
    assert figures["accuracy"]["value"] == pytest.approx(
        accuracy_score(frame["truth"], frame["said"])
    )
    macro = f1_score(frame["truth"], frame["said"], average="macro")
    assert figures["macro_f1"]["value"] == pytest.approx(macro)
    assert found["measures"]["rows"] == N
    if probabilities:
        loss = log_loss(frame["truth"], frame["positive"].to_numpy(), labels=NAMES)
        assert figures["log_loss"]["value"] == pytest.approx(loss, rel=1e-4)


def test_the_out_file_of_a_batch_transform(frame: pd.DataFrame, sent: Path, tmp_path: Path) -> None:
    out = tmp_path / "sent.jsonl.out"
    answers = []
    for row in frame.itertuples():
        order = sorted(
            (("positive", row.positive), ("negative", 1 - row.positive)), key=lambda p: -p[1]
        )
        answers.append(
            {"label": [f"__label__{n}" for n, _ in order], "prob": [p for _, p in order]}
        )
    out.write_text("".join(json.dumps(one) + "\n" for one in answers))
    found = run_cli("evaluate", "--predictions", out, sent, "--target", "sentiment", "--json")
    assert found.code == 0, found.err
    check(found.json(), frame)
    joined = tmp_path / "folder" / "a" / "joined.jsonl.out"
    joined.parent.mkdir(parents=True)
    both = [{"text": "x", "SageMakerOutput": one} for one in answers]
    both.insert(20, {"text": "", "SageMakerOutput": answers[0]})  # one for the broken line, too
    joined.write_text("\n".join(map(json.dumps, both)))
    page = tmp_path / "page.html"
    words = ("--label", "truth", "--json", "--out", page)
    other = run_cli("evaluate", "--predictions", tmp_path / "folder", sent, *words)
    assert other.code == 0, other.err
    check(other.json(), frame)
    assert "given predictions" in page.read_text()


def test_tables_of_other_programs(frame: pd.DataFrame, sent: Path, tmp_path: Path) -> None:
    numbers = frame["said"].map({"negative": 0, "positive": 1})
    numbers.astype(float).to_frame("y_pred").to_csv(tmp_path / "p.csv", index=False)
    plain = ("evaluate", "--predictions", tmp_path / "p.csv", sent, "--label", "truth", "--json")
    refused = run_cli(*plain)
    assert "--label-map 0=LABEL --label-map 1=LABEL" in refused.err
    mapped = run_cli(*plain, "--label-map", "0=negative", "--label-map", "1=positive")
    check(mapped.json(), frame, probabilities=False)
    assert "does not tell the probabilities" in mapped.json()["rows_used"]["why"]
    (tmp_path / "map.json").write_text('{"0": "negative", "1": "positive"}')
    check(run_cli(*plain, "--label-map", tmp_path / "map.json").json(), frame, probabilities=False)
    columns = np.column_stack([1 - frame["positive"], frame["positive"]])
    np.savetxt(tmp_path / "p.csv.out", columns, delimiter=",", fmt="%.6f")
    vectors = (
        "evaluate",
        "--predictions",
        tmp_path / "p.csv.out",
        sent,
        "--label",
        "truth",
        "--json",
    )
    check(run_cli(*vectors, "--label-map", tmp_path / "map.json").json(), frame)
    sure = np.where(frame["said"] == "positive", frame["positive"], 1 - frame["positive"])
    pd.DataFrame({"answer": frame["said"], "score": sure}).to_parquet(tmp_path / "p.parquet")
    found = rd.evaluate_predictions(tmp_path / "p.parquet", sent, label="truth")
    check(found.evaluation.to_json(), frame)


def test_ids_tell_which_is_which_in_prepared_reviews(frame: pd.DataFrame, tmp_path: Path) -> None:
    named = frame.assign(review_id=[f"R{n}" for n in range(N)])
    reviews = rd.prepare(named, tmp_path / "prepared", keep=["truth"])
    shuffled = named.sample(frac=1, random_state=1)
    table = pd.DataFrame({"review_id": shuffled["review_id"], "prediction": shuffled["said"]})
    found = rd.evaluate_predictions(table, reviews, label="truth")
    check(found.evaluation.to_json(), frame, probabilities=False)
    half = rd.evaluate_predictions(table[:30], reviews, label="truth").to_json()
    assert half["measures"]["rows"] == 30
    assert half["rows_used"]["left_out"]["no_prediction"] == 30
    unnamed = _csv(table.rename(columns={"prediction": "x"}), tmp_path)
    words = ("evaluate", "--predictions", unnamed, tmp_path / "prepared", "--label", "truth")
    assert "--predicted COLUMN" in run_cli(*words).err
    check(run_cli(*words, "--predicted", "x", "--json").json(), frame, probabilities=False)
    with pytest.raises(InputError, match="59 predictions of 60 reviews and no ids"):
        rd.evaluate_predictions(table[["prediction"]][1:], reviews, label="truth")


def test_our_own_rows_are_measured_as_their_bundle_is(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame[["text", "stars"]].to_csv(tmp_path / "r.csv", index=False)
    model = rd.train(tmp_path / "r.csv", "sentiment")
    model.predict_file(tmp_path / "r.csv", tmp_path / "o.csv")
    theirs = rd.evaluate_predictions(tmp_path / "o.csv", tmp_path / "r.csv", target="sentiment")
    own = model.evaluate(tmp_path / "r.csv", rows="all")
    assert theirs.figures["accuracy"].value == own.figures["accuracy"].value
    assert theirs.figures["brier"].value == pytest.approx(own.figures["brier"].value, rel=1e-3)


def test_what_is_no_prediction_is_said(sent: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.out").write_text('{"label": ["a"]')
    with pytest.raises(InputError, match="not JSON from line 1"):
        rd.evaluate_predictions(tmp_path / "bad.out", sent)
    (tmp_path / "three.out").write_text("1,2,3\n")
    with pytest.raises(InputError, match="3 values"):
        rd.evaluate_predictions(tmp_path / "three.out", sent)
    (tmp_path / "none.jsonl").write_text('{"a": 1}\n')
    with pytest.raises(MissingColumn, match="no column of"):
        rd.evaluate_predictions(tmp_path / "none.jsonl", sent)
    with pytest.raises(UsageError, match="NAME=LABEL"):
        rd.evaluate_predictions(tmp_path / "none.jsonl", sent, label_map=["x"])
    (tmp_path / "other.out").write_text("cat\n" * N)
    with pytest.raises(NotEnoughData, match="none of the labels"):
        rd.evaluate_predictions(tmp_path / "other.out", sent)


def _csv(table: pd.DataFrame, folder: Path) -> Path:
    table.to_csv(folder / "table.csv", index=False)
    return folder / "table.csv"
