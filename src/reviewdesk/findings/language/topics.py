"""How far the topics of some months are from those before: many words that each move a little.

The topics are the directions in which the texts of both times together differ most: the leading
left singular vectors of their weighted words (rarer words weigh more, and each text as much as any
other). The distance is Hotelling's: how far the mean of the months is from that of all texts of the
same strata, where each direction counts alike. Directions are learnt without knowing which texts
are of which time, and so dealing the months out anew tells what chance does.

Sources: Hotelling 1931, The generalization of Student's ratio; Halko, Martinsson and Tropp 2011,
Finding structure with randomness.
"""

from typing import Final

import numpy as np
from scipy.sparse import csr_array, diags_array

from reviewdesk.findings.language.distances import (
    Distance,
    Floats,
    Ints,
    MonthComparison,
    beside_null,
)

TOPICS: Final = 30
ROUNDS: Final = 4
"""Times that directions drawn at random are turned to where texts differ most."""

_NONE: Final = 1e-9
"""Directions whose square is so small a part of the largest one's, or of this, are rounding."""


def measure_topics(given: MonthComparison, seed: int) -> Distance:
    """Return how far the topics are from those before, and how often chance gets so far.

    Args:
        given: both times.
        seed: of the directions and the orders.
    """
    about = topics(given, seed)

    def far(months: csr_array) -> Floats:
        return np.asarray(np.square(months @ about).sum(axis=1), np.float64)

    return beside_null(given, far, seed)


def topics(given: MonthComparison, seed: int) -> Floats:
    """Return orthonormal directions (n, t), each 0 on the mean of every stratum."""
    term_weights = weighted(given.terms)
    size = min(TOPICS, *term_weights.shape)
    drawn = np.random.default_rng(seed).standard_normal((term_weights.shape[1], size))
    found = term_weights @ drawn
    for _ in range(ROUNDS):
        found = term_weights @ (term_weights.T @ orthonormal(found))
    return orthonormal(within(found, given.strata))


def orthonormal(columns: Floats) -> Floats:
    """Return orthonormal columns that span what those of a tall matrix do (n, t).

    They come from the products of its columns, which is several times faster than a decomposition
    of the matrix itself and as good but for the directions that are hardly there; these are left
    out.
    """
    squares, turns = np.linalg.eigh(columns.T @ columns)
    there = squares > _NONE * max(float(squares.max(initial=0.0)), _NONE)
    return np.asarray(columns @ (turns[:, there] / np.sqrt(squares[there])), np.float64)


def weighted(terms: csr_array) -> csr_array:
    """Return texts as vectors of length 1, in which rarer words weigh more (n, v)."""
    texts, saying = terms.shape[0], np.asarray(terms.sum(axis=0), np.float64).ravel()
    rare = csr_array(terms @ diags_array(np.log(texts / np.maximum(saying, 1))))
    length = np.sqrt(np.asarray(rare.multiply(rare).sum(axis=1)).ravel())
    return csr_array(diags_array(1 / np.where(length > 0, length, 1.0)) @ rare)


def within(values: Floats, strata: Ints) -> Floats:
    """Return values less the mean of their stratum (n, t)."""
    _, which = np.unique(strata, return_inverse=True)
    member = csr_array((np.ones(len(which)), (which, np.arange(len(which)))))
    means = (member @ values) / np.bincount(which)[:, None]
    return np.asarray(values - means[which], np.float64)
