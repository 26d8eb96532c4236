"""Searching reviews and products: words, facets with counts, reviews over time.

What is left after words, a product and a customer is a set of rows; facets are counted on the
columns of codes of those rows, so that a search on a million reviews takes a fraction of a second.
"""

import re
import sqlite3
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.desk.review_index import NONE, ReviewIndex
from reviewdesk.desk.reviews import ReviewReader, month_code, month_name
from reviewdesk.desk.texts import Texts
from reviewdesk.errors import RequestError
from reviewdesk.report.numbers import share

Connection = sqlite3.Connection
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

ABSENT: Final = "-"
STARS: Final = "stars"
CODED: Final = ("category", "language", "marketplace", "verified")
LABEL: Final = "label-"
SURE: Final = "sure-"
BANDS: Final = {"95-100": (95, 100), "80-94": (80, 94), "50-79": (50, 79), "0-49": (0, 49)}
"""How sure a prediction is, in percent, both ends included."""
MOST_WORDS: Final = 12
_WORD: Final = re.compile(r'"[^"]+"|\S+')
_IN_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True)
class ReviewFilter:
    """Which reviews are wanted; an empty field wants all.

    Args:
        words: that stand in them, all of them; words in quotes stand together.
        product: a product_id.
        customer: what stands for a customer, as 16 hexadecimal digits.
        since: the first month, as in ``2014-03``.
        until: the last month.
        choices: values of facets by their names, as in ``{"stars": "1"}``.
    """

    words: str = ""
    product: str = ""
    customer: str = ""
    since: str = ""
    until: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)

    def query(self) -> dict[str, str]:
        """Return it as it stands in an address."""
        fields = {
            "q": self.words,
            "product": self.product,
            "customer": self.customer,
            "since": self.since,
            "until": self.until,
            **self.choices,
        }
        return {name: value for name, value in fields.items() if value}


class ReviewsFound(NamedTuple):
    """What a filter leaves.

    Args:
        rows: the reviews, the newest first.
        facets: for each facet its values with how many reviews each would leave.
        months: how many reviews each month has, but for the choice of months.
    """

    rows: Rows
    facets: dict[str, list[tuple[str, int]]]
    months: list[tuple[str, int]]


