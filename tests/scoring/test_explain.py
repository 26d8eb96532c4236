import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.bundle import Bundle
from reviewdesk.models.base import Explanation
from reviewdesk.schema import EVIDENCE
from reviewdesk.scoring.explain import evidence_column, explain, strongest
from tests.scoring import corpus


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return corpus.bundle(tmp_path_factory.mktemp("explain") / "bundle")


def test_words_speak_for_and_against(bundle: Bundle) -> None:
    found = explain(bundle, "great battery but it broke")
    for_positive = {one.word: one.weight for one in found.reasons["positive"]}
    for_negative = {one.word: one.weight for one in found.reasons["negative"]}
    assert for_positive["great"] > 0 > for_positive["broke"]
    assert for_negative["broke"] > 0 > for_negative["great"]


def test_the_verdict_is_the_most_probable_label(bundle: Bundle) -> None:
    found = explain(bundle, "awful waste broke refund")
    assert found.label == "negative"
    assert found.probability == max(found.probabilities.values()) > 0.5
    assert found.evidence == found.reasons["negative"]
    assert list(found.probabilities) == bundle.labels


def test_raw_text_is_cleaned_as_the_bundle_does(bundle: Bundle) -> None:
    raw = explain(bundle, "<b>great</b><br />works &#34;fine&#34;", headline="<i>love</i>")
    clean = explain(bundle, 'great\n\nworks "fine"', headline="love")
    assert raw == clean


def test_the_strongest_words_come_first_and_no_more_than_asked(bundle: Bundle) -> None:
    text = " ".join((*corpus.GOOD, *corpus.BAD))
    weights = [abs(one.weight) for one in explain(bundle, text, words=5).evidence]
    assert len(weights) == 5
    assert weights == sorted(weights, reverse=True)


@pytest.mark.parametrize("text", ["", " ", "<br />", "\0", "zzzzqqqq", "\U0001f600"])
def test_texts_without_known_words_have_no_reasons(bundle: Bundle, text: str) -> None:
    found = explain(bundle, text)
    assert found.evidence == []
    assert sum(found.probabilities.values()) == pytest.approx(1, abs=1e-6)


def test_json_holds_plain_values(bundle: Bundle) -> None:
    found = explain(bundle, "great", words=1).to_json()
    assert found["label"] == "positive"
    keys = {"label", "probability", "probabilities", "reasons", "known_words", "cannot_tell"}
    keys |= {"learned_from_generated", "rests_on", "unseen_language"}
    assert set(found) == keys
    assert (found["known_words"], found["cannot_tell"]) == (1, False)
    assert explain(bundle, "qwertz").to_json()["cannot_tell"]
    assert found["reasons"]["positive"][0]["word"] == "great"


def test_a_word_in_headline_and_body_counts_once() -> None:
    explanation = Explanation(
        words=["good", "bad", "good", "nothing"],
        columns=["review_headline", "review_body", "review_body", "review_body"],
        weights=np.array([[-0.5, 0.5], [0.75, -0.75], [-0.5, 0.5], [0.0, 0.0]]),
        bias=np.zeros(2),
    )
    assert [(one.word, one.weight) for one in strongest(explanation, 1, 9)] == [
        ("good", 1.0),
        ("bad", -0.75),
    ]
    assert [one.word for one in strongest(explanation, 0, 1)] == ["good"]


def test_evidence_of_many_reviews_is_that_of_each(bundle: Bundle) -> None:
    texts = ["great phone", "", "broke after a week"]
    reviews = pa.record_batch(
        {"review_headline": pa.nulls(3, pa.string()), "review_body": pa.array(texts)}
    )
    column = evidence_column(bundle, reviews, np.array([1, 1, 0]), 4)
    assert column.type == EVIDENCE
    for found, text, label in zip(column.to_pylist(), texts, [1, 1, 0], strict=True):
        words = explain(bundle, text, words=4).reasons[bundle.labels[label]]
        assert [one["word"] for one in found] == [one.word for one in words]
        np.testing.assert_allclose(
            [one["weight"] for one in found], [one.weight for one in words], rtol=1e-6
        )
