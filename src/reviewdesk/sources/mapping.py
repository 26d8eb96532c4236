"""Which column of a file holds which column of the reviews table: as told, else guessed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from reviewdesk.errors import MissingColumn, UsageError
from reviewdesk.schema import REVIEWS
from reviewdesk.sources.column_names import (
    CLOSE_NAMES,
    NAMES_TO_CONFIRM,
    PARTS_OF_NAMES,
    PARTS_OF_REPLIES,
)
from reviewdesk.sources.column_values import NOTHING, REPEATED, ColumnValues

ENOUGH_COLUMNS: Final = 8
"""A header with so many of the 15 names is of Amazon's layout."""

OF_FEW_PRODUCTS: Final = 0.25
"""So small a share of different names or titles are those of products."""

REMEDIES: Final = 2
NAMES_SHOWN: Final = 40
NAME_LENGTH_SHOWN: Final = 40
NAME_WORDS_SHOWN: Final = 5

LONGEST_NAME: Final = 128
"""Longer texts in a first record are no column's name; all known ones are far shorter."""

_WORDS: Final = re.compile(r"[^\W\d_]?[^\W\d_A-Z]+|[A-Z]+")
"""The words of a name such as ``review_date`` or ``reviewDate``."""


@dataclass(frozen=True)
class ColumnMap:
    """Which columns of the reviews table a file has.

    Args:
        columns: column of the reviews table → column of the file.
        guesses: those among them that were guessed.
        left_over: columns of the file that are not read.
    """

    columns: Mapping[str, str]
    guesses: Mapping[str, str]
    left_over: tuple[str, ...] = ()

    @property
    def not_found(self) -> tuple[str, ...]:
        """The columns of the reviews table that the file has not."""
        return tuple(name for name in REVIEWS.names if name not in self.columns)

    @property
    def resembling(self) -> dict[str, str]:
        """Columns that are not read but look like one that was not found, and like which."""
        found = {column: _resembled(column, self.not_found) for column in self.left_over}
        return {column: name for column, name in found.items() if name}


def map_columns(
    available: Sequence[str],
    named: Mapping[str, str],
    file: str,
    values: ColumnValues = NOTHING,
) -> ColumnMap:
    """Find the reviews table's columns in a file.

    Args:
        available: the file's columns.
        named: what the user said: column of the reviews table → column of the file.
        file: its name, for the messages.
        values: the first values of its columns, where they were looked at.

    Raises:
        UsageError: the reviews table has no column that the user named.
        MissingColumn: the file has not the column that the user named, or none for the text.
    """
    for name, column in named.items():
        check_column(name)
        if column not in available:
            raise MissingColumn(f"{file} has no column {column!r}; it has: {shown(available)}")
        if list(named.values()).count(column) > 1:
            raise UsageError(f"the column {column!r} is mapped more than once")
    mapped = _mapped(available, named, values)
    if "review_body" not in mapped.columns:
        error = MissingColumn(
            f"no column of {file} is known to hold the reviews' text; it has: "
            f"{shown(available) or 'none whose name could be read'}; "
            "say which with --map review_body=COLUMN, or put the columns' names in its first line"
        )
        raise error.with_remedies(*_longest_texts(values))
    return mapped


def _longest_texts(values: ColumnValues) -> list[tuple[str, str]]:
    """Return the options that take the columns with the longest texts for the reviews' text."""
    texts = [name for name in values.samples if values.are_texts(name) and not is_reply(name)]
    longest = sorted(texts, key=values.characters, reverse=True)[:REMEDIES]
    return [("--map", f"review_body={name}") for name in longest if is_name(name)]