class ReviewSearch:
    """Searches the index of reviews; safe to use from several threads.

    Args:
        index: the index.
    """

    def __init__(self, index: ReviewIndex) -> None:
        self.index = index
        self.reviews = ReviewReader(index)
        self.facet_names = (
            STARS,
            *(name for name in CODED if len(index.names[name]) > 1),
            *(f"{kind}{target}" for target in index.targets for kind in (LABEL, SURE)),
        )
        self._local = threading.local()
        self._ids = index.products["id"]

    def filter_of(self, query: Mapping[str, str], say: Texts | None = None) -> ReviewFilter:
        """Return what the fields of an address ask for.

        Args:
            query: the fields.
            say: the desk's sentences; None for English.

        Raises:
            RequestError: a month or a customer is none.
        """
        months = [query.get(name, "") for name in ("since", "until")]
        try:
            for month in filter(None, months):
                month_code(month)
            int(query.get("customer", "") or "0", 16)
        except ValueError as error:
            say = say or Texts.english()
            raise RequestError(say("error.month")) from error
        choices = {name: query[name] for name in self.facet_names if query.get(name)}
        return ReviewFilter(
            query.get("q", "").strip(),
            query.get("product", ""),
            query.get("customer", ""),
            months[0],
            months[1],
            choices,
        )

    def find(self, wanted: ReviewFilter) -> ReviewsFound:
        """Return the reviews that a filter leaves, with counts."""
        base = self._base(wanted)
        masks = {name: self._mask(name, value, base) for name, value in wanted.choices.items()}
        months = self._column("month", base)
        span = np.ones(len(months), np.bool_)
        if wanted.since:
            span &= months >= month_code(wanted.since)
        if wanted.until:
            span &= (months <= month_code(wanted.until)) & (months >= 0)
        all_but: dict[str, Mask] = {}
        for name in (*self.facet_names, ""):
            mask = span.copy()
            for other, chosen in masks.items():
                if other != name:
                    mask &= chosen
            all_but[name] = mask
        facets = {
            name: self._count(name, base, all_but[name], wanted.choices.get(name, ""))
            for name in self.facet_names
        }
        without_span = np.ones(len(months), np.bool_)
        for chosen in masks.values():
            without_span &= chosen
        rows = np.flatnonzero(all_but[""]) if base is None else base[all_but[""]]
        order = np.argsort(months[all_but[""]], kind="stable")[::-1]
        return ReviewsFound(rows[order].astype(np.int64), facets, _by_month(months[without_span]))

    def why_no_words(self, say: Texts) -> str:
        """Say why no words are found as yet; empty where they can be."""
        words = self.index.words
        if words.is_there():
            return ""
        if words.failed:
            return say("words.failed")
        return say("words.wait", share=share(words.share(), 0))

    def product(self, name: str) -> int:
        """Return a product's code; -1 where there is none of that id."""
        place = pc.index(self._ids, pa.scalar(name, pa.string())).as_py()
        return int(place)

    def rows_of_product(self, code: int) -> Rows:
        """Return the reviews of a product."""
        ends = self.index.column("product_ends")
        order = self.index.column("product_order")
        return np.sort(order[int(ends[code]) : int(ends[code + 1])]).astype(np.int64)

    def rows_of_customer(self, pseudonym: int) -> Rows:
        """Return the reviews of a customer by what stands for them."""
        order = self.index.column("customer_order")
        customer = self.index.column("customer")
        low, high = (_bisect(customer, order, pseudonym, right=right) for right in (False, True))
        return np.sort(order[low:high]).astype(np.int64)

    def products(self, words: str, most: int) -> list[tuple[int, int]]:
        """Return products by their titles or ids, then by words in their reviews.

        Args:
            words: what is looked for.
            most: how many at most.

        Returns:
            Codes, each with how many of its reviews have the words; 0 where its title or id has
            them. The best fit first.
        """
        exact = self.product(words.strip())
        listed = {exact: 0} if exact >= 0 else {}
        if asked := _match(words, prefix=True):
            base = self._connection("titles", self.index.search)
            hits = _numbers(
                base,
                "SELECT rowid FROM products WHERE products MATCH ? ORDER BY rank LIMIT ?",
                asked,
                most,
            ).tolist()
            listed |= dict.fromkeys((code for code in hits if code not in listed), 0)
        if len(listed) < most and (rows := self._with_words(words)) is not None:
            codes = np.asarray(self.index.column("product")[rows])
            codes, counts = np.unique(codes[codes >= 0], return_counts=True)
            best = np.argsort(-counts, kind="stable")
            for place in best[: most + len(listed)]:
                listed.setdefault(int(codes[place]), int(counts[place]))
        return list(listed.items())[:most]

    def largest_products(self, most: int, category: int = NONE) -> list[int]:
        """Return the products with the most reviews.

        Args:
            most: how many at most.
            category: the code of a category; -1 for all.
        """
        sizes = np.diff(self.index.column("product_ends"))
        if category != NONE:
            sizes = np.where(self.index.column("product_category") == category, sizes, 0)
        most = min(most, len(sizes))
        best = np.argpartition(-sizes, most - 1)[:most] if most else np.empty(0, np.int64)
        order = best[np.lexsort((best, -sizes[best]))]
        return [int(code) for code in order if sizes[code]]

    def variants(self, code: int) -> list[int]:
        """Return the other variants of a product."""
        variant = self.index.column("product_variant")
        return [int(place) for place in np.flatnonzero(variant == variant[code]) if place != code]

    def _base(self, wanted: ReviewFilter) -> Rows | None:
        """Return the rows that words, product and customer leave; None for all."""
        parts: list[Rows] = []
        if wanted.product:
            code = self.product(wanted.product)
            parts.append(self.rows_of_product(code) if code >= 0 else np.empty(0, np.int64))
        if wanted.customer:
            parts.append(self.rows_of_customer(int(wanted.customer, 16)))
        if wanted.words:
            with_words = self._with_words(wanted.words)
            parts.append(np.empty(0, np.int64) if with_words is None else with_words)
        if not parts:
            return None
        base = parts[0]
        for other in parts[1:]:
            base = np.intersect1d(base, other, assume_unique=True)
        return base

    def _with_words(self, words: str) -> Rows | None:
        asked = _match(words)
        if not asked:
            return None
        if not self.index.words.is_there():
            return np.empty(0, np.int64)
        base = self._connection("words", self.index.words.connect)
        return _numbers(base, "SELECT rowid FROM reviews WHERE reviews MATCH ?", asked)

    def _connection(self, name: str, connect: Callable[[], Connection]) -> Connection:
        """Return this thread's connection, which is opened when it is first asked for."""
        if not hasattr(self._local, name):
            setattr(self._local, name, connect())
        connection: Connection = getattr(self._local, name)
        return connection

    def _column(self, name: str, base: Rows | None) -> NDArray[np.int64]:
        column = self.index.column(name)
        return np.asarray(column if base is None else column[base])

    def _mask(self, facet: str, value: str, base: Rows | None) -> Mask:
        codes = self._column(facet, base)
        if facet.startswith(SURE):
            low, high = BANDS.get(value, (101, 101))
            return np.asarray((codes >= low) & (codes <= high))
        if facet == STARS:
            wanted = int(value) if value in ("1", "2", "3", "4", "5") else 0
            return np.asarray(codes == (0 if value == ABSENT else wanted or -9))
        names = self.index.names[facet]
        code = NONE if value == ABSENT else names.index(value) if value in names else -9
        return np.asarray(codes == code)

    def _count(
        self, facet: str, base: Rows | None, mask: Mask, chosen: str
    ) -> list[tuple[str, int]]:
        codes = self._column(facet, base)[mask]
        if facet.startswith(SURE):
            listed = [
                (name, int(((codes >= low) & (codes <= high)).sum()))
                for name, (low, high) in BANDS.items()
            ]
            return [each for each in listed if each[1] or each[0] == chosen]
        if facet == STARS:
            counts = np.bincount(codes, minlength=6)
            named = [(str(stars), int(counts[stars])) for stars in range(5, 0, -1)]
            absent = [(ABSENT, int(counts[0]))] if counts[0] else []
            return [each for each in named if each[1] or each[0] == chosen] + absent
        names = self.index.names[facet]
        counts = np.bincount(codes + 1, minlength=len(names) + 1)
        named = [(name, int(number)) for name, number in zip(names, counts[1:], strict=True)]
        listed = [each for each in named if each[1] or each[0] == chosen]
        listed.sort(key=lambda each: (-each[1], each[0]))
        return listed + ([(ABSENT, int(counts[0]))] if counts[0] else [])


