from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from reviewdesk.training.evaluate import Evaluation, EvaluationSample
from reviewdesk.training.measures import Measures, evaluate_probabilities
from reviewdesk.training.summary import measured_on, sentences, title, with_label_names


def measured(true: list[int], said: list[int], sure: float = 0.9, **more: Any) -> Measures:
    """Measure predictions that are all equally sure."""
    labels = list("abcdef"[: max(2, max(true) + 1, max(said) + 1)])
    probabilities = np.full((len(true), len(labels)), (1 - sure) / (len(labels) - 1))
    probabilities[np.arange(len(true)), said] = sure
    return evaluate_probabilities(np.array(true), probabilities, labels, **more)


def evaluation(measures: Measures, **more: Any) -> Evaluation:
    made = Evaluation(
        bundle="tfidf-svc-1",
        family="tfidf-svc",
        target="sentiment",
        data="fingerprint",
        rows="held-out",
        why="because",
        left_out={},
        measures=measures,
        default_headlines=0,
        without_default_headlines=None,
        slices=(),
        surest_right=(),
        surest_wrong=(),
        least_sure=(),
    )
    return replace(made, **more)


def plain(texts: list[str]) -> str:
    return " ".join(texts).replace("\N{NO-BREAK SPACE}", " ")


ABOUT_RIGHT = measured([0] * 600 + [1] * 1400, ([0] * 9 + [1]) * 60 + ([1] * 9 + [0]) * 140)


def test_title_and_lead() -> None:
    assert plain([title(evaluation(ABOUT_RIGHT))]) == "Sentiment: right for 90.0 % of reviews"
    found = title(evaluation(ABOUT_RIGHT, target="category-year"))
    assert found.startswith("Category and year:")
    assert measured_on(evaluation(ABOUT_RIGHT)) == (
        "Measured on 2,000 reviews that it had not learned from."
    )
    by_product = measured([0, 1] * 100, [0, 1] * 100, groups=np.arange(200) // 4)
    assert measured_on(evaluation(by_product, rows="all")) == (
        "Measured on 200 reviews of 50 products of the given data."
    )


def test_stars_are_said_as_people_say_them() -> None:
    sample = EvaluationSample("R1", "", "text", true="1", said="5", probability=0.9)
    measures = replace(
        ABOUT_RIGHT,
        labels=("1", "5"),
        by_label=tuple(
            replace(one, label=name)
            for one, name in zip(ABOUT_RIGHT.by_label, ("1", "5"), strict=True)
        ),
    )
    stars = evaluation(measures, target="stars", surest_wrong=(sample,))
    assert "It does worst on “1 star”" in plain(sentences(stars))
    named = with_label_names(stars)
    assert named.measures.labels == ("1 star", "5 stars")
    assert (named.surest_wrong[0].true, named.surest_wrong[0].said) == ("1 star", "5 stars")
    assert with_label_names(evaluation(ABOUT_RIGHT)).measures is ABOUT_RIGHT


def test_accuracy_comes_first_with_its_interval_and_what_guessing_would_get() -> None:
    said = plain(sentences(evaluation(ABOUT_RIGHT))[:1])
    assert said.startswith("90.0 % of the reviews get the right label (95 % interval 8")
    assert said.endswith("Always answering “b” would be right for 70.0 %.")


def test_weakest_label_is_named() -> None:
    assert "It does worst on “a”: it finds 90.0 % of such reviews" in plain(
        sentences(evaluation(ABOUT_RIGHT))
    )
    never = measured([0] * 30 + [1] * 300, [1] * 330)
    assert "it finds 0.0 % of such reviews, because it never gives that label" in plain(
        sentences(evaluation(never))
    )


def test_most_frequent_mistake_is_named_with_three_labels() -> None:
    true, said = [0] * 50 + [1] * 50 + [2] * 50, [0] * 50 + [2] * 40 + [1] * 10 + [2] * 50
    assert "40 reviews of “b” taken for “c”, 100.0 % of all mistakes" in plain(
        sentences(evaluation(measured(true, said)))
    )
    assert "mistake" not in plain(sentences(evaluation(measured(true, true))))
    assert "mistake" not in plain(sentences(evaluation(ABOUT_RIGHT)))


@pytest.mark.parametrize(
    ("sure", "says"),
    [
        (0.9, "can be taken at their word"),
        (0.99, "too sure of itself"),
        (0.6, "right more often than it says"),
    ],
)
def test_probabilities_are_judged(sure: float, says: str) -> None:
    true, said = [0] * 1000 + [1] * 1000, ([0] * 9 + [1]) * 100 + ([1] * 9 + [0]) * 100
    assert says in plain(sentences(evaluation(measured(true, said, sure))))


def test_few_reviews_and_reviews_it_learned_from_bring_a_caution() -> None:
    few = evaluation(measured([0, 1, 1], [0, 1, 0]))
    assert "Only 3 reviews could be measured" in plain(sentences(few))
    assert "Too few reviews to tell" in plain(sentences(few))
    flattered = evaluation(ABOUT_RIGHT, rows="all", why="which flatters it")
    assert "These figures flatter" in plain(sentences(flattered))
    assert "flatter" not in plain(sentences(evaluation(ABOUT_RIGHT)))


def test_one_label_present() -> None:
    found = plain(sentences(evaluation(measured([1] * 300, [1] * 300))))
    assert "All measured reviews are “b”" in found


def test_what_could_be_left_to_the_classifier_alone() -> None:
    sure = np.linspace(0.5, 1, 1000)
    said = np.zeros(1000, int)
    true = (np.random.default_rng(0).random(1000) > sure).astype(int)
    measures = evaluate_probabilities(true, np.stack([sure, 1 - sure], axis=1), list("ab"))
    assert said.sum() == 0
    found = plain(sentences(evaluation(measures)))
    assert "it is right for 97 % of these; the rest could go to a person" in found
    assert "go to a person" not in plain(sentences(evaluation(ABOUT_RIGHT)))


def test_default_headlines_are_told_with_what_is_left_without_them() -> None:
    found = evaluation(
        ABOUT_RIGHT, default_headlines=500, without_default_headlines=measured([0, 1], [0, 0])
    )
    said = plain(sentences(found)[-1:])
    assert said.startswith("500 of the measured reviews have a headline that the shop filled in")
    assert "On the other 2 it is right for 50.0 %, ROC-AUC 0.500" in said
