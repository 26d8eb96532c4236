"""The most alike products of each product: inner products of sparse vectors, term by term.

A product's own heaviest terms are looked up in lists of the products that have each term. That is
exact, up to the terms that are too light to matter. Beyond ``MOST_OF_TERM`` products, a term's list
holds those that it weighs most in (champion lists, Manning, Raghavan and Schütze 2008, section
7.1.3), which bounds the time for any number of products.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reviewdesk.progress import SILENT, Progress
from reviewdesk.text.compiled import compiled

QUERY_TERMS: Final = 512
"""Terms that a product is looked up with, its heaviest."""
MOST_OF_TERM: Final = 20_000
OTHER_CATEGORY: Final = 1 / 1.2
"""What likeness counts between products of different categories."""
NOBODY: Final = -1
BLOCK: Final = 1_024

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


class Neighbours(NamedTuple):
    """The most alike of each of q products, the most alike first; -1 where there are fewer."""

    products: NDArray[np.int32]  # (q, k)
    similarity: Floats  # (q, k)


def nearest(
    weights: sparse.csr_array,
    asked: Ints,
    k: int,
    *,
    category: NDArray[np.int32],
    variant: Ints,
    most_of_term: int = MOST_OF_TERM,
    progress: Progress = SILENT,
) -> Neighbours:
    """Return the k most alike products of each that is asked for.

    Of the variants of one product only the most alike comes, and never those of the product
    itself. Of two as alike the one that stands first comes first.

    Args:
        weights: (p, terms) vectors of all products.
        asked: (q,) products.
        k: how many to return for each.
        category: (p,) their categories.
        variant: (p,) equal for variants of one product, 0 to p - 1.
        most_of_term: how long a term's list may be.
        progress: is shown how far it has come.
    """
    queries = heaviest(weights[asked], QUERY_TERMS)
    lists = heaviest(sparse.csr_array(weights.T.tocsr()), most_of_term)
    products = np.full((len(asked), k), NOBODY, np.int32)
    similarity = np.zeros((len(asked), k), np.float32)
    room = _Room(
        np.zeros(weights.shape[0], np.float32),
        np.empty(weights.shape[0], np.int32),
        np.full(weights.shape[0], NOBODY, np.int32),
    )
    with progress.task("Comparing products", len(asked), "products") as task:
        for at in range(0, len(asked), BLOCK):
            block = slice(at, min(at + BLOCK, len(asked)))
            _nearest(
                _plain(queries[block]),
                _plain(lists),
                asked[block].astype(np.int64),
                category,
                variant,
                room,
                products[block],
                similarity[block],
            )
            task.advance(block.stop - at)
    return Neighbours(products, similarity)


def heaviest(matrix: sparse.csr_array, most: int) -> sparse.csr_array:
    """Return a matrix with only the heaviest values of each row; of equal ones the first."""
    sizes = np.diff(matrix.indptr)
    if not len(sizes) or sizes.max(initial=0) <= most:
        return matrix
    rows = np.repeat(np.arange(len(sizes)), sizes)
    order = np.lexsort((matrix.indices, -matrix.data, rows))
    rank = np.arange(len(order)) - matrix.indptr[rows[order]]
    kept = np.sort(order[rank < most])
    ends = np.concatenate([[0], np.cumsum(np.minimum(sizes, most))])
    return sparse.csr_array(
        (matrix.data[kept], matrix.indices[kept], ends.astype(np.int64)), shape=matrix.shape
    )


class _Plain(NamedTuple):
    """A sparse matrix as kernels read it."""

    values: Floats
    columns: NDArray[np.int32]
    ends: Ints


class _Room(NamedTuple):
    """What one search needs, as it must be before each: zeros, anything, nobody."""

    scores: Floats  # (p,)
    touched: NDArray[np.int32]  # (p,)
    best: NDArray[np.int32]  # (p,) the most alike variant of each product


def _plain(matrix: sparse.csr_array) -> _Plain:
    return _Plain(
        np.ascontiguousarray(matrix.data, np.float32),
        np.ascontiguousarray(matrix.indices, np.int32),
        np.ascontiguousarray(matrix.indptr, np.int64),
    )


@compiled
def _nearest(
    queries: _Plain,
    lists: _Plain,
    asked: Ints,
    category: NDArray[np.int32],
    variant: Ints,
    room: _Room,
    products: NDArray[np.int32],
    similarity: Floats,
) -> None:
    for query in range(len(asked)):
        count = _score(queries, query, lists, room)
        own = asked[query]
        for place in range(count):
            product = room.touched[place]
            if variant[product] == variant[own]:
                continue
            if category[product] != category[own]:
                room.scores[product] *= np.float32(OTHER_CATEGORY)
            best = room.best[variant[product]]
            if best < 0 or comes_before(room.scores, product, best):
                room.best[variant[product]] = product
        for place in range(count):
            product = room.touched[place]
            if room.best[variant[product]] == product:
                insert(products[query], similarity[query], product, room.scores)
        for place in range(count):
            product = room.touched[place]
            room.scores[product] = 0
            room.best[variant[product]] = -1


@compiled
def _score(queries: _Plain, query: int, lists: _Plain, room: _Room) -> int:
    """Add up the inner products of one vector with all; return how many are not zero."""
    count = 0
    for place in range(queries.ends[query], queries.ends[query + 1]):
        weight = queries.values[place]
        term = queries.columns[place]
        for at in range(lists.ends[term], lists.ends[term + 1]):
            product = lists.columns[at]
            if room.scores[product] == 0:
                room.touched[count] = product
                count += 1
            room.scores[product] += weight * lists.values[at]
    return count


@compiled
def comes_before(scores: Floats, one: int, other: int) -> bool:
    """Say whether one product comes before another."""
    return scores[one] > scores[other] or (scores[one] == scores[other] and one < other)


@compiled
def insert(products: NDArray[np.int32], similarity: Floats, product: int, scores: Floats) -> None:
    """Put a product into its place among the most alike ones so far, if it is one."""
    place = len(products)
    while place > 0 and (
        products[place - 1] < 0 or comes_before(scores, product, products[place - 1])
    ):
        place -= 1
        if place + 1 < len(products):
            products[place + 1] = products[place]
            similarity[place + 1] = similarity[place]
    if place < len(products):
        products[place] = product
        similarity[place] = scores[product]
