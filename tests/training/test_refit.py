"""A bundle that learns from all reviews once it was measured, and keeps the figures of before."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import reviewdesk as rd
from reviewdesk.bundle import load_bundle
from reviewdesk.cli.main import main
from reviewdesk.errors import BundleError, UsageError
from reviewdesk.examples.examples import load_examples
from reviewdesk.formats.weights import load_weights, save_weights
from reviewdesk.job.main_job import EVALUATION
from reviewdesk.models.held_out import HELD_OUT
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.models.linear.classifier import Linear
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import SplitSettings, TargetSettings, TextSettings
from reviewdesk.training.blending import blend
from reviewdesk.training.comparison import compare
from reviewdesk.training.evaluate import evaluate
from reviewdesk.training.multilabel import evaluate_multilabel
from reviewdesk.training.train import train
from tests.training.reviews import prepared, write_reviews
from tests.training.test_multilabel import TARGET, write_lines


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    folder = tmp_path_factory.mktemp("refit")
    return prepared(write_reviews(folder / "r.tsv", 600), folder / "prepared")


def own_words(products: int) -> pd.DataFrame:
    """Return reviews of which nothing can be known before the product was seen."""
    rows = [
        {
            "product_id": f"p{n}",
            "review_body": f"word{n} number{i} here",
            "star_rating": 1 + 4 * (n % 2),
        }
        for n in range(products)
        for i in range(10)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("model", ["linear", "naive-bayes", "tfidf-svc", "fasttext"])
def test_what_is_saved_has_learnt_what_was_held_out(model: str) -> None:
    frame = own_words(40)
    settings = {"epoch": 40} if model == "fasttext" else {}
    held_out = rd.train(frame, model=model, model_settings=settings, refit=False)
    refitted = rd.train(frame, model=model, model_settings=settings)
    stars = np.where(frame.star_rating > 3, "positive", "negative")
    assert refitted.metrics == held_out.metrics
    assert refitted.metrics["figures"]["accuracy"]["value"] < 0.75
    assert (refitted.predict(frame) == stars).mean() > 0.95
    assert (held_out.predict(frame) == stars).mean() < 0.95


def test_it_is_the_classifier_that_all_reviews_make(data: PreparedData, tmp_path: Path) -> None:
    bundle = train(data, tmp_path / "bundle").bundle
    examples = load_examples(data, TargetSettings(), TextSettings())
    chosen = {"ngrams": bundle.classifier.ngrams_, "strength": bundle.classifier.strength_}  # type: ignore[attr-defined]
    by_hand = Linear(**chosen)
    by_hand.fit(LabelledReviews.of_examples(examples, examples.labelled))
    batch = next(examples.batches())
    assert (bundle.predict_proba(batch) == by_hand.predict_proba(batch)).all()


def test_evaluating_on_the_same_data_keeps_the_figures(data: PreparedData, tmp_path: Path) -> None:
    bundle = train(data, tmp_path / "bundle.tar.gz").bundle
    before = evaluate(train(data, tmp_path / "before", refit=False).bundle, data)
    after = evaluate(load_bundle(tmp_path / "bundle.tar.gz"), data)
    assert after.measures.to_json() == before.measures.to_json()
    assert after.measures.to_json().items() <= bundle.metrics.items()
    for one, other in zip(after.by_known_words, before.by_known_words, strict=True):
        assert one.to_json() == other.to_json()
    assert after.surest_wrong == before.surest_wrong
    assert [one.to_json() for one in after.slices] == [one.to_json() for one in before.slices]
    assert "learned anew from all 600, these included" in after.why
    assert "learned anew" not in before.why
    assert "flatters" in evaluate(bundle, data, rows="all").why


def test_bundles_are_compared_by_what_they_said_before(data: PreparedData, tmp_path: Path) -> None:
    half = SplitSettings(test_share=0.5, seed=1)
    bundles = {
        "refitted": train(data, tmp_path / "1").bundle,
        "held out": train(data, tmp_path / "2", refit=False).bundle,
        "half": train(data, tmp_path / "3", split=half).bundle,
    }
    found = compare(bundles, data)
    assert found.rows == "held-out"
    first, second, third = found.bundles
    assert second.differences["accuracy"].value == second.differences["log_loss"].value == 0
    alone = compare({"held out": bundles["held out"], "half": bundles["half"]}, data).bundles[1]
    assert third.measures.to_json() == alone.measures.to_json()
    assert first.measures.rows < first.held_out  # type: ignore[operator]


def test_blends_are_measured_by_members_that_have_not_seen_the_reviews(
    data: PreparedData, tmp_path: Path
) -> None:
    blends = []
    for refit in (True, False):
        folder = tmp_path / str(refit)
        members = {
            model: train(data, folder / model, model=model, refit=refit).bundle
            for model in ("linear", "naive-bayes")
        }
        blends.append(blend(members, data, folder / "blend").bundle)
    after, before = blends
    assert after.metrics == before.metrics
    assert (after.held_out is not None, before.held_out is not None) == (True, False)
    assert evaluate(after, data).measures.to_json().items() <= after.metrics.items()
    batch = next(data.batches(["review_headline", "review_body"]))
    assert (after.predict_proba(batch) != before.predict_proba(batch)).any()


def test_reviews_of_several_labels(tmp_path: Path) -> None:
    rd.prepare(write_lines(tmp_path / "r.txt", 400, 0), tmp_path / "data", several_labels="all")
    data = PreparedData.open(tmp_path / "data")
    bundle = train(data, tmp_path / "bundle", target=TARGET).bundle
    assert bundle.held_out is not None
    found = evaluate_multilabel(load_bundle(tmp_path / "bundle"), data)
    assert found.measures.to_json() == bundle.metrics
    assert "learned anew" in found.why


def test_nothing_is_done_twice_and_the_other_way_is_another_bundle(
    data: PreparedData, tmp_path: Path
) -> None:
    first = train(data, tmp_path / "bundle")
    again = train(data, tmp_path / "bundle")
    assert (again.already, again.bundle.id) == (True, first.bundle.id)
    assert again.bundle.held_out is not None
    with pytest.raises(UsageError, match="other data or settings"):
        train(data, tmp_path / "bundle", refit=False)
    nothing = train(data, tmp_path / "all", split=SplitSettings(test_share=0)).bundle
    assert nothing.held_out is None


def test_damaged_predictions_are_refused(data: PreparedData, tmp_path: Path) -> None:
    train(data, tmp_path / "bundle")
    path = tmp_path / "bundle" / HELD_OUT
    arrays = load_weights(path)
    save_weights(path, {**arrays, "probabilities": arrays["probabilities"][:-1]})
    with pytest.raises(BundleError, match="damaged"):
        load_bundle(tmp_path / "bundle")


def test_the_command_line_says_so(
    data: PreparedData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def reviewdesk(*words: str | Path) -> str:
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        assert not stop.value.code
        return capsys.readouterr().out

    bundle = tmp_path / "bundle"
    assert "then learned anew from all 600" in reviewdesk("train", data.path, "--out", bundle)
    out = reviewdesk("train", data.path, "--no-refit", "--out", tmp_path / "other")
    assert "learned anew" not in out
    assert "learned anew from all 600" in reviewdesk("evaluate", bundle, data.path)


def test_the_main_job_too(data: PreparedData, tmp_path: Path) -> None:
    reviews = write_reviews(tmp_path / "r.tsv", 300)
    for name, refit in (("all", True), ("held-out", False)):
        job = rd.run(reviews, tmp_path / name, folds=2, refit=refit)
        assert (job.models["sentiment"].bundle.held_out is not None) == refit
        page = (tmp_path / name / "sentiment" / EVALUATION).read_text()
        assert ("learned anew from all 300" in page) == refit
    figures = [
        json.loads((tmp_path / name / "job.json").read_text())["targets"]["sentiment"]["figures"]
        for name in ("all", "held-out")
    ]
    assert figures[0] == figures[1]
    tables = [
        pd.read_parquet(tmp_path / name / "sentiment" / "predictions.parquet")
        for name in ("all", "held-out")
    ]  # the findings rest on these: no review's is by a classifier that has seen it
    pd.testing.assert_frame_equal(*(table.drop(columns="model_id") for table in tables))
