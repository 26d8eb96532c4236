"""What the names of McAuley Lab's files tell: the category, and which metadata belongs to it."""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Final

from reviewdesk.sources.base import SourceFile

CATEGORIES: Final = frozenset(
    [
        "All_Beauty",
        "AMAZON_FASHION",
        "Amazon_Fashion",
        "Amazon_Instant_Video",
        "Appliances",
        "Apps_for_Android",
        "Arts",
        "Arts_Crafts_and_Sewing",
        "Automotive",
        "Baby",
        "Baby_Products",
        "Beauty",
        "Beauty_and_Personal_Care",
        "Books",
        "CDs_and_Vinyl",
        "Cell_Phones_and_Accessories",
        "Cell_Phones_&_Accessories",
        "Clothing_&_Accessories",
        "Clothing_Shoes_and_Jewelry",
        "Digital_Music",
        "Electronics",
        "Gift_Cards",
        "Gourmet_Foods",
        "Grocery_and_Gourmet_Food",
        "Handmade_Products",
        "Health",
        "Health_and_Household",
        "Health_and_Personal_Care",
        "Home_&_Kitchen",
        "Home_and_Kitchen",
        "Industrial_&_Scientific",
        "Industrial_and_Scientific",
        "Jewelry",
        "Kindle_Store",
        "Luxury_Beauty",
        "Magazine_Subscriptions",
        "Movies_&_TV",
        "Movies_and_TV",
        "Music",
        "Musical_Instruments",
        "Office_Products",
        "Patio",
        "Patio_Lawn_and_Garden",
        "Pet_Supplies",
        "Prime_Pantry",
        "Shoes",
        "Software",
        "Sports_&_Outdoors",
        "Sports_and_Outdoors",
        "Subscription_Boxes",
        "Tools_&_Home_Improvement",
        "Tools_and_Home_Improvement",
        "Toys_&_Games",
        "Toys_and_Games",
        "Video_Games",
        "Watches",
    ]
)
"""The categories that the four releases have files for."""

_NAME: Final = re.compile(
    r"(reviews_|meta_)?(.+?)(_\d{1,2})?\.(?:jsonl?|ndjson|txt|csv|tsv|parquet)(?:\.gz)?",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(r"[A-Z][A-Za-z]*(?:(?:[_ ]|[_ ]?&[_ ]?|[_ ]and[_ ])[A-Z][A-Za-z]*)*")
"""Words with capitals, as all their categories are written."""
_NOT_ONE: Final = frozenset(
    {
        *("all", "amazon", "customer", "data", "dataset", "dev", "json", "part", "review"),
        *("reviews", "sample", "test", "train", "val", "valid", "validation"),
    }
)
"""Words that are about the file."""

_REVIEWS: Final = (
    frozenset({"reviewerID", "asin", "overall"}),
    frozenset({"parent_asin", "user_id", "rating"}),
)
"""Columns by which reviews of 2014 and 2018, and those of 2023, are known in any table."""


def category_of(name: str) -> str:
    """Return the category in the name of a file of their reviews; empty when it tells none.

    That is one of theirs, or what stands in its place: between ``reviews_`` and ``_5``, or words
    with capitals that are not about the file.
    """
    found = _NAME.fullmatch(PurePosixPath(name).name)
    if found is None:
        return ""
    prefix, category, core = found.groups()
    if category in CATEGORIES:
        return category
    words = re.split(r"[_ &]+", category.lower())
    if not _NOT_ONE.isdisjoint(words) or not any(map(str.isalpha, category)):
        return ""
    return category if (prefix and core) or _WORDS.fullmatch(category) else ""


def are_reviews(names: Iterable[str]) -> bool:
    """Say whether the columns of a table are those of their reviews, in whatever format."""
    given = frozenset(names)
    return any(given >= columns for columns in _REVIEWS)


def metadata_of(file: SourceFile, metadata: Sequence[SourceFile]) -> list[SourceFile]:
    """Return the metadata files of a review file's category; all if the names tell nothing."""
    category = category_of(file.name)
    same = [one for one in metadata if category and category_of(one.name) == category]
    return same or list(metadata)
