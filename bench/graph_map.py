"""The map of a graph of 13 thousand products: CPU seconds, memory, size.

230,000 generated reviews; a tenth of the predictions differ, each product is like ten others of its
category, 400 products are listed. What is predicted and found is dealt out, not computed: the
map's cost does not go by whether it is right.
"""

import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from bench.machine import REVIEWDESK, machine, measured
from reviewdesk.graph.build import PREDICTIONS, SIMILAR, GraphInputs, build_graph
from reviewdesk.graph.schema import FINDINGS
from reviewdesk.prepare.prepared import PreparedData

REVIEWS: Final = 230_000
ALIKE: Final = 10
LISTED: Final = 400


def inputs(data: PreparedData) -> GraphInputs:
    """Deal out predictions, likeness and listings."""
    random = np.random.default_rng(0)
    columns = ["review_id", "product_id", "product_category"]
    rows = data.table(columns).to_pandas().sort_values("review_id")
    names = np.array(sorted(rows["product_category"].unique()))
    label = rows["product_category"].to_numpy().copy()
    moved = random.random(len(rows)) < 0.1
    label[moved] = random.choice(names, moved.sum())
    predictions = pa.table(
        {
            "review_id": rows["review_id"].to_numpy(),
            "label": label,
            "confidence": 0.4 + 0.6 * random.random(len(rows)),
            "model": ["dealt out"] * len(rows),
        },
        schema=PREDICTIONS,
    )
    products = rows.groupby("product_id")["product_category"].first()
    parts = [part.index.to_numpy() for _, part in products.groupby(products)]
    source = np.concatenate([np.repeat(part, ALIKE) for part in parts])
    target = np.concatenate([random.choice(part, ALIKE * len(part)) for part in parts])
    score = random.random(len(source))
    similar = pa.table({"product": source, "other": target, "score": score}, schema=SIMILAR)
    plain = {"finder": "product-category", "kind": "product", "score": 0.9, "promise": 0.9}
    listed = [
        {**plain, "what": what, "where": where, "suggested": names[names != where][0]}
        for what, where in products.sample(LISTED, random_state=0).items()
    ]
    return GraphInputs(iter([predictions]), similar, pa.Table.from_pylist(listed, schema=FINDINGS))


def main() -> None:
    """Print what the map takes."""
    print(machine())
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        reviews, page = str(folder / "reviews.tsv.gz"), folder / "map.html"
        measured([*REVIEWDESK, "demo-data", "--reviews", str(REVIEWS), "--out", reviews])
        measured([*REVIEWDESK, "prepare", reviews, "--out", str(folder / "data")])
        data = PreparedData.open(folder / "data")
        graph = build_graph(data, folder / "graph", inputs(data), key=None)
        print(f"{graph.rows('reviews'):,} reviews, {graph.rows('products'):,} products and parents")
        for _ in range(2):
            used = measured([*REVIEWDESK, "graph", "map", str(graph.path), "--out", str(page)])
            print(f"{used.cpu:.2f} CPU s, {used.peak_mib:.0f} MiB, {page.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
