"""A graph of generated reviews: building, asking, and three ways to answer the same question.

    python -m bench.graph --reviews 1000000

Predictions are made up: a tenth differs from where the product stands, as only the shape matters
here. ``--precision JOB FINDINGS TRUTH`` compares what `differs` and `wrong-category` list with what
was planted in generated reviews.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.machine import machine
from reviewdesk.graph.ask import ask
from reviewdesk.graph.cypher import INDEX, build_index, query
from reviewdesk.graph.reading import open_tables
from reviewdesk.graph.store import Graph
from reviewdesk.graph.structure import leiden, shared_customers, structure
from reviewdesk.job.graph import build

CONFUSION = """
MATCH (p:Product)-[a:ASSIGNED]->(c:Category), (r:Review)-[:REVIEWED]->(p), (r)-[:PREDICTED]->(d)
RETURN c.name, d.name, count(*)"""
SAMPLE = 100_000


def main() -> None:
    """Print one table of building, and one of asking."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviews", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="keep the data there")
    parser.add_argument("--alone", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--precision", nargs=3, type=Path, metavar=("JOB", "FINDINGS", "TRUTH"))
    arguments = parser.parse_args()
    if arguments.alone:
        print(json.dumps(_build(arguments.alone)))
        return
    if arguments.precision:
        _precision(*arguments.precision)
        return
    print(f"{machine()}\n")
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        _data(folder, arguments.reviews)
        command = [sys.executable, "-m", "bench.graph", "--alone", str(folder)]
        run = subprocess.run(command, check=True, capture_output=True, text=True)
        built = json.loads(run.stdout.splitlines()[-1])
        print("| reviews | tables, CPU s | index, CPU s | peak MiB | tables MB | index MB |")
        print("|---|---|---|---|---|---|")
        print(
            f"| {arguments.reviews:,} | {built['tables']:.1f} | {built['index']:.1f} "
            f"| {built['peak']:,.0f} | {built['size']:.0f} | {built['index_size']:.0f} |\n"
        )
        _ask(Graph.open(folder / "graph"))


def _data(folder: Path, reviews: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "data").exists():
        return
    program = [sys.executable, "-m", "reviewdesk"]
    raw = folder / "reviews.tsv.gz"
    subprocess.run([*program, "demo-data", "--reviews", str(reviews), "--out", raw], check=True)
    subprocess.run([*program, "prepare", raw, "--out", folder / "data"], check=True)
    raw.unlink()
    table = pq.read_table(folder / "data" / "reviews", columns=["review_id", "product_category"])
    random, names = np.random.default_rng(0), pc.unique(table["product_category"])
    moved = names.take(pa.array(random.integers(0, len(names), len(table))))
    label = pc.if_else(pa.array(random.random(len(table)) < 0.1), moved, table["product_category"])
    columns = [table["review_id"], label, pa.array(random.random(len(table)) / 2 + 0.5)]
    pq.write_table(pa.table(columns, ["review_id", "label", "confidence"]), folder / "said.parquet")


def _build(folder: Path) -> dict[str, float]:
    begin = time.process_time()
    graph = build(
        folder / "data", folder / "graph", predictions=[folder / "said.parquet"], overwrite=True
    )
    tables = time.process_time()
    build_index(graph)
    files = [path.stat().st_size for path in graph.path.glob("*.parquet")]
    return {
        "tables": tables - begin,
        "index": time.process_time() - tables,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "size": sum(files) / 1e6,
        "index_size": (graph.path / INDEX).stat().st_size / 1e6,
    }


def _ask(graph: Graph) -> None:
    products = graph.table("products").sort_by([("reviews", "descending")])
    product, other = (products["product_id"][at].as_py() for at in (0, 50))
    bought = graph.table("bought", ["source", "target"])
    sample = bought.slice(0, SAMPLE).to_pydict()
    pairs = [(("c", a), ("p", b)) for a, b in zip(sample["source"], sample["target"], strict=True)]
    joined = networkx.Graph(pairs)
    edges = shared_customers(graph)

    def tables(question: str, **given: str) -> Callable[[], Any]:
        return lambda: ask(graph, question, given)

    def look_up() -> list[Any]:
        with open_tables(graph) as engine:
            return list(engine.query("SELECT * FROM products WHERE id = 7"))

    rows: list[tuple[str, str, Callable[[], Any]]] = [
        ("category confusion", "DuckDB over Parquet", tables("confusion")),
        ("category confusion", "ladybug", lambda: query(graph, CONFUSION)),
        ("pairs that share customers", "DuckDB over Parquet", tables("shared-customers")),
        ("one product", "DuckDB over Parquet", look_up),
        ("one product", "ladybug", lambda: query(graph, "MATCH (p:Product {id: 7}) RETURN p")),
        ("around a product", "DuckDB over Parquet", tables("around-product", product=product)),
        ("path of two products", "ours", tables("path", product=product, other=other)),
        (
            f"components of {len(pairs):,} edges",
            "networkx",
            lambda: list(networkx.connected_components(joined)),
        ),
        ("communities of products", "Leiden", lambda: leiden(edges, graph.rows("products"))),
        ("all of structure", "ours", lambda: structure(graph)),
    ]
    print("| question | by | wall ms | CPU ms |\n|---|---|---|---|")
    for question, by, answer in rows:
        answer()
        wall, cpu = time.perf_counter(), time.process_time()
        answer()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"| {question} | {by} | {1000 * wall:,.1f} | {1000 * cpu:,.1f} |", flush=True)


def _precision(job: Path, findings: Path, truth: Path) -> None:
    """Compare lists of as many products with the products that were planted in a wrong category."""
    with tempfile.TemporaryDirectory() as folder:
        graph = build(job, Path(folder) / "graph", findings=findings)
        planted = set(pq.read_table(truth / "miscategorised.parquet")["product_id"].to_pylist())
        listed = ask(graph, "wrong-category", {"limit": "1000000"}).table.to_pylist()
        chosen = [one["what"] for one in listed if one["kind"] == "product"]
        differing = ask(graph, "differs-products", {"limit": "1000000"}).table
        everything = differing["product_id"].to_pylist()
    print("| list | products | planted among them |\n|---|---|---|")
    surest = everything[: len(chosen)]
    for name, products in (
        ("wrong-category", chosen),
        ("differs-products, all", everything),
        ("differs-products, as many of the surest", surest),
    ):
        right = len(planted & set(products)) / max(len(products), 1)
        print(f"| {name} | {len(products):,} | {right:.3f} |")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
