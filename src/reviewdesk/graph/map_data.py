"""What a map shows, cut to what a page can hold: flows, products, reviews, communities.

Everything is read in an order without ties and counted in whole numbers, so that the same graph
gives the same map.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import MissingExtra
from reviewdesk.graph.reading import query
from reviewdesk.graph.sql_of_tables import ASSIGNED_ONCE
from reviewdesk.graph.store import Graph
from reviewdesk.graph.structure import (
    WeightedEdges,
    leiden,
    product_categories,
    shared_customers,
    similar_products,
)

MOST_PRODUCTS: Final = 12_000
MOST_REVIEWS: Final = 40_000
MOST_REVIEWS_WITH_TEXTS: Final = 6_000
REVIEWS_OF_LISTED: Final = 20
REVIEWS_OF_OTHERS: Final = 5
NEIGHBOURS: Final = 5
CONFIDENCES: Final = (0.5, 0.7, 0.8, 0.9, 0.95)
"""Least confidences that a reader can ask for."""
MOST_STEPS: Final = 16

FLOWS: Final = pa.schema(
    dict.fromkeys(("assigned", "predicted", "step", "confidence", "reviews"), pa.int64())
)
PRODUCTS: Final = pa.schema(
    {
        "id": pa.int64(), "product_id": pa.string(), "title": pa.string(), "category": pa.int64(),
        "predicted": pa.int64(), "judged": pa.int64(), "elsewhere": pa.int64(),
        "confidence": pa.int64(), "reviews": pa.int64(), "stars": pa.int64(),
        "first_date": pa.date32(), "last_date": pa.date32(), "rank": pa.int64(),
    }
)  # fmt: skip
"""Confidences are in thousandths and stars in hundredths, both means."""
REVIEWS: Final = pa.schema(
    {
        "number": pa.int64(), "review_id": pa.string(), "stars": pa.int8(), "date": pa.date32(),
        "predicted": pa.int64(), "confidence": pa.float64(), "headline": pa.string(),
        "body": pa.string(),
    }
)  # fmt: skip
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class MapData:
    """What a map shows.

    Args:
        categories: names, sizes and totals, in the order of their ids.
        steps: names of the stretches of time, and the first day of each.
        flows: schema ``FLOWS``: assigned and predicted category, step (null without a day), how
            many of ``CONFIDENCES`` are reached, and reviews.
        products: schema ``PRODUCTS``: those that the map holds; what finders list comes first.
        listings: what finders say, by ``product ID`` and ``review ID``.
        reviews: schema ``REVIEWS``: those that the map holds, by the number of their product.
        neighbours: per kind, the numbers of each product's nearest.
        communities: per kind, (products of the graph,) communities; empty where they are unknown.
        assigned: (products of the graph,) categories; -1 for none.
        total_reviews: how many reviews of products with a category the graph has.
        without_packages: whether communities are left out because a package is missing.
    """

    categories: list[str]
    steps: list[tuple[str, date]]
    flows: pa.Table
    products: pa.Table
    listings: Mapping[str, list[dict[str, Any]]]
    reviews: pa.Table
    neighbours: Mapping[str, list[list[int]]]
    communities: Mapping[str, Ints]
    assigned: Ints
    total_reviews: int
    without_packages: bool


def map_data(graph: Graph) -> MapData:
    """Collect what the map of a graph shows."""
    assigned = product_categories(graph, "assigned")
    with_texts = bool(graph.manifest["plan"]["texts"])
    steps, unit = _steps(graph)
    first = steps[0][1] if steps else None
    flows = query(graph, _FLOWS, {"unit": unit, "first": first}).cast(FLOWS)
    products = query(graph, _PRODUCTS, {"most": MOST_PRODUCTS}).cast(PRODUCTS)
    reviews = _reviews(graph, products, with_texts)
    listings = _listings(graph)
    (total,) = query(graph, _TOTAL)["reviews"].to_pylist()
    edges = {"words": similar_products(graph), "customers": shared_customers(graph)}
    kept = products["id"].to_numpy()
    communities, without = {}, False
    try:
        communities = {kind: leiden(edges[kind], len(assigned)) for kind in edges}
    except MissingExtra:
        without = True
    return MapData(
        categories=graph.table("categories", ["name"])["name"].to_pylist(),
        steps=steps,
        flows=flows,
        products=products,
        listings=listings,
        reviews=reviews,
        neighbours={kind: _neighbours(edges[kind], kept, len(assigned)) for kind in edges},
        communities={kind: c for kind, c in communities.items() if (c >= 0).any()},
        assigned=assigned,
        total_reviews=total,
        without_packages=without,
    )


_SPAN: Final = "SELECT min(date) AS first, max(date) AS last FROM reviews"


def _steps(graph: Graph) -> tuple[list[tuple[str, date]], str]:
    """Return stretches of time, years, quarters or months, and which of these they are.

    Of more than sixteen years the earliest become one.
    """
    (span,) = query(graph, _SPAN).to_pylist()
    if span["first"] is None:
        return [], "year"
    first, last = span["first"], span["last"]
    months = [
        date(at // 12, at % 12 + 1, 1)
        for at in range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    ]
    quarters = sorted({date(m.year, (m.month - 1) // 3 * 3 + 1, 1) for m in months})
    years = sorted({date(m.year, 1, 1) for m in months})
    if len(months) <= MOST_STEPS:
        return [(f"{m:%Y-%m}", m) for m in months], "month"
    if len(quarters) <= MOST_STEPS:
        return [(f"{q.year} Q{q.month // 3 + 1}", q) for q in quarters], "quarter"
    names = [(str(y.year), y) for y in years[-MOST_STEPS:]]
    if len(years) > MOST_STEPS:
        names[0] = (f"until {names[0][0]}", names[0][1])
    return names, "year"


_FLOWS: Final = f"""
SELECT j.assigned, j.predicted, greatest(date_diff($unit, $first::DATE, r.date), 0) AS step,
    {" + ".join(f"(j.confidence >= {c})::INT" for c in CONFIDENCES)} AS confidence,
    count(*) AS reviews
