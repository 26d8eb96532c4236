"""From which category to which other reviews were moved by mistake, and how many.

A label a is right with the share ``1 - e`` of reviews, and else comes from the right category b as
``T[b, a]`` says. Share and transitions are found by expectation maximisation over probabilities
that hold where labels are right; a prior holds transitions near all being alike.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEPS: Final = 60
FIRST_NOISE: Final = 0.03
SMALLEST: Final = 1e-12


@dataclass(frozen=True, eq=False)
class Transitions:
    """How labels become wrong.

    Args:
        noise: the share of wrong labels.
        table: (k, k) from the right category to the wrong one; rows add up to 1.
    """

    noise: float
    table: Floats

    def log_odds(self, clean: Floats, labels: NDArray[np.integer]) -> Floats:
        """Return the log of how much likelier each label is wrong than right, (n,).

        Args:
            clean: (n, k) probabilities of the right category.
            labels: (n,).
        """
        right = (1 - self.noise) * clean[np.arange(len(labels)), labels]
        wrong = self.noise * np.einsum("nk,nk->n", clean, self.table.T[labels])
        odds: Floats = np.log(np.maximum(wrong, SMALLEST)) - np.log(np.maximum(right, SMALLEST))
        return odds


def alike(k: int, noise: float) -> Transitions:
    """Return transitions to any other category alike."""
    table = np.full((k, k), 1 / max(k - 1, 1))
    np.fill_diagonal(table, 0.0)
    return Transitions(noise, table)


def fit_transitions(clean: Floats, labels: NDArray[np.integer], prior: float) -> Transitions:
    """Return noise and transitions under which labels and prior are most likely.

    Args:
        clean: (n, k) probabilities of the right category.
        labels: (n,) the labels that stand there.
        prior: how many moved reviews of each category the prior is worth.
    """
    k, n = clean.shape[1], max(len(labels), 1)
    transitions = alike(k, FIRST_NOISE)
    of_label = [clean[labels == label] for label in range(k)]
    for _ in range(STEPS):
        moved = np.zeros((k, k))
        for label, rows in enumerate(of_label):
            wrong = transitions.noise * transitions.table[:, label]
            likely = (1 - transitions.noise) * rows[:, label] + rows @ wrong
            moved[:, label] = wrong * (rows.T @ (1 / np.maximum(likely, SMALLEST)))
        table = moved + prior / max(k - 1, 1)
        np.fill_diagonal(table, 0.0)
        table /= np.maximum(table.sum(axis=1, keepdims=True), SMALLEST)
        transitions = Transitions(float(moved.sum() / n), table)
    return transitions
