"""Which column of a file holds which column of the reviews table: as told, else guessed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reviewdesk.errors import MissingColumn, UsageError
from reviewdesk.schema import REVIEWS

NAMES_SHOWN: Final = 40
NAME_LENGTH_SHOWN: Final = 40
NAME_WORDS_SHOWN: Final = 5

CLOSE_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "review_body": (
        *("reviewtext", "body", "text", "reviewcontent", "comment", "comments", "review"),
        *("content", "message", "feedback"),
    ),
    "star_rating": ("rating", "stars", "overall", "score", "reviewrating", "reviewscore", "star"),
    "review_headline": ("headline", "summary", "reviewtitle", "reviewsummary", "title", "subject"),
    "product_id": ("asin", "businessid", "itemid", "sku", "movieid", "product", "item"),
    "product_parent": ("parentasin", "parentid"),
    "product_title": ("productname", "itemname", "itemtitle"),
    "product_category": ("category", "maincategory", "department", "categories"),
    "customer_id": ("userid", "reviewerid", "authorid", "user", "customer", "reviewer", "author"),
    "helpful_votes": ("helpfulvote", "helpfulnessnumerator", "helpful", "vote", "votes", "useful"),
    "total_votes": ("helpfulnessdenominator",),
    "verified_purchase": ("verified",),
    "review_date": (
        *("date", "reviewtime", "timestamp", "sorttimestamp", "unixreviewtime", "time"),
        *("createdat", "datetime", "created"),
    ),
    "marketplace": ("market", "country"),
}
"""For each column, other names of it in public data sets, the surest first.

They are compared in lower case without ``_``, ``-``, ``.`` and blanks. A bare ``id`` is none of
them: where it is not unique, all reviews but one would pass for duplicates.
"""


@dataclass(frozen=True)
class ColumnMap:
    """Column of the reviews table → column of the file, and which of these were guessed."""

    columns: Mapping[str, str]
    guesses: Mapping[str, str]


def map_columns(available: Sequence[str], told: Mapping[str, str], file: str) -> ColumnMap:
    """Find the reviews table's columns in a file.

    Args:
        available: the file's columns.
        told: what the user said: column of the reviews table → column of the file.
        file: its name, for the messages.

    Raises:
        UsageError: the reviews table has no column that the user named.
        MissingColumn: the file has not the column that the user named, or none for the text.
    """
    for name, column in told.items():
        if name not in REVIEWS.names:
            raise UsageError(
                f"there is no column {name!r} to map to; there are: {', '.join(REVIEWS.names)}"
            )
        if column not in available:
            raise MissingColumn(f"{file} has no column {column!r}; it has: {shown(available)}")
        if list(told.values()).count(column) > 1:
            raise UsageError(f"the column {column!r} is mapped more than once")
    columns = dict(told)
    for name in REVIEWS.names:
        free = [column for column in available if column not in columns.values()]
        if name not in columns and (found := _closest(name, free)) is not None:
            columns[name] = found
    if "review_body" not in columns:
        raise MissingColumn(
            f"no column of {file} is known to hold the reviews' text; it has: "
            f"{shown(available) or 'none whose name could be read'}; "
            "say which with --map review_body=COLUMN, or put the columns' names in its first line"
        )
    guesses = {
        name: column for name, column in columns.items() if name not in told and name != column
    }
    return ColumnMap(columns, guesses)


def shown(names: Sequence[str]) -> str:
    """Return names as they can stand in a message: quoted, and not too many.

    In a file that does not name its columns, the first line is a review: what reads like a
    sentence is not quoted.
    """
    short = [
        repr(name)
        if len(name) <= NAME_LENGTH_SHOWN and len(name.split()) <= NAME_WORDS_SHOWN
        else f"a text of {len(name):,} characters"
        for name in names[:NAMES_SHOWN]
    ]
    return ", ".join(short) + (" and more" if len(names) > NAMES_SHOWN else "")


def _closest(name: str, available: Sequence[str]) -> str | None:
    """Return the column that is surest to be the one of that name."""
    plain = {_plain(column): column for column in reversed(available)}  # the first of equals
    for close in (name, *CLOSE_NAMES.get(name, ())):
        if close in available:
            return close
        if _plain(close) in plain:
            return plain[_plain(close)]
    return None


def _plain(name: str) -> str:
    return re.sub(r"[\s_.-]+", "", name).lower()
