"""What families make of few texts, which are told apart by their words for certain."""

from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

from reviewdesk.models.base import Classifier
from reviewdesk.models.estimator import Linear, NaiveBayes, TextEstimator, TfidfSVC
from reviewdesk.models.few_texts import FEW, least_frequency
from reviewdesk.models.linear.calibration import Calibration
from reviewdesk.models.margin_calibration import MarginCalibration

from .corpus import learn, new

TEXTS = {
    "good": (
        "lovely, works well",
        "so good and solid",
        "great value, happy",
        "a perfect fit, love it",
        "good, sturdy, lovely",
        "works great, so happy",
    ),
    "bad": (
        "broke at once",
        "what a waste",
        "junk, sent back",
        "awful, useless",
        "stopped after a week, waste",
        "useless junk, broke",
    ),
    "dull": (
        "slow and boring",
        "yawn",
        "boring, sleepy stuff",
        "slow, a nap",
        "tedious nap",
        "yawn, how tedious",
    ),
}

SETTINGS: dict[str, list[dict[str, Any]]] = {
    "linear": [{}, {"ngrams": 1}, {"balanced": True}, {"calibration_folds": 1}],
    "naive-bayes": [{}, {"ngrams": 2}, {"smoothing": 1.0}, {"smoothing": 1e-3}],
    "tfidf-svc": [{}, {"folds": 2}, {"folds": 20}, {"C": 10.0}],
    "fasttext": [{}],
}
OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("fasttext", {"loss": "hs"}),
    ("fasttext", {"loss": "ova"}),
    ("fasttext", {"loss": "ns", "word_ngrams": 1}),
    ("fasttext", {"minn": 2, "maxn": 4, "epoch": 1}),
    ("cnn", {}),
    ("attention", {}),
    ("lstm", {}),
]
"""What takes longer, and is tried on some sets only."""

every_setting = pytest.mark.parametrize(
    ("family", "settings"),
    [(family, one) for family, settings in SETTINGS.items() for one in settings],
    ids=str,
)


def separable(kinds: int, copies: int, labels: int, more: int) -> tuple[list[str], list[str]]:
    """Return texts of so many kinds a label, each so often, and the last label's more often."""
    names = [*TEXTS][:labels]
    each = [copies] * (labels - 1) + [copies * more]
    texts = [
        text
        for name, times in zip(names, each, strict=True)
        for text in TEXTS[name][:kinds] * times
    ]
    return texts, np.repeat(names, [kinds * times for times in each]).tolist()


@every_setting
def test_no_text_that_was_learnt_from_gets_another_label(
    family: str, settings: dict[str, Any]
) -> None:
    for labels in (2, 3):
        for kinds in (1, 2, 4, 6):
            for copies in (1, 2, 5, 10, 20):
                for more in (1, 2):
                    texts, names = separable(kinds, copies, labels, more)
                    if 4 <= len(texts) <= 80:
                        assert_told_apart(new(family, **settings), texts, names)


@pytest.mark.parametrize(("family", "settings"), OTHERS, ids=str)
@pytest.mark.parametrize(
    ("kinds", "copies", "labels", "more"), [(2, 1, 2, 1), (1, 20, 2, 2), (4, 5, 3, 1), (6, 2, 3, 2)]
)
def test_nor_by_families_that_learn_in_steps(
    family: str, settings: dict[str, Any], kinds: int, copies: int, labels: int, more: int
) -> None:
    texts, names = separable(kinds, copies, labels, more)
    assert_told_apart(new(family, **settings), texts, names)


def assert_told_apart(classifier: Classifier, texts: list[str], names: list[str]) -> None:
    """Check that what was learnt decides the label, and rightly."""
    fitted = learn(classifier, texts, names)
    said = fitted.predict_proba(texts).argmax(axis=1)
    assert (said == fitted.decision_scores(texts).argmax(axis=1)).all()
    assert [fitted.labels_[label] for label in said] == names


@pytest.mark.parametrize("estimator", [Linear, NaiveBayes, TfidfSVC])
def test_the_documented_example(estimator: type[TextEstimator]) -> None:
    texts = ["lovely, works well", "broke at once", "so good", "what a waste"] * 20
    names = ["good", "bad", "good", "bad"] * 20
    assert cross_val_score(estimator(), texts, names, cv=4).mean() == 1.0


def test_scores_that_rows_set_aside_contradict_still_decide() -> None:
    scores = np.array([[1.0, -1.0], [-1.0, 1.0], [-0.5, 0.5]], np.float32)
    labels = np.array([1, 0, 0], np.int32)  # always the other one
    found = Calibration.fit_few(scores, labels, np.ones(3)).probabilities(scores)
    assert (found.argmax(axis=1) == scores.argmax(axis=1)).all()
    assert 0.5 < found.max() < 0.6
    found = MarginCalibration.fit_few(scores, labels, np.ones(3)).probabilities(scores)
    assert (found.argmax(axis=1) == scores.argmax(axis=1)).all()
    assert 0.5 < found.max() < 0.6


def test_a_text_counts_once_however_often_it_is_there() -> None:
    scores = np.array([[2.0, -2.0], [-2.0, 2.0], [1.0, -1.0]], np.float32)
    labels = np.array([0, 1, 1], np.int32)
    once = MarginCalibration.fit_few(scores, labels, np.ones(3))
    texts = np.array([0] * 9 + [1] * 9 + [2])
    copies = np.array([9, 9, 1])[texts]
    often = MarginCalibration.fit_few(scores[texts], labels[texts], copies)
    assert often.scale == pytest.approx(once.scale, rel=0.1)


def test_words_that_stand_in_one_of_few_texts_count() -> None:
    assert least_frequency(2, FEW - 1) == 1
    assert least_frequency(2, FEW) == 2
    assert least_frequency(3, FEW - 1) == 3  # asked for on purpose
