"""Champion lists: for each term the products that it weighs most in, made in one pass over them."""

import numpy as np
from numpy.typing import NDArray

from reviewdesk.findings.similar.neighbours import Plain
from reviewdesk.text.compiled import compiled

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


def champions(rows: Plain, terms: int, most: int) -> Plain:
    """Return for each term the products that it weighs most in; of equal ones the first.

    Args:
        rows: (p, terms) vectors of products.
        terms: how many terms there are.
        most: how long a list may be.
    """
    having = np.zeros(terms, np.int64)
    _count(rows.columns, having)
    ends = np.concatenate([[0], np.cumsum(np.minimum(having, most))])
    lists = Plain(np.empty(ends[-1], np.float32), np.empty(ends[-1], np.int32), ends)
    _fill(rows, lists, np.zeros(terms, np.int64))
    return lists


@compiled
def _count(columns: NDArray[np.int32], having: Ints) -> None:
    for term in columns:
        having[term] += 1


@compiled
def _fill(rows: Plain, lists: Plain, filled: Ints) -> None:
    """Read all products; each list is a heap with the lightest at its top."""
    for product in range(len(rows.ends) - 1):
        for at in range(rows.ends[product], rows.ends[product + 1]):
            term, weight = rows.columns[at], rows.values[at]
            heap = slice(lists.ends[term], lists.ends[term + 1])
            values, products = lists.values[heap], lists.columns[heap]
            if filled[term] < len(values):
                _rise(values, products, filled[term], weight, product)
                filled[term] += 1
            elif weight > values[0]:
                _sink(values, products, weight, product)


@compiled
def _rise(
    values: Floats, products: NDArray[np.int32], node: int, weight: float, product: int
) -> None:
    """Put a product at the end of a heap and let it rise; of equal ones the later is lighter."""
    while node > 0 and weight <= values[(node - 1) // 2]:
        values[node], products[node] = values[(node - 1) // 2], products[(node - 1) // 2]
        node = (node - 1) // 2
    values[node], products[node] = weight, product


@compiled
def _sink(values: Floats, products: NDArray[np.int32], weight: float, product: int) -> None:
    """Replace the lightest of a heap by a product that is heavier, and later than all."""
    node, child = 0, 1
    while child < len(values):
        other = child + 1
        if other < len(values) and (
            values[other] < values[child]
            or (values[other] == values[child] and products[other] > products[child])
        ):
            child = other
        if values[child] >= weight:
            break
        values[node], products[node] = values[child], products[child]
        node, child = child, 2 * child + 1
    values[node], products[node] = weight, product
