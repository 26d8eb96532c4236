"""Files with two classes: 1 is negative and 2 is positive, as the outermost stars.

Source: Zhang, Zhao, LeCun, "Character-level Convolutional Networks for Text Classification", 2015.
"""

from collections import Counter
from collections.abc import Collection, Set
from typing import Final, TypeVar

from reviewdesk.sources.base import SourceFile

STARS_OF_CLASS = {"1": "1", "2": "5"}

MOSTLY: Final = 0.99
"""Of so many labels the meaning counts; the few others are values that cannot be read."""

T = TypeVar("T")


def mostly(some: Collection[T], counts: Counter[T]) -> bool:
    """Say whether nearly all labels of a file are some of them, and there are any."""
    return bool(some) and sum(counts[one] for one in some) >= MOSTLY * counts.total()


def is_polarity(file: SourceFile, classes: Set[str]) -> bool:
    """Ask the name of the file or its folder, then the classes in it."""
    place = "/".join(file.place.lower().split("/")[-2:])
    for word, answer in (("polarity", True), ("full", False)):
        if word in place:
            return answer
    return classes <= STARS_OF_CLASS.keys()
