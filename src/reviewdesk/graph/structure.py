"""The shape of a graph: components, degrees, communities, modularity, ties between categories.

Everything is computed from sorted tables and with seeds, so that it is the same for the same graph
on any machine and with any number of threads.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from reviewdesk.graph.reading import query
from reviewdesk.graph.store import Graph
from reviewdesk.optional import require

MOST_PRODUCTS: Final = 200
"""Customers of more products join everything with everything and tell nothing."""
PERMUTATIONS: Final = 100
SEED: Final = 0
FIRST_ROUNDS: Final = 20
"""Of trades, after which nothing is left of how customers and categories were joined."""
LEAST_SHARED: Final = 2
"""Two products that share one customer may do so by chance."""

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Tie:
    """How strongly two categories are connected.

    Args:
        category: one of them.
        other: the other.
        customers: who bought products of both.
        expected: how many would, were products dealt out to categories of the same sizes at random.
        z: how many standard deviations of chance lie between them.
        p_value: the share of random dealings with as many or more, at least 1 of all.
    """

    category: str
    other: str
    customers: int
    expected: float
    z: float
    p_value: float


@dataclass(frozen=True, repr=False)
class Structure:
    """The shape of a graph.

    Args:
        components: sizes of the connected components of customers and products, the largest first.
        degrees: per kind of edge and end, the smallest, median, mean and largest degree of nodes
            that have one.
        modularity: of partitions of the products joined by shared customers: ``assigned``,
            ``predicted`` (null without predictions) and ``communities``.
        communities: (products,) the community of each product by shared customers; -1 for none.
        word_communities: (products,) the same by what reviews have in common; -1 for none.
        ties: every two categories, the strongest tie first.
    """

    components: list[int]
    degrees: dict[str, dict[str, float]]
    modularity: dict[str, float | None]
    communities: Ints
    word_communities: Ints
    ties: list[Tie]

    def to_json(self) -> dict[str, Any]:
        """Return the shape as JSON values."""
        return {
            "components": {"number": len(self.components), "largest": self.components[:20]},
            "degrees": self.degrees,
            "modularity": self.modularity,
            "communities": _sizes(self.communities),
            "word_communities": _sizes(self.word_communities),
            "ties": [vars(tie) for tie in self.ties],
        }

    def __repr__(self) -> str:
        groups = len(np.unique(self.communities[self.communities >= 0]))
        return f"<{len(self.components):,} components, {groups:,} communities of products>"


def structure(graph: Graph) -> Structure:
    """Compute the shape of a graph.

    Raises:
        MissingExtra: the package that finds communities is not installed.
    """
    shared = shared_customers(graph)
    products = graph.rows("products")
    assigned, predicted = (
        product_categories(graph, "assigned"),
        product_categories(graph, "predicted"),
    )
    communities = leiden(shared, products)
    known = bool((predicted >= 0).any())
    return Structure(
        components=_components(graph),
        degrees=_degrees(graph),
        modularity={
            "assigned": modularity(shared, assigned),
            "predicted": modularity(shared, predicted) if known else None,
            "communities": modularity(shared, communities),
        },
        communities=communities,
        word_communities=leiden(similar_products(graph), products),
        ties=ties(graph, assigned),
    )


@dataclass(frozen=True)
class WeightedEdges:
    """Undirected edges between products, each once, sorted.

    Args:
        source: (m,) the smaller id.
        target: (m,) the larger id.
        weight: (m,) above 0.
    """

    source: Ints
    target: Ints
    weight: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.source)


_SHARED: Final = f"""
WITH shoppers AS (
    SELECT source FROM bought GROUP BY source HAVING count(*) BETWEEN 2 AND {MOST_PRODUCTS}
)
SELECT a.target AS source, b.target AS target, count(*)::DOUBLE AS weight
FROM shoppers s JOIN bought a ON a.source = s.source
    JOIN bought b ON b.source = s.source AND b.target > a.target
