import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.errors import BundleError
from reviewdesk.formats.weights import load_weights, save_weights
from reviewdesk.models.linear_margins import LinearMargins
from reviewdesk.models.tfidf_svc import SETTINGS_FILE, WEIGHTS_FILE, TfidfSVC

from .corpus import LABELS, learn, predicted, reviews, texts_of

TRAIN, TEST = reviews(), reviews(60, seed=1)


def calibration_error(probabilities: Any, labels: Any) -> float:
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.array_split(np.argsort(sure), 15)
    off = sum(abs(sure[b].mean() - right[b].mean()) * len(b) for b in bins)
    return float(off / len(labels))


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("wrong", [0.02, 0.3])
def test_it_is_as_sure_as_it_is_right(k: int, wrong: float) -> None:
    """With labels wrong in three of ten rows, nobody can be surer than seven of ten."""
    train, test = (reviews(2_000, seed, k=k, noise=wrong * k / (k - 1)) for seed in (1, 2))
    found = learn(TfidfSVC(C=0.05), train, LABELS[:k]).predict_proba(test)
    truth = test.column("label").to_numpy()
    right = (found.argmax(axis=1) == truth).mean()
    assert right > 0.95 - wrong
    assert abs(found.max(axis=1).mean() - right) < 0.04
    assert calibration_error(found, truth) < 0.08


def test_the_headline_counts() -> None:
    headlines = ["good", "bad"] * 50
    batch = pa.record_batch(
        {
            "review_headline": headlines,
            "review_body": ["it is here"] * 100,
            "label": pa.array([1, 0] * 50, pa.int32()),
        }
    )
    classifier = learn(TfidfSVC(), batch, ["no", "yes"])
    assert (predicted(classifier, batch)[:2] == ["yes", "no"]).all()
    swapped = classifier.explain({"review_headline": None, "review_body": "good"})
    assert swapped.words == []


def test_longer_ngrams_tell_word_order_apart() -> None:
    texts, labels = ["not good but cheap", "good but not cheap"] * 30, ["a", "b"] * 30
    single, double = (learn(TfidfSVC(ngrams=n), texts, labels).predict_proba(texts) for n in (1, 2))
    np.testing.assert_allclose(single[0], single[1])
    assert double[0, 0] > 0.6
    assert double[1, 0] < 0.4


def test_rare_words_are_no_features() -> None:
    classifier = learn(TfidfSVC(min_df=3), TRAIN, LABELS)
    columns = {name for name, _ in (classifier.tfidf_.name(n) for n in range(3))}
    assert columns
    for ngrams, column in zip(classifier.tfidf_.ngrams, classifier.columns_, strict=True):
        counts = ngrams.counts(TRAIN.column(column))
        assert np.bincount(counts.indices).min() >= 3


def test_a_fold_that_lacks_a_label_still_calibrates() -> None:
    texts = ["good"] * 20 + ["bad"] * 20 + ["so so"]
    labels = ["a"] * 20 + ["b"] * 20 + ["c"]  # equal texts stay in one fold, which has them all
    found = learn(TfidfSVC(min_df=1), texts, labels).predict_proba(texts)
    assert np.isfinite(found).all()
    assert (found.argmax(axis=1)[:40] == np.repeat([0, 1], 20)).all()


def test_numbers_of_any_kind_are_saved_as_plain_settings(tmp_path: Path) -> None:
    classifier = TfidfSVC(C=1, min_df=np.int64(1), idf_power=np.float64(1))
    learn(classifier, TRAIN, LABELS).save(tmp_path)
    loaded = TfidfSVC.load(tmp_path)
    assert loaded.settings == classifier.settings
    assert loaded.predict_proba(TEST).tobytes() == classifier.predict_proba(TEST).tobytes()


def test_machines_learn_the_same_from_weights_of_two_labels() -> None:
    classifier = learn(TfidfSVC(), texts_of(TRAIN), np.where(np.arange(240) % 2, "a", "b"))
    scores = classifier.decision_scores(TEST)
    np.testing.assert_array_equal(scores[:, 0], -scores[:, 1])


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    learn(TfidfSVC(), TRAIN, LABELS).save(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "change",
    [
        {"settings": {"C": "many"}},
        {"settings": {"C": -1.0}},
        {"settings": {"ngrams": 10**9}},
        {"settings": {"surprise": 1}},
        {"settings": None},
        {"columns": ["../../etc/passwd"]},
        {"columns": []},
        {"columns": ["review_body", "review_body"]},
        {"columns": [["review_body"]]},
        {"columns": None},
        {"labels": ["one"]},
        {"labels": ["one", "two"]},
        {"labels": [1, 2, 3]},
        {"labels": None},
    ],
)
def test_hostile_settings_are_refused(saved: Path, change: dict[str, Any]) -> None:
    path = saved / SETTINGS_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(BundleError):
        TfidfSVC.load(saved)


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", "{", "[" * 100_000, "\udcff"])
def test_settings_that_are_no_settings_are_refused(saved: Path, text: str) -> None:
    (saved / SETTINGS_FILE).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(BundleError):
        TfidfSVC.load(saved)


@pytest.mark.parametrize("name", ["margins.weights", "margins.bias"])
def test_damaged_weights_are_refused(saved: Path, name: str) -> None:
    path = saved / WEIGHTS_FILE
    arrays = load_weights(path)
    whole = arrays[name]
    for wrong in (whole[:-1], whole.astype(np.float64), np.full_like(whole, np.nan), None):
        changed = {key: value for key, value in arrays.items() if key != name}
        save_weights(path, changed if wrong is None else {**changed, name: wrong})
        with pytest.raises(BundleError):
            TfidfSVC.load(saved)


def test_machines_without_features_have_no_opinion() -> None:
    nothing = learn(TfidfSVC(min_df=100), ["a b", "c d"] * 5, ["x", "y"] * 5)
    assert nothing.margins_.weights.shape == (0, 2)
    np.testing.assert_array_equal(nothing.decision_scores(["a"]), np.zeros((1, 2)))


def test_spread_machines_say_no_to_labels_they_do_not_know() -> None:
    few = LinearMargins(np.ones((4, 2), np.float32), np.zeros(2, np.float32))
    many = few.spread(np.array([0, 2]), 3)
    assert many.weights[:, 1].tolist() == [0] * 4
    assert many.bias.tolist() == [0, -1, 0]
