"""Products, categories and customers: each with its whole story."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray
from starlette.responses import Response

from reviewdesk.desk.accounts import allowed
from reviewdesk.desk.review_index import NONE
from reviewdesk.desk.review_list import review_items
from reviewdesk.desk.said import said
from reviewdesk.desk.session import ADMIN
from reviewdesk.desk.shell import button, page
from reviewdesk.desk.story import over_time
from reviewdesk.desk.visit import Visit
from reviewdesk.errors import ReviewdeskError, UnknownEndpoint
from reviewdesk.explore.customers.tables import CATEGORY, PRODUCT
from reviewdesk.graph.ask import ask
from reviewdesk.graph.store import Graph
from reviewdesk.report.blocks import Column, Figure, figures, table
from reviewdesk.report.html import Child, Html, element, fragment
from reviewdesk.report.numbers import count, share

MOST_LISTED: Final = 40
MOST_NEAR: Final = 10
MOST_REVIEWS: Final = 5
_SIMILAR: Final = "similar"


def search(visit: Visit) -> Response:
    """Show products that fit a search, or those with the most reviews."""
    say, desk = visit.desk.texts, visit.desk
    words = visit.query.get("q", "").strip()
    if words:
        codes = desk.search.products(words, MOST_LISTED)
        lead = say.number("products.fits", len(codes)) if codes else say("products.none")
    else:
        codes = [(code, 0) for code in desk.search.largest_products(MOST_LISTED)]
        lead = say("products.lead") if codes else say("products.no_ids")
    form = element(
        "form",
        element(
            "label",
            say("products.search"),
            element("input", type="search", name="q", value=words, maxlength=200),
        ),
        button(say("filter.apply"), class_="primary"),
        method="get",
        action=visit.to("/products"),
        role="search",
        class_="small",
    )
    categories = [
        element("li", element("a", name.replace("_", " "), href=visit.to(f"/categories/{name}")))
        for name in desk.reviews.index.names["category"]
        if "/" not in name
    ]
    by_category = (
        fragment(
            element("h2", say("products.categories")), element("ul", *categories, class_="inline")
        )
        if categories and not words
        else fragment()
    )
    listed = product_table(visit, codes, say("products.caption")) if codes else fragment()
    waits = desk.search.why_no_words(say) if words else ""
    note = element("p", waits, class_="note") if waits else fragment()
    return page(
        visit, "products", say("products.title"), form, note, listed, by_category, lead=lead
    )


def show(visit: Visit) -> Response:
    """Show a product's whole story."""
    say, desk = visit.desk.texts, visit.desk
    name = visit.names["product_id"]
    code = desk.search.product(name)
    if code < 0:
        raise UnknownEndpoint(say("error.no_product"))
    title = _title(visit, code)
    rows = desk.search.rows_of_product(code)
    findings = desk.worklist.rows(desk.worklist.about("product", name))
    category = int(desk.reviews.index.column("product_category")[code])
    query = {"product": name}
    parts = [
        _findings(visit, findings),
        section(say("product.story"), over_time(visit, rows, findings)),
        section(say("product.said"), said(visit, PRODUCT, name, query)),
        _near(visit, code, name),
        _newest(visit, rows, query),
    ]
    where = desk.reviews.index.product_categories[category] if category >= 0 else ""
    lead = fragment(
        element("a", where.replace("_", " "), href=visit.to(f"/categories/{where}"))
        if where
        else "",
        " · " if where else "",
        name,
    )
    return page(visit, "products", title, _figures(visit, rows), *parts, lead=lead)


