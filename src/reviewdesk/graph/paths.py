"""Ways from product to product through customers who bought both of two on the way."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reviewdesk.graph.store import Graph

Ints = NDArray[np.int64]

_PURCHASES: Final = "purchases"


def shortest_path(graph: Graph, product: int, other: int, most: int) -> list[int]:
    """Return the products on a shortest way between two, through customers of both of two on it.

    Args:
        graph: the graph.
        product: id of the first.
        other: id of the last.
        most: most steps from product to product.

    Returns:
        Ids, of ways of equal length those with the smallest; empty where there is no way.
    """
    by_customer, by_product = _purchases(graph)
    before = np.full(by_product.shape[0], -1, np.int64)
    before[product], front = product, np.array([product])
    for _ in range(most):
        reached: list[Ints] = []
        for node in front.tolist():
            shoppers = by_product.indices[by_product.indptr[node] : by_product.indptr[node + 1]]
            spans = [
                by_customer.indices[by_customer.indptr[c] : by_customer.indptr[c + 1]]
                for c in shoppers.tolist()
            ]
            around = np.unique(np.concatenate(spans)) if spans else np.empty(0, np.int64)
            fresh = around[before[around] < 0]
            before[fresh] = node
            reached.append(fresh)
        front = np.sort(np.concatenate(reached)) if reached else np.empty(0, np.int64)
        if before[other] >= 0 or not len(front):
            break
    if before[other] < 0:
        return []
    way = [other]
    while way[-1] != product:
        way.append(int(before[way[-1]]))
    return way[::-1]


def _purchases(graph: Graph) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Return who bought what as (customers, products) and (products, customers), kept."""
    if _PURCHASES not in graph.kept:
        bought = graph.table("bought", ["source", "target"])
        ends = (bought["source"].to_numpy(), bought["target"].to_numpy())
        shape = (graph.rows("customers"), graph.rows("products"))
        by_customer = sparse.csr_array((np.ones(len(bought), np.int8), ends), shape)
        graph.kept[_PURCHASES] = (by_customer, by_customer.T.tocsr())
    kept: tuple[sparse.csr_array, sparse.csr_array] = graph.kept[_PURCHASES]
    return kept
