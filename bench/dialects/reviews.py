"""Reviews that are generated to be hard to write down: quotes, tabs, line breaks, emoji, ids."""

import datetime
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

Review = dict[str, Any]
"""A review by column: str, int for stars and votes, bool, date; None where there is nothing."""

AMAZON_COLUMNS: Final = (
    *("marketplace", "customer_id", "review_id", "product_id", "product_parent", "product_title"),
    *("product_category", "star_rating", "helpful_votes", "total_votes", "vine"),
    *("verified_purchase", "review_headline", "review_body", "review_date"),
)
ID_COLUMNS: Final = ("review_id", "customer_id", "product_id", "product_parent")
TEXT_COLUMNS: Final = ("product_title", "product_category", "review_headline", "review_body")

NAMES: Final[tuple[dict[str, str], ...]] = (
    {},
    {
        "customer_id": "user_id",
        "product_id": "asin",
        "product_parent": "parent_asin",
        "product_title": "product_name",
        "product_category": "category",
        "star_rating": "rating",
        "helpful_votes": "helpful",
        "verified_purchase": "verified",
        "review_headline": "title",
        "review_body": "text",
        "review_date": "date",
    },
    {
        "review_id": "reviewId",
        "customer_id": "reviewerID",
        "product_id": "itemId",
        "product_title": "productName",
        "product_category": "mainCategory",
        "star_rating": "stars",
        "review_headline": "summary",
        "review_body": "reviewText",
        "review_date": "created_at",
    },
)
"""How a column may be called, by its name in the reviews table; others keep that name."""

_SENTENCE: Final = (
    "the kettle boils fast and I like its handle but lid broke after two weeks of use battery great"
    " value poor sound would buy again never arrived sturdy cheap gift works"
)
_WORDS: Final = tuple(_SENTENCE.split())
_HARD: Final[dict[str, Sequence[str]]] = {
    "quotes": ('"wow"', '12" pan', '"', '""', 'said "no, thanks" twice', "it's", "‘fine’", "'"),
    "separators": ("a, b", "one; two", "x | y", "5,0", "a,", ";-)", "1,2;3|4"),
    "tabs": ("a\tb", "\t", "end\t"),
    "lines": ("one\ntwo", "one\r\ntwo", "a\n\nb", "\n", "5,fine\n4,good", "1\tbad\n2\tpoor"),
    "backslashes": ("C:\\new\\table", "\\", "\\n", '\\"', "path\\", "\\N here", '6\\" wide'),
    "letters": ("naïve", "größer", "日本語", "مرحبا", "emoji 😀👍🏽", "👩‍👩‍👧", "e\u0301", "ﬁ"),
    "odd": ("a\x85b", "x\u2028y", "no\u00a0break", "\u200bzero", "a\x0bb", "a\x0cb"),
    "markup": ("<br />", "&amp; &#34;", "<b>bold</b>", "&lt;3"),
    "code": ('{"a": 1}', "[1, 2]", "=1+1", "# one", "-- two", "// three", "@me", "null", "NaN"),
    "numbers": ("5", "1.000,50", "2019-07-04", "100 %", "1e5", "0x1F", "+1"),
}
"""Kinds of text that writers and readers get wrong, with pieces of each."""

_VALUES: Final[dict[str, Sequence[Any]]] = {
    "star_rating": (1, 2, 3, 4, 5, 5, 5),
    "helpful_votes": (0, 0, 1, 3, 17, 1234),
    "total_votes": (0, 0, 1, 3, 17, 1234),
    "vine": (False, True),
    "verified_purchase": (False, True),
    "marketplace": ("US", "UK", "DE", "FR"),
    "product_category": ("Home & Kitchen", "Books", "Spielzeug, Baby", "DVD"),
}


@dataclass(frozen=True)
class Reviews:
    """Reviews that are to be written down.

    Args:
        columns: which columns a file gets, in its order.
        names: how the file calls a column of the reviews table.
        numeric: id columns of which every value is a whole number, so that tables type them.
        rows: a value or None for each of the columns.
    """

    columns: tuple[str, ...]
    names: dict[str, str]
    numeric: frozenset[str]
    rows: list[Review]

    @property
    def header(self) -> list[str]:
        """The file's names of its columns."""
        return [self.names.get(column, column) for column in self.columns]

    def of(self, columns: Sequence[str]) -> "Reviews":
        """Return the reviews with some of their columns."""
        rows = [{column: row[column] for column in columns} for row in self.rows]
        return replace(self, columns=tuple(columns), rows=rows)

    def changed(self, change: Callable[[str], str]) -> "Reviews":
        """Return the reviews with every text changed."""
        rows = [
            {
                name: change(value) if isinstance(value, str) else value
                for name, value in row.items()
            }
            for row in self.rows
        ]
        return replace(self, rows=rows)

    def named(self, names: dict[str, str]) -> "Reviews":
        """Return the reviews with other names of columns."""
        return replace(self, names=names)


