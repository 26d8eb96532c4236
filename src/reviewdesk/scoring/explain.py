"""Reasons for a prediction: which words spoke for each label and which against it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.bundle import Bundle
from reviewdesk.errors import UsageError
from reviewdesk.models.base import Explains, Explanation
from reviewdesk.schema import EVIDENCE
from reviewdesk.scoring.languages import unseen_language_of

WORDS: Final = 12


@dataclass(frozen=True)
class WordWeight:
    """What one word or word pair adds to a label's score: above 0 for it, below 0 against it."""

    word: str
    weight: float


@dataclass(frozen=True)
class TextVerdict:
    """What a bundle says of one text, and why.

    Args:
        probabilities: label to probability, in the bundle's order.
        reasons: label to the words that matter most to it, strongest first.
        known_words: how many different words of the text the bundle knows; None where its family
            does not say.
        is_example: whether the bundle learned from generated reviews.
        rests_on: on what this rests where nobody had labelled the reviews that it learned from.
        unseen_language: the code of the text's language where the bundle has learned next to
            nothing of it; else empty.
    """

    probabilities: Mapping[str, float]
    reasons: Mapping[str, list[WordWeight]]
    known_words: int | None = None
    is_example: bool = False
    rests_on: str = ""
    unseen_language: str = ""

    @property
    def cannot_tell(self) -> bool:
        """Whether no word is known, so that the probabilities are the training reviews' shares."""
        return not self.evidence if self.known_words is None else self.known_words == 0

    @property
    def label(self) -> str:
        """The most probable label."""
        return max(self.probabilities, key=self.probabilities.__getitem__)

    @property
    def probability(self) -> float:
        """The probability of the most probable label."""
        return self.probabilities[self.label]

    @property
    def evidence(self) -> list[WordWeight]:
        """The words that matter most to the most probable label, strongest first."""
        return self.reasons[self.label]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "label": self.label,
            "probability": self.probability,
            "probabilities": dict(self.probabilities),
            "known_words": self.known_words,
            "cannot_tell": self.cannot_tell,
            "learned_from_generated": self.is_example,
            "rests_on": self.rests_on,
            "unseen_language": self.unseen_language,
            "reasons": {
                label: [{"word": one.word, "weight": one.weight} for one in words]
                for label, words in self.reasons.items()
            },
        }


def explain(
    bundle: Bundle, text: str, *, headline: str = "", title: str = "", words: int = WORDS
) -> TextVerdict:
    """Say what a bundle makes of one raw text, and which words spoke for and against each label.

    Args:
        bundle: what predicts.
        text: the review's body as the customer wrote it; it is cleaned as the bundle says.
        headline: its headline; left out by bundles that read bodies only.
        title: the product's title; left out by bundles that do not read it.
        words: most words to name for each label.

    Raises:
        UsageError: the bundle's family does not say what a word adds.
    """
    review = bundle.clean(
        pa.record_batch(
            {
                "review_headline": pa.array([headline or None], pa.string()),
                "review_body": pa.array([text], pa.string()),
                "product_title": pa.array([title or None], pa.string()),
            }
        )
    )
    explanation = _explainer(bundle).explain(bundle.text(review).to_pylist()[0])
    probabilities = bundle.predict_proba(review)[0]
    known = bundle.known_words(review)
    return TextVerdict(
        is_example=bundle.is_example,
        rests_on=bundle.rests_on,
        unseen_language=unseen_language_of(bundle, review.column("review_body"))[0],
        known_words=None if known is None else int(known[0]),
        probabilities=dict(zip(bundle.labels, probabilities.tolist(), strict=True)),
        reasons={
            label: strongest(explanation, place, words) for place, label in enumerate(bundle.labels)
        },
    )


def strongest(explanation: Explanation, label: int, words: int) -> list[WordWeight]:
    """Return the words that matter most to one label, strongest first, for it or against it.

    A word that stands in several fields counts once, with the sum of its weights.

    Args:
        explanation: of one review.
        label: the label's place.
        words: most words to return.
    """
    weights: dict[str, float] = {}
    for word, weight in zip(explanation.words, explanation.weights[:, label], strict=True):
        weights[word] = weights.get(word, 0.0) + float(weight)
    ordered = sorted(weights.items(), key=lambda item: (-abs(item[1]), item[0]))
    return [WordWeight(word, weight) for word, weight in ordered[:words] if weight]


def evidence_column(
    bundle: Bundle, reviews: pa.RecordBatch, labels: NDArray[np.intp], words: int
) -> pa.Array:
    """Return the words that matter most to the given label of each review.

    Args:
        bundle: what predicts.
        reviews: n cleaned reviews.
        labels: (n,) places of labels.
        words: most words a review.

    Raises:
        UsageError: the bundle's family does not say what a word adds.
    """
    explainer, rows = _explainer(bundle), []
    for texts, label in zip(bundle.text(reviews).to_pylist(), labels.tolist(), strict=True):
        found = strongest(explainer.explain(texts), label, words)
        rows.append([{"word": one.word, "weight": one.weight} for one in found])
    return pa.array(rows, EVIDENCE)


def _explainer(bundle: Bundle) -> Explains:
    classifier = bundle.classifier
    if not isinstance(classifier, Explains):
        raise UsageError(f"the model {bundle.family} does not say which words speak for a label")
    return classifier
