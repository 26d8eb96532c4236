"""Star ratings: how they are written, and which scale a column of them has.

A value is first read as what it says by itself (``4 of 5``, ``★★★``, ``Recommended``, or a bare
number); what a bare number means depends on all numbers of its column. Scales that are not of five
steps are brought to it by rounding up, as IMDb's own labels have it (7 and above of ten are
positive, 4 and below negative).
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from math import ceil
from typing import Final, NamedTuple

LONGEST_RATING: Final = 64

FIVE: Final = "1-5"
HALVES: Final = "halves"
TEN: Final = "1-10"
TEN_FROM_ZERO: Final = "0-10"
HUNDRED: Final = "0-100"
YES_NO: Final = "1/0"
PLUS_MINUS: Final = "1/-1"
NOT_STARS: Final = "none"

SCALES: Final = (FIVE, HALVES, TEN, TEN_FROM_ZERO, HUNDRED, YES_NO, PLUS_MINUS, NOT_STARS)
"""What the numbers of a column may mean."""

_MEANING: Final = {
    FIVE: "stars from 1 to 5",
    HALVES: "half stars up to 5, rounded up",
    TEN: "1 to 10, halved and rounded up to stars",
    TEN_FROM_ZERO: "0 to 10, halved and rounded up to stars, 0 as one star",
    HUNDRED: "0 to 100, a fifth of it a star, rounded up",
    YES_NO: "recommended or not, as five stars or one",
    PLUS_MINUS: "recommended (1) or not (-1), as five stars or one",
    NOT_STARS: "no stars of the writers",
}

SHARE_OF_TEN: Final = 0.1
"""So many of the numbers must be above 5 for a scale of ten to be meant; of 1 to 10, half are."""
SHARE_OF_HUNDRED: Final = 0.3
SHARE_OF_HALVES: Final = 0.05
SHARE_OF_MEANS: Final = 0.2
"""Writers give whole or half stars: with so many other fractions, the numbers are averages."""
FEW: Final = 1
"""So many different numbers above a scale can be mistakes."""


class Rating(NamedTuple):
    """What a rating says by itself.

    Args:
        kind: ``number`` (of a scale that the column decides), ``of five``, ``stars`` (already on
            the scale of five) or ``word`` (1 recommends, 0 does not).
        value: the number.
    """

    kind: str
    value: float


class Scale(NamedTuple):
    """What the numbers of a column mean.

    Args:
        name: one of ``SCALES``.
        sentence: what the column holds and how it is read; empty for plain stars from 1 to 5.
        question: what has to be asked, because two scales give good values; else empty.
    """

    name: str
    sentence: str = ""
    question: str = ""


_NUMBER_WORDS: Final = {"one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0}
_NUMBER: Final = r"[+-]?\d{1,3}(?:[.,]\d{1,20})?"
_STARS_WORD: Final = (
    r"(?:stars?|sterne?n?|étoiles?|etoiles?|stell[ae]|estrellas?|estrelas?|sterren|ster|[★⭐])"
)
_OF: Final = re.compile(
    rf"(?:\D{{0,30}}[\s:(])?(?P<number>{_NUMBER}|one|two|three|four|five)\s*"
    r"(?:/|of|out\s+of|von|sur|su|de|di|van(?:\s+de)?|aus|av|af|из|z)\s*"
    rf"(?P<scale>5|10|20|100)(?:[.,]0{{1,20}})?(?:\s*{_STARS_WORD}?[\s.!)]*)",
    re.IGNORECASE | re.ASCII,
)
_PLAIN: Final = re.compile(
    rf"(?:(?:rated|rating|stars?|score)\s*:?\s*)?(?P<number>{_NUMBER}|one|two|three|four|five)"
    rf"(?P<stars>[\s-]*{_STARS_WORD})?",
    re.IGNORECASE | re.ASCII,
)
_PERCENT: Final = re.compile(rf"({_NUMBER})\s*%", re.ASCII)
_BUBBLES: Final = re.compile(r"(?:ui_bubble_rating )?bubble_([1-4][05]|50)", re.ASCII)
"""TripAdvisor's pages have ratings as classes: ``bubble_45`` is 4.5."""
_FILLED: Final = "★⭐🌟"
_HOLLOW: Final = "☆✩"
_WORDS: Final = {
    **dict.fromkeys(
        ("true", "t", "yes", "y", "recommended", "recommend", "recommends", "positive", "up"), 1.0
    ),
    **dict.fromkeys(("thumbs up", "thumbs_up", "like", "liked", "👍", "empfohlen"), 1.0),
    **dict.fromkeys(("false", "f", "no", "n", "not recommended", "not_recommended"), 0.0),
    **dict.fromkeys(("not-recommended", "unrecommended", "negative", "down", "thumbs down"), 0.0),
    **dict.fromkeys(("thumbs_down", "dislike", "disliked", "👎", "nicht empfohlen"), 0.0),
}