FROM comparisons j JOIN reviews r ON r.id = j.review
GROUP BY ALL ORDER BY ALL
"""

_TOTAL: Final = f"""
WITH {ASSIGNED_ONCE}
SELECT count(*) AS reviews FROM reviewed r JOIN assigned_once a ON a.product = r.target
"""

# First what finders list as standing in a wrong category, by promise; then what they list
# otherwise; then products of listed reviews; then those with most reviews.
_PRODUCTS: Final = f"""
WITH {ASSIGNED_ONCE}, votes AS (
    SELECT product, predicted, count(*) AS reviews FROM comparisons GROUP BY ALL
), winners AS (
    SELECT product, predicted FROM votes
    QUALIFY row_number() OVER (PARTITION BY product ORDER BY reviews DESC, predicted) = 1
), totals AS (
    SELECT product, count(*) AS judged, count(*) FILTER (predicted <> assigned) AS elsewhere,
        (sum(round(confidence * 1000)::BIGINT) // count(*))::BIGINT AS confidence
    FROM comparisons GROUP BY product
), listed AS (
    SELECT p.id AS product, min(CASE WHEN f.suggested IS NULL THEN 1 ELSE 0 END) AS rank,
        max(f.promise) AS promise, max(f.score) AS score
    FROM findings f JOIN products p ON f.kind = 'product' AND f.what = p.product_id
    WHERE f.suggested IS NULL OR f.suggested IN (SELECT name FROM categories) GROUP BY p.id
), with_listed_reviews AS (
    SELECT DISTINCT v.target AS product
    FROM findings f JOIN reviews r ON f.kind = 'review' AND r.review_id = f.what
        JOIN reviewed v ON v.source = r.id
)
SELECT p.id, p.product_id, p.title, a.category, w.predicted, t.judged, t.elsewhere, t.confidence,
    p.reviews, round(p.mean_stars * 100)::BIGINT AS stars, p.first_date, p.last_date,
    coalesce(l.rank, CASE WHEN o.product IS NULL THEN 3 ELSE 2 END)::BIGINT AS rank
FROM products p JOIN assigned_once a ON a.product = p.id
    LEFT JOIN winners w ON w.product = p.id LEFT JOIN totals t ON t.product = p.id
    LEFT JOIN listed l ON l.product = p.id LEFT JOIN with_listed_reviews o ON o.product = p.id
WHERE NOT p.is_parent
ORDER BY rank, l.promise DESC NULLS LAST, l.score DESC NULLS LAST, p.reviews DESC, p.product_id
LIMIT $most
"""

_REVIEWS: Final = """
WITH kept AS (
    SELECT unnest($products) AS product, generate_subscripts($products, 1) - 1 AS number
), ordered AS (
    SELECT k.number, r.review_id, r.stars, r.date, p.predicted, p.confidence,
        r.headline, r.body, row_number() OVER (PARTITION BY k.number
            ORDER BY r.review_id NOT IN (SELECT what FROM findings WHERE kind = 'review'),
                r.date DESC NULLS LAST, r.review_id) AS newest
    FROM kept k JOIN reviewed v ON v.target = k.product JOIN reviews r ON r.id = v.source
        LEFT JOIN comparisons p ON p.review = r.id AND p.product = k.product
), bounded AS (
    SELECT * FROM ordered WHERE newest <= CASE WHEN number < $telling THEN $more ELSE $fewer END
    ORDER BY number >= $telling, newest, number LIMIT $most
)
SELECT * EXCLUDE newest FROM bounded ORDER BY number, newest
"""

_LISTINGS: Final = """
SELECT kind, what, finder, suggested, promise FROM findings
WHERE suggested IS NULL OR suggested IN (SELECT name FROM categories)
ORDER BY kind, what, promise DESC, finder, suggested
"""


def _reviews(graph: Graph, products: pa.Table, with_texts: bool) -> pa.Table:
    """Return the reviews of products, more of those that finders list."""
    bounds = {
        "products": products["id"].to_pylist(),
        "telling": sum(rank < 3 for rank in products["rank"].to_pylist()),
        "more": REVIEWS_OF_LISTED,
        "fewer": REVIEWS_OF_OTHERS,
        "most": MOST_REVIEWS_WITH_TEXTS if with_texts else MOST_REVIEWS,
    }
    return query(graph, _REVIEWS, bounds).cast(REVIEWS)


def _listings(graph: Graph) -> dict[str, list[dict[str, Any]]]:
    listings: dict[str, list[dict[str, Any]]] = {}
    for row in query(graph, _LISTINGS).to_pylist():
        listings.setdefault(f"{row.pop('kind')} {row.pop('what')}", []).append(row)
    return listings


def _neighbours(edges: WeightedEdges, kept: Ints, products: int) -> list[list[int]]:
    """Return for each product that is kept the numbers of those it is joined to most."""
    number = np.full(products, -1, np.int64)
    number[kept] = np.arange(len(kept))
    a, b = number[edges.source], number[edges.target]
    inside = (a >= 0) & (b >= 0)
    a, b, weight = a[inside], b[inside], edges.weight[inside]
    source, target = np.concatenate([a, b]), np.concatenate([b, a])
    order = np.lexsort((target, -np.concatenate([weight, weight]), source))
    nearest: list[list[int]] = [[] for _ in range(len(kept))]
    for product, other in zip(source[order].tolist(), target[order].tolist(), strict=True):
        if len(nearest[product]) < NEIGHBOURS:
            nearest[product].append(other)
    return nearest
