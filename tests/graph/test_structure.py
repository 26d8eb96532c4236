"""The shape of a graph against NetworkX, and against communities that were planted."""

from pathlib import Path

import networkx
import numpy as np
import pandas as pd
import pytest

from reviewdesk.engines.duckdb import MEMORY_LIMIT, DuckDBEngine
from reviewdesk.graph.store import Graph
from reviewdesk.graph.structure import (
    WeightedEdges,
    leiden,
    modularity,
    product_categories,
    shared_customers,
    structure,
    ties,
)
from reviewdesk.job.graph import build

from .shop import predictions, prepared, rows

TABLE = rows(1500)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    folder = tmp_path_factory.mktemp("structure")
    prepared(TABLE, folder / "data")
    predictions(TABLE, folder / "said.parquet")
    said = [folder / "said.parquet"]
    return build(folder / "data", folder / "g", predictions=said, clear_customers=True)


def of_networkx(edges: WeightedEdges) -> "networkx.Graph[int]":
    joined: networkx.Graph[int] = networkx.Graph()
    joined.add_weighted_edges_from(
        zip(edges.source.tolist(), edges.target.tolist(), edges.weight.tolist(), strict=True)
    )
    return joined


def parts_of(
    partition: "np.ndarray[tuple[int], np.dtype[np.int64]]", nodes: set[int]
) -> list[set[int]]:
    parts: dict[int, set[int]] = {}
    for node in nodes:
        parts.setdefault(int(partition[node]), set()).add(node)
    return list(parts.values())


def test_modularity_and_components_are_those_of_networkx(graph: Graph) -> None:
    edges, shape = shared_customers(graph, 1), structure(graph)
    assigned = product_categories(graph, "assigned")
    joined = of_networkx(edges)
    wanted = networkx.community.modularity(joined, parts_of(assigned, set(joined)))
    assert modularity(edges, assigned) == pytest.approx(wanted, abs=1e-12)
    known = TABLE.dropna(subset="customer_id")
    bought = networkx.Graph(zip(known["customer_id"], known["product_id"], strict=True))
    sizes = sorted(map(len, networkx.connected_components(bought)), reverse=True)
    assert [size for size in shape.components if size > 1] == sizes


def test_products_stand_where_most_of_their_reviews_do(graph: Graph) -> None:
    names = graph.table("categories")["name"].to_pylist()
    products = graph.table("products")["product_id"].to_pylist()
    found = product_categories(graph, "assigned")
    for product, category in zip(products, found.tolist(), strict=True):
        wanted = f"K{int(product[1:]) % 4}" if product.startswith("P") else None
        assert (names[category] if category >= 0 else None) == wanted


def planted(blocks: int, each: int, seed: int) -> WeightedEdges:
    """Return edges of nodes that are mostly joined within blocks."""
    random, nodes = np.random.default_rng(seed), blocks * each
    source, target = np.triu_indices(nodes, 1)
    inside = source // each == target // each
    kept = random.random(len(source)) < np.where(inside, 0.5, 0.02)
    return WeightedEdges(source[kept], target[kept], np.ones(int(kept.sum())))


def test_planted_communities_come_back_numbered_by_size() -> None:
    edges = planted(6, 25, 0)
    found = leiden(edges, 151)
    assert found[-1] == -1  # a node without an edge
    blocks = np.arange(150) // 25
    assert len(np.unique(found[:150])) == 6
    for block in range(6):
        assert len(np.unique(found[:150][blocks == block])) == 1
    assert modularity(edges, found) == pytest.approx(
        networkx.community.modularity(of_networkx(edges), parts_of(found, set(range(150))))
    )
    assert (leiden(edges, 151) == found).all()


def test_no_edges_no_communities() -> None:
    none = WeightedEdges(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    assert leiden(none, 3).tolist() == [-1, -1, -1]
    assert modularity(none, np.zeros(3, np.int64)) is None


def test_customers_at_random_make_no_tie(graph: Graph) -> None:
    found = ties(graph, product_categories(graph, "assigned"))
    assert len(found) == 6
    assert max(abs(tie.z) for tie in found) < 4


def test_a_planted_tie_is_the_strongest(tmp_path: Path) -> None:
    """Three of ten categories a customer, but whoever has the first mostly has the fifth too."""
    random, visits = np.random.default_rng(5), []
    for customer in range(500):
        own = set(random.choice(10, 3, replace=False).tolist())
        if 1 in own and random.random() < 0.6:
            own.add(4)
        visits += [(customer, category) for category in own]
    table = pd.DataFrame(
        {
            "review_id": [f"R{at}" for at in range(len(visits))],
            "customer_id": [f"C{customer}" for customer, _ in visits],
            "product_id": [f"P{category}-{at % 7}" for at, (_, category) in enumerate(visits)],
            "product_category": [f"K{category}" for _, category in visits],
            "review_body": [f"text {at} about it" for at in range(len(visits))],
        }
    )
    prepared(table, tmp_path / "data")
    graph = build(tmp_path / "data", tmp_path / "g", clear_customers=True)
    found = ties(graph, product_categories(graph, "assigned"))
    of_customer = table.groupby("customer_id")["product_category"].agg(set)
    strongest = found[0]
    assert (strongest.category, strongest.other) == ("K1", "K4")
    assert strongest.customers == sum({"K1", "K4"} <= one for one in of_customer)
    assert strongest.z > 5
    assert strongest.p_value < 0.02
    assert max(tie.z for tie in found[1:]) < 4


def test_the_same_in_another_order_of_rows(graph: Graph, tmp_path: Path) -> None:
    prepared(TABLE.sample(frac=1, random_state=9), tmp_path / "data")
    predictions(TABLE, tmp_path / "said.parquet")
    said = [tmp_path / "said.parquet"]
    other = build(tmp_path / "data", tmp_path / "g", predictions=said, clear_customers=True)
    assert structure(other).to_json() == structure(graph).to_json()


def test_the_same_with_any_number_of_threads(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(TABLE, tmp_path / "data")
    predictions(TABLE, tmp_path / "said.parquet")
    shapes, files = [structure(graph).to_json()], [graph.manifest["files"]]
    for threads in (1, 4):
        monkeypatch.setattr(DuckDBEngine.__init__, "__defaults__", (MEMORY_LIMIT, threads, None))
        said = [tmp_path / "said.parquet"]
        out = tmp_path / f"g{threads}"
        other = build(tmp_path / "data", out, predictions=said, clear_customers=True)
        files.append(other.manifest["files"])
        shapes.append(structure(other).to_json())
    assert files[1:] == files[:1] * 2
    assert shapes[1:] == shapes[:1] * 2
