"""From which category to which other products are moved by mistake."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

STEPS: Final = 30
PRIOR_MOVES: Final = 10.0
"""So many products moved from each category are what was believed before worth."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def alike(k: int) -> Floats:
    """Return transitions to any other category alike, (k, k)."""
    table = np.full((k, k), 1 / max(k - 1, 1))
    np.fill_diagonal(table, 0.0)
    return table


def confused(probabilities: Floats, assigned: Ints) -> Floats:
    """Return transitions as likely as categories are mistaken for one another, (k, k).

    Args:
        probabilities: (p, k) what reviews say of each product.
        assigned: (p,) the categories they stand in.
    """
    k = probabilities.shape[1]
    table = np.zeros((k, k))
    for label in range(k):
        table[label] = probabilities[assigned == label].sum(axis=0)
    table += table.T
    np.fill_diagonal(table, 0.0)
    sums = table.sum(axis=1, keepdims=True)
    return np.where(sums > 0, table / np.maximum(sums, 1e-300), alike(k))


def fit_transitions(right: Floats, assigned: Ints, noise: float, prior: Floats) -> Floats:
    """Return the transitions that fit what products stand in, (k, k).

    Some steps of expectation maximisation from the prior, which holds them where few products
    were moved; many moved together from one category to one other are learnt.

    Args:
        right: (p, k) how likely each category is the right one.
        assigned: (p,) the categories that products stand in.
        noise: the share of wrong ones.
        prior: (k, k) the transitions believed in before.
    """
    k, rows = right.shape[1], np.arange(len(assigned))
    table = prior
    for _ in range(STEPS):
        wrong = noise * right * table.T[assigned]
        likely = (1 - noise) * right[rows, assigned] + wrong.sum(axis=1)
        shares = wrong / np.maximum(likely, 1e-300)[:, np.newaxis]
        moved = np.stack([shares[assigned == label].sum(axis=0) for label in range(k)], axis=1)
        table = moved + PRIOR_MOVES * prior
        table = table / np.maximum(table.sum(axis=1, keepdims=True), 1e-300)
    return table