@lru_cache(maxsize=4096)
def read_rating(text: str) -> Rating | None:
    """Return what a rating says by itself; None where it is none.

    Args:
        text: without blanks around it.
    """
    if len(text) > LONGEST_RATING:
        return None
    return next(filter(None, (read(text) for read in _READERS)), None)


def _plain(text: str) -> Rating | None:
    found = _PLAIN.fullmatch(text)
    if found is None:
        return None
    named = found["stars"] or not found["number"][-1].isdigit()
    return Rating("of five" if named else "number", _number(found["number"]))


def _of_scale(text: str) -> Rating | None:
    if found := _PERCENT.fullmatch(text):
        return _of(_number(found[1]), 100)
    found = _OF.fullmatch(text)
    return _of(_number(found["number"]), int(found["scale"])) if found else None


def _word(text: str) -> Rating | None:
    meaning = _WORDS.get(text.lower())
    return None if meaning is None else Rating("word", meaning)


def _drawn(text: str) -> Rating | None:
    marks = text.replace("\ufe0f", "").replace(" ", "")
    if not marks or marks.strip(_FILLED + _HOLLOW + "½"):
        return None
    filled = marks.rstrip(_HOLLOW)
    half = filled.endswith("½")
    if any(mark in _HOLLOW + "½" for mark in filled.removesuffix("½")):
        return None
    return Rating("of five", len(filled) - half + half / 2)


def _bubbles(text: str) -> Rating | None:
    found = _BUBBLES.fullmatch(text)
    return None if found is None else Rating("of five", int(found[1]) / 10)


_READERS: Final = (_plain, _of_scale, _word, _drawn, _bubbles)


def _number(text: str) -> float:
    word = text.lower()
    return _NUMBER_WORDS[word] if word in _NUMBER_WORDS else float(word.replace(",", "."))


def _of(number: float, scale: int) -> Rating | None:
    if scale == 5:
        return Rating("of five", number)
    stars = _steps(number, scale)
    return None if stars is None else Rating("stars", stars)


def _steps(number: float, highest: int) -> int | None:
    """Return a number of a scale from 0 or 1 as stars: a fifth of the scale each, rounded up."""
    return max(1, ceil(5 * number / highest)) if 0 <= number <= highest else None


def stars_of(rating: Rating | None, scale: str) -> int | None:
    """Return a rating as 1 to 5 stars; None where it is none, or lies between two stars.

    Args:
        rating: from ``read_rating``.
        scale: one of ``SCALES``: what numbers mean.
    """
    if rating is None or scale == NOT_STARS:
        return None
    kind, value = rating
    if kind == "stars":
        return int(value)
    if kind == "word":
        return (5 if value else 1) if scale in (YES_NO, PLUS_MINUS) else None
    if kind == "of five":
        return _of_five(value, scale == HALVES)
    return _of_column(value, scale)


def _of_five(value: float, halves: bool) -> int | None:
    if halves and 0 < value <= 5 and (2 * value).is_integer():
        return ceil(value)
    return int(value) if value in (1, 2, 3, 4, 5) else None


_RECOMMENDED: Final[Mapping[float, int]] = {1: 5, 0: 1}
_SIGNED: Final[Mapping[float, int]] = {1: 5, 0: 3, -1: 1}


def _of_column(value: float, scale: str) -> int | None:
    if scale in (TEN, TEN_FROM_ZERO):
        return _steps(value, 10) if value or scale == TEN_FROM_ZERO else None
    if scale == HUNDRED:
        return _steps(value, 100)
    if scale == YES_NO:
        return _RECOMMENDED.get(value)
    if scale == PLUS_MINUS:
        return _SIGNED.get(value)
    return _of_five(value, scale == HALVES)


def parse_stars(text: str) -> int | None:
    """Return a rating of 1 to 5 written as ``4``, ``4.0``, ``4/5``, ``8/10``, ``four`` or ``★★★★``.

    Bare numbers are of a scale of five. Ratings between two stars are none.
    """
    return stars_of(read_rating(text), FIVE)


def rating_evidence(rating: Rating | None) -> str:
    """Return the name under which a rating counts when its column's scale is decided.

    There are a few hundred names, so that a column of any length is kept in mind.
    """
    if rating is None:
        return "unread"
    kind, value = rating
    if kind in ("stars", "word"):
        return kind
    if not -1 <= value <= 100:
        return "beyond"
    if not (2 * value).is_integer():
        return f"fraction {next(limit for limit in (5, 10, 100) if value <= limit)}"
    return f"{'of five' if kind == 'of five' else 'number'} {value:g}"


