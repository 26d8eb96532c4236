"""What families say of texts of which they know no word, or hardly one."""

from pathlib import Path

import numpy as np
import pytest

from reviewdesk.models.base import Classifier, KnowsWords
from reviewdesk.models.catalog import CLASSIFIERS
from reviewdesk.models.short_texts import LONG, ShortTexts

from .corpus import learn, new

KNOWING = [name for name in CLASSIFIERS.names() if hasattr(CLASSIFIERS.load(name), "known_words")]
every_family = pytest.mark.parametrize("family", KNOWING)
AS_SPELT = ("tfidf-svc", "mlp", "fasttext", "docvec")  # they tell :-) from :)
UNKNOWN = ["", " \n", "quux xyzzy", "愛してる", "🦤"]


def skewed(family: str) -> Classifier:
    """Return what learnt from reviews that are long where they are bad, three of four good."""
    random = np.random.default_rng(0)
    texts, names = [], []
    for row in range(400):
        good = row % 4 > 0
        own = ("good", "great", "fine", "👍", ":)") if good else ("bad", "awful", "weak", ":(")
        words = random.choice(own, 2 if good else 6).tolist()
        words += random.choice(["box", "it", "came", "the", "day"], 1 if good else 9).tolist()
        texts.append(" ".join(words))
        names.append("positive" if good else "negative")
    return learn(new(family), texts, names)


@every_family
def test_without_a_known_word_labels_have_their_shares(family: str, tmp_path: Path) -> None:
    fitted = skewed(family)
    assert isinstance(fitted, KnowsWords)
    assert fitted.known_words(UNKNOWN).tolist() == [0] * len(UNKNOWN)
    positive = fitted.labels_.index("positive")
    found = fitted.predict_proba(UNKNOWN)[:, positive]
    np.testing.assert_allclose(found, 0.75, atol=1e-6)
    fitted.save(tmp_path)
    again = type(fitted).load(tmp_path)
    assert (again.predict_proba(UNKNOWN)[:, positive] == found).all()


@every_family
def test_known_words_are_counted_once_and_alone(family: str) -> None:
    fitted = skewed(family)
    assert isinstance(fitted, KnowsWords)
    told = fitted.known_words(["good", "good good GOOD", "good bad quux", "good day, the box"])
    assert told.tolist() == [1, 1, 2, 4]


@every_family
def test_emoji_and_emoticons_are_words(family: str) -> None:
    fitted = skewed(family)
    assert isinstance(fitted, KnowsWords)
    assert fitted.known_words(["👍👍👍", "👍\ufe0f", ":)" if family in AS_SPELT else ":-)"]).all()
    positive = fitted.labels_.index("positive")
    happy, sad = fitted.predict_proba(["👍 :)", ":("])[:, positive]
    # Ends of lines are a word to fasttext, and those of short texts are mostly of good ones.
    assert happy > (sad if family == "fasttext" else 0.75) >= sad


def test_short_texts_that_are_of_other_labels_are_told_so() -> None:
    random = np.random.default_rng(0)
    known = random.integers(1, LONG + 1, 8_000)
    said = random.uniform(0.2, 0.8, 8_000)
    odds = np.log(said / (1 - said)) * np.where(known == 1, 0.3, 1) + np.where(known == 1, 1.5, 0)
    labels = (random.random(8_000) < 1 / (1 + np.exp(-odds))).astype(np.int32)
    shares = np.stack([1 - said, said], axis=1)
    fitted = ShortTexts.fit(shares, known, labels, np.ones(8_000), np.bincount(labels))
    better = fitted.corrected(shares.astype(np.float32), known)
    for words in (1, 2, 3, LONG):
        own = known == words
        assert better[own, 1].mean() == pytest.approx(labels[own].mean(), abs=0.05)
    assert abs(said[known == 1].mean() - labels[known == 1].mean()) > 0.2
    assert (better[known == LONG] == shares[known == LONG].astype(np.float32)).all()
