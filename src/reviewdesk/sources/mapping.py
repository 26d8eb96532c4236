"""Which column of a file holds which column of the reviews table: as told, else guessed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from reviewdesk.errors import MissingColumn, UsageError
from reviewdesk.schema import REVIEWS

ENOUGH_COLUMNS: Final = 8
"""A header with so many of the 15 names is of Amazon's layout."""

NAMES_SHOWN: Final = 40
NAME_LENGTH_SHOWN: Final = 40
NAME_WORDS_SHOWN: Final = 5

LONGEST_NAME: Final = 128
"""Longer texts in a first record are no column's name; all known ones are far shorter."""

CLOSE_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "review_body": (
        *("reviewtext", "body", "text", "reviewcontent", "comment", "comments", "review"),
        *("content", "contentrendered", "message", "feedback", "customerreview", "reviewstext"),
        *("reviews", "rezension", "kommentar", "commentaire", "comentario", "recensione", "texte"),
        *("texto", "testo", "reseña", "bewertungstext", "rezensionstext", "textedelavis", "avis"),
        *("opinión", "opinion", "recensie", "reviewtekst", "tekst", "comentário", "commento"),
    ),
    "star_rating": (
        *("rating", "stars", "overall", "score", "reviewrating", "reviewscore", "star"),
        *("reviewsrating", "reviewstars", "customerrating", "userrating", "ratingvalue"),
        *("reviewerscore", "scoregiven", "ratinggiven", "starsgiven", "votedup", "recommended"),
        *("isrecommended", "recommendation", "reviewsdorecommend"),
        *("sterne", "étoiles", "etoiles", "estrellas", "stelle", "estrelas", "sterren"),
        *("puntuación", "puntuacion", "calificación", "calificacion", "valutazione", "voto"),
        *("avaliação", "avaliacao", "beoordeling", "waardering", "sternebewertung"),
    ),
    "review_headline": (
        *("headline", "summary", "reviewtitle", "reviewsummary", "title", "subject"),
        *("reviewstitle", "reviewheadline", "titel", "titre", "título", "titulo", "titolo"),
        *("überschrift", "betreff"),
    ),
    "product_id": (
        "asin",
        "businessid",
        "itemid",
        "sku",
        "movieid",
        "product",
        "item",
        "appid",
        "asins",
        "producthandle",
    ),
    "product_parent": ("parentasin", "parentid"),
    "product_title": (
        *("productname", "itemname", "itemtitle", "appname", "produktname", "nomduproduit"),
        *("nombredelproducto", "nomeprodotto", "nomedoproduto", "productnaam", "hotelname"),
    ),
    "product_category": ("category", "maincategory", "department", "categories"),
    "customer_id": (
        *("userid", "reviewerid", "authorid", "user", "customer", "reviewer", "author"),
        *("username", "reviewsusername", "reviewername", "authorname", "customername"),
        *("authorsteamid", "usernickname", "reviewerdisplayname", "consumerid"),
        *("consumerdisplayname", "autor", "auteur", "autore", "kunde", "benutzername"),
    ),
    "helpful_votes": (
        *("helpfulvote", "helpfulnessnumerator", "helpful", "vote", "votes", "useful"),
        *("reviewsnumhelpful", "helpfulcount", "thumbsupcount", "votesup", "helpfulvotecount"),
    ),
    "total_votes": ("helpfulnessdenominator",),
    "verified_purchase": ("verified", "isverified", "verifiedbuyer"),
    "review_date": (
        *("date", "reviewtime", "timestamp", "sorttimestamp", "unixreviewtime", "time"),
        *("createdat", "datetime", "created", "reviewsdate", "timestampcreated", "reviewedat"),
        *("submittedat", "postedat", "publishedat", "datepublished", "createddate", "datecreated"),
        *("postdate", "reviewcreatedat", "reviewtimestamp", "submissiontime", "unixtime"),
        *("datum", "fecha", "dataora", "reviewcreationdate", "creationdate", "at"),
        *("bewertungsdatum", "datederedaction", "datedelavis", "fechadepublicación"),
    ),
    "marketplace": ("market", "country"),
}
"""For each column, other names of it in public data sets, the surest first.

They are compared in lower case without ``_``, ``-``, ``.`` and blanks. A bare ``id`` is none of
them: where it is not unique, all reviews but one would pass for duplicates.
"""