def _numbers(base: Connection, query: str, *values: str | int) -> Rows:
    """Return the first column of what a query gives."""
    return np.fromiter((row[0] for row in base.execute(query, values)), np.int64)


def words_of(text: str) -> list[str]:
    """Return the words of a search, to mark them in texts."""
    return [word.lower() for word in _IN_WORD.findall(text)][:MOST_WORDS]


def _match(words: str, *, prefix: bool = False) -> str:
    """Return a search as FTS5 takes it: every word quoted, so that none is an operator."""
    parts = []
    for part in _WORD.findall(words)[:MOST_WORDS]:
        inside = " ".join(_IN_WORD.findall(part))
        if inside:
            parts.append(f'"{inside}"' + ("*" if prefix else ""))
    return " ".join(parts)


def _by_month(months: NDArray[np.int64]) -> list[tuple[str, int]]:
    """Return how many reviews each month has, from the first that has any to the last."""
    dated = months[months >= 0]
    if not len(dated):
        return []
    first = int(dated.min())
    counts = np.bincount(dated - first)
    return [(month_name(first + place), int(number)) for place, number in enumerate(counts)]


def _bisect(
    values: NDArray[np.uint64], order: NDArray[np.int64], wanted: int, *, right: bool
) -> int:
    """Return where a value begins, or ends, among values that are read in an order."""
    low, high = 0, len(order)
    while low < high:
        middle = (low + high) // 2
        value = int(values[int(order[middle])])
        if value < wanted or (right and value == wanted):
            low = middle + 1
        else:
            high = middle
    return low
