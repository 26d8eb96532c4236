"""A small real family of classifiers, which counts words, in real bundles."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, Self, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.bundle import Bundle, BundleSettings
from reviewdesk.models.base import Classifier, Explanation
from reviewdesk.models.labelled import LabelledReviews, Texts
from reviewdesk.settings import (
    CleanSettings,
    Settings,
    SplitSettings,
    TargetSettings,
    TextSettings,
)

SENTIMENT: Final = {
    "negative": ["bad", "awful", "broke", "disappointed", "poor", "waste", "dies", "refund"],
    "positive": ["good", "great", "lovely", "perfectly", "loves", "easy", "comfortable"],
}
STARS: Final = {
    "1": ["awful", "broke", "refund", "waste"],
    "2": ["bad", "poor"],
    "3": ["ok"],
    "4": ["good", "comfortable"],
    "5": ["great", "lovely", "perfectly", "loves"],
}
CATEGORY: Final = {
    "Books": ["read", "book"],
    "Headphones": ["sound", "battery", "ear"],
    "Home & Kitchen": ["shelf", "kettle"],
    "Luggage": ["zip"],
    "Shoes": ["fits"],
    "Toys": ["toy", "daughter"],
}


class WordCounter(Classifier):
    """Scores a label by how many of its words a review has; in a headline they count twice."""

    family: ClassVar[str] = "word-counter"
    columns: ClassVar[tuple[str, ...]] = ("review_headline", "review_body")
    settings_class: ClassVar[type[Settings]] = Settings

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self.words = words
        self.labels_ = list(words)
        self.columns_ = self.columns

    def _fit(self, train: LabelledReviews, validation: LabelledReviews | None) -> None:
        raise NotImplementedError

    def decision_scores(self, batch: pa.RecordBatch | Texts) -> NDArray[np.float32]:
        rows = [self._counts(row) for row in self.reviews(batch).to_pylist()]
        return np.array(rows, dtype=np.float32)

    def _probabilities(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        odds = np.exp(scores)
        return cast("NDArray[np.float32]", odds / odds.sum(axis=1, keepdims=True))

    def explain(self, texts: Mapping[str, str | None]) -> Explanation:
        found = [word for word in _words(texts) if any(word in own for own in self.words.values())]
        counts = [[float(word in own) for own in self.words.values()] for word in found]
        weights = np.array(counts).reshape(len(found), len(self.labels_))
        weights -= weights.mean(axis=1, keepdims=True)
        return Explanation(found, ["review_body"] * len(found), weights, np.zeros(len(self.words)))

    def save(self, directory: Path) -> None:
        raise NotImplementedError

    @classmethod
    def load(cls, directory: Path) -> Self:
        raise NotImplementedError

    def _counts(self, texts: Mapping[str, str | None]) -> list[int]:
        found = _words(texts)
        return [sum(word in own for word in found) for own in self.words.values()]


def _words(texts: Mapping[str, str | None]) -> list[str]:
    twice = f"{texts['review_headline'] or ''} " * 2 + (texts["review_body"] or "")
    return cast("list[str]", re.findall(r"\w+", twice.lower()))


def bundle_of(classifier: WordCounter, target: str) -> Bundle:
    """Return a bundle as it would be after loading."""
    settings = BundleSettings(
        target=TargetSettings(target=target),
        text=TextSettings(),
        split=SplitSettings(),
        clean=CleanSettings(),
    )
    manifest: dict[str, Any] = {
        "id": f"word-counter-{target}",
        "family": classifier.family,
        "labels": classifier.labels_,
        "metrics": {},
        "data": {"fingerprint": "none"},
        "settings": settings.to_json(),
    }
    return Bundle(manifest, classifier)


def sentiment() -> Bundle:
    return bundle_of(WordCounter(SENTIMENT), "sentiment")


def stars() -> Bundle:
    return bundle_of(WordCounter(STARS), "stars")


def category() -> Bundle:
    return bundle_of(WordCounter(CATEGORY), "category")