def generate(random: Random) -> Reviews:
    """Return reviews of random columns, kinds of text and kinds of ids.

    One in ten is too long for what readers look at first, with its hard texts at the end.
    """
    names = random.choice(NAMES)
    columns = _columns(random)
    kinds = random.sample(sorted(_HARD), random.randint(0, len(_HARD)))
    ids = {column: random.choice(_IDS) for column in columns if column in ID_COLUMNS}
    nulls = random.choice((0.0, 0.0, 0.05, 0.3))
    late = random.random() < 0.1
    count = random.randint(500, 1500) if late else random.choice((1, 2, 5, 20, 60))
    rows = []
    for number in range(count):
        hard = kinds if not late or number > count - 20 else ()
        row = {column: _value(random, column, number, hard, ids.get(column)) for column in columns}
        for column in columns:
            if column not in ("review_id", "review_body") and random.random() < nulls:
                row[column] = None
        rows.append(row)
    if random.random() < 0.03:
        random.choice(rows)["review_body"] = _text(random, kinds, random.randint(8_000, 30_000))
    numeric = frozenset(column for column, kind in ids.items() if kind in _WHOLE_NUMBERS)
    return Reviews(columns, names, numeric, rows)


def _columns(random: Random) -> tuple[str, ...]:
    """Return the columns of a file: those of Amazon, or the text and some others in any order."""
    if random.random() < 0.2:
        return AMAZON_COLUMNS
    others = [name for name in AMAZON_COLUMNS if name not in ("review_body", "star_rating")]
    columns = ["review_body", *random.sample(others, random.randint(0, 9))]
    if random.random() < 0.9:
        columns.append("star_rating")
    random.shuffle(columns)
    return tuple(columns)


def _value(
    random: Random,
    column: str,
    number: int,
    hard: Sequence[str],
    id_kind: "Callable[[Random], str] | None",
) -> Any:
    if id_kind is not None:
        return _unique(id_kind(random), number) if column == "review_id" else id_kind(random)
    if column in _VALUES:
        return random.choice(_VALUES[column])
    if column == "review_date":
        return datetime.date(2005, 1, 1) + datetime.timedelta(random.randrange(6000))
    return _text(random, hard, random.choice((3, 12, 40)) if column == "review_body" else 3)


def _text(random: Random, hard: Sequence[str], words: int) -> str:
    """Return a text of about so many words, which never looks like nothing at all."""
    pieces = [random.choice(_WORDS) for _ in range(words)]
    for kind in hard:
        if random.random() < 0.3:
            piece = random.choice(_HARD[kind])
            pieces.insert(random.choice((0, len(pieces), random.randint(0, len(pieces)))), piece)
    text = " ".join(pieces)
    if hard and random.random() < 0.05:
        text = f'"{text}"'
    return text


def _unique(value: str, number: int) -> str:
    """Return an id that no other row has."""
    return f"{value}{number}" if value.isdigit() else f"{value[:-5]}{number:05d}"


def _amazon_id(random: Random) -> str:
    return "R" + "".join(random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=13))


def _small_number(random: Random) -> str:
    return str(random.randint(1, 99_999))


def _large_number(random: Random) -> str:
    return str(random.randint(10**9, 10**11))


def _zero_padded(random: Random) -> str:
    return f"{random.randint(1, 9999):010d}"


def _uuid(random: Random) -> str:
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def _hexadecimal(random: Random) -> str:
    return f"{random.getrandbits(96):024x}"


def _like_a_float(random: Random) -> str:
    return f"{random.randint(1, 99)}E{random.randint(10_000, 99_999)}"


def _address(random: Random) -> str:
    return f"https://shop.example/r?id={random.randint(1, 10**6)}&p={random.randint(1, 99)},00000"


def _person(random: Random) -> str:
    return random.choice(("O'Brien, Pat", 'Joe "X" Smith', "Zoë K.", "user 7", "Ann-Lena #1"))


_WHOLE_NUMBERS: Final = (_small_number, _large_number)
_IDS: Final[tuple[Callable[[Random], str], ...]] = (
    *(_amazon_id, _small_number, _large_number, _zero_padded, _uuid, _hexadecimal),
    *(_like_a_float, _address, _person),
)
