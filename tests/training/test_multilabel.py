"""Reviews with several labels, from a fastText file to predictions and an endpoint's answer."""

import json
from pathlib import Path

import httpx
import numpy as np
import pyarrow.parquet as pq
import pytest

from reviewdesk.bundle import load_bundle
from reviewdesk.cli.main import main
from reviewdesk.errors import UsageError
from reviewdesk.examples.examples import load_examples
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.schema import prediction_labels
from reviewdesk.scoring.predict import predict
from reviewdesk.settings import SplitSettings, TargetSettings, TextSettings
from reviewdesk.training.comparison import compare
from reviewdesk.training.evaluate import evaluate
from reviewdesk.training.multilabel import evaluate_multilabel, measure_multilabel
from reviewdesk.training.train import train
from tests.serving.fakes import sentiment
from tests.serving.process import server

TOPICS = ("price", "quality", "shipping")
TARGET = TargetSettings(target="labels", min_reviews=5)


def write_lines(path: Path, rows: int, seed: int) -> Path:
    """Write reviews about one topic or several; one label is rare, some lines have none."""
    random = np.random.default_rng(seed)
    lines = []
    for row in range(rows):
        about = [topic for topic in TOPICS if random.random() < 0.5]
        words = [f"{topic}{random.integers(4)}" for topic in about for _ in range(2)]
        words += random.choice(["the", "box", "it", "was"], 5).tolist()
        labels = [*about, *(["rare"] if row < 2 else [])]
        prefix = " ".join(f"__label__{label}" for label in labels)
        lines.append(f"{prefix} note{row} {' '.join(random.permutation(words))}".strip())
    path.write_text("\n".join(lines) + "\n")
    return path


def cli(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    told = capsys.readouterr()
    assert not stop.value.code, told.err
    return told.out


@pytest.fixture
def data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> PreparedData:
    lines = write_lines(tmp_path / "r.txt", 800, 0)
    cli(capsys, "prepare", lines, "--several-labels", "all", "--out", tmp_path / "prepared")
    return PreparedData.open(tmp_path / "prepared")


def test_labels_of_reviews(data: PreparedData) -> None:
    examples = load_examples(data, TARGET, TextSettings())
    assert examples.labels == list(TOPICS)
    assert examples.small_categories == {"rare": 2}
    batch = next(examples.batches())
    lists = dict(zip(batch["review_body"].to_pylist(), batch["label"].to_pylist(), strict=True))
    for body, found in lists.items():
        about = [place for place, topic in enumerate(TOPICS) if topic in body]
        assert (found or []) == about  # a line without a label is one of which nothing is known
    counts = examples.counts()
    assert counts["price"] == sum(0 in (found or []) for found in lists.values())


def test_from_a_file_to_predictions(
    data: PreparedData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--target", "labels", "--min-reviews", "5", "--out", tmp_path / "bundle")
    said = cli(capsys, "train", data.path, *words)
    assert "accuracy" in said
    bundle = load_bundle(tmp_path / "bundle")
    assert bundle.metrics["several"] is True
    assert bundle.metrics["figures"]["micro_f1"]["value"] > 0.95
    told = cli(capsys, "evaluate", tmp_path / "bundle", data.path)
    assert "micro_f1" in told
    assert "calibration error" in told
    found = json.loads(cli(capsys, "evaluate", tmp_path / "bundle", data.path, "--json"))
    assert found["rows_used"]["which"] == "held-out"
    assert found["measures"] == bundle.metrics

    new = write_lines(tmp_path / "new.txt", 50, 1)
    cli(capsys, "predict", tmp_path / "bundle", new, "--out", tmp_path / "p.parquet")
    table = pq.read_table(tmp_path / "p.parquet")
    assert prediction_labels(table.schema) == list(TOPICS)
    probabilities = np.array(table["probabilities"].to_pylist())
    assert probabilities.sum(axis=1).std() > 0.3
    for row, labels in zip(probabilities, table["labels"].to_pylist(), strict=True):
        assert labels == [name for name, one in zip(TOPICS, row, strict=True) if one > 0.5]
    explained = cli(capsys, "explain", tmp_path / "bundle", "the price1 was it", "--json")
    assert json.loads(explained)["reasons"]["price"][0]["word"] == "price1"


def test_what_is_not_done_for_several_labels_says_so(data: PreparedData, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cross-fitted"):
        train(data, tmp_path / "b", target=TARGET, folds=2, oof=tmp_path / "o.parquet")
    with pytest.raises(UsageError, match="linear gives several"):
        train(data, tmp_path / "b", target=TARGET, model="tfidf-svc")
    bundle = train(data, tmp_path / "b", target=TARGET).bundle
    with pytest.raises(UsageError, match="evaluate_multilabel"):
        evaluate(bundle, data)
    assert evaluate_multilabel(bundle, data, rows="all").measures.rows > 500
    other = train(data, tmp_path / "o", target=TARGET, split=SplitSettings(seed=1)).bundle
    with pytest.raises(UsageError, match="evaluate each of them"):
        compare({"b": bundle, "o": other}, data)
    one = sentiment()
    for pair in ({"b": bundle, "one": one}, {"one": one, "b": bundle}):
        with pytest.raises(UsageError, match="cannot be compared: one predicts"):
            compare(pair, data)


def test_the_same_in_a_table_and_from_the_endpoint(data: PreparedData, tmp_path: Path) -> None:
    bundle = train(data, tmp_path / "bundle", target=TARGET).bundle
    predict(bundle, data, tmp_path / "p.parquet")
    wanted = {
        row["review_id"]: row["probabilities"]
        for row in pq.read_table(tmp_path / "p.parquet").to_pylist()
    }
    rows = data.table(["review_id", "review_headline", "review_body"]).to_pylist()[:20]
    lines = "".join(json.dumps({**row, "k": len(TOPICS)}) + "\n" for row in rows)
    with server(str(tmp_path / "bundle")) as one:
        answer = httpx.post(
            f"{one.url}/invocations",
            content=lines,
            headers={"content-type": "application/jsonlines"},
            trust_env=False,
        )
    sums = []
    for row, line in zip(rows, answer.text.splitlines(), strict=True):
        found = json.loads(line)
        assert found["prob"] == sorted(found["prob"], reverse=True)
        by_label = dict(zip(found["label"], found["prob"], strict=True))
        told = np.array([by_label[f"__label__{topic}"] for topic in TOPICS], np.float32)
        assert np.array_equal(told, np.array(wanted[row["review_id"]], np.float32))
        sums.append(told.sum())
    assert np.ptp(sums) > 0.4  # each label is a question of its own


def test_figures_by_hand() -> None:
    true = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 0]], np.bool_)
    said = np.array([[0.9, 0.1, 0], [0.8, 0.2, 0], [0.7, 0.6, 0], [0.1, 0.1, 0]], np.float32)
    found = measure_multilabel(true, said, ["a", "b", "c"])
    assert found.figures["micro_f1"].value == pytest.approx(2 * 3 / (4 + 4))
    assert found.figures["macro_f1"].value == pytest.approx((4 / 5 + 2 / 3) / 2)  # c: no row has it
    assert found.figures["accuracy"].value == 0.5
    first = found.by_label[0]
    assert (first.support, first.given, first.recall) == (2, 3, 1.0)
    assert first.precision == pytest.approx(2 / 3)
    assert found.by_label[2].to_json()["f1"] is None
    assert found.figures["micro_f1"].low <= 0.75 <= found.figures["micro_f1"].high
