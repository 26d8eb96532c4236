"""Small made-up reviews whose labels can be learnt."""

from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from reviewdesk.models.base import Classifier
from reviewdesk.models.catalog import CLASSIFIERS
from reviewdesk.models.labelled import BODY, LabelledReviews, are_texts, labelled_texts

Family = TypeVar("Family", bound=Classifier)

LABELS = ["unhappy", "happy", "asleep"]  # not in alphabetical order, on purpose
SMALL_NETWORK: dict[str, Any] = {
    "min_df": 1, "embedding": 16, "hidden": 8, "epochs": 4, "batch": 16, "learning_rate": 0.02,
    "embedding_rate": 0.05, "dropout": 0.0, "word_dropout": 0.0, "threads": 1,
}  # fmt: skip
_WORDS = (
    ("broke", "awful", "refund", "never", "waste"),
    ("great", "love", "works", "perfect", "easy"),
    ("zzz", "dull", "slow", "nap", "boring"),
)
_SHARED = ("the", "box", "arrived", "and", "it", "was", "phone", "today")


def reviews(n: int = 240, seed: int = 0, k: int = 3, noise: float = 0.1) -> pa.RecordBatch:
    """Return n labelled reviews of k labels, some of them mislabelled."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, k, n)
    shown = np.where(random.random(n) < noise, random.integers(0, k, n), truth)
    return pa.record_batch(
        {
            "review_id": [f"R{row}" for row in range(n)],
            "review_headline": [
                None if random.random() < 0.3 else _text(random, label, 2) for label in truth
            ],
            "review_body": [_text(random, label, int(random.integers(4, 12))) for label in truth],
            "product_title": ["A thing"] * n,
            "label": pa.array(shown, pa.int32()),
            "group": pa.array(np.arange(n) // 3, pa.uint64()),
        }
    )


def _text(random: np.random.Generator, label: int, words: int) -> str:
    own = random.choice(_WORDS[label], words)
    shared = random.choice(_SHARED, words)
    return " ".join(np.where(random.random(words) < 0.5, own, shared))


def cut(batch: pa.RecordBatch, rows: int) -> Iterator[pa.RecordBatch]:
    """Yield a batch in pieces."""
    for start in range(0, len(batch), rows):
        yield batch.slice(start, rows)


def new(family: str, **settings: Any) -> Classifier:
    """Return an unfitted classifier of a family."""
    classifier = CLASSIFIERS.load(family)(**{**quick(family), **settings})
    assert isinstance(classifier, Classifier)
    return classifier


def quick(family: str) -> dict[str, Any]:
    """Return settings of a family under which it learns in a moment."""
    if family == "lstm":
        return SMALL_NETWORK | {"convolution": 0}
    if family in ("few-shot", "transformer"):
        pytest.importorskip("transformers", reason="the extra transformers is not installed")
        from .neural.tiny import tiny_encoder  # transformers takes seconds to load

        learning = {"epochs": 10, "batch": 16, "learning_rate": 2e-3, "embedding_rate": 2e-2}
        own = {**learning, "most_words": 48, "dropout": 0.0} if family == "transformer" else {}
        return {"encoder": tiny_encoder(), **own}
    if family == "mlp":
        return {"epochs": 8, "batch": 8, "learning_rate": 0.02, "embedding_rate": 0.05, "chunks": 2}
    return SMALL_NETWORK if family in ("cnn", "attention") else {}


def learn(classifier: Family, data: Any, labels: Any = None) -> Family:
    """Fit a classifier on texts and their labels, or on batches and the names of their labels."""
    return classifier.fit(labelled(data, labels))


def labelled(
    data: Any, labels: Any, classes: Any = None, columns: tuple[str, ...] = (BODY,)
) -> LabelledReviews:
    """Return texts and their labels, or batches and the names of their labels."""
    if isinstance(data, pa.RecordBatch) or not are_texts(data):
        return LabelledReviews.of_batches(data, labels)
    return labelled_texts(data, labels, classes, columns)[1]


def train_incrementally(classifier: Any, data: Any, labels: Any = None) -> Any:
    """Let a classifier learn on from texts and their labels, or from batches."""
    known, columns = (classifier.labels_, classifier.columns_)
    return classifier.partial_fit(
        labelled(data, known if labels is None else labels, known, columns)
    )


def predicted(classifier: Classifier, batch: Any) -> NDArray[Any]:
    """Return the most probable label of each text."""
    labels: NDArray[Any] = np.array(classifier.labels_)[
        classifier.predict_proba(batch).argmax(axis=1)
    ]
    return labels


def score(classifier: Classifier, batch: Any, labels: Any) -> float:
    """Return the share of texts of which the most probable label is right."""
    right: NDArray[np.bool_] = predicted(classifier, batch) == np.asarray(labels).astype(np.str_)
    return float(right.mean())


def texts_of(batch: pa.RecordBatch) -> list[str]:
    """Return the bodies."""
    return list(batch.column("review_body").to_pylist())


def names_of(batch: pa.RecordBatch) -> NDArray[Any]:
    """Return the name of each row's label."""
    names: NDArray[Any] = np.array(LABELS)[batch.column("label").to_numpy()]
    return names
