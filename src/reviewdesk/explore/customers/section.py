"""What customers say, as blocks of a page: charts, tables with trends, and reviews to read."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from reviewdesk.explore.customers.tables import (
    ALL,
    ASPECT,
    CATEGORY,
    HIGH,
    LOW,
    PHRASE,
    PRODUCT,
    Customers,
)
from reviewdesk.report.blocks import Column, details, note, paragraph, side_by_side, table
from reviewdesk.report.charts import bar_chart
from reviewdesk.report.html import Child, Html, element, fragment
from reviewdesk.report.numbers import count, plural, share
from reviewdesk.report.timeline import sparkline

SIDES: Final = (LOW, HIGH)
TITLES: Final = {LOW: "What they complain about", HIGH: "What they praise"}
STARS: Final = {LOW: "one or two stars", HIGH: "four or five stars"}
MOST_BARS: Final = 10
MOST_PRODUCTS: Final = 20
MOST_NAMED: Final = 5
SPARK_STEPS: Final = 24
CLEAR: Final = 0.05

Line = Mapping[str, Any]


class _Sorted:
    """The rows of each line in a table that is sorted by lines."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._entries = table["entry"].to_numpy()

    def of(self, entry: int) -> list[Line]:
        first, last = np.searchsorted(self._entries, (entry, entry + 1)).tolist()
        rows: list[Line] = self._table.slice(first, last - first).to_pylist()
        return rows


class CustomersView:
    """The tables of what customers say, ready to be looked up line by line.

    Args:
        customers: what customers say.
    """

    def __init__(self, customers: Customers) -> None:
        self._phrases = _by(customers.phrases.to_pylist(), "scope", "part")
        self._parts = {(row["scope"], row["part"]): row for row in customers.parts.to_pylist()}
        self._examples = _Sorted(customers.examples)
        self._groups = _Sorted(customers.groups)
        self._months = _Sorted(customers.months)

    def lines(self, scope: str, part: str, side: str, kind: str) -> list[Line]:
        """Return the lines of one list."""
        rows = self._phrases.get((scope, part), [])
        return [row for row in rows if row["side"] == side and row["kind"] == kind]

    def reviews(self, scope: str, part: str, side: str) -> int:
        """Return how many reviews of a part are on one side."""
        return int(self._parts.get((scope, part), {}).get(side, 0))

    def examples(self, line: Line) -> list[Line]:
        """Return the reviews that show a line."""
        return self._examples.of(line["entry"])

    def differences(self, line: Line) -> list[Line]:
        """Return the groups of reviews that say it clearly more or less often than the others."""
        return [row for row in self._groups.of(line["entry"]) if row["q"] <= CLEAR]

    def spark(self, line: Line) -> Html | str:
        """Return how often it is said over time, as a small line."""
        rows = self._months.of(line["entry"])
        if len(rows) < 2:
            return ""
        size = math.ceil(len(rows) / SPARK_STEPS)
        starts = range(len(rows) % size, len(rows), size)  # the last stretch is a whole one
        stretches = [rows[start : start + size] for start in starts]
        values = [
            sum(row["reviews"] for row in stretch) / sum(row["of"] for row in stretch)
            for stretch in stretches
        ]
        return sparkline(values, f"Share of reviews that say “{line['text']}” over time")

    def products(self, category: str | None) -> list[Line]:
        """Return the products with the most reviews that have anything to say, of one category.

        Args:
            category: its name; None for all.
        """
        rows = [
            row
            for (scope, part), row in self._parts.items()
            if scope == PRODUCT
            and (scope, part) in self._phrases
            and category in (None, row["category"])
        ]
        return sorted(rows, key=lambda row: (-row["low"] - row["high"], row["part"]))


def customers_blocks(view: CustomersView, category: str | None) -> list[Html]:
    """Return what customers say of one category, or of all.

    Args:
        view: what customers say.
        category: its name; None for all.
    """
    scope, part = (ALL, "") if category is None else (CATEGORY, category)
    blocks = [block for side in SIDES for block in _side(view, scope, part, side)]
    if not blocks:
        low, high = (view.reviews(scope, part, side) for side in SIDES)
        return [
            note(
                "Nothing that customers say tells low ratings from high ones clearly: there are "
                f"{plural(low, 'review', 'reviews')} with one or two stars and {count(high)} with "
                "four or five."
            )
        ]
    return [*blocks, *_products(view, category)]


