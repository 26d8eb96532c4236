"""The map of a graph as one page that asks nobody for anything."""

import json
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np

from reviewdesk.graph.map_data import CONFIDENCES, MapData, map_data
from reviewdesk.graph.map_picture import (
    MOST_CATEGORIES,
    community_picture,
    drawn_flows,
    flow_picture,
)
from reviewdesk.graph.map_views import Community, map_views
from reviewdesk.graph.store import Graph
from reviewdesk.report.blocks import Column, definitions, excerpt, note, subheading, table
from reviewdesk.report.html import Child, Html, element, fragment
from reviewdesk.report.numbers import count, plural, share
from reviewdesk.report.page import Page

SCRIPT: Final = Path(__file__).with_name("map.js").read_text(encoding="utf-8")
TITLE_CHARACTERS: Final = 90
HEADLINE_CHARACTERS: Final = 90
BODY_CHARACTERS: Final = 300
MOST_LISTED: Final = 12
"""Rows of the list that the page has without its script."""
_EPOCH: Final = date(1970, 1, 1)
_KINDS: Final = {
    "words": ("By what their reviews say", "Communities of products whose reviews are alike"),
    "customers": ("By customers they share", "Communities of products with customers in common"),
}


def write_map(graph: Graph, out: Path) -> None:
    """Write the map of a graph, one HTML file; the same graph gives the same bytes.

    Args:
        graph: the graph.
        out: the file; it is replaced.

    Raises:
        InputError: the graph is damaged.
        StorageError: the file cannot be written.
    """
    map_page(map_data(graph)).write(out)


def map_page(data: MapData) -> Page:
    """Return the page of a map."""
    views, communities = map_views(data)
    page = Page(
        "Map of categories, products and reviews",
        _lead(data),
        "Graph",
        SCRIPT,
    )
    flows = [flow_picture(data), _hint(data)]
    discs: list[Child] = []
    for kind, shown in communities.items():
        if shown:
            discs += [subheading(_KINDS[kind][0]), community_picture(shown, _KINDS[kind][1])]
    overview = element(
        "div",
        element("div", *flows),
        element("div", *discs) if discs else "",
        id="overview",
        class_="sides",
    )
    page.section("Map", element("div", overview, id="map", class_="map"), _json(data, views))
    if data.products["rank"].to_pylist()[:1] == [0]:
        page.section("Listed as standing in a wrong category", _listed(data))
    page.section("About this map", _about(data, communities))
    return page


def _lead(data: MapData) -> str:
    products = int((data.assigned >= 0).sum())
    if not products:
        return "No product of this graph stands in a category, so that there is nothing to draw."
    wrong = sum(rank == 0 for rank in data.products["rank"].to_pylist())
    lead = (
        f"{plural(data.total_reviews, 'review', 'reviews')} of "
        f"{plural(products, 'product', 'products')} in "
        f"{plural(len(data.categories), 'category', 'categories')}"
    )
    if not wrong:
        return f"{lead}."
    return f"{lead}; {plural(wrong, 'product is', 'products are')} listed as standing wrongly."


def _hint(data: MapData) -> Html:
    if not len(data.flows):
        return note("A category leads to its products, a product to its reviews.")
    return note(
        "Bands lead from where reviews stand to the category that is predicted, in another colour "
        "where the two differ. A category leads to its products, a product to its reviews. ",
        element("span", "●", class_="mark"),
        " counts products that finders list as standing there wrongly.",
    )


def _listed(data: MapData) -> Html:
    rows = [row for row in data.products.to_pylist() if row["rank"] == 0]
    cells: list[list[Child]] = []
    for row in rows[:MOST_LISTED]:
        listing = data.listings[f"product {row['product_id']}"][0]
        cells.append(
            [
                fragment(
                    element("span", _short(row["title"]), dir="auto"),
                    " ",
                    element("small", row["product_id"]),
                ),
                data.categories[row["category"]],
                listing["suggested"] or "",
                share(listing["promise"], 0),
            ]
        )
    caption = (
        f"The first {len(cells)} of {count(len(rows))}; the promise is the share of the list that "
        "is right at least."
    )
    columns = [Column(name, False) for name in ("product", "stands in", "suggested")]
    return table(caption, [*columns, Column("promise")], cells)