GROUP BY a.target, b.target HAVING count(*) >= $least ORDER BY 1, 2
"""


def shared_customers(graph: Graph, least: int = LEAST_SHARED) -> WeightedEdges:
    """Return products joined by the number of customers who bought both.

    Args:
        graph: the graph.
        least: fewest customers that make an edge.
    """
    table = query(graph, _SHARED, {"least": least})
    return WeightedEdges(*(table[name].to_numpy() for name in ("source", "target", "weight")))


def similar_products(graph: Graph) -> WeightedEdges:
    """Return products joined by how alike they are; of two directions the larger score counts."""
    table = graph.table("similar_to", ["source", "target", "score"])
    source, target = table["source"].to_numpy(), table["target"].to_numpy()
    pairs = np.stack([np.minimum(source, target), np.maximum(source, target)])
    order = np.lexsort((-table["score"].to_numpy(), pairs[1], pairs[0]))
    pairs, weights = pairs[:, order], table["score"].to_numpy()[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (pairs[:, 1:] != pairs[:, :-1]).any(axis=0)
    kept = first & (pairs[0] != pairs[1]) & (weights > 0)
    return WeightedEdges(pairs[0][kept], pairs[1][kept], weights[kept])


def leiden(edges: WeightedEdges, nodes: int, seed: int = SEED) -> Ints:
    """Return communities of nodes by the Leiden algorithm, the largest first; -1 without an edge.

    Source: Traag, Waltman and van Eck 2019, From Louvain to Leiden.

    Args:
        edges: sorted, since the same seed gives another partition for another order.
        nodes: how many there are.
        seed: another seed gives another partition of about the same quality.
    """
    communities = np.full(nodes, -1, np.int64)
    if not len(edges):
        return communities
    native = require("graspologic_native", "graph")
    named = [
        (str(a), str(b), w)
        for a, b, w in zip(
            edges.source.tolist(), edges.target.tolist(), edges.weight.tolist(), strict=True
        )
    ]
    _, community_of = native.leiden(named, seed=seed, iterations=2)
    ids = np.array(sorted(map(int, community_of)), np.int64)
    raw = np.array([community_of[str(node)] for node in ids.tolist()])
    # Numbered by size, and of equals by their smallest node: a number that means something.
    names, first, sizes = np.unique(raw, return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    rank = np.empty(len(names), np.int64)
    rank[order] = np.arange(len(names))
    communities[ids] = rank[np.searchsorted(names, raw)]
    return communities


def modularity(edges: WeightedEdges, partition: Ints) -> float | None:
    """Return how much more weight lies within the parts than chance would put there.

    ``Q = sum over parts of (inside / m - (degree / 2m)^2)`` (Newman 2004); nodes outside of the
    partition (-1) and their edges do not count. None where no edge is left.
    """
    kept = (partition[edges.source] >= 0) & (partition[edges.target] >= 0)
    total = float(edges.weight[kept].sum())
    if not total:
        return None
    a, b, weight = partition[edges.source][kept], partition[edges.target][kept], edges.weight[kept]
    parts = int(partition.max()) + 1
    inside = np.bincount(a[a == b], weight[a == b], parts).sum()
    degree = np.bincount(a, weight, parts) + np.bincount(b, weight, parts)
    return float(inside / total - ((degree / (2 * total)) ** 2).sum())


def product_categories(graph: Graph, edges: str) -> Ints:
    """Return the category of each product: where most of its reviews stand, or are predicted.

    Args:
        graph: the graph.
        edges: ``assigned`` or ``predicted``.

    Returns:
        (products,) ids of categories; -1 where there is none.
    """
    table = graph.table(edges)
    if edges == "assigned":
        product, category = table["source"].to_numpy(), table["target"].to_numpy()
        weight = table["reviews"].to_numpy().astype(np.float64)
    else:
        reviewed = graph.table("reviewed")
        product_of = np.full(graph.rows("reviews"), -1, np.int64)
        product_of[reviewed["source"].to_numpy()] = reviewed["target"].to_numpy()
        product, category = product_of[table["source"].to_numpy()], table["target"].to_numpy()
        weight = table["confidence"].to_numpy()
        product, category, weight = (a[product >= 0] for a in (product, category, weight))
    shape = (graph.rows("products"), max(graph.rows("categories"), 1))
    votes = sparse.coo_array((weight, (product, category)), shape).tocsr()
    votes.sum_duplicates()
    categories = np.full(shape[0], -1, np.int64)
    for row in np.flatnonzero(np.diff(votes.indptr)).tolist():
        part = slice(votes.indptr[row], votes.indptr[row + 1])
        best = votes.data[part].argmax()  # indices ascend: of equals the first category
        categories[row] = votes.indices[part][best]
    return categories


def ties(graph: Graph, assigned: Ints) -> list[Tie]:
    """Return how strongly every two categories are connected by customers of both.

    The yardstick deals categories out to customers anew: each customer has as many categories as
    before and each category as many customers, so that neither large categories nor busy customers
    make a tie (fixed margins, as in Gotelli 2000, Null model analysis of species co-occurrence).

    Args:
        graph: the graph.
        assigned: (products,) categories.
    """
    names = graph.table("categories", ["name"])["name"].to_pylist()
    bought = graph.table("bought", ["source", "target"])
    customer, category = bought["source"].to_numpy(), assigned[bought["target"].to_numpy()]
    k = len(names)
    visits = np.unique(customer[category >= 0] * k + category[category >= 0])
    customer, category = visits // k, visits % k
    several = np.bincount(customer, minlength=graph.rows("customers"))[customer] > 1
    customer, category = customer[several], category[several]
    if not len(customer):
        return []
    observed = _customers_of_both(customer, category, k)
    dealt = np.stack(
        [_customers_of_both(owner, category, k) for owner in _dealt_out(customer, category, k)]
    )
    mean, spread = dealt.mean(axis=0), dealt.std(axis=0, ddof=1)
    p_values = (1 + (dealt >= observed).sum(axis=0)) / (1 + len(dealt))
    z = np.divide(observed - mean, spread, out=np.zeros_like(mean), where=spread > 0)
    pairs = [
        Tie(
            names[a],
            names[b],
            int(observed[a, b]),
            round(float(mean[a, b]), 3),
            round(float(z[a, b]), 3),
            round(float(p_values[a, b]), 6),
        )
        for a in range(k)
        for b in range(a + 1, k)
    ]
    return sorted(pairs, key=lambda tie: (-tie.z, tie.category, tie.other))


def _dealt_out(customer: Ints, category: Ints, k: int) -> Iterator[Ints]:
    """Yield the customers of visits (n,) dealt out anew, none of them twice with one category.

    A chain of trades that keeps both margins and reaches all ways to deal them out alike often:
    customers meet in pairs, and what only one of two has is dealt out between them (Carstens et al.
    2018, Parallel and I/O-efficient randomisation of massive networks using global curveball
    trades).

    Args:
        customer: (n,) numbers from 0.
        category: (n,) numbers below k.
        k: how many categories there are.
    """
    random, customer = np.random.default_rng(SEED), np.unique(customer, return_inverse=True)[1]
    there = np.zeros((int(customer.max()) + 1, k), np.bool_)
    there[customer, category] = True
    for at in range(FIRST_ROUNDS + PERMUTATIONS):
        customer = _traded(customer, category, there, random)
        if at >= FIRST_ROUNDS:
            yield customer


def _traded(
    customer: Ints, category: Ints, there: NDArray[np.bool_], random: np.random.Generator
) -> Ints:
    """Return the customers of visits after a trade of all customers in pairs."""
    order = random.permutation(len(there))
    half = len(order) // 2
    partner, pair = np.arange(len(there)), np.full(len(there), -1)
    partner[order[:half]], partner[order[half : 2 * half]] = order[half : 2 * half], order[:half]
    pair[order[:half]] = pair[order[half : 2 * half]] = np.arange(half)
    other = partner[customer]
    own = np.flatnonzero(~there[other, category])  # visits whose category the partner has not
    giver, taker, pairs = customer[own], other[own], pair[customer[own]]
    drawn = random.permutation(len(own))
    ends = (pairs[drawn], np.arange(len(own)))  # grouped by pair, in the order in which they came
    grouped = sparse.coo_array((drawn, ends), (half, max(len(own), 1))).tocsr()
    shuffled = grouped.data
    rank = np.arange(len(own)) - grouped.indptr[pairs[shuffled]]
    first = order[:half][pairs]  # the first of a pair gets as many as it brought
    brought = np.bincount(pairs[giver == first], minlength=half)
    to_first = np.empty(len(own), np.bool_)
    to_first[shuffled] = rank < brought[pairs[shuffled]]
    moves = to_first != (giver == first)
    there[giver[moves], category[own[moves]]] = False
    there[taker[moves], category[own[moves]]] = True
    traded = customer.copy()
    traded[own[moves]] = taker[moves]
    return traded


def _customers_of_both(customer: Ints, category: Ints, k: int) -> NDArray[np.float64]:
    """Return for every two categories how many customers have both, (k, k).

    Args:
        customer: (n,) numbers from 0, each once with a category.
        category: (n,) numbers below k.
        k: how many categories there are.
    """
    shape = (int(customer.max()) + 1, k)
    visits = sparse.csr_array((np.ones(len(customer), np.int64), (customer, category)), shape)
    return np.asarray((visits.T @ visits).todense(), np.float64)


def _components(graph: Graph) -> list[int]:
    """Return the sizes of the components of customers and products, the largest first."""
    bought, customers = graph.table("bought", ["source", "target"]), graph.rows("customers")
    total = customers + graph.rows("products")
    if not total:
        return []
    ends = (bought["source"].to_numpy(), customers + bought["target"].to_numpy())
    joined = sparse.coo_array((np.ones(len(bought), np.int8), ends), (total, total))
    _, part = csgraph.connected_components(joined, directed=False)
    sizes: list[int] = np.sort(np.bincount(part))[::-1].tolist()
    return sizes


def _degrees(graph: Graph) -> dict[str, dict[str, float]]:
    degrees = {}
    for name in ("bought", "wrote", "reviewed", "assigned", "predicted", "similar_to"):
        for end in ("source", "target"):
            counts = np.bincount(graph.table(name, [end])[end].to_numpy())
            counts = counts[counts > 0]
            if len(counts):
                degrees[f"{name} {end}"] = {
                    "least": float(counts.min()),
                    "median": float(np.median(counts)),
                    "mean": round(float(counts.mean()), 3),
                    "most": float(counts.max()),
                }
    return degrees


def _sizes(communities: Ints) -> dict[str, Any]:
    sizes = np.bincount(communities[communities >= 0])
    return {
        "number": len(sizes),
        "largest": sizes[:20].tolist(),
        "none": int((communities < 0).sum()),
    }
