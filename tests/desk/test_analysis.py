from typing import Any

import pytest

from reviewdesk.bundle import Bundle
from reviewdesk.desk.analysis import MOST_CHARACTERS, Judgement, analyse
from reviewdesk.desk.judges import BundleJudge, Pasted, judges_of
from reviewdesk.desk.measured import measured_like
from reviewdesk.desk.texts import Texts
from reviewdesk.desk.wording import EVEN, FAIRLY_SURE, SURE, VERY_SURE
from reviewdesk.errors import PayloadTooLarge, RequestError
from reviewdesk.scoring.explain import TextVerdict, WordWeight
from reviewdesk.training.known_words import SURENESS
from tests.serving.fakes import WordCounter, bundle_of, category, sentiment, stars

SAY = Texts.english()


def analysed(bundles: list[Bundle], headline: str, body: str) -> dict[str, Any]:
    return analyse([BundleJudge(bundle) for bundle in bundles], Pasted(headline, body), SAY)


def test_the_first_bundle_of_each_target_in_the_pages_order() -> None:
    one, two, three = category(), sentiment(), sentiment()
    assert judges_of({"a": one, "b": two, "c": three}) == [BundleJudge(two), BundleJudge(one)]


def test_a_judgement_for_each_target() -> None:
    found = analysed(
        [sentiment(), stars(), category()], "awful", "The book <b>broke</b>. Good ear."
    )
    assert [one["verdict"] for one in found["judgements"]] == [
        "Negative",
        "1 star",
        "Perhaps Books",
    ]
    assert [one["clear"] for one in found["judgements"]] == [True, True, False]
    first = found["judgements"][0]
    assert [one["word"] for one in first["for"]["words"]] == ["awful", "broke"]
    assert first["against"] == {
        "title": "Sounded positive",
        "words": [{"word": "good", "weight": -0.5}],
    }
    assert found["positivity"] == round(100 - 100 * first["probability"])
    assert [one["level"] for one in found["review"]["review_headline"]] == [3]
    read = "".join(one["text"] for one in found["review"]["review_body"])
    assert read == "The book broke. Good ear."


def test_words_that_hardly_count_are_left_out() -> None:
    words = [WordWeight("a", 1.0), WordWeight("b", -0.2), WordWeight("c", 0.09)]
    found = TextVerdict({"x": 0.6, "y": 0.4}, {"x": words, "y": []})
    assert Judgement("other", found).weights == {"a": 1.0, "b": -0.2}


def test_pairs_of_listed_words_are_not_listed_again() -> None:
    words = [WordWeight("great value", 3.0), WordWeight("not good", 2.0), WordWeight("value", 2.0)]
    words += [WordWeight("great", 1.0), WordWeight("good", -1.0)]
    found = Judgement("other", TextVerdict({"x": 0.6, "y": 0.4}, {"x": words, "y": []})).to_json(
        SAY
    )
    assert [one["word"] for one in found["for"]["words"]] == ["not good", "value", "great"]
    assert [one["word"] for one in found["against"]["words"]] == ["good"]


def test_all_stars_but_the_likeliest_categories() -> None:
    found = analysed([stars(), category()], "", "my daughter reads")
    listed = [[one["label"] for one in judged["labels"]] for judged in found["judgements"]]
    assert listed[0] == ["1", "2", "3", "4", "5"]
    assert listed[1][0] == "Toys"
    assert len(listed[1]) == 5


def test_how_positive_comes_from_stars_where_there_is_no_sentiment() -> None:
    assert analysed([stars()], "", "nothing known")["positivity"] == 50
    assert analysed([stars()], "", "great " * 40)["positivity"] == 100
    assert analysed([category()], "", "great")["positivity"] is None


def test_categories_with_stars_are_named_and_say_how_positive_a_review_is() -> None:
    words = {"Pet_Supplies · 1": ["awful"], "Pet_Supplies · 5": ["great"], "Toys · 1": ["broke"]}
    found = analysed([bundle_of(WordCounter(words), "category-stars")], "", "great " * 40)
    judged = found["judgements"][0]
    assert (judged["title"], judged["verdict"]) == (
        "Likely category and stars",
        "Pet Supplies · 5 stars",
    )
    assert "Pet Supplies · 1 star" in [one["name"] for one in judged["labels"]]
    assert found["positivity"] == 100


def test_no_known_word_is_said() -> None:
    found = analysed([sentiment()], "", "Lorem ipsum")
    assert found["judgements"][0]["certainty"] == SAY("judgement.nothing_known")
    assert found["judgements"][0]["verdict"] == SAY("judgement.cannot_tell")
    assert found["review"]["review_body"] == [{"text": "Lorem ipsum", "level": 0}]


@pytest.mark.parametrize("body", ["", " \n\t", "<br />", "\x00", "<script>alert(1)</script>"])
def test_nothing_to_read(body: str) -> None:
    with pytest.raises(RequestError, match="no text to read"):
        analysed([sentiment()], "", body)


def test_too_long() -> None:
    assert analysed([sentiment()], "", "x" * MOST_CHARACTERS)
    with pytest.raises(PayloadTooLarge, match="20,000"):
        analysed([sentiment()], "x", "x" * MOST_CHARACTERS)


def test_where_verdict_and_stars_do_not_agree_it_says_so_and_shows_both() -> None:
    rated = bundle_of(WordCounter({"1": ["lovely"], "3": [], "5": ["awful"]}), "stars")
    found = analysed([sentiment(), rated], "", "lovely lovely")
    told = found["disagreement"]
    assert told["verdict"] == "Unclear: positive, or 1 star?"
    assert "The verdict says positive (" in told["unclear"]
    assert "read the review before you act" in told["unclear"]
    assert [one["label"] for one in found["judgements"]] == ["positive", "1"]
    assert analysed([sentiment(), rated], "", "nothing known")["disagreement"] is None
    assert analysed([sentiment(), stars()], "", "lovely lovely")["disagreement"] is None
    assert analysed([rated], "", "lovely lovely")["disagreement"] is None


def measured(rows: int, right: float, low: float | None) -> dict[str, object]:
    accuracy = {"value": right, "low": low, "high": 1.0}
    return {
        "by_known_words": [
            {
                "known_words": [3, 4],
                "sureness": [{"at_least": 0.8, "rows": rows, "accuracy": accuracy}],
            }
        ]
    }


def test_how_often_it_is_right_is_said_only_where_texts_like_it_were_measured() -> None:
    bundle = sentiment()
    bundle.metrics = measured(120, 0.9, 0.8)
    assert measured_like(bundle, 3, 0.85) == (120, 0.9)
    assert measured_like(bundle, 3, 0.95) is None
    assert measured_like(bundle, 5, 0.85) is None
    assert measured_like(bundle, None, 0.85) is None
    bundle.metrics = measured(49, 0.9, 0.8)
    assert measured_like(bundle, 3, 0.85) is None
    bundle.metrics = measured(120, 0.9, None)  # reviews of too few products
    assert measured_like(bundle, 3, 0.85) is None
    found = analysed([sentiment()], "", "great")
    assert "not measured for texts like this" in found["judgements"][0]["certainty"]


def test_degrees_of_sureness_are_those_that_were_measured() -> None:
    assert SURENESS == (0.0, EVEN, FAIRLY_SURE, SURE, VERY_SURE)
