"""A graph of generated reviews: building, asking, and three ways to answer the same question.

    python -m bench.graph --reviews 1000000

Predictions are made up: a tenth differs from where the product stands, as only the shape matters
here. ``--precision JOB FINDINGS TRUTH`` compares what `differs` and `wrong-category` list with what
was planted in generated reviews, ``--planted SHARE`` with products planted in real files.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench import planted_elsewhere
from bench.machine import REVIEWDESK, data_folder, machine, measured
from reviewdesk.errors import UsageError
from reviewdesk.graph.ask import ask
from reviewdesk.graph.cypher import INDEX, build_index, query
from reviewdesk.graph.reading import query as run
from reviewdesk.graph.store import Graph
from reviewdesk.graph.structure import leiden, shared_customers, structure
from reviewdesk.job.graph import build
from reviewdesk.prepare.prepared import PreparedData

CONFUSION = """
MATCH (p:Product)-[a:ASSIGNED]->(c:Category), (r:Review)-[:REVIEWED]->(p), (r)-[:PREDICTED]->(d)
RETURN c.name, d.name, count(*)"""
SHARED = """
MATCH (a:Product)<-[:BOUGHT]-(c:Customer)-[:BOUGHT]->(b:Product) WHERE a.id < b.id
WITH a, b, count(*) AS customers WHERE customers >= 3
RETURN a.product_id, b.product_id, customers ORDER BY customers DESC LIMIT 20"""
SAMPLE = 100_000
LONGEST = 60.0
"""Seconds that a question may take."""
OF_A_FILE = 6_000
"""Reviews taken of each real file."""


def main() -> None:
    """Print one table of building, and one of asking."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviews", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="keep the data there")
    parser.add_argument("--alone", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--precision", nargs=3, type=Path, metavar=("JOB", "FINDINGS", "TRUTH"))
    parser.add_argument("--planted", type=float, help="share of products planted in real files")
    parser.add_argument("--seed", type=int, default=0, help="of what is planted")
    arguments = parser.parse_args()
    if arguments.alone:
        print(json.dumps(_build(arguments.alone)))
        return
    if arguments.precision:
        job, findings, truth = arguments.precision
        table = pq.read_table(truth / "product_category.parquet")
        _precision(job, findings, set(table["product_id"].to_pylist()))
        return
    if arguments.planted:
        _planted(arguments.planted, arguments.seed)
        return
    print(f"{machine()}\n")
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        _data(folder, arguments.reviews)
        command = [sys.executable, "-m", "bench.graph", "--alone", str(folder)]
        built = json.loads(measured(command).output.splitlines()[-1])
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
    raw = folder / "reviews.tsv.gz"
    measured([*REVIEWDESK, "demo-data", "--reviews", str(reviews), "--out", str(raw)])
    measured([*REVIEWDESK, "prepare", str(raw), "--out", str(folder / "data")])
    raw.unlink()
    predict(PreparedData.open(folder / "data"), folder / "said.parquet")


def predict(data: PreparedData, path: Path) -> None:
    """Write predictions of which a tenth differ, in bounded memory."""
    random = np.random.default_rng(0)
    names: pa.Array | None = None
    schema = {"review_id": pa.string(), "label": pa.string(), "confidence": pa.float64()}
    with pq.ParquetWriter(path, pa.schema(schema)) as writer:
        for batch in data.batches(["review_id", "product_category"]):
            assigned = batch.column("product_category")
            names = pc.unique(assigned) if names is None else names
            moved = names.take(pa.array(random.integers(0, len(names), len(batch))))
            label = pc.if_else(pa.array(random.random(len(batch)) < 0.1), moved, assigned)
            confidence = pa.array(random.random(len(batch)) / 2 + 0.5)
            columns = [batch.column("review_id"), label, confidence]
            writer.write_batch(pa.record_batch(columns, schema=pa.schema(schema)))


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
    """Print for each question what each system takes, CPU and wall ms, at its second asking."""
    products = graph.table("products").filter(pc.invert(graph.table("products")["is_parent"]))
    products = products.sort_by([("reviews", "descending")])
    hub, plain, other = (products.slice(at, 1).to_pylist()[0] for at in (0, len(products) // 2, 50))
    customer = graph.table("customers", ["customer_id"])["customer_id"][77].as_py()
    category = graph.table("categories", ["name"])["name"][2].as_py()
    bought = graph.table("bought", ["source", "target"]).slice(0, SAMPLE).to_pydict()
    ends = zip(bought["source"], bought["target"], strict=True)
    sample = networkx.Graph([(("c", a), ("p", b)) for a, b in ends])
    ways = networkx.connected_components(sample)
    inside = [node for node in max(ways, key=len) if node[0] == "p"]

    def asked(question: str, **given: str) -> dict[str, Callable[[], Any]]:
        return {
            "DuckDB, opened for it": lambda: ask(replace(graph), question, given),
            "DuckDB, kept open": lambda: ask(graph, question, given),
        }

    def cypher(statement: str) -> dict[str, Callable[[], Any]]:
        return {"ladybug": lambda: query(graph, statement, timeout=LONGEST)}

    def of_sample(answer: Callable[[], Any]) -> dict[str, Callable[[], Any]]:
        return {f"networkx, {SAMPLE:,} edges": answer}

    around = f"(p:Product {{id: {plain['id']}}})<-[:BOUGHT]-(c:Customer)-[:BOUGHT]->(o:Product)"
    ends_of_way = f"(a:Product {{id: {hub['id']}}})-[:BOUGHT* SHORTEST 1..8]-"
    ends_of_way += f"(b:Product {{id: {other['id']}}})"
    questions = {
        "category confusion": asked("confusion") | cypher(CONFUSION),
        "pairs of products that share customers": asked("shared-customers")
        | cypher(SHARED)
        | of_sample(lambda: _pairs(sample)),
        "reviews that differ": asked("differs"),
        "products that differ": asked("differs-products"),
        "products of a category": asked("category", category=category),
        "customers of unlike categories": asked("wide-customers"),
        "one product": {"DuckDB, kept open": lambda: run(graph, "FROM products WHERE id = 7")}
        | cypher("MATCH (p:Product {id: 7}) RETURN p")
        | of_sample(lambda: sample.nodes[inside[0]]),
        "around a customer": asked("around-customer", customer=customer),
        "around a product": asked("around-product", product=plain["product_id"])
        | cypher(f"MATCH {around} RETURN o.product_id, count(*) ORDER BY count(*) DESC LIMIT 20")
        | of_sample(lambda: [list(sample[c]) for c in sample[inside[0]]]),
        "around the product with most reviews": asked("around-product", product=hub["product_id"]),
        "reviews of a product": asked("reviews", product=plain["product_id"]),
        "a way between two products": asked(
            "path", product=hub["product_id"], other=other["product_id"]
        )
        | cypher(f"MATCH w = {ends_of_way} RETURN length(w) LIMIT 1")
        | of_sample(lambda: networkx.shortest_path(sample, inside[0], inside[-1])),
        "components": of_sample(lambda: list(networkx.connected_components(sample))),
        "edges between products": {"DuckDB, kept open": lambda: shared_customers(graph)},
    }
    edges = shared_customers(graph)
    questions["communities of products"] = {
        "Leiden": lambda: leiden(edges, graph.rows("products"))
    } | of_sample(lambda: networkx.community.louvain_communities(sample, seed=0))
    questions["all of structure"] = {"once": lambda: structure(graph)}
    print("| question | by | CPU ms | wall ms |\n|---|---|---|---|")
    for question, answers in questions.items():
        for by, answer in answers.items():
            cpu, wall = _times(answer, by == "once")
            cpu = "" if by == "ladybug" else cpu  # it runs in a process of its own
            print(f"| {question} | {by} | {cpu} | {wall} |", flush=True)


def _pairs(sample: networkx.Graph) -> Counter[tuple[Any, Any]]:
    """Count the customers that pairs of products share."""
    customers = (node for node in sample if node[0] == "c")
    return Counter(pair for one in customers for pair in combinations(sorted(sample[one]), 2))


def _times(answer: Callable[[], Any], once: bool) -> tuple[str, str]:
    try:
        cpu = wall = 0.0
        for _ in range(1 if once else 2):
            wall, cpu = time.perf_counter(), time.process_time()
            answer()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    except UsageError as error:
        return "", str(error).partition(";")[0]
    return f"{1000 * cpu:,.1f}", f"{1000 * wall:,.1f}"


def _precision(job: Path, findings: Path, planted: set[str]) -> None:
    """Print what share of each list are products planted in a wrong category, or their reviews."""
    most = {"limit": "1000000"}
    with tempfile.TemporaryDirectory() as folder:
        graph = build(job, Path(folder) / "graph", findings=findings)
        listed = ask(graph, "wrong-category", most).table.to_pylist()
        differing = ask(graph, "differs", most).table["product_id"].to_pylist()
        products = ask(graph, "differs-products", most).table["product_id"].to_pylist()
    chosen = [row["what"] for row in listed if row["kind"] == "product"]
    print("| list | rows | planted among them |\n|---|---|---|")
    for name, ids in (
        ("wrong-category", chosen),
        ("differs, reviews", differing),
        ("differs-products, all", products),
        ("differs-products, as many of the surest", products[: len(chosen)]),
    ):
        right = sum(one in planted for one in ids) / max(len(ids), 1)
        print(f"| {name} | {len(ids):,} | {right:.3f} |", flush=True)


def _planted(share: float, seed: int) -> None:
    """Plant products in wrong categories of real files, find them, and compare the lists."""
    files = sorted((data_folder() / "amazon_us").glob("*.tsv.gz"))
    rows = planted_elsewhere.read(files, OF_A_FILE, seed)
    planted = set(planted_elsewhere.plant(rows, "product-category", share, seed))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        reviews, job, findings = folder / "reviews.tsv", folder / "job", folder / "findings"
        planted_elsewhere.write(rows, reviews)
        measured([*REVIEWDESK, "run", str(reviews), "--target", "category", "--out", str(job)])
        measured([*REVIEWDESK, "find", "product-category", str(job), "--out", str(findings)])
        print(f"{len(rows):,} reviews, {len(planted)} products planted, seed {seed}")
        _precision(job, findings, planted)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
