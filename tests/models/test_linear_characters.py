"""Runs of characters as features."""

from pathlib import Path

import numpy as np
import pytest

from reviewdesk.errors import BundleError, UsageError
from reviewdesk.models.linear.classifier import Linear
from reviewdesk.storage import read_json, write_json

from .corpus import labelled, learn, predicted, train_incrementally

GOOD = ["wonderful", "excellent", "beautiful", "fantastic"]
BAD = ["horrible", "terrible", "useless", "dreadful"]


def rows() -> tuple[list[str], list[str]]:
    random = np.random.default_rng(0)
    texts, labels = [], []
    for _ in range(400):
        label = int(random.integers(2))
        words = random.choice(["the", "box", "was", "it"], 4)
        texts.append(f"{' '.join(words)} {random.choice(GOOD if label else BAD)}")
        labels.append("good" if label else "bad")
    return texts, labels


def test_misspelt_words_are_understood() -> None:
    texts, labels = rows()
    misspelt = ["wonderfull", "beautifull", "exellent", "teribble", "usless", "horible"]
    wanted = ["good"] * 3 + ["bad"] * 3
    with_runs = learn(Linear(ngrams=1, characters=5), texts, labels)
    assert predicted(with_runs, misspelt).tolist() == wanted
    words = learn(Linear(ngrams=1), texts, labels)
    assert np.ptp(words.predict_proba(misspelt)[:, 0]) == 0  # nothing to tell them apart by


def test_words_of_a_script_without_spaces_are_found_inside_others() -> None:
    good, bad = ["这个非常漂亮呢", "真的漂亮极了"], ["这个非常难看呢", "真的难看极了"]
    fitted = learn(Linear(ngrams=1, characters=4), (good + bad) * 20, [1, 1, 0, 0] * 20)
    assert predicted(fitted, ["她说漂亮得很", "他说难看得很"]).tolist() == ["1", "0"]


def test_an_explanation_shows_them_and_adds_up() -> None:
    texts, labels = rows()
    fitted = learn(Linear(ngrams=2, characters=4), texts, labels)
    text = "it was Wonderfull, DON’T be horrible"
    found = fitted.explain({"review_body": text})
    added = found.weights.sum(axis=0) + found.bias
    np.testing.assert_allclose(added, fitted.decision_scores([text])[0], atol=1e-5)
    shown = set(found.words)
    assert {"won…", "…nder…", "horrible", "…ble"} <= shown
    assert "…ull…" not in shown  # never seen
    assert all(word.replace("…", "") in "it was wonderfull, don't be horrible" for word in shown)


def test_they_are_saved_and_counted_by_new_months(tmp_path: Path) -> None:
    texts, labels = rows()
    fitted = learn(Linear(ngrams=1, characters=3), texts, labels)
    train_incrementally(
        fitted,
        ["splendid", "splended", "ghastly", "ghastli"] * 20,
        (["good"] * 2 + ["bad"] * 2) * 20,
    )
    assert predicted(fitted, ["splendit", "ghastlo"]).tolist() == ["good", "bad"]
    fitted.save(tmp_path)
    loaded = Linear.load(tmp_path)
    assert loaded.predict_proba(texts).tobytes() == fitted.predict_proba(texts).tobytes()
    saved = read_json(tmp_path / "classifier.json")
    saved["settings"]["characters"] = 60
    write_json(tmp_path / "classifier.json", saved)
    with pytest.raises(BundleError):
        Linear.load(tmp_path)


def test_shorter_runs_are_refused() -> None:
    for wrong in (1, 2, 7):
        with pytest.raises(UsageError, match="characters"):
            learn(Linear(characters=wrong), ["a", "b"], ["x", "y"])


def in_compounds(sentence: str) -> tuple[list[str], list[str]]:
    """Return texts of which only part of a word that nobody wrote before tells the label."""
    random = np.random.default_rng(1)
    texts, labels = [], []
    for number in range(300):
        before, behind = ("".join(random.choice(list("bdfgkmnprtu"), 5)) for _ in range(2))
        word = f"{before}{('schlecht', 'zauber')[number % 2]}{behind}"
        texts.append(sentence.format(word))
        labels.append(("bad", "good")[number % 2])
    return texts, labels


def test_they_are_chosen_for_other_languages_than_english_where_they_help(tmp_path: Path) -> None:
    texts, labels = in_compounds("Das ist ein {} Gerät, das wir vor drei Wochen bestellt haben.")
    fitted = learn(Linear(), texts, labels)
    assert (fitted.characters_, "runs of up to 6" in fitted.choices()) == (6, True)
    fitted.save(tmp_path)
    loaded = Linear.load(tmp_path)
    assert loaded.predict_proba(texts).tobytes() == fitted.predict_proba(texts).tobytes()
    assert loaded.refit(labelled(texts, labels)).characters_ == 6
    assert learn(Linear(characters=0), texts, labels).characters_ == 0
    of_words, names = rows()
    german = [f"Das Gerät kam gestern hier bei uns an, und es ist {text}" for text in of_words]
    assert learn(Linear(), german, names).characters_ == 0  # words say it all
    english, labels = in_compounds("This is a {} device that we have ordered three weeks ago.")
    assert learn(Linear(), english, labels).characters_ == 0


def test_a_bundle_of_an_earlier_release_has_the_runs_that_were_asked_for(tmp_path: Path) -> None:
    texts, labels = rows()
    for asked in (0, 4):
        fitted = learn(Linear(characters=asked), texts, labels)
        fitted.save(tmp_path)
        saved = read_json(tmp_path / "classifier.json")
        del saved["characters"]
        write_json(tmp_path / "classifier.json", saved)
        loaded = Linear.load(tmp_path)
        assert loaded.predict_proba(texts).tobytes() == fitted.predict_proba(texts).tobytes()