def category(visit: Visit) -> Response:
    """Show a category's whole story."""
    say, desk = visit.desk.texts, visit.desk
    name, names = visit.names["category"], desk.reviews.index.names["category"]
    if name not in names:
        raise UnknownEndpoint(say("error.no_category"))
    rows = np.flatnonzero(desk.reviews.index.column("category") == names.index(name))
    findings = desk.worklist.rows(desk.worklist.about("category", name))
    places = desk.reviews.index.product_categories
    codes = desk.search.largest_products(
        MOST_NEAR, places.index(name) if name in places else NONE - 1
    )
    query = {"category": name}
    wrong = element("a", say("category.findings"), href=visit.to("/findings", query))
    return page(
        visit,
        "products",
        name.replace("_", " "),
        _figures(visit, rows),
        element("p", wrong),
        _findings(visit, findings),
        section(say("product.story"), over_time(visit, rows, findings)),
        section(say("product.said"), said(visit, CATEGORY, name, query)),
        section(
            say("category.products"),
            product_table(visit, [(code, 0) for code in codes], say("products.caption")),
        )
        if codes
        else "",
        _newest(visit, rows, query),
        lead=say("category.lead"),
    )


def customer(visit: Visit) -> Response:
    """Show what one customer wrote, under what stands for them."""
    say, desk = visit.desk.texts, visit.desk
    name = visit.names["customer"]
    try:
        rows = desk.search.rows_of_customer(int(name, 16) if len(name) <= 16 else 0)
    except ValueError:
        rows = np.empty(0, np.int64)
    if not len(rows) or not int(name, 16):
        raise UnknownEndpoint(say("error.no_customer"))
    query = {"customer": name}
    lead = say("customer.lead")
    if desk.clear_customers and allowed(visit.session, ADMIN):
        lead = say("customer.id", id=desk.reviews.customer_id(int(rows[0])))
    return page(
        visit,
        "reviews",
        say("customer.title", name=name[:6]),
        _figures(visit, rows),
        section(say("product.story"), over_time(visit, rows)),
        _newest(visit, rows, query, product=True),
        lead=lead,
    )


def section(title: str, *children: Child) -> Html:
    """Return a part of a page under its heading; nothing where nothing is in it."""
    inside = fragment(*children)
    return element("section", element("h2", title), inside) if inside.markup else fragment()


def product_table(visit: Visit, codes: Sequence[tuple[int, int]], caption: str) -> Html:
    """Return products as a table, with how many of their reviews have the words looked for."""
    say, index = visit.desk.texts, visit.desk.reviews.index
    ends = index.column("product_ends")
    categories = index.column("product_category")
    hits = any(number for _, number in codes)
    columns = [
        Column(say("column.product"), numeric=False),
        Column(say("facet.category"), numeric=False),
        Column(say("column.reviews")),
        Column(say("column.stars")),
    ]
    columns += [Column(say("column.hits"))] if hits else []
    rows: list[list[Child]] = []
    for code, number in codes:
        stars = _stars(visit, visit.desk.search.rows_of_product(code))
        name = str(index.products["id"][code])
        category_code = int(categories[code])
        where = index.product_categories[category_code] if category_code >= 0 else ""
        row: list[Child] = [
            element("a", _title(visit, code), href=visit.to(f"/products/{name}"), dir="auto"),
            where.replace("_", " "),
            count(int(ends[code + 1] - ends[code])),
            stars,
        ]
        if hits:
            words = {"product": name, "q": visit.query.get("q", "")}
            row.append(
                element("a", count(number), href=visit.to("/reviews", words)) if number else ""
            )
        rows.append(row)
    return table(caption, columns, rows)


def _title(visit: Visit, code: int) -> str:
    products = visit.desk.reviews.index.products
    return products["title"][code].as_py() or str(products["id"][code])


def _stars(visit: Visit, rows: NDArray[np.int64]) -> str:
    stars = np.asarray(visit.desk.reviews.index.column("stars")[rows])
    rated = stars[stars > 0]
    return f"{rated.mean():.1f}" if len(rated) else "–"


