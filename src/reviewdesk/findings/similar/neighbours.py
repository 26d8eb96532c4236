"""The most alike products of each product: inner products of sparse vectors, all of them.

Products are asked about some at a time. Their heaviest terms become lists, by term, and every
product is then read once, term by term. What is added up comes in the order of the terms, whatever
products are asked about together: a similarity is the same number in every search.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reviewdesk.progress import SILENT, Progress
from reviewdesk.text.compiled import compiled

QUERY_TERMS: Final = 512
"""Terms that a product is looked up with, its heaviest."""
OTHER_CATEGORY: Final = 1 / 1.2
"""What similarity counts between products of different categories."""
NOBODY: Final = -1
BLOCK: Final = 1_024

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


class Neighbours(NamedTuple):
    """The most alike of each of q products, the most alike first; -1 where there are fewer."""

    products: NDArray[np.int32]  # (q, k)
    similarity: Floats  # (q, k)


class Plain(NamedTuple):
    """A sparse matrix as kernels read it."""

    values: Floats
    columns: NDArray[np.int32]
    ends: Ints


def nearest(
    weights: sparse.csr_array,
    asked: Ints,
    k: int,
    *,
    category: NDArray[np.int32],
    variant: Ints,
    progress: Progress = SILENT,
) -> Neighbours:
    """Return the k most alike products of each that is asked for.

    Of the variants of one product only the most alike comes, and never those of the product
    itself. Of two as alike the one that stands first comes first.

    Args:
        weights: (p, terms) vectors of all products, nothing in them below 0.
        asked: (q,) products.
        k: how many to return for each.
        category: (p,) their categories.
        variant: (p,) equal for variants of one product, 0 to p - 1.
        progress: is shown how far it has come.
    """
    rows = plain(weights)
    neighbours = nobody(len(asked), k)
    with progress.task("Comparing products", len(asked), "products") as task:
        for at in range(0, len(asked), BLOCK):
            block = slice(at, min(at + BLOCK, len(asked)))
            queries = heaviest(sparse.csr_array(weights[asked[block]]), QUERY_TERMS)
            _nearest(
                plain(sparse.csr_array(queries.T.tocsr())),
                rows,
                asked[block].astype(np.int64),
                category,
                variant,
                neighbours.products[block],
                neighbours.similarity[block],
            )
            task.advance(block.stop - at)
    return neighbours


def nobody(asked: int, k: int) -> Neighbours:
    """Return neighbours of which none is found yet."""
    return Neighbours(np.full((asked, k), NOBODY, np.int32), np.zeros((asked, k), np.float32))


def plain(matrix: sparse.csr_array) -> Plain:
    """Return a matrix as kernels read it."""
    return Plain(
        np.ascontiguousarray(matrix.data, np.float32),
        np.ascontiguousarray(matrix.indices, np.int32),
        np.ascontiguousarray(matrix.indptr, np.int64),
    )


def heaviest(matrix: sparse.csr_array, most: int) -> sparse.csr_array:
    """Return a matrix with only the heaviest values of each row; of equal ones the first."""
    sizes = np.diff(matrix.indptr)
    if sizes.max(initial=0) <= most:
        return matrix
    rows = plain(matrix)
    kept = np.zeros(len(rows.values), np.bool_)
    _keep_heaviest(rows, most, kept)
    ends = np.concatenate([[0], np.cumsum(np.minimum(sizes, most))])
    return sparse.csr_array(
        (rows.values[kept], rows.columns[kept], ends.astype(np.int64)), shape=matrix.shape
    )


@compiled
def _keep_heaviest(rows: Plain, most: int, kept: NDArray[np.bool_]) -> None:
    for row in range(len(rows.ends) - 1):
        begin, end = rows.ends[row], rows.ends[row + 1]
        if end - begin <= most:
            kept[begin:end] = True
            continue
        values = rows.values[begin:end]
        lightest = np.partition(values, len(values) - most)[len(values) - most]
        kept[begin:end] = values > lightest
        left = most - np.sum(kept[begin:end])
        for at in range(begin, end):
            if left > 0 and rows.values[at] == lightest:
                kept[at] = True
                left -= 1


@compiled
def _nearest(
    lists: Plain,
    rows: Plain,
    asked: Ints,
    category: NDArray[np.int32],
    variant: Ints,
    products: NDArray[np.int32],
    similarity: Floats,
) -> None:
    scores = np.zeros(len(asked), np.float32)
    last = products.shape[1] - 1
    for product in range(len(rows.ends) - 1):
        scores[:] = 0
        for place in range(rows.ends[product], rows.ends[product + 1]):
            term, weight = rows.columns[place], rows.values[place]
            for at in range(lists.ends[term], lists.ends[term + 1]):
                scores[lists.columns[at]] += weight * lists.values[at]
        for query in range(len(asked)):
            if scores[query] <= similarity[query, last]:
                continue
            own, score = asked[query], scores[query]
            if category[product] != category[own]:
                score *= np.float32(OTHER_CATEGORY)
            if variant[product] != variant[own]:
                offer(products[query], similarity[query], product, score, variant)


@compiled
def offer(
    products: NDArray[np.int32],
    similarity: Floats,
    product: int,
    score: np.float32,
    variant: Ints,
) -> None:
    """Put a product into its place among the most alike ones so far, if it is one.

    It takes the place of its variant there, if it comes before that one.
    """
    rank = 0
    while rank < len(products) - 1 and products[rank] >= 0:
        if variant[products[rank]] == variant[product]:
            break
        rank += 1
    if products[rank] >= 0 and not _comes_before(score, product, similarity[rank], products[rank]):
        return
    while rank > 0 and _comes_before(score, product, similarity[rank - 1], products[rank - 1]):
        products[rank] = products[rank - 1]
        similarity[rank] = similarity[rank - 1]
        rank -= 1
    products[rank] = product
    similarity[rank] = score


@compiled
def _comes_before(score: np.float32, product: int, other_score: np.float32, other: int) -> bool:
    return bool(score > other_score or (score == other_score and product < other))
