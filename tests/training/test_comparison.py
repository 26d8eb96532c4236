import json
from pathlib import Path

import numpy as np
import pytest

from reviewdesk.bundle import Bundle
from reviewdesk.errors import NotEnoughData, UsageError
from reviewdesk.examples.examples import load_examples
from reviewdesk.examples.splits import split
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import CleanSettings, SplitSettings, TargetSettings, TextSettings
from reviewdesk.training.comparison import BundleComparison, compare
from reviewdesk.training.comparison_page import comparison_page, sentences, write_comparison
from reviewdesk.training.evaluate import evaluate
from reviewdesk.training.train import train
from tests.report.reading import Reader
from tests.training.reviews import prepared, write_reviews

HEADLINE = TextSettings(fields=("review_headline",))
BY_REVIEW = SplitSettings(by="review", test_share=0.5)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compare")


@pytest.fixture(scope="module")
def data(place: Path) -> PreparedData:
    return prepared(write_reviews(place / "reviews.tsv", 900), place / "data")


@pytest.fixture(scope="module")
def bundles(place: Path, data: PreparedData) -> dict[str, Bundle]:
    return {
        "headline": train(data, place / "headline", text=HEADLINE).bundle,
        "both": train(data, place / "both").bundle,
        "by review": train(data, place / "by-review", split=BY_REVIEW).bundle,
    }


@pytest.fixture(scope="module")
def comparison(bundles: dict[str, Bundle], data: PreparedData) -> BundleComparison:
    return compare(bundles, data)


def test_only_rows_that_all_held_out_are_measured(
    bundles: dict[str, Bundle], data: PreparedData, comparison: BundleComparison
) -> None:
    examples = load_examples(data, TargetSettings(), TextSettings())
    sides = [split(examples, one.settings.split).test for one in bundles.values()]
    assert comparison.measured == int(np.logical_and.reduce(sides).sum())
    assert comparison.measured < min(int(side.sum()) for side in sides)
    assert [one.held_out for one in comparison.bundles] == [int(side.sum()) for side in sides]
    assert comparison.labelled == data.rows
    assert "held out for all bundles" in comparison.why


def test_on_equal_rows_figures_are_those_of_an_evaluation(
    bundles: dict[str, Bundle], data: PreparedData
) -> None:
    pair = {name: bundles[name] for name in ("both", "headline")}
    found = compare(pair, data).bundles
    for one in found:
        alone = evaluate(bundles[one.name], data).measures
        assert one.measures.figures == alone.figures


def test_differences_are_paired(comparison: BundleComparison) -> None:
    first, both, _ = comparison.bundles
    assert first.differences == {}
    value, low, high = both.differences["accuracy"]
    figures = [one.measures.figures["accuracy"] for one in (first, both)]
    assert value == pytest.approx(figures[1].value - figures[0].value)
    assert value == pytest.approx((both.only_right - both.only_first_right) / comparison.measured)
    assert low < value < high
    apart = sum(figure.high - figure.low for figure in figures)
    assert high - low < apart


def test_what_is_better_depends_on_the_figure(comparison: BundleComparison) -> None:
    # most headlines say nothing, so reading the body too helps every figure
    both = comparison.bundles[1]
    assert both.differences["accuracy"].low > 0 > both.differences["log_loss"].high
    assert both.direction("accuracy") == both.direction("log_loss") == "better"


def test_a_bundle_is_no_better_than_itself(bundles: dict[str, Bundle], data: PreparedData) -> None:
    found = compare({"a": bundles["headline"], "b": bundles["headline"]}, data)
    other = found.bundles[1]
    value, low, high = other.differences["accuracy"]
    assert value == 0
    assert low == -high < 0
    assert other.direction("accuracy") == ""
    assert "cannot be told apart" in sentences(found)[0]


def test_on_other_data_all_rows_are_measured(place: Path, bundles: dict[str, Bundle]) -> None:
    other = prepared(write_reviews(place / "other.tsv", 150, seed=1), place / "other")
    found = compare(bundles, other)
    assert found.rows == "all"
    assert found.measured == other.rows
    assert all(one.held_out is None for one in found.bundles)
    with pytest.raises(UsageError, match="none of it was held out"):
        compare(bundles, other, rows="held-out")


def test_all_rows_are_said_to_flatter(bundles: dict[str, Bundle], data: PreparedData) -> None:
    found = compare(bundles, data, rows="all")
    assert found.measured == data.rows
    assert "flatter" in sentences(found)[-1]


def test_bundles_that_answer_other_questions_are_refused(
    place: Path, bundles: dict[str, Bundle], data: PreparedData
) -> None:
    stars = train(data, place / "stars", target=TargetSettings(target="stars")).bundle
    five = train(data, place / "five", target=TargetSettings(positive_from=5)).bundle
    for other in (stars, five):
        with pytest.raises(UsageError, match="cannot be compared"):
            compare({"a": bundles["both"], "b": other}, data)
    with pytest.raises(UsageError, match="two bundles or more"):
        compare({"a": stars}, data)
    raw = prepared(place / "reviews.tsv", place / "raw", CleanSettings(html=False))
    with pytest.raises(UsageError, match="cleaned with other settings"):
        compare(bundles, raw)


def test_nothing_held_out_for_all_is_said(
    place: Path, bundles: dict[str, Bundle], data: PreparedData
) -> None:
    greedy = train(data, place / "greedy", split=SplitSettings(test_share=0)).bundle
    with pytest.raises(NotEnoughData, match="held nothing out"):
        compare({"a": bundles["both"], "b": greedy}, data)


def test_page_and_json(tmp_path: Path, comparison: BundleComparison) -> None:
    write_comparison(comparison, tmp_path / "page.html")
    written = json.loads((tmp_path / "page.json").read_text())
    assert written.pop("digest")
    assert written == json.loads(json.dumps(comparison.to_json(), allow_nan=False))
    assert written["rows_used"]["measured"] == comparison.measured
    assert written["bundles"][1]["to_the_first"]["differences"]["accuracy"]["direction"] == "better"
    text = (tmp_path / "page.html").read_text()
    page = Reader(text)
    assert len(page.all("table")) == 2
    assert page.all("script") == []
    assert "by review" in page.text
    assert len(text) < 50_000
    assert "note" not in json.dumps(written["bundles"])  # every body has a word that begins so
    assert comparison_page(comparison).render() == text
