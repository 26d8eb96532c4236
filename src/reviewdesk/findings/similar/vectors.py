"""What reviews say of a product, as a sparse vector of terms.

A term counts with the square root of how many of the product's reviews have it (the Hellinger
transform, Rao 1995: the hundredth review that says "battery" says little new), half a mention where
the product's title has it, and the more the fewer products have it. Vectors of products of which
little was said are shorter than one: with few words, similarity is mostly chance.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reviewdesk.findings.products import Products
from reviewdesk.findings.review_terms import ReviewTerms
from reviewdesk.text.term_rows import Rows

TITLE: Final = 0.5
"""What a word of the title counts, beside the square root of the reviews that have it."""
RARENESS: Final = 1.25
"""The exponent of the inverse document frequency."""
DOUBT: Final = 0.3
"""What is added to each squared length, as a share of the median one, before dividing by it."""
PENDING: Final = 8_388_608
"""Pairs of product and term that are gathered before equal ones are added up."""


@dataclass(frozen=True, eq=False)
class ProductVectors:
    """What is said of p products.

    Args:
        weights: (p, terms) float32, columns ascending in each row; rows are of length one or less.
        names: the terms as they are shown.
        parts: (terms, 2) the columns of the words of each term, -1 for none.
        rarity: (terms,) the inverse document frequency: 1 for a term that all products have.
    """

    weights: sparse.csr_array
    names: list[str]
    parts: NDArray[np.int32]
    rarity: NDArray[np.float32]


def product_vectors(terms: ReviewTerms, products: Products) -> ProductVectors:
    """Read all reviews and return the vectors of their products."""
    counts = count_terms(terms, products)
    titles = indicators(terms.of(products.titles), len(terms.names))
    rare = rarity(counts)
    weights = weigh(counts, titles, rare)
    return ProductVectors(weights, list(terms.names), terms.parts(), rare.astype(np.float32))


def count_terms(terms: ReviewTerms, products: Products) -> sparse.csr_array:
    """Return how many reviews of each product have each term, (p, terms) float32."""
    sums = _Sums()
    for at, rows in terms.batches("Weighing words"):
        of_row = products.of_review[at : at + len(rows.ends) - 1]
        product = np.repeat(of_row, np.diff(rows.ends)).astype(np.int64)
        known = product >= 0
        sums.add((product[known] << 32) | rows.columns[known])
    keys, counts = sums.result()
    ends = np.searchsorted(keys, np.arange(len(products) + 1, dtype=np.int64) << 32)
    columns = (keys & 0xFFFFFFFF).astype(np.int32)
    return sparse.csr_array(
        (counts.astype(np.float32), columns, ends.astype(np.int64)),
        shape=(len(products), len(terms.names)),
    )


def indicators(rows: Rows, terms: int) -> sparse.csr_array:
    """Return rows of terms as a matrix of ones, (n, terms) float32, columns ascending."""
    ones = np.ones(len(rows.columns), np.float32)
    found = sparse.csr_array((ones, rows.columns, rows.ends), shape=(len(rows.ends) - 1, terms))
    found.sort_indices()
    return found


def rarity(counts: sparse.csr_array) -> NDArray[np.float64]:
    """Return the inverse document frequency of each term, where a document is a product."""
    having = np.bincount(counts.indices, minlength=counts.shape[1])
    return np.asarray(np.log((1 + counts.shape[0]) / (1 + having)) + 1)


def weigh(
    counts: sparse.csr_array, titles: sparse.csr_array, rare: NDArray[np.float64]
) -> sparse.csr_array:
    """Return vectors of products, see above.

    Args:
        counts: (p, terms) how many reviews of each product have each term.
        titles: (p, terms) ones where its title has it.
        rare: (terms,) their ``rarity``.
    """
    weights = sparse.csr_array(counts.sqrt() + TITLE * titles)
    weights.sort_indices()
    weights.data *= rare[weights.indices] ** RARENESS
    squares = np.asarray(weights.multiply(weights).sum(axis=1)).ravel()
    typical = float(np.median(squares[squares > 0])) if squares.any() else 1.0
    weights.data /= np.repeat(np.sqrt(squares + DOUBT * typical), np.diff(weights.indptr))
    return weights.astype(np.float32)


class _Sums:
    """How often each key was added, held as sorted keys and what is still to be sorted."""

    def __init__(self) -> None:
        self._keys = [np.empty(0, np.int64)]
        self._counts = [np.empty(0, np.int64)]
        self._pending = 0

    def add(self, keys: NDArray[np.int64]) -> None:
        found, counts = np.unique(keys, return_counts=True)
        self._keys.append(found)
        self._counts.append(counts)
        self._pending += len(found)
        if self._pending > max(PENDING, len(self._keys[0])):
            self._add_up()

    def result(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        self._add_up()
        return self._keys[0], self._counts[0]

    def _add_up(self) -> None:
        keys, counts = np.concatenate(self._keys), np.concatenate(self._counts)
        order = np.argsort(keys, kind="stable")
        keys, counts = keys[order], counts[order]
        starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]][: len(keys)])
        self._keys = [keys[starts]]
        self._counts = [np.add.reduceat(counts, starts) if len(starts) else counts]
        self._pending = 0
