"""The most alike products of each product of a large catalogue, nearly all of them.

Candidates come from champion lists (Manning, Raghavan and Schütze 2008, section 7.1.3): for each
term the products that it weighs most in. Those that seem most alike by the lists are compared
exactly. Then, a few times over, each product is compared with the neighbours of its neighbours,
which are rarely strangers (Dong, Moses and Li 2011: NN-descent). What is found is as alike as it is
said to be, to the last bit; what is approximate is that one of the nearest may be missing.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reviewdesk.findings.similar.champions import champions
from reviewdesk.findings.similar.neighbours import (
    BLOCK,
    OTHER_CATEGORY,
    QUERY_TERMS,
    Neighbours,
    Plain,
    heaviest,
    nobody,
    offer,
    plain,
)
from reviewdesk.progress import SILENT, Progress
from reviewdesk.text.compiled import compiled

CHAMPIONS: Final = 500
"""Products of a term's list."""
LIST_TERMS: Final = 128
"""Lists that a product is looked up in, those of its heaviest terms."""
CANDIDATES: Final = 64
"""Products of the lists that are compared exactly, and twice as many as are asked for at least."""
LINKS: Final = 20
"""Neighbours of a product whose neighbours it is compared with."""
ROUNDS: Final = 3
BINS: Final = 1_024
"""Steps of similarity by the lists: of those on the last step that is taken, the first are."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


class _Catalogue(NamedTuple):
    """All products, as kernels read them."""

    rows: Plain
    terms: int
    category: NDArray[np.int32]
    variant: Ints


class _Graph(NamedTuple):
    """The neighbours of all products, and which of them the last round found."""

    products: NDArray[np.int32]  # (p, k)
    similarity: Floats  # (p, k)
    fresh: NDArray[np.bool_]  # (p, k)


def nearly_nearest(
    weights: sparse.csr_array,
    k: int,
    *,
    category: NDArray[np.int32],
    variant: Ints,
    progress: Progress = SILENT,
) -> Neighbours:
    """Return the k most alike products of each product, of which some may be missing.

    Variants and ties are treated as by ``nearest``, and the arguments are the same.
    """
    count = weights.shape[0]
    everything = _Catalogue(plain(weights), weights.shape[1], category, variant)
    lists = champions(everything.rows, everything.terms, CHAMPIONS)
    most = max(CANDIDATES, 2 * k)
    graph = _Graph(*nobody(count, max(k, LINKS)), np.ones((count, max(k, LINKS)), np.bool_))
    with progress.task("Comparing products", count * (1 + ROUNDS), "products") as task:
        for at in range(0, count, BLOCK):
            asked = heaviest(sparse.csr_array(weights[at : at + BLOCK]), QUERY_TERMS)
            looked_up = plain(heaviest(asked, LIST_TERMS))
            _look_up(everything, plain(asked), looked_up, lists, at, most, graph)
            task.advance(asked.shape[0])
        for _ in range(ROUNDS):
            better = _Graph(graph.products.copy(), graph.similarity.copy(), graph.fresh.copy())
            for at in range(0, count, BLOCK):
                asked = heaviest(sparse.csr_array(weights[at : at + BLOCK]), QUERY_TERMS)
                _ask_neighbours(everything, plain(asked), at, graph, better)
                task.advance(asked.shape[0])
            graph = better
    return Neighbours(graph.products[:, :k].copy(), graph.similarity[:, :k].copy())


@compiled
def _look_up(
    everything: _Catalogue,
    asked: Plain,
    looked_up: Plain,
    lists: Plain,
    begin: int,
    most: int,
    graph: _Graph,
) -> None:
    """Write the ``most`` likely neighbours of a block of products, which begins at ``begin``."""
    count = len(everything.variant)
    scores, touched = np.zeros(count, np.float32), np.empty(count, np.int32)
    query = np.zeros(everything.terms, np.float32)
    for row in range(len(asked.ends) - 1):
        own, reached = begin + row, 0
        for place in range(looked_up.ends[row], looked_up.ends[row + 1]):
            term, weight = looked_up.columns[place], looked_up.values[place]
            for at in range(lists.ends[term], lists.ends[term + 1]):
                product = lists.columns[at]
                if scores[product] == 0:
                    touched[reached] = product
                    reached += 1
                scores[product] += weight * lists.values[at]
        chosen = _candidates(everything, own, scores, touched[:reached], most)
        _spread(asked, row, query)
        for product in touched[:chosen]:
            _compare(everything, own, product, query, graph)
        _wipe(asked, row, query)


@compiled
def _candidates(
    everything: _Catalogue, own: int, scores: Floats, touched: NDArray[np.int32], most: int
) -> int:
    """Move the products of highest scores to the front and return how many; wipe all scores."""
    highest = np.float32(0)
    for product in touched:
        if everything.variant[product] == everything.variant[own]:
            scores[product] = 0
        elif everything.category[product] != everything.category[own]:
            scores[product] *= np.float32(OTHER_CATEGORY)
        highest = max(highest, scores[product])
    sizes = np.zeros(BINS + 1, np.int64)
    for product in touched:
        if scores[product] > 0:
            sizes[int(scores[product] / highest * BINS)] += 1
    last, left = BINS, most
    while last > 0 and sizes[last] < left:
        left -= sizes[last]
        last -= 1
    chosen = 0
    for product in touched:
        score, scores[product] = scores[product], 0
        step = int(score / highest * BINS) if score > 0 else -1
        if step > last or (step == last and left > 0):
            left -= step == last
            touched[chosen] = product
            chosen += 1
    return chosen


@compiled
def _ask_neighbours(
    everything: _Catalogue, asked: Plain, begin: int, graph: _Graph, better: _Graph
) -> None:
    """Compare products with neighbours of neighbours, where one or the other is fresh."""
    seen = np.full(len(everything.variant), -1, np.int32)
    query = np.zeros(everything.terms, np.float32)
    for row in range(len(asked.ends) - 1):
        own = begin + row
        _spread(asked, row, query)
        for product in graph.products[own]:
            if product >= 0:
                seen[product] = own
        for near in range(LINKS):
            neighbour = graph.products[own, near]
            if neighbour < 0:
                break
            for far in range(LINKS):
                product = graph.products[neighbour, far]
                if product < 0 or seen[product] == own:
                    continue
                if not (graph.fresh[own, near] or graph.fresh[neighbour, far]):
                    continue
                seen[product] = own
                if everything.variant[product] != everything.variant[own]:
                    _compare(everything, own, product, query, better)
        for place, product in enumerate(better.products[own]):
            better.fresh[own, place] = not np.any(graph.products[own] == product)
        _wipe(asked, row, query)


@compiled
def _compare(everything: _Catalogue, own: int, product: int, query: Floats, graph: _Graph) -> None:
    """Put a product among the neighbours of another, if it is one; no variant of that one."""
    rows, score = everything.rows, np.float32(0)
    for at in range(rows.ends[product], rows.ends[product + 1]):
        score += rows.values[at] * query[rows.columns[at]]
    if everything.category[product] != everything.category[own]:
        score *= np.float32(OTHER_CATEGORY)
    if score > 0 and score >= graph.similarity[own, -1]:
        offer(graph.products[own], graph.similarity[own], product, score, everything.variant)


@compiled
def _spread(asked: Plain, row: int, query: Floats) -> None:
    for at in range(asked.ends[row], asked.ends[row + 1]):
        query[asked.columns[at]] = asked.values[at]


@compiled
def _wipe(asked: Plain, row: int, query: Floats) -> None:
    for at in range(asked.ends[row], asked.ends[row + 1]):
        query[asked.columns[at]] = 0