def _mapped(available: Sequence[str], named: Mapping[str, str], values: ColumnValues) -> ColumnMap:
    columns = dict(named)
    candidates = _candidates(tuple(available), "review_body" in named)
    for name in REVIEWS.names:
        if name not in columns:
            taken = set(columns.values())
            sure, unsure = (
                [column for column in one if column not in taken] for one in candidates[name]
            )
            if (chosen := _chosen(name, sure, unsure, values)) is not None:
                columns[name] = chosen
    guesses = {
        name: column for name, column in columns.items() if name not in named and name != column
    }
    if {"review_body", "review_headline"} <= guesses.keys():
        columns |= _longer_is_body(columns, values)
        guesses |= {name: columns[name] for name in guesses}
    left_over = [column for column in available if column not in columns.values()]
    return ColumnMap(columns, guesses, tuple(dict.fromkeys(left_over)))


def _chosen(
    name: str, sure: Sequence[str], unsure: Sequence[str], values: ColumnValues
) -> str | None:
    """Return the column for one of the reviews table; None if the file has none.

    Args:
        name: of the reviews table's column.
        sure: columns with a close name, the surest first.
        unsure: columns with a name that counts where their values agree.
        values: the first values of the columns.
    """
    for column in sure:
        # What is called as here is it, also where the first rows hold nothing.
        if (column == name or not values.empty(column)) and _may_be(name, column, values):
            return column
    for column in unsure:
        if _confirmed(name, column, values):
            return column
    if name == "review_body" and any(map(values.are_texts, values.samples)):
        return None  # whichever it is, it is no column of numbers
    return next((column for column in sure if not _is_title(name, column, values)), None)


def _may_be(name: str, column: str, values: ColumnValues) -> bool:
    if name == "customer_id" and values.constant(column):
        return False  # 0 for everybody, as in WordPress, is nobody
    if name in ("review_body", "star_rating", "review_date"):
        return not values.known(column) or name == column or values.agree(name, column)
    return not _is_title(name, column, values)


def _confirmed(name: str, column: str, values: ColumnValues) -> bool:
    if name == "review_body":
        return values.are_texts(column)
    if name == "product_title" and _plain(column) in ("name", "title"):
        # People and reviews have names and titles as well, but seldom the same ones.
        return values.agree(name, column) and values.different(column) < OF_FEW_PRODUCTS
    return values.agree(name, column)


def _is_title(name: str, column: str, values: ColumnValues) -> bool:
    """Say whether a column such as ``product`` holds what products are called, and no ids."""
    called = _plain(column) in NAMES_TO_CONFIRM["product_title"]
    return name == "product_id" and called and values.agree("product_title", column)


def _longer_is_body(columns: Mapping[str, str], values: ColumnValues) -> dict[str, str]:
    """Return body and headline, the other way round where the headline is what customers wrote.

    In some data sets the column ``Review`` holds a few words of which many are equal, and
    ``Summary`` the text.
    """
    body, headline = columns["review_body"], columns["review_headline"]
    longer = values.characters(headline) > values.characters(body)
    if longer and values.different(headline) > values.different(body) < REPEATED:
        return {"review_body": headline, "review_headline": body}
    return {}


@lru_cache(maxsize=64)
def _candidates(
    available: tuple[str, ...], body_is_named: bool
) -> dict[str, tuple[list[str], list[str]]]:
    """Return the columns that may be each of the reviews table's by their names.

    In a folder many files have the same.
    """
    outer = "" if body_is_named else _outer(available)
    inner = _inner(outer, available) if outer else list(available)
    # Around reviews databases keep what is theirs, under names such as _id and _score.
    others = [name for name in available if not name.startswith(("_", outer))] if outer else []
    candidates = {}
    for name in REVIEWS.names:
        sure = [*(outer + one for one in close_columns(name, inner)), *close_columns(name, others)]
        unsure = _named(NAMES_TO_CONFIRM.get(name, ()), inner if not outer else others)
        candidates[name] = sure, unsure
    return candidates


def _outer(available: Sequence[str]) -> str:
    """Return what the fields of reviews begin with where they stand in an object of their own.

    Empty where a field outside of one is known to hold the text.
    """
    if closest("review_body", available) is not None:
        return ""
    outers = dict.fromkeys(f"{name.rpartition('.')[0]}." for name in available if "." in name)
    known = {outer: known_names(_inner(outer, available)) for outer in outers}
    best = max(known, key=lambda outer: known[outer], default="")
    return best if best and known[best] else ""


