import json
from pathlib import Path

import pytest

from reviewdesk.bundle import Bundle
from reviewdesk.errors import NotEnoughData, UsageError
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import CleanSettings, SplitSettings, TextSettings
from reviewdesk.training.evaluate import SAMPLES, Evaluation, evaluate
from reviewdesk.training.train import train
from tests.training.reviews import prepared, write_reviews


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evaluate")


@pytest.fixture(scope="module")
def data(place: Path) -> PreparedData:
    return prepared(write_reviews(place / "reviews.tsv", 600), place / "data")


@pytest.fixture(scope="module")
def other(place: Path) -> PreparedData:
    return prepared(write_reviews(place / "other.tsv", 200, seed=1), place / "other")


@pytest.fixture(scope="module")
def bundle(place: Path, data: PreparedData) -> Bundle:
    return train(data, place / "bundle").bundle


@pytest.fixture(scope="module")
def evaluation(bundle: Bundle, data: PreparedData) -> Evaluation:
    return evaluate(bundle, data)


def test_on_its_own_data_only_held_out_reviews_are_measured(
    bundle: Bundle, data: PreparedData, evaluation: Evaluation
) -> None:
    held_out = bundle.manifest["data"]["rows"]["test"]
    assert evaluation.rows == "held-out"
    assert evaluation.measures.rows == held_out < data.rows / 3
    assert "held out" in evaluation.why


def test_it_finds_what_training_measured(bundle: Bundle, evaluation: Evaluation) -> None:
    by_known_words = [one.to_json() for one in evaluation.by_known_words]
    assert {**evaluation.measures.to_json(), "by_known_words": by_known_words} == bundle.metrics
    assert sum(one.rows for one in evaluation.by_known_words) == evaluation.measures.rows


def test_all_rows_of_its_own_data_are_said_to_flatter(bundle: Bundle, data: PreparedData) -> None:
    found = evaluate(bundle, data, rows="all")
    assert found.measures.rows == data.rows
    assert "flatters" in found.why


def test_on_other_data_every_review_is_measured(bundle: Bundle, other: PreparedData) -> None:
    found = evaluate(bundle, other)
    assert found.rows == "all"
    assert found.measures.rows == other.rows
    assert "other data" in found.why


def test_other_data_has_no_held_out_side(bundle: Bundle, other: PreparedData) -> None:
    with pytest.raises(UsageError, match="evaluate on all"):
        evaluate(bundle, other, rows="held-out")


def test_default_headlines_are_counted_and_measured_without(evaluation: Evaluation) -> None:
    without = evaluation.without_default_headlines
    assert without
    assert 0 < evaluation.default_headlines < evaluation.measures.rows / 2
    assert without.rows == evaluation.measures.rows - evaluation.default_headlines
    # every wrong word stands beside a headline that is right, so without them it does worse
    assert without.figures["accuracy"].value < evaluation.measures.figures["accuracy"].value


def test_headlines_that_are_not_read_give_nothing_away(place: Path, data: PreparedData) -> None:
    for name, text in {
        "body": TextSettings(fields=("review_body",)),
        "dropped": TextSettings(drop_default_headlines=True),
    }.items():
        found = evaluate(train(data, place / name, text=text).bundle, data)
        assert found.default_headlines > 0
        assert found.without_default_headlines is None


def test_samples_are_what_they_say(evaluation: Evaluation) -> None:
    assert len(evaluation.surest_right) == len(evaluation.least_sure) == SAMPLES
    assert all(one.true == one.said for one in evaluation.surest_right)
    assert evaluation.surest_wrong
    assert all(one.true != one.said for one in evaluation.surest_wrong)
    surest = [one.probability for one in evaluation.surest_right]
    assert surest == sorted(surest, reverse=True)
    assert max(one.probability for one in evaluation.least_sure) < min(surest)
    assert all(one.body and one.review_id.startswith("R0-") for one in evaluation.surest_wrong)


def test_samples_carry_the_text_of_their_own_review(
    data: PreparedData, evaluation: Evaluation
) -> None:
    table = data.table(["review_id", "review_headline", "review_body"]).to_pylist()
    written = {one["review_id"]: (one["review_headline"], one["review_body"]) for one in table}
    for one in (*evaluation.surest_right, *evaluation.surest_wrong, *evaluation.least_sure):
        assert (one.headline, one.body) == written[one.review_id]


def test_json_is_plain_and_holds_no_text_of_a_review(evaluation: Evaluation) -> None:
    written = json.dumps(evaluation.to_json(), allow_nan=False)
    assert "note" not in written  # every body has a word that begins so
    assert evaluation.to_json()["default_headlines"]["without_them"]["rows"] > 0


def test_reviews_whose_label_it_does_not_know_are_left_out_and_counted(
    place: Path, bundle: Bundle
) -> None:
    unrated = write_reviews(place / "unrated.tsv", 60, seed=3)
    lines = unrated.read_text().splitlines()
    lines[1:11] = [
        line.replace("\t5\t0\t0", "\t\t0\t0").replace("\t1\t0\t0", "\t\t0\t0")
        for line in lines[1:11]
    ]
    unrated.write_text("\n".join(lines) + "\n")
    found = evaluate(bundle, prepared(unrated, place / "unrated"))
    assert found.measures.rows == 50
    assert sum(found.left_out.values()) == 10


def test_data_without_a_known_label_is_refused(place: Path, data: PreparedData) -> None:
    categories = place / "categories.tsv"
    text = write_reviews(categories, 120, seed=4).read_text()
    lines = text.splitlines()
    lines[1::2] = [line.replace("Gadgets", "Toys") for line in lines[1::2]]
    categories.write_text("\n".join(lines) + "\n")
    from reviewdesk.settings import TargetSettings

    learned = prepared(categories, place / "categories")
    bundle = train(learned, place / "by-category", target=TargetSettings(target="category")).bundle
    other = place / "elsewhere.tsv"
    other.write_text(write_reviews(other, 60, seed=5).read_text().replace("Gadgets", "Garden"))
    with pytest.raises(NotEnoughData, match="no review in this data"):
        evaluate(bundle, prepared(other, place / "elsewhere"))


def test_data_cleaned_otherwise_is_refused(place: Path, bundle: Bundle) -> None:
    raw = prepared(place / "reviews.tsv", place / "raw", CleanSettings(html=False))
    with pytest.raises(UsageError, match="cleaned with other settings"):
        evaluate(bundle, raw)


def test_a_bundle_that_held_nothing_out_says_so(place: Path, data: PreparedData) -> None:
    greedy = train(data, place / "greedy", split=SplitSettings(test_share=0)).bundle
    with pytest.raises(NotEnoughData, match="held nothing out"):
        evaluate(greedy, data)


def test_data_of_one_label_can_be_measured(place: Path, bundle: Bundle) -> None:
    path = write_reviews(place / "praise.tsv", 60, seed=6, stars=(5,))
    found = evaluate(bundle, prepared(path, place / "praise"))
    json.dumps(found.to_json(), allow_nan=False)
    assert found.measures.most_frequent == ("positive", 1)