class _Numbers:
    """The bare numbers of a column, counted."""

    def __init__(self, evidence: Mapping[str, int]) -> None:
        self.counts = {
            float(name.removeprefix("number ")): count
            for name, count in evidence.items()
            if name.startswith("number ")
        }
        self.fractions = {limit: evidence.get(f"fraction {limit}", 0) for limit in (5, 10, 100)}
        self.total = sum(self.counts.values()) + sum(self.fractions.values())

    def many(self, low: float, high: float) -> bool:
        """Say whether the numbers above the one and up to the other are no mistakes.

        There are several different ones, or all numbers are there.
        """
        distinct = sum(low < value <= high for value in self.counts)
        return distinct > FEW or self.fractions[int(high)] > 0 or self.share(low, high) == 1

    def share(self, low: float, high: float) -> float:
        """Return the share of numbers above the one and up to the other."""
        inside = sum(count for value, count in self.counts.items() if low < value <= high)
        inside += sum(count for limit, count in self.fractions.items() if low < limit <= high)
        return inside / self.total


def decide_scale(evidence: Mapping[str, int], column: str) -> Scale:
    """Return the scale of a column of ratings, decided over all its values.

    Args:
        evidence: how often each name of ``rating_evidence`` occurs.
        column: its name in the file, for the sentence; it decides where the values cannot.
    """
    name, question = _scale(evidence, column)
    if question:
        return Scale(name, question=question)
    held = _held(evidence, name)
    return Scale(name, f"{column} holds {held}: read as {_MEANING[name]}" if held else "")


def _scale(evidence: Mapping[str, int], column: str) -> tuple[str, str]:
    numbers = _Numbers(evidence)
    values = set(numbers.counts)
    if not numbers.total:
        return (YES_NO if evidence.get("word") else _halves(evidence)), ""
    if values <= {-1, 0, 1} and not any(numbers.fractions.values()):
        return _recommended(values, column, words="word" in evidence)
    if numbers.share(10, 100) >= SHARE_OF_HUNDRED and numbers.many(10, 100):
        return HUNDRED, ""
    if numbers.share(5, 10) >= SHARE_OF_TEN and numbers.many(5, 10):
        return (TEN_FROM_ZERO if 0 in values else TEN), ""
    means = numbers.fractions[5] >= SHARE_OF_MEANS * numbers.total
    return (NOT_STARS if means else _halves(evidence)), ""


def _recommended(values: set[float], column: str, *, words: bool) -> tuple[str, str]:
    """Decide for a column of numbers from -1 to 1."""
    if {-1, 1} <= values:
        return PLUS_MINUS, ""
    if values == {0, 1} or (words and -1 not in values):
        return YES_NO, ""
    return _one_number(values, column)


def _one_number(values: set[float], column: str) -> tuple[str, str]:
    """Decide for a column of one number only, which is not above 1, by the column's name."""
    plain = column.lower()
    if any(word in plain for word in ("recommend", "voted", "thumb", "positive", "like")):
        return (PLUS_MINUS if -1 in values else YES_NO), ""
    if any(word in plain for word in ("star", "rating", "overall")):
        return FIVE, ""
    number = ", ".join(f"{value:g}" for value in sorted(values))
    return FIVE, (
        f"{column} holds {number} and no other number: that can be stars, or whether the writer "
        f"recommends it; say which with --stars-scale {FIVE}, {YES_NO} or {PLUS_MINUS}"
    )


def _halves(evidence: Mapping[str, int]) -> str:
    """Return whether a column of numbers up to 5 has half stars: several, and often."""
    halves: dict[str, int] = {}
    total = 0
    for name, count in evidence.items():
        kind, _, value = name.rpartition(" ")
        if kind in ("number", "of five") and 0 < float(value) <= 5:
            total += count
            if float(value) % 1:
                halves[value] = halves.get(value, 0) + count
    many = len(halves) > FEW + 1 and sum(halves.values()) >= SHARE_OF_HALVES * total
    return HALVES if many else FIVE


def _held(evidence: Mapping[str, int], scale: str) -> str:
    """Say what a column holds that is not of the plain scale of five; else return nothing."""
    numbers = _Numbers(evidence)
    if scale == FIVE:
        return ""
    if scale == NOT_STARS:
        return "fractions such as averages have"
    values = sorted(numbers.counts)
    if scale in (YES_NO, PLUS_MINUS):
        shown = [f"{value:g}" for value in reversed(values)]
        return " and ".join(shown) if shown else "words such as true and recommended"
    if not values:
        return "half stars"
    return f"{values[0]:g} to {values[-1]:g}"