def holds_a_review(available: Sequence[str]) -> bool:
    """Say whether names have those of one review in an object of its own: the text and others.

    In a table that pandas wrote row by row there are several such objects, or one with a number.
    """
    outers = {name.partition(".")[0] for name in available if "." in name}
    known = [one for one in outers if known_names(_inner(f"{one}.", available)) > 1]
    return len(known) == 1 and not known[0].isdigit()


def _inner(outer: str, available: Sequence[str]) -> list[str]:
    return [name.removeprefix(outer) for name in available if name.startswith(outer)]


def check_column(name: str) -> None:
    """Check that the reviews table has a column.

    Raises:
        UsageError: names those that there are.
    """
    if name not in REVIEWS.names:
        raise UsageError(
            f"there is no column {name!r} to map to; there are: {', '.join(REVIEWS.names)}"
        )


def is_reply(column: str) -> bool:
    """Say whether a column's name says that it holds what a shop answered."""
    return any(part in _plain(column) for part in PARTS_OF_REPLIES)


def has_amazon_columns(available: Sequence[str]) -> bool:
    """Say whether names are those of Amazon Customer Reviews, even if some are missing."""
    return len(set(REVIEWS.names) & set(available)) >= ENOUGH_COLUMNS


def known_names(available: Sequence[str]) -> int:
    """Return how many columns of the reviews table names stand for; 0 if none is the text."""
    plain = {_plain(column) for column in available if len(column) <= LONGEST_NAME}
    if plain.isdisjoint(_PLAIN_NAMES["review_body"]):
        return 0
    return sum(not plain.isdisjoint(names) for names in _PLAIN_NAMES.values())


def shown(names: Sequence[str]) -> str:
    """Return names as they can stand in a message: quoted, and not too many.

    In a file that does not name its columns, the first line is a review: what reads like a
    sentence is not quoted.
    """
    short = [
        repr(name) if is_name(name) else f"a text of {len(name):,} characters"
        for name in names[:NAMES_SHOWN]
    ]
    return ", ".join(short) + (" and more" if len(names) > NAMES_SHOWN else "")


def is_name(column: str) -> bool:
    """Say whether what a column is called is short enough to be a name, and no sentence."""
    return 0 < len(column) <= NAME_LENGTH_SHOWN and len(column.split()) <= NAME_WORDS_SHOWN


def closest(name: str, available: Sequence[str]) -> str | None:
    """Return the column that is surest to be the one of that name."""
    return next(iter(close_columns(name, available)), None)


def close_columns(name: str, available: Sequence[str]) -> list[str]:
    """Return the columns that may be the one of that name, the surest first."""
    return _named((name, *CLOSE_NAMES.get(name, ())), available)


def _named(names: Sequence[str], available: Sequence[str]) -> list[str]:
    """Return the columns that are called by one of some names, in the names' order."""
    short = [column for column in available if len(column) <= LONGEST_NAME]
    plain = {_plain(column): column for column in reversed(short)}  # the first of equals
    found: dict[str, None] = {}
    for one in names:
        if one in available:
            found[one] = None
        elif (called := _plain(one)) in plain:
            found[plain[called]] = None
    return list(found)


def _resembled(column: str, names: Sequence[str]) -> str:
    words = [word.lower() for word in _WORDS.findall(column)]
    words.append(_plain(column))
    for name in names:
        if any(
            word.startswith(part) or word.endswith(part)
            for part in PARTS_OF_NAMES[name]
            for word in words
        ):
            return name
    return ""


@lru_cache(maxsize=4_096)
def _plain(name: str) -> str:
    return _JOINTS.sub("", name).lower()


_JOINTS: Final = re.compile(r"[\W_]+")
_PLAIN_NAMES: Final = {
    name: frozenset(map(_plain, (name, *CLOSE_NAMES.get(name, ())))) for name in REVIEWS.names
}