_PARTS: Final[dict[str, tuple[str, ...]]] = {
    "review_date": ("date", "time", "datum", "fecha", "posted", "created"),
    "star_rating": ("rating", "score", "star", "recommend", "grade", "bewertung"),
    "review_headline": ("title", "headline", "summary", "subject"),
    "review_body": ("text", "body", "comment", "content"),
    "review_id": ("reviewid", "uuid", "guid"),
    "customer_id": ("user", "customer", "author", "reviewer", "profile", "buyer"),
    "product_id": ("asin", "sku", "productid", "itemid"),
    "product_parent": ("parent",),
    "product_title": ("productname", "producttitle", "itemname", "brand"),
    "product_category": ("categor", "department", "genre"),
    "helpful_votes": ("helpful", "useful", "upvote", "thumbs", "like"),
    "total_votes": ("votes",),
    "vine": ("vine", "incentiv"),
    "verified_purchase": ("verified", "verifizi"),
    "marketplace": ("market", "country", "locale"),
}
"""What the names of columns contain that may hold a column of the reviews table."""


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


def map_columns(available: Sequence[str], named: Mapping[str, str], file: str) -> ColumnMap:
    """Find the reviews table's columns in a file.

    Args:
        available: the file's columns.
        named: what the user said: column of the reviews table → column of the file.
        file: its name, for the messages.

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
    mapped = _mapped(tuple(available), tuple(named.items()))
    if "review_body" not in mapped.columns:
        raise MissingColumn(
            f"no column of {file} is known to hold the reviews' text; it has: "
            f"{shown(available) or 'none whose name could be read'}; "
            "say which with --map review_body=COLUMN, or put the columns' names in its first line"
        )
    return mapped


@lru_cache(maxsize=64)
def _mapped(available: tuple[str, ...], pairs: tuple[tuple[str, str], ...]) -> ColumnMap:
    """Return the map of columns; in a folder many files have the same."""
    named = dict(pairs)
    columns = dict(named)
    outer = "" if "review_body" in named else _outer(available)
    for name in REVIEWS.names:
        free = [column for column in available if column not in columns.values()]
        if name not in columns and (found := _closest_in(outer, name, free)) is not None:
            columns[name] = found
    guesses = {
        name: column for name, column in columns.items() if name not in named and name != column
    }
    left_over = [column for column in available if column not in columns.values()]
    return ColumnMap(columns, guesses, tuple(dict.fromkeys(left_over)))


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


def _inner(outer: str, available: Sequence[str]) -> list[str]:
    return [name.removeprefix(outer) for name in available if name.startswith(outer)]


def _closest_in(outer: str, name: str, available: Sequence[str]) -> str | None:
    """Return the column that is surest to be the one of a name; first in an object of reviews."""
    if not outer:
        return closest(name, available)
    inner = closest(name, _inner(outer, available))
    # Around it databases keep what is theirs, under names such as _id and _score.
    others = [column for column in available if not column.startswith("_")]
    return closest(name, others) if inner is None else f"{outer}{inner}"


def check_column(name: str) -> None:
    """Check that the reviews table has a column.

    Raises:
        UsageError: names those that there are.
    """
    if name not in REVIEWS.names:
        raise UsageError(
            f"there is no column {name!r} to map to; there are: {', '.join(REVIEWS.names)}"
        )


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
        repr(name)
        if len(name) <= NAME_LENGTH_SHOWN and len(name.split()) <= NAME_WORDS_SHOWN
        else f"a text of {len(name):,} characters"
        for name in names[:NAMES_SHOWN]
    ]
    return ", ".join(short) + (" and more" if len(names) > NAMES_SHOWN else "")


def closest(name: str, available: Sequence[str]) -> str | None:
    """Return the column that is surest to be the one of that name."""
    short = [column for column in available if len(column) <= LONGEST_NAME]
    plain = {_plain(column): column for column in reversed(short)}  # the first of equals
    for close in (name, *CLOSE_NAMES.get(name, ())):
        if close in available:
            return close
        if _plain(close) in plain:
            return plain[_plain(close)]
    return None


def _resembled(column: str, names: Sequence[str]) -> str:
    words = [word.lower() for word in _WORDS.findall(column)]
    words.append(_plain(column))
    for name in names:
        if any(
            word.startswith(part) or word.endswith(part) for part in _PARTS[name] for word in words
        ):
            return name
    return ""


@lru_cache(maxsize=4_096)
def _plain(name: str) -> str:
    return _JOINTS.sub("", name).lower()


_JOINTS: Final = re.compile(r"[\s_.-]+")
_PLAIN_NAMES: Final = {
    name: frozenset(map(_plain, (name, *CLOSE_NAMES.get(name, ())))) for name in REVIEWS.names
}
