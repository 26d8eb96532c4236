"""A small graph with products that stand in a wrong category, as finders list them."""

import html
from pathlib import Path

import pandas as pd
import pyarrow as pa

from reviewdesk.graph.build import PREDICTIONS, SIMILAR, GraphInputs, build_graph
from reviewdesk.graph.schema import FINDINGS
from reviewdesk.graph.store import Graph

from .shop import prepared, rows

HOSTILE = "</script><script>document.title='broken'</script><img src=x onerror=alert(1)> & more"
WRONG = {"P05": "K3", "P22": "K0"}
"""Products that stand wrongly, and where they belong."""


def table(n: int = 600) -> pd.DataFrame:
    """Return reviews, of which some products have hostile titles."""
    reviews = rows(n)
    hostile = reviews["product_id"].isin(["P05", "P08"])
    # Cleaning takes markup out of texts, but not what was escaped and so is text.
    reviews.loc[hostile, "product_title"] = html.escape(HOSTILE)
    reviews.loc[hostile, "review_body"] = html.escape(HOSTILE) + reviews["review_id"]
    return reviews


def predictions(reviews: pd.DataFrame) -> pa.Table:
    """Return predictions that differ where a product stands wrongly, and in every 20th review."""
    labels = [
        WRONG.get(product, "K1" if at % 20 == 0 else category)
        for at, (product, category) in enumerate(
            zip(reviews["product_id"], reviews["product_category"], strict=True)
        )
    ]
    return pa.table(
        {
            "review_id": reviews["review_id"].tolist(),
            "label": labels,
            "confidence": [(50 + at % 50) / 100 for at in range(len(reviews))],
            "model": ["m1"] * len(reviews),
        },
        schema=PREDICTIONS,
    )


def findings(reviews: pd.DataFrame) -> pa.Table:
    """Return what finders list: products that stand wrongly, one that declines, one review."""
    listed = [
        {"finder": "product-category", "kind": "product", "what": product,
         "where": f"K{int(product[1:]) % 4}", "suggested": right, "score": 0.9, "promise": 0.95}
        for product, right in WRONG.items()
    ]  # fmt: skip
    plain = {"where": None, "suggested": None, "score": 0.8, "promise": 0.8}
    listed.append({"finder": "declining", "kind": "product", "what": "P10", **plain})
    oldest = reviews[reviews["product_id"] == "P11"].sort_values("review_date").iloc[0]
    filed = {"what": oldest["review_id"], "suggested": "K1", "where": "K3"}
    listed.append({"finder": "review-category", "kind": "review", **plain, **filed})
    return pa.Table.from_pylist(listed, schema=FINDINGS)


def similar() -> pa.Table:
    """Return products that are alike: those of one category, in a ring."""
    pairs = [(f"P{k:02}", f"P{(k + 4 * step) % 40:02}") for k in range(40) for step in (1, 2)]
    return pa.table(
        {
            "product": [one for one, _ in pairs],
            "other": [other for _, other in pairs],
            "score": [0.5] * len(pairs),
        },
        schema=SIMILAR,
    )


def graph(folder: Path, reviews: pd.DataFrame, *, texts: bool = False) -> Graph:
    """Build the graph of reviews."""
    said = iter([predictions(reviews.sort_values("review_id"))])
    inputs = GraphInputs(said, similar(), findings(reviews))
    data = prepared(reviews, folder / "data")
    return build_graph(data, folder / "graph", inputs, key=None, texts=texts)
