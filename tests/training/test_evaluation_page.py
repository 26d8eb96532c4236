from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reviewdesk.training.evaluate import Evaluation, EvaluationSample
from reviewdesk.training.evaluation_page import evaluation_page, write_evaluation_page
from reviewdesk.training.measures import evaluate_probabilities
from tests.report.reading import Reader

ATTACK = "<script>alert(1)</script><img src=//example.org/x onerror=alert(1)>"


def evaluation(labels: list[str], rows: int = 400, present: int | None = None) -> Evaluation:
    generator = np.random.default_rng(0)
    true = generator.integers(present or len(labels), size=rows)
    odds = np.exp(generator.normal(size=(rows, len(labels))) + 2 * np.eye(len(labels))[true])
    measures = evaluate_probabilities(true, odds / odds.sum(axis=1, keepdims=True), labels)
    sample = EvaluationSample(
        f"R{ATTACK}", ATTACK, f"{ATTACK} and more", labels[0], labels[1], 0.987
    )
    return Evaluation(
        bundle="tfidf-svc-0123",
        family="tfidf-svc",
        target="category",
        data="abc",
        rows="held-out",
        why="because so",
        left_out={"no_stars": 1234},
        measures=measures,
        default_headlines=0,
        without_default_headlines=None,
        slices=(),
        surest_right=(sample._replace(said=labels[0]),) * 6,
        surest_wrong=(sample,) * 6,
        least_sure=(sample,) * 6,
    )


def read(of: Evaluation) -> Reader:
    return Reader(evaluation_page(of).render())


@pytest.mark.parametrize("count", [2, 6, 30])
def test_page_has_everything_for_two_and_for_thirty_labels(count: int) -> None:
    labels = [f"label {n}" for n in range(count)]
    page = read(evaluation(labels))
    assert [one["class"] for one in page.all("figure")] == ["chart"] * 4
    assert len(page.all("table")) == 5
    assert len(page.all("article")) == 18
    assert len(page.all("td")) > count * count
    for label in labels:
        assert label in page.text
    for part in ("ROC-AUC", "Calibration error", "1,234 no stars", "tfidf-svc-0123", "because so"):
        assert part in page.text


def test_hundreds_of_labels_are_folded_and_their_mistakes_listed() -> None:
    many = evaluation([f"label {n} · {n % 5}" for n in range(300)], rows=3000)
    page = read(many)
    assert len(page.all("details")) == 1
    assert "The other 270 labels" in page.text
    assert "The most frequent mistakes" in page.text
    assert len(evaluation_page(many).render()) < 300_000
    assert "confusion" not in many.measures.to_json()
    worst = many.measures.to_json()["mistakes"][0]
    assert worst["true"] != worst["predicted"]


def test_stars_have_their_mean_error() -> None:
    assert "Mean error in stars" in read(evaluation(list("12345"))).text
    assert "Mean error in stars" not in read(evaluation(list("12346"))).text


def test_page_is_small_and_the_same_every_time() -> None:
    two = evaluation(["negative", "positive"])
    assert evaluation_page(two).render() == evaluation_page(two).render()
    assert len(evaluation_page(two).render()) < 100_000
    assert len(evaluation_page(evaluation([f"label {n}" for n in range(30)])).render()) < 250_000


def test_texts_and_labels_are_shown_and_never_run() -> None:
    page = read(evaluation([ATTACK, f"other {ATTACK}", "third"]))
    assert page.all("script") == page.all("img") == []
    assert page.text.count("and more") == 18
    assert not any(name.startswith("on") for _, attrs in page.elements for name in attrs)


def test_no_mistakes_one_label_and_one_row_still_make_a_page() -> None:
    perfect = replace(evaluation(["a", "b"]), surest_wrong=())
    assert "It made no mistake." in read(perfect).text
    assert "nothing to rank" in read(evaluation(["a", "b"], present=1)).text
    assert read(evaluation(["a", "b"], rows=1)).all("main")


def test_page_is_written_for_its_owner(tmp_path: Path) -> None:
    write_evaluation_page(evaluation(["a", "b"]), tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_mode & 0o077 == 0
