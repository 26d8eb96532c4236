"""What the desk says, in words for people who never see code."""

from typing import Final

from reviewdesk.desk.measured import Measured
from reviewdesk.examples.targets import PAIR, label_parts
from reviewdesk.report.numbers import share

VERY_SURE: Final = 0.925
SURE: Final = 0.8
FAIRLY_SURE: Final = 0.65
EVEN: Final = 0.5

TITLES: Final = {
    "sentiment": "Verdict",
    "stars": "Likely stars",
    "category": "Likely category",
    "category-year": "Likely category and year",
    "category-stars": "Likely category and stars",
    "label": "Likely label",
}
"""The judgements in the order in which the page shows them, with their headings."""

CANNOT_TELL: Final = "Cannot tell"
NOTHING_KNOWN: Final = (
    "The desk knows none of the words of this review. The shares are those of all the reviews that "
    "it learned from."
)


def certainty(probability: float, measured: Measured | None = None) -> str:
    """Say how sure a judgement is, and how often such judgements were right, where that is known.

    Args:
        probability: the calibrated probability of the label.
        measured: of reviews that it had not seen, with about as many known words and about as sure.
    """
    if measured is None:
        return f"{_sure(probability)} How often that is right was not measured for texts like this."
    return (
        f"{_sure(min(probability, measured.right))} Of {measured.reviews:,} verdicts like this one "
        f"on reviews that it had not seen, it was right about {often(measured.right)}."
    )


def disagree(named: tuple[str, str], shares: tuple[float, float]) -> dict[str, str]:
    """Say that the verdict and the stars do not agree.

    Args:
        named: the verdict's label and the stars.
        shares: their probabilities.
    """
    verdict, rated = named
    return {
        "verdict": f"Unclear: {verdict}, or {rated}?",
        "unclear": (
            f"The verdict says {verdict} ({share(shares[0], 0)}), the stars say {rated} "
            f"({share(shares[1], 0)}). The two do not agree: read the review before you act on "
            "either."
        ),
    }


def _sure(probability: float) -> str:
    if probability >= VERY_SURE:
        return "Very sure."
    if probability >= SURE:
        return "Quite sure."
    if probability >= FAIRLY_SURE:
        return "Fairly sure."
    if probability >= EVEN:
        return "Not sure."
    return "Little more than a guess."


def often(probability: float) -> str:
    """Say a probability as so many times in so many."""
    if probability >= 0.985:
        return "99 times in 100"
    if probability >= VERY_SURE:
        return "19 times in 20"
    times = max(1, round(10 * probability))
    return f"{times} time{'s' if times > 1 else ''} in 10"


def verdict(target: str, label: str, probability: float) -> str:
    """Say what was found, as the result's headline.

    Args:
        target: what was judged, as in ``"sentiment"``.
        label: the likeliest label.
        probability: its calibrated probability.
    """
    if target == "sentiment":
        return label.capitalize() if probability >= FAIRLY_SURE else f"Unclear, leaning {label}"
    if target == "stars":
        return stars(label)
    name = label_name(target, label)
    return name if probability >= EVEN else f"Perhaps {name}"


def stars(label: str) -> str:
    """Say a number of stars."""
    return f"{label} {'star' if label == '1' else 'stars'}"


def label_name(target: str, label: str) -> str:
    """Return how a label is called; shops write their categories with underscores."""
    if target == "stars":
        return stars(label)
    if target == "category-stars":
        category, rated = label_parts(label)
        return f"{category.replace('_', ' ')}{PAIR}{stars(rated)}"
    return label.replace("_", " ")


def words_for(target: str, label: str) -> str:
    """Return the heading of the words that spoke for a label."""
    if target == "sentiment":
        return f"Sounded {label}"
    return f"Spoke for {label_name(target, label)}"


def words_against(target: str, label: str, other: str | None) -> str:
    """Return the heading of the words that spoke against a label.

    Args:
        target: what was judged.
        label: the likeliest label.
        other: the only other label, where there are two.
    """
    if target == "sentiment" and other is not None:
        return f"Sounded {other}"
    return f"Spoke against {label_name(target, label)}"
