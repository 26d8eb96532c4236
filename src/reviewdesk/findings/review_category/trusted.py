"""What the probabilities mean where labels are right, learnt from reviews known to be right.

Base models that were fitted on labels of which some are wrong repeat what is wrong often enough:
where a tenth of one category was moved to another, they say one in ten. Reviews known to be right
say otherwise. On them a softmax over the base models' log-probabilities is learnt, with a weight
for every two categories, held near the plain combination.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from reviewdesk.findings.review_category.combination import Combination, Logs, log_softmax, weighted

Floats = NDArray[np.float64]

STIFFNESS: Final = 100.0
"""What a weight away from the plain combination costs."""
SHIFT_STIFFNESS: Final = 1.0
FLOOR: Final = 0.01
"""The share of rightly filed reviews that say nothing of their category, or speak of another."""
FOLDS: Final = 10
STEPS: Final = 200
PRECISION: Final = 1e-7


@dataclass(frozen=True, eq=False)
class CleanModel:
    """Probabilities of the right category.

    Args:
        base: the plain combination.
        pairs: (base models * k, k) what each base model's log-probability of each category adds to
            each.
        shift: (k,).
        odd: (k, k) the category that an oddly filed review stands in, by the one it speaks of;
            rows add up to 1.
    """

    base: Combination
    pairs: Floats
    shift: Floats
    odd: Floats

    def probabilities(self, base_logs: Sequence[Logs]) -> Floats:
        """Return the probability of each category where labels are right, (n, k)."""
        probabilities = np.exp(self._logs(base_logs))
        mixed: Floats = (1 - FLOOR) * probabilities + FLOOR * (probabilities @ self.odd)
        return mixed

    def _logs(self, base_logs: Sequence[Logs]) -> Floats:
        scores = weighted(base_logs, self.base.weights) + np.hstack(list(base_logs)) @ self.pairs
        return log_softmax(scores + self.shift)


def fit_clean(
    base_logs: Sequence[Logs], labels: NDArray[np.integer], base: Combination
) -> CleanModel:
    """Learn from reviews whose labels are right.

    Args:
        base_logs: for each base model (m, k) log-probabilities.
        labels: (m,) 0 to k - 1.
        base: what to stay near.
    """
    k = base_logs[0].shape[1]
    joined = np.hstack(list(base_logs)).astype(np.float64)
    start = weighted(base_logs, base.weights)
    own = np.arange(len(labels)), labels

    def loss(parameters: Floats) -> tuple[float, Floats]:
        pairs, shift = parameters[:-k].reshape(-1, k), parameters[-k:]
        logs = log_softmax(start + joined @ pairs + shift)
        error = np.exp(logs)
        error[own] -= 1
        cost = STIFFNESS / 2 * float((pairs**2).sum()) + SHIFT_STIFFNESS / 2 * float(shift @ shift)
        by_pairs = joined.T @ error + STIFFNESS * pairs
        by_shift = error.sum(axis=0) + SHIFT_STIFFNESS * shift
        return cost - float(logs[own].sum()), np.append(by_pairs.ravel(), by_shift)

    parameters = np.zeros((joined.shape[1] + 1) * k)
    options = {"maxiter": STEPS, "ftol": PRECISION}
    fitted = minimize(loss, parameters, jac=True, method="L-BFGS-B", options=options).x
    pairs, shift = fitted[:-k].reshape(-1, k), fitted[-k:]
    shares = np.exp(log_softmax(start + joined @ pairs + shift))
    return CleanModel(base, pairs, shift, _odd(shares, labels))


def _odd(shares: Floats, labels: NDArray[np.integer]) -> Floats:
    """Return where oddly filed reviews stand: half as categories are confused, half anywhere."""
    k = shares.shape[1]
    confused = np.zeros((k, k))
    np.add.at(confused, labels, shares)
    confused = confused.T + 1 / k  # by what is spoken of
    np.fill_diagonal(confused, 0.0)
    rows: Floats = confused / np.maximum(confused.sum(axis=1, keepdims=True), 1e-300)
    return np.asarray(0.5 * rows + 0.5 / k)


def cross_fitted(
    base_logs: Sequence[Logs], labels: NDArray[np.integer], base: Combination
) -> list[tuple[NDArray[np.bool_], CleanModel]]:
    """Return, for each of ``FOLDS`` parts of the reference, a model that has not learnt from it.

    Args:
        base_logs: for each base model (m, k) of the reference.
        labels: (m,).
        base: what to stay near.
    """
    models, fold_of = [], np.arange(len(labels)) % FOLDS
    for part in range(FOLDS):
        held_out = fold_of == part
        learnt = [logs[~held_out] for logs in base_logs]
        models.append((held_out, fit_clean(learnt, labels[~held_out], base)))
    return models