def _figures(visit: Visit, rows: NDArray[np.int64]) -> Html:
    say, index = visit.desk.texts, visit.desk.reviews.index
    stars = np.asarray(index.column("stars")[rows])
    values = [Figure(say("story.reviews"), count(len(rows)))]
    if (stars > 0).any():
        low = float((stars[stars > 0] <= 2).mean())
        values.append(Figure(say("story.mean"), _stars(visit, rows), say("story.mean_note")))
        values.append(Figure(say("story.low"), share(low, 0), say("story.low_note")))
    if "sentiment" in index.targets:
        names = index.names["label-sentiment"]
        codes = np.asarray(index.column("label-sentiment")[rows])
        if "negative" in names and (codes >= 0).any():
            part = float((codes[codes >= 0] == names.index("negative")).mean())
            values.append(Figure(say("story.negative"), share(part, 0), say("story.negative_note")))
    return figures(values)


def _findings(visit: Visit, rows: Sequence[Mapping[str, Any]]) -> Html:
    say, worklist = visit.desk.texts, visit.desk.worklist
    items = []
    for row in rows:
        current = worklist.current(row["finding_id"])
        link = element(
            "a",
            worklist.finder_info[row["finder"]].title,
            href=visit.to(f"/findings/{row['finding_id']}"),
        )
        verdict = f" ({say(f'verdict.{current.verdict}')})" if current.verdict else ""
        suggested = f" ({row['suggested']})" if row["suggested"] else ""
        items.append(element("li", link, f"{suggested}: {row['action']}{verdict}", dir="auto"))
    return section(say("tab.findings"), element("ul", *items)) if items else fragment()


def _near(visit: Visit, code: int, name: str) -> Html:
    """Return variants, similar products and the neighbours in the graph."""
    say, desk = visit.desk.texts, visit.desk
    parts: list[Child] = []
    if variants := desk.search.variants(code)[:MOST_NEAR]:
        listed = [(each, 0) for each in variants]
        parts += [
            element("h3", say("product.variants")),
            product_table(visit, listed, say("product.variants")),
        ]
    similar = desk.worklist.tables.get(_SIMILAR, {}).get(_SIMILAR)
    if similar is not None:
        own = similar.filter(pc.equal(similar["product"], name)).slice(0, MOST_NEAR).to_pylist()
        items = [
            element(
                "li",
                element(
                    "a",
                    row["other_title"] or row["other"],
                    href=visit.to(f"/products/{row['other']}"),
                    dir="auto",
                ),
                f" ({row['similarity']:.2f}: {', '.join(row['words'])})",
            )
            for row in own
        ]
        parts += [element("h3", say("product.similar")), element("ul", *items)] if items else []
    parts += _neighbours(visit, name)
    return section(say("product.near"), *parts)


def _neighbours(visit: Visit, name: str) -> list[Child]:
    say, graph = visit.desk.texts, visit.desk.graph
    if graph is None:
        return []
    try:
        given = {"product": name, "limit": str(MOST_NEAR)}
        rows = ask(Graph.open(graph), "around-product", given).table.to_pylist()
    except ReviewdeskError:
        return [element("p", say("product.no_graph"), class_="note")]
    items = [
        element(
            "li",
            element(
                "a",
                row["title"] or row["product_id"],
                href=visit.to(f"/products/{row['product_id']}"),
                dir="auto",
            ),
            f" ({say.number('product.shared', row['shared_customers'])})",
        )
        for row in rows
        if row["shared_customers"]
    ]
    return [element("h3", say("product.bought")), element("ul", *items)] if items else []


def _newest(
    visit: Visit, rows: NDArray[np.int64], query: Mapping[str, str], *, product: bool = False
) -> Html:
    say, desk = visit.desk.texts, visit.desk
    found = desk.search.find(desk.search.filter_of(query, say))
    shown = desk.reviews.at(found.rows[:MOST_REVIEWS].tolist())
    more = element(
        "a", say.number("product.all_reviews", len(rows)), href=visit.to("/reviews", query)
    )
    return section(
        say("product.reviews"), element("p", more), review_items(visit, shown, {}, product=product)
    )
