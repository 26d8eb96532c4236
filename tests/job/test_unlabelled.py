"""A job on reviews without stars or labels: what is said, and on what it rests."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import reviewdesk as rd
from reviewdesk.bundle import load_bundle
from reviewdesk.desk.judges import BundleJudge
from reviewdesk.desk.page import page
from reviewdesk.errors import NotEnoughData, UsageError
from reviewdesk.job import unlabelled
from reviewdesk.stats.shares import share_interval

from ..cli.conftest import run_cli

GOOD = ("works very well", "great quality", "I love it", "sehr gut und schnell", "highly recommend")
BAD = ("broke after a day", "terrible quality", "waste of money", "leider kaputt", "never again")
THINGS = ("the kettle", "this lamp", "the blue chair", "my new phone", "a small knife")


def texts(rows: int) -> tuple[list[str], list[bool]]:
    """Return texts, two thirds of which praise; a word of their own goes with either side."""
    true = [row % 3 > 0 for row in range(rows)]
    said = [
        f"{THINGS[row % 5]} {(GOOD if positive else BAD)[row % 7 % 5]} for us, {row} "
        f"{'sunny' if positive else 'gloomy'} in the house"
        for row, positive in enumerate(true)
    ]
    return said, true


def write(path: Path, rows: int) -> list[bool]:
    said, true = texts(rows)
    pd.DataFrame({"review_id": [f"r{n}" for n in range(rows)], "text": said}).to_csv(
        path, index=False
    )
    return true


def answer(path: Path, true: list[bool], wrong: int = 0) -> None:
    """Fill in what is asked, some of it wrongly."""
    frame = pd.read_csv(path, dtype=str)
    positive = [true[int(one[1:])] ^ (row < wrong) for row, one in enumerate(frame["review_id"])]
    frame["answer"] = ["Positive" if one else "negative" for one in positive]
    frame.to_csv(path, index=False)


@pytest.mark.parametrize("rows", [240, 2_400])
def test_reviews_without_stars_are_answered(tmp_path: Path, rows: int) -> None:
    true = write(tmp_path / "r.csv", rows)
    job = rd.run(tmp_path / "r.csv", tmp_path / "job")
    labelled = pd.read_csv(job.rows["sentiment"])
    assert np.mean((labelled["label"] == "positive") == true) > 0.95
    model = job.models["sentiment"]
    # What goes with praise in these reviews was learnt beside the words of the list.
    assert model.predict(["sunny", "gloomy"]).tolist() == ["positive", "negative"]
    assert "has not been measured" in model.bundle.rests_on
    assert model.metrics == {}


def test_every_surface_says_that_it_is_not_measured(tmp_path: Path) -> None:
    write(tmp_path / "r.csv", 60)
    done = run_cli("run", tmp_path / "r.csv", "--out", tmp_path / "job")
    assert done.code == 0, done.err
    assert "has not been measured" in done.out
    assert "--audit" in done.out
    report = (tmp_path / "job" / "report.html").read_text()
    page = (tmp_path / "job" / "sentiment" / "evaluation.html").read_text()
    bundle = tmp_path / "job" / "sentiment" / "bundle"
    shown = [run_cli("show", place).out for place in (bundle, bundle.parent)]
    explained = run_cli("explain", bundle, "I love it")
    for surface in (report, page, *shown, explained.out):
        assert "not been measured" in surface
        assert "lists of words" in surface
    assert "mind" in rd.Model.load(bundle)._repr_html_()
    for surface in (report, page):
        assert "not measured" in surface
        assert "interval" not in surface
    assert "has not been measured" in run_cli("show", tmp_path / "job").out


def test_answers_make_it_measured(tmp_path: Path) -> None:
    true = write(tmp_path / "r.csv", 300)
    audit = tmp_path / "answers.csv"
    asked = run_cli("run", tmp_path / "r.csv", "--out", tmp_path / "job", "--audit", audit)
    assert "50 questions" in asked.err
    with audit.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["review_id"] for row in rows}) == 50
    assert not any(row["answer"] for row in rows)
    before = load_bundle(tmp_path / "job" / "sentiment" / "bundle")
    answer(audit, true, wrong=4)
    told = run_cli("run", tmp_path / "r.csv", "--out", tmp_path / "job", "--audit", audit, "--json")
    assert told.code == 0, told.err
    figure = told.json()["targets"]["sentiment"]["figures"]["accuracy"]
    low, high = share_interval(46, 50)
    assert figure == {"value": 0.92, "low": round(low, 6), "high": round(high, 6)}
    bundle = load_bundle(tmp_path / "job" / "sentiment" / "bundle")
    assert bundle.id != before.id  # what was measured belongs to it
    judged = "of 50 reviews drawn at random that a person judged, 92.0\N{NO-BREAK SPACE}%"
    assert judged in bundle.rests_on
    assert "not been measured" not in bundle.rests_on
    for name in ("report.html", "sentiment/evaluation.html"):
        markup = (tmp_path / "job" / name).read_text()
        assert "92.0\N{NO-BREAK SPACE}%" in markup
        assert "not been measured" not in markup


def test_answers_to_other_questions_do_not_count(tmp_path: Path) -> None:
    write(tmp_path / "r.csv", 300)
    audit = tmp_path / "answers.csv"
    run_cli("run", tmp_path / "r.csv", "--out", tmp_path / "job", "--audit", audit)
    drawn = set(pd.read_csv(audit)["review_id"])
    others = [f"r{n}" for n in range(300) if f"r{n}" not in drawn]
    picked = pd.DataFrame({"review_id": others, "answer": "positive"})
    picked.to_csv(audit, index=False)
    failed = run_cli("run", tmp_path / "r.csv", "--out", tmp_path / "job", "--audit", audit)
    assert (failed.code, "drawn" in failed.err) == (3, True)
    picked["answer"] = "maybe"
    picked.to_csv(audit, index=False)
    failed = run_cli("run", tmp_path / "r.csv", "--out", tmp_path / "job", "--audit", audit)
    assert "positive or negative" in failed.err


def test_one_review_is_enough_and_other_languages_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one.csv").write_text("text\nWhat a great lamp\n")
    job = rd.run(tmp_path / "one.csv", tmp_path / "one")
    assert pd.read_csv(job.rows["sentiment"])["label"].tolist() == ["positive"]
    (tmp_path / "greek.csv").write_text("text\nΤο προϊόν είναι καλό\nΔεν μου άρεσε καθόλου\n")
    monkeypatch.setattr(unlabelled, "is_installed", lambda name: False)  # no encoder either
    with pytest.raises(NotEnoughData, match=r"--label.*few-shot"):
        rd.run(tmp_path / "greek.csv", tmp_path / "greek")


def test_what_needs_labels_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "r.csv", 60)
    for options in (["--best"], ["--model", "naive-bayes"]):
        failed = run_cli("run", tmp_path / "r.csv", "--out", tmp_path / "job", *options)
        assert (failed.code, "no review has stars" in failed.err) == (2, True)
    frame = pd.read_csv(tmp_path / "r.csv").assign(stars=[1, 5] * 30)
    frame.to_csv(tmp_path / "rated.csv", index=False)
    audit = tmp_path / "answers.csv"
    failed = run_cli("run", tmp_path / "rated.csv", "--out", tmp_path / "rated", "--audit", audit)
    assert (failed.code, "--audit" in failed.err) == (2, True)


def test_the_same_reviews_give_the_same_bundle(tmp_path: Path) -> None:
    write(tmp_path / "r.csv", 120)
    one, other = (rd.run(tmp_path / "r.csv", tmp_path / name) for name in ("one", "other"))
    assert one.models["sentiment"].bundle.id == other.models["sentiment"].bundle.id
    again = rd.run(tmp_path / "r.csv", tmp_path / "one")
    assert again.models["sentiment"].bundle.id == one.models["sentiment"].bundle.id
    write(tmp_path / "r.csv", 90)
    with pytest.raises(UsageError, match="place"):
        rd.run(tmp_path / "r.csv", tmp_path / "one")


def test_the_page_for_pasting_says_on_what_it_rests(tmp_path: Path) -> None:
    write(tmp_path / "r.csv", 60)
    bundle = rd.run(tmp_path / "r.csv", tmp_path / "job").models["sentiment"].bundle
    assert (
        "Verdict: nobody had labelled the reviews it learned from" in page([BundleJudge(bundle)])[0]
    )


def test_more_files_go_into_the_job(tmp_path: Path) -> None:
    write(tmp_path / "r.csv", 90)
    rd.run(tmp_path / "r.csv", tmp_path / "job")
    more = pd.DataFrame({"review_id": ["n1", "n2"], "text": ["great lamp", "bad kettle, broke"]})
    more.to_csv(tmp_path / "more.csv", index=False)
    done = run_cli("update", tmp_path / "job", tmp_path / "more.csv")
    assert done.code == 0, done.err
    labelled = pd.read_parquet(tmp_path / "job" / "sentiment" / "predictions.parquet")
    said = labelled.set_index("review_id")["label"]
    assert (len(said), said["n1"], said["n2"]) == (92, "positive", "negative")


def test_labels_that_come_later_measure_all_reviews(tmp_path: Path) -> None:
    true = write(tmp_path / "r.csv", 90)
    frame = pd.read_csv(tmp_path / "r.csv")
    frame["truth"] = ["positive" if one else "negative" for one in true]
    frame.to_csv(tmp_path / "r.csv", index=False)
    job = rd.run(tmp_path / "r.csv", tmp_path / "job", keep=["truth"])
    found = job.models["sentiment"].evaluate(job.reviews, label="truth")
    assert found.to_json()["rows_used"]["which"] == "all"
    assert found.figures["accuracy"].value > 0.95
