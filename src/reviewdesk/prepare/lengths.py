"""How long a review's body may be: bounds that are given, or derived from the data's own spread.

Derived bounds are Tukey's fences on the logarithm of the length: one and a half times the distance
of the quartiles below the lower and above the upper one. Lengths of reviews spread evenly on a
logarithmic scale, as on no other. The arithmetic is that of whole numbers, so that every machine
finds the same bounds in any order of the inputs.

Source: J. W. Tukey, "Exploratory Data Analysis", 1977, section 2D.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from typing import Any, Final, Self

from reviewdesk.settings import PrepareSettings

LEAST_SPREAD: Final = 2
"""The upper quartile counts as at least so many times the lower one: texts of almost one length
are no reason to drop those that differ a little."""


@dataclass(frozen=True)
class LengthBounds:
    """The lengths that stay, in characters.

    Args:
        min_chars: the smallest.
        max_chars: the largest; 0 means no limit.
        quartiles: lower and upper quartile of the lengths that the bounds were derived from; None
            where they were given.
    """

    min_chars: int
    max_chars: int
    quartiles: tuple[int, int] | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return them from plain JSON values."""
        quartiles = data.get("quartiles")
        return cls(data["min_chars"], data["max_chars"], tuple(quartiles) if quartiles else None)

    def to_json(self) -> dict[str, Any]:
        """Return them as plain JSON values."""
        values: dict[str, Any] = {"min_chars": self.min_chars, "max_chars": self.max_chars}
        return values if self.quartiles is None else {**values, "quartiles": list(self.quartiles)}


def given_bounds(settings: PrepareSettings) -> LengthBounds:
    """Return the bounds that the settings name."""
    return LengthBounds(settings.min_chars, settings.max_chars)


def derived_bounds(lengths: Mapping[int, int]) -> LengthBounds:
    """Return the bounds that fit the lengths of all bodies.

    Args:
        lengths: how many bodies have each length; empty bodies are not looked at and never stay.
    """
    counts = {length: count for length, count in lengths.items() if length > 0}
    if not counts:
        return LengthBounds(1, 0)
    lower, upper = _quantile(counts, 1, 4), _quantile(counts, 3, 4)
    # ratio = wide / narrow; a fence is a quartile times or through ratio to the power of 3/2.
    wide, narrow = max((upper, lower), (LEAST_SPREAD * lower, lower))
    smallest = _root_from_above(lower**2 * narrow**3, wide**3)
    largest = isqrt(upper**2 * wide**3 // narrow**3)
    return LengthBounds(max(1, smallest), largest, (lower, upper))


def _quantile(counts: Mapping[int, int], part: int, whole: int) -> int:
    """Return the smallest length that at least part/whole of the bodies do not exceed."""
    total = sum(counts.values())
    reached = 0
    for length in sorted(counts):
        reached += counts[length]
        if reached * whole >= total * part:
            break
    return length


def _root_from_above(numerator: int, denominator: int) -> int:
    """Return the smallest whole number whose square is at least a fraction."""
    root = isqrt(numerator // denominator)
    return root if root * root * denominator >= numerator else root + 1