def _about(data: MapData, communities: dict[str, list[Community]]) -> Html:
    """Say what is on the map and what is not."""
    products, drawn = int((data.assigned >= 0).sum()), drawn_flows(data)
    shown, flowing = sum(flow.reviews for flow in drawn), sum(data.flows["reviews"].to_pylist())
    pairs = {
        "Products": f"{count(len(data.products))} of {count(products)} are on this map: first "
        "those that finders list, then those with most reviews.",
        "Reviews": f"{count(len(data.reviews))} of {count(data.total_reviews)} are on this map, "
        "the newest of each product, more of products that finders list.",
        "Bands": f"{len(drawn)} stand for {count(shown)} of {count(flowing)} reviews with a "
        "prediction; smaller ones are left out.",
    }
    if len(data.categories) > MOST_CATEGORIES:
        pairs["Categories"] = (
            f"The largest {MOST_CATEGORIES} are drawn; the filter by category opens the others."
        )
    for kind, circles in communities.items():
        pairs[_KINDS[kind][1]] = (
            f"Found by the Leiden algorithm; the largest {len(circles)} are shown, with "
            f"{count(sum(c.products for c in circles))} products. A circle bears the category "
            "that most of its products stand in, and their share."
        )
    if data.without_packages:
        pairs["Communities"] = "Left out: the extra graph of reviewdesk is not installed."
    pairs["Filters"] = (
        "Reviews and bands are filtered one by one. A product fits a category that it stands in or "
        "is predicted into most, a time that its reviews reach into, and a confidence that the "
        "mean of its reviews reaches."
    )
    return definitions(list(pairs.items()))


def _json(data: MapData, views: dict[str, Any]) -> Html:
    """Return the data as a block that is no script, whatever the texts in it are."""
    text = json.dumps(_payload(data, views), ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return element("script", Html(text), type="application/json", id="map-data")


def _payload(data: MapData, views: dict[str, Any]) -> dict[str, Any]:
    products = data.products.to_pydict()
    numbers = data.reviews["number"].to_numpy()
    start = np.searchsorted(numbers, np.arange(len(data.products) + 1)).tolist()
    pairs = {(flow.assigned, flow.predicted) for flow in drawn_flows(data)}
    flows = [row for row in data.flows.to_pylist() if (row["assigned"], row["predicted"]) in pairs]
    names = ("assigned", "predicted", "step", "confidence", "reviews")
    return {
        "categories": data.categories,
        "steps": [name for name, _ in data.steps],
        "days": [_day(first) for _, first in data.steps],
        "confidences": CONFIDENCES,
        "flows": {name: [row[name] for row in flows] for name in names},
        "products": {
            "id": products["product_id"],
            "title": [_short(title) for title in products["title"]],
            **{
                name: products[name]
                for name in ("category", "predicted", "judged", "elsewhere", "confidence")
            },
            **{name: products[name] for name in ("reviews", "stars", "rank")},
            "first": [_day(day) for day in products["first_date"]],
            "last": [_day(day) for day in products["last_date"]],
        },
        "listings": _listings(data, "product", products["product_id"]),
        "shared": data.neighbours["customers"],
        "alike": data.neighbours["words"],
        "reviews": {"start": start, **_reviews(data)},
        "views": views,
    }


def _reviews(data: MapData) -> dict[str, Any]:
    rows = data.reviews.to_pydict()
    reviews = {
        "id": rows["review_id"],
        "stars": rows["stars"],
        "day": [_day(day) for day in rows["date"]],
        "predicted": rows["predicted"],
        "confidence": [None if c is None else round(c * 1000) for c in rows["confidence"]],
        "listings": _listings(data, "review", rows["review_id"]),
    }
    for name, most in (("headline", HEADLINE_CHARACTERS), ("body", BODY_CHARACTERS)):
        if any(rows[name]):
            reviews[name] = [excerpt(text or "", most) for text in rows[name]]
    return reviews


def _listings(data: MapData, kind: str, ids: list[str]) -> dict[int, list[list[Any]]]:
    """Return what finders say, by number."""
    return {
        number: [[row["finder"], row["suggested"] or "", row["promise"]] for row in said]
        for number, name in enumerate(ids)
        if (said := data.listings.get(f"{kind} {name}"))
    }


def _short(title: str | None) -> str:
    return excerpt(title or "", TITLE_CHARACTERS)


def _day(day: date | None) -> int | None:
    return None if day is None else (day - _EPOCH).days
