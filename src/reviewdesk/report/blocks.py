"""What pages are built of: findings, figures, tables, heat maps and cards of reviews."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.report.html import Child, Html, element, fragment
from reviewdesk.report.numbers import count, share

HEAT_STEPS = 10
MOST_NAMED_COLUMNS = 6
EXCERPT_CHARACTERS = 420


class Figure(NamedTuple):
    """One number that matters: what it is, its value as text, and a note such as an interval."""

    name: str
    value: str
    note: str = ""


class Column(NamedTuple):
    """One column of a table: its heading, and whether it holds numbers."""

    title: str
    numeric: bool = True


class Card(NamedTuple):
    """One review to look at.

    Args:
        prediction: what was said of it, as in ``"positive · 99.8 %"``.
        contrast: what it is set against, as in ``"labelled negative"``.
        right: whether the two agree.
        headline: the review's title; empty when it has none.
        body: its text; a long one is cut.
        source: where to find it, as in its id.
    """

    prediction: str
    contrast: str
    right: bool
    headline: str
    body: str
    source: str


def paragraph(*children: Child) -> Html:
    """Return a paragraph of running text."""
    return element("p", *children, class_="text")


def subheading(title: str) -> Html:
    """Return the heading of a part of a section."""
    return element("h3", title)


def note(*children: Child) -> Html:
    """Return a remark in smaller type."""
    return element("p", *children, class_="note")


def findings(sentences: Sequence[Child]) -> Html:
    """Return what was found, in plain words, one sentence or two a point."""
    return element("ul", *(element("li", sentence) for sentence in sentences), class_="findings")


def figures(values: Sequence[Figure]) -> Html:
    """Return the few numbers that matter most, large."""
    return element(
        "dl",
        *(
            element(
                "div",
                element("dt", one.name),
                element("dd", one.value, class_="value"),
                element("dd", one.note, class_="note") if one.note else "",
            )
            for one in values
        ),
        class_="figures",
    )


def definitions(pairs: Sequence[tuple[str, Child]]) -> Html:
    """Return names with what they stand for, as in how something was measured."""
    entries = [fragment(element("dt", name), element("dd", value)) for name, value in pairs]
    return element("dl", *entries, class_="definitions")


def table(
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Child]],
    *,
    sortable: bool = False,
) -> Html:
    """Return a table; the first cell of a row names it.

    Args:
        caption: what the table shows.
        columns: its columns.
        rows: a cell a column.
        sortable: whether the page's script, if it has one, lets the reader sort it.
    """
    heads = [
        element("th", column.title, scope="col", class_="number" if column.numeric else "name")
        if column.title
        else element("td")  # an empty heading would be read out as one
        for column in columns
    ]
    lines = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(
                element("td", cell, class_="number" if column.numeric else "name")
                for cell, column in zip(row[1:], columns[1:], strict=True)
            ),
        )
        for row in rows
    ]
    return _scrolling(
        caption,
        element(
            "table",
            _caption(caption),
            element("thead", element("tr", *heads)),
            element("tbody", *lines),
            class_="sortable" if sortable else False,
        ),
    )


def shaded_table(
    caption: str,
    corner: str,
    names: Sequence[str],
    shares: NDArray[np.float64],
    decimals: int = 0,
) -> Html:
    """Return a square table of shares of one, shaded by their size; NaN is an empty cell.

    Args:
        caption: what the table shows.
        corner: what stands down the side and across the top.
        names: the k rows' names, which are the columns' too.
        shares: what each cell shows (k, k).
        decimals: of the percentages.
    """
    top = [element("td", corner), *(element("th", name, scope="col") for name in names)]
    lines = [
        element(
            "tr", element("th", name, scope="row"), *(_shaded(one, decimals) for one in shares[i])
        )
        for i, name in enumerate(names)
    ]
    return _scrolling(
        caption,
        element(
            "table",
            _caption(caption),
            element("thead", element("tr", *top)),
            element("tbody", *lines),
            class_="heat",
        ),
    )


def _shaded(value: float, decimals: int) -> Html:
    if math.isnan(value):
        return element("td", "", class_="none")
    step = min(max(math.ceil(value * HEAT_STEPS), 1), HEAT_STEPS)
    return element("td", share(value, decimals), class_=f"hit-{step}")


def details(summary: str, *blocks: Child) -> Html:
    """Return blocks that are folded away until the reader opens them."""
    return element("details", element("summary", summary), *blocks)


def heat_table(caption: str, corner: str, names: Sequence[str], counts: NDArray[Any]) -> Html:
    """Return a square table of counts, shaded by their share of the row.

    With more than six names the columns are numbered and the cells show whole percentages of
    their row, so that thirty of them still fit a page.

    Args:
        caption: what the table shows.
        corner: what stands down the side and across the top.
        names: the k rows' names, which are the columns' too.
        counts: rows in each cell (k, k); the diagonal is what agrees.
    """
    dense = len(names) > MOST_NAMED_COLUMNS
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    heads = [str(n) for n in range(1, len(names) + 1)] if dense else list(names)
    sides = [f"{n} {name}" for n, name in enumerate(names, 1)] if dense else list(names)
    top = [element("td", corner), *(element("th", head, scope="col") for head in heads)]
    lines = [
        element(
            "tr",
            element("th", side, scope="row", title=side if dense else False),
            *(_heat_cell(counts[i, j], shares[i, j], i == j, dense) for j in range(len(names))),
        )
        for i, side in enumerate(sides)
    ]
    return _scrolling(
        caption,
        element(
            "table",
            _caption(f"{caption}; {'in % of the row' if dense else 'shade: share of the row'}"),
            element("thead", element("tr", *top)),
            element("tbody", *lines),
            class_="heat dense" if dense else "heat",
        ),
    )


def cards(reviews: Sequence[Card]) -> Html:
    """Return reviews to look at, side by side where there is room."""
    return element("div", *(_card(review) for review in reviews), class_="cards")


def side_by_side(*blocks: Child) -> Html:
    """Put charts next to each other where there is room, else below each other."""
    return element("div", *blocks, class_="charts")


def excerpt(text: str, most: int = EXCERPT_CHARACTERS) -> str:
    """Return the beginning of a text, cut at a space, with an ellipsis when something is cut."""
    if len(text) <= most:
        return text
    whole_words = text[: most + 1].rpartition(" ")[0]
    return (whole_words or text[:most]).rstrip() + " …"


def _heat_cell(rows: int, part: float, agrees: bool, dense: bool) -> Html:
    step = math.ceil(part * HEAT_STEPS)
    text = f"{part * 100:.0f}" if dense else count(rows)
    if not rows or text == "0":
        return element("td", "·", class_="none")
    return element("td", text, class_=f"{'hit' if agrees else 'miss'}-{step}")


def _card(review: Card) -> Html:
    return element(
        "article",
        element(
            "p",
            element("strong", review.prediction),
            " ",
            element("span", review.contrast, class_="right" if review.right else "wrong"),
            class_="verdict",
        ),
        element("p", review.headline, dir="auto", class_="headline") if review.headline else "",
        element("p", excerpt(review.body), dir="auto", class_="body"),
        element("p", review.source, class_="source"),
        class_="card",
    )


def _caption(text: str) -> Html:
    """Return a caption that stays in sight and within the page when its table scrolls."""
    return element("caption", element("span", text))


def _scrolling(caption: str, inner: Html) -> Html:
    """Let a wide table scroll by itself, also by keyboard, and not the whole page."""
    return element(
        "div", inner, class_="scrolling", role="region", aria_label=caption, tabindex="0"
    )
