"""Files with two classes: 1 is negative and 2 is positive, as the outermost stars.

Source: Zhang, Zhao, LeCun, "Character-level Convolutional Networks for Text Classification", 2015.
"""

from collections.abc import Set

from reviewdesk.sources.base import SourceFile

STARS_OF_CLASS = {"1": "1", "2": "5"}


def is_polarity(file: SourceFile, classes: Set[str]) -> bool:
    """Ask the name of the file or its folder, then the first classes in it."""
    place = "/".join(file.place.lower().split("/")[-2:])
    for word, answer in (("polarity", True), ("full", False)):
        if word in place:
            return answer
    return classes <= STARS_OF_CLASS.keys()
