"""How right a classifier is by how many words of a text it knows, and by how sure it is of it.

What holds on the average of all texts need not hold of short ones. Where few reviews were measured,
or reviews of few products, it is said that nothing is known.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.report.numbers import share
from reviewdesk.stats.jackknife import clustered_shares
from reviewdesk.training.figures import Estimate

WORDS: Final = (0, 1, 2, 3, 5, 9, 17, 33)
"""Where classes of known words begin."""

SURENESS: Final = (0.0, 0.5, 0.65, 0.8, 0.925)
"""Where degrees of sureness begin: those that the review desk has words for."""


FEWEST_ROWS: Final = 50
"""Of fewer reviews it is not said that their probabilities are off."""


class Sureness(NamedTuple):
    """Reviews that it was about equally sure of.

    Args:
        at_least: the lowest probability of the predicted label.
        rows: how many reviews.
        accuracy: the share of them that is right.
    """

    at_least: float
    rows: int
    accuracy: Estimate

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"at_least": self.at_least, "rows": self.rows, "accuracy": self.accuracy.to_json()}


class KnownWords(NamedTuple):
    """Reviews of which about as many words are known.

    Args:
        fewest: known words of a review.
        most: known words of a review; None: any number.
        rows: how many reviews.
        confidence: the mean probability of the predicted label.
        accuracy: the share of reviews that is right.
        sureness: the same reviews by how sure it was, degrees without reviews left out.
    """

    fewest: int
    most: int | None
    rows: int
    confidence: float
    accuracy: Estimate
    sureness: tuple[Sureness, ...]

    @property
    def name(self) -> str:
        """How many words, as people say it."""
        if self.most is None:
            return f"{self.fewest} or more"
        return str(self.fewest) if self.fewest == self.most else f"{self.fewest} to {self.most}"

    @property
    def off(self) -> bool:
        """Whether its probabilities are off by more than chance explains."""
        if self.rows < FEWEST_ROWS or self.accuracy.too_few:
            return False
        return not self.accuracy.low <= self.confidence <= self.accuracy.high

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "KnownWords":
        """Return what JSON values, made by ``to_json``, tell."""
        fewest, most = values["known_words"]
        degrees = tuple(
            Sureness(one["at_least"], one["rows"], Estimate.from_json(one["accuracy"]))
            for one in values["sureness"]
        )
        accuracy = Estimate.from_json(values["accuracy"])
        return cls(fewest, most, values["rows"], values["confidence"], accuracy, degrees)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "known_words": [self.fewest, self.most],
            "rows": self.rows,
            "confidence": round(self.confidence, 6),
            "accuracy": self.accuracy.to_json(),
            "sureness": [one.to_json() for one in self.sureness],
        }


def by_known_words(
    known: NDArray[np.int64],
    confidence: NDArray[Any],
    correct: NDArray[np.bool_],
    groups: NDArray[Any],
) -> tuple[KnownWords, ...]:
    """Measure reviews by how many of their words are known; classes without reviews are left out.

    Args:
        known: how many words of each review are known (n,).
        confidence: the probability of the predicted label (n,).
        correct: whether it is right (n,).
        groups: reviews of one product have equal values (n,).
    """
    ends = [*(start - 1 for start in WORDS[1:]), None]
    class_of = np.searchsorted(WORDS, known, side="right") - 1
    parts = []
    for number, (fewest, most) in enumerate(zip(WORDS, ends, strict=True)):
        rows = np.flatnonzero(class_of == number)
        if len(rows):
            own = confidence[rows], correct[rows], groups[rows]
            accuracy = _accuracies(own[1], np.zeros(len(rows), np.int64), own[2])[0]
            mean = float(own[0].mean())
            parts.append(KnownWords(fewest, most, len(rows), mean, accuracy, _sureness(*own)))
    return tuple(parts)


def sureness(probability: float) -> float:
    """Return where the degree of sureness begins that a probability is of."""
    return max(start for start in SURENESS if start <= max(probability, 0.0))


def sentence(classes: Sequence[KnownWords]) -> list[str]:
    """Say where, by known words, probabilities are off by more than chance explains."""
    off = [one for one in classes if one.off]
    if not off:
        return []
    where = ", ".join(
        f"{one.name} {'word' if one.name == '1' else 'words'} of a text (it says "
        f"{share(one.confidence)} and is right for {share(one.accuracy.value)})"
        for one in off
    )
    return [f"Its probabilities are off where it knows {where}."]


def _sureness(
    confidence: NDArray[Any], correct: NDArray[np.bool_], groups: NDArray[Any]
) -> tuple[Sureness, ...]:
    degree = np.searchsorted(SURENESS, confidence, side="right") - 1
    accuracies = _accuracies(correct, degree, groups)
    return tuple(
        Sureness(SURENESS[number], int((degree == number).sum()), accuracy)
        for number, accuracy in enumerate(accuracies)
        if (degree == number).any()
    )


def _accuracies(
    correct: NDArray[np.bool_], parts: NDArray[np.int64], groups: NDArray[Any]
) -> list[Estimate]:
    rows = np.bincount(parts)
    right = np.bincount(parts, weights=correct)
    low, high = clustered_shares(correct, parts, groups)
    return [
        Estimate(hits / n if n else float("nan"), start, end)
        for hits, n, start, end in zip(
            right.tolist(), rows.tolist(), low.tolist(), high.tolist(), strict=True
        )
    ]
