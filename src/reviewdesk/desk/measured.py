"""What was measured of verdicts like one: with about as many known words, and about as sure."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from reviewdesk.bundle import Bundle
from reviewdesk.training.known_words import sureness

FEWEST_REVIEWS: Final = 50
"""Of fewer held-out reviews nothing is said."""


class Measured(NamedTuple):
    """Verdicts on held-out reviews.

    Args:
        reviews: how many.
        right: the share that was right.
    """

    reviews: int
    right: float


def measured_like(bundle: Bundle, known_words: int | None, probability: float) -> Measured | None:
    """Return how often verdicts like one were right; None where it was not measured.

    Args:
        bundle: it holds what was measured when it was trained.
        known_words: of the text.
        probability: of the likeliest label.
    """
    if known_words is None:
        return None
    for part in bundle.metrics.get("by_known_words", ()):
        fewest, most = part["known_words"]
        if fewest <= known_words and (most is None or known_words <= most):
            for degree in part["sureness"]:
                if degree["at_least"] == sureness(probability):
                    return _told(degree)
    return None


def _told(degree: Mapping[str, Any]) -> Measured | None:
    """Return the share, where enough reviews of enough products tell it."""
    accuracy = degree["accuracy"]
    if degree["rows"] < FEWEST_REVIEWS or accuracy["low"] is None:
        return None
    return Measured(degree["rows"], accuracy["value"])