def _side(view: CustomersView, scope: str, part: str, side: str) -> Iterator[Html]:
    phrases, aspects = (view.lines(scope, part, side, kind) for kind in (PHRASE, ASPECT))
    if not phrases and not aspects:
        return
    reviews = plural(view.reviews(scope, part, side), "review", "reviews")
    yield element("h4", TITLES[side])
    yield note(f"Said in the {reviews} with {STARS[side]} clearly more often than in the others.")
    charts = [
        _chart(lines, side, name)
        for lines, name in ((phrases, "phrases"), (aspects, "aspects"))
        if lines
    ]
    yield side_by_side(*charts)
    yield details(f"{TITLES[side]}, in figures", *_tables(view, phrases, aspects, side))
    if phrases:
        yield details(
            f"Reviews that show it ({plural(len(phrases), 'phrase', 'phrases')})",
            *(block for line in phrases for block in _examples(view, line)),
        )


def phrase_chart(view: CustomersView, scope: str, part: str, side: str) -> Html | None:
    """Return a part's phrases of one side as a chart; None where there are none."""
    lines = view.lines(scope, part, side, PHRASE)
    return _chart(lines, side, "phrases") if lines else None


def _chart(lines: Sequence[Line], side: str, what: str) -> Html:
    lines = lines[:MOST_BARS]
    return bar_chart(
        [line["text"] for line in lines],
        [line["share"] for line in lines],
        [f"{share(line['share'])} ({share(line['other_share'])})" for line in lines],
        label=f"{TITLES[side]}: {what}",
        caption=f"{what.capitalize()}: share of the reviews with {STARS[side]} (in brackets: "
        f"with {STARS[LOW if side == HIGH else HIGH]}); the clearest first.",
    )


def _tables(
    view: CustomersView, phrases: Sequence[Line], aspects: Sequence[Line], side: str
) -> Iterator[Html]:
    for lines, name in ((phrases, "Phrase"), (aspects, "Aspect")):
        if lines:
            yield _table(view, lines, name, side)


def _table(view: CustomersView, lines: Sequence[Line], name: str, side: str) -> Html:
    columns = [
        Column(name, numeric=False),
        Column("Reviews"),
        Column("Share"),
        Column("of the others"),
        Column("Over time", numeric=False),
        Column("Said otherwise", numeric=False),
        Column("More or less often", numeric=False),
    ]
    rows: list[list[Child]] = [
        [
            line["text"],
            count(line["reviews"]),
            share(line["share"]),
            share(line["other_share"]),
            fragment(view.spark(line), f" {line['trend']}" if line["trend"] else ""),
            ", ".join(line["variants"][:MOST_NAMED]),
            _differences(view, line),
        ]
        for line in lines
    ]
    caption = f"Reviews with {STARS[side]}; the others are those at the other end"
    return table(caption, columns, rows, sortable=True)


def _differences(view: CustomersView, line: Line) -> str:
    remarks = [f"{row['group']} {share(row['share'])}" for row in view.differences(line)]
    return ", ".join(remarks)


def _examples(view: CustomersView, line: Line) -> Iterator[Html]:
    yield paragraph(element("strong", line["text"], dir="auto"))
    items = [
        element("li", quoted(row), " ", element("small", row["review_id"]), dir="auto")
        for row in view.examples(line)
    ]
    yield element("ul", *items, class_="findings")


def quoted(example: Line) -> Html:
    """Return an excerpt of a review with its phrase marked."""
    text, begin, end = example["excerpt"], example["begin"], example["end"]
    return fragment(text[:begin], element("mark", text[begin:end]), text[end:])


def _products(view: CustomersView, category: str | None) -> Iterator[Html]:
    products = view.products(category)
    if not products:
        return
    columns = [
        Column("Product", numeric=False),
        Column("Low"),
        Column("High"),
        Column("They complain about", numeric=False),
        Column("They praise", numeric=False),
    ]
    rows: list[list[Child]] = [
        [
            row["title"] or row["part"],
            count(row["low"]),
            count(row["high"]),
            *(named(view, PRODUCT, row["part"], side) for side in SIDES),
        ]
        for row in products[:MOST_PRODUCTS]
    ]
    caption = "Low and high: reviews with one or two, and with four or five stars"
    if len(products) > MOST_PRODUCTS:
        caption += f"; the {MOST_PRODUCTS} of {count(len(products))} with the most reviews"
    yield element("h4", "Product by product")
    yield table(caption, columns, rows, sortable=True)


def named(view: CustomersView, scope: str, part: str, side: str, most: int = MOST_NAMED) -> str:
    """Return the clearest phrases of one side with their shares, as one line of text."""
    lines = view.lines(scope, part, side, PHRASE)[:most]
    return ", ".join(f"{line['text']} ({share(line['share'], 0)})" for line in lines)


def _by(rows: Sequence[Line], *names: str) -> dict[tuple[Any, ...], list[Line]]:
    found: dict[tuple[Any, ...], list[Line]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    return found
