"""What the desk says, in words for people who never see code."""

from typing import Final

from reviewdesk.desk.measured import Measured
from reviewdesk.desk.texts import Texts
from reviewdesk.examples.targets import PAIR, label_parts
from reviewdesk.report.numbers import share

VERY_SURE: Final = 0.925
SURE: Final = 0.8
FAIRLY_SURE: Final = 0.65
EVEN: Final = 0.5

ORDER: Final = ("sentiment", "stars", "category", "category-year", "category-stars", "label")
"""The judgements in the order in which the page shows them."""


def heading(say: Texts, target: str) -> str:
    """Return the heading of a judgement."""
    name = f"judged.{target}"
    return say(name) if say.has(name) else target.capitalize()


def certainty(say: Texts, probability: float, measured: Measured | None = None) -> str:
    """Say how sure a judgement is, and how often such judgements were right, where that is known.

    Args:
        say: the desk's sentences.
        probability: the calibrated probability of the label.
        measured: of reviews that it had not seen, with about as many known words and about as sure.
    """
    if measured is None:
        return say("certain.unmeasured", sure=_sure(say, probability))
    sure = _sure(say, min(probability, measured.right))
    right = often(say, measured.right)
    return say("certain.measured", sure=sure, n=measured.reviews, often=right)


def disagree(say: Texts, named: tuple[str, str], shares: tuple[float, float]) -> dict[str, str]:
    """Say that the verdict and the stars do not agree.

    Args:
        say: the desk's sentences.
        named: the verdict's label and the stars.
        shares: their probabilities.
    """
    verdict, rated = named
    one, other = (share(value, 0) for value in shares)
    return {
        "verdict": say("judgement.unlike", verdict=verdict, rated=rated),
        "unclear": say(
            "judgement.unlike_means", verdict=verdict, one=one, rated=rated, other=other
        ),
    }


def _sure(say: Texts, probability: float) -> str:
    if probability >= VERY_SURE:
        return say("certain.very")
    if probability >= SURE:
        return say("certain.quite")
    if probability >= FAIRLY_SURE:
        return say("certain.fairly")
    if probability >= EVEN:
        return say("certain.not")
    return say("certain.guess")


def often(say: Texts, probability: float) -> str:
    """Say a probability as so many times in so many."""
    if probability >= 0.985:
        return say("certain.hundred")
    if probability >= VERY_SURE:
        return say("certain.twenty")
    return say.number("certain.ten", max(1, round(10 * probability)))


def verdict(say: Texts, target: str, label: str, probability: float) -> str:
    """Say what was found, as the result's headline.

    Args:
        say: the desk's sentences.
        target: what was judged, as in ``"sentiment"``.
        label: the likeliest label.
        probability: its calibrated probability.
    """
    name = label_name(say, target, label)
    if target == "sentiment":
        clear = probability >= FAIRLY_SURE
        return name.capitalize() if clear else say("judgement.leaning", label=name)
    if target == "stars" or probability >= EVEN:
        return name
    return say("judgement.perhaps", label=name)


def label_name(say: Texts, target: str, label: str) -> str:
    """Return how a label is called; shops write their categories with underscores."""
    if target == "stars":
        return _stars(say, label)
    if target == "category-stars":
        category, rated = label_parts(label)
        return f"{category.replace('_', ' ')}{PAIR}{_stars(say, rated)}"
    if target == "sentiment" and say.has(f"script.{label}"):
        return say(f"script.{label}")
    return label.replace("_", " ")


def _stars(say: Texts, label: str) -> str:
    return say.number("stars", int(label)) if label.isdecimal() else label


def words_for(say: Texts, target: str, label: str) -> str:
    """Return the heading of the words that spoke for a label."""
    name = label_name(say, target, label)
    if target == "sentiment":
        return say("judgement.sounded", label=name)
    return say("judgement.spoke_for", label=name)


def words_against(say: Texts, target: str, label: str, other: str | None) -> str:
    """Return the heading of the words that spoke against a label.

    Args:
        say: the desk's sentences.
        target: what was judged.
        label: the likeliest label.
        other: the only other label, where there are two.
    """
    if target == "sentiment" and other is not None:
        return say("judgement.sounded", label=label_name(say, target, other))
    return say("judgement.spoke_against", label=label_name(say, target, label))
