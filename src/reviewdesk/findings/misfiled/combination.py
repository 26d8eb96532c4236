"""Several heads' probabilities combined into one, learnt from labels of which some are wrong.

The combined probability is ``softmax(w_1 Z_1 + w_2 Z_2 + ...)`` of the heads' log-probabilities Z.
The weights and the share of wrong labels are those under which the labels are most likely, when a
wrong label is any of the others alike: ``(1 - e) P_a + e (1 - P_a) / (k - 1)`` for label a.

Source: Natarajan et al. 2013, Learning with noisy labels (the corrected likelihood).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import xlogy

Floats = NDArray[np.float64]
Logs = NDArray[np.float32]

SMALLEST: Final = 1e-9
"""A smaller probability counts as this one."""
FIT_ROWS: Final = 200_000
LIMITS: Final = (-4.0, 3.0)  # of the logs of weights
WEIGHT_PRIOR: Final = 1.0
"""How many reviews it is worth that the weights are one over the number of heads: where sure errors
and unsure classifiers explain the labels alike, the classifiers are believed."""
NOISE_LIMITS: Final = (-14.0, 2.0)  # of the log-odds of noise


@dataclass(frozen=True, eq=False)
class Combination:
    """How heads are combined.

    Args:
        weights: (heads,) what each head's log-probabilities count.
        noise: the share of wrong labels.
    """

    weights: Floats
    noise: float

    def logs(self, heads: Sequence[Logs]) -> Floats:
        """Return combined log-probabilities of some rows, (n, k)."""
        return log_softmax(weighted(heads, self.weights))


def log_probabilities(probabilities: NDArray[np.floating]) -> Logs:
    """Return logs of probabilities (n, k); what is no number, or tiny, counts as ``SMALLEST``."""
    known = np.nan_to_num(probabilities, nan=0.0, posinf=1.0, neginf=0.0)
    return np.asarray(np.log(np.clip(known, SMALLEST, 1.0)), np.float32)


def weighted(heads: Sequence[NDArray[np.floating]], weights: Floats) -> Floats:
    """Return the weighted sum of heads' log-probabilities, (n, k)."""
    found = np.zeros(heads[0].shape)
    for head, weight in zip(heads, weights, strict=True):
        found += weight * head
    return found


def log_softmax(scores: Floats) -> Floats:
    """Return logs of probabilities that are as the exponentials of scores, (n, k)."""
    scores = scores - scores.max(axis=1, keepdims=True)
    found: Floats = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return found


def fit_combination(heads: Sequence[Logs], labels: NDArray[np.integer]) -> Combination:
    """Return the weights and the noise under which the labels are most likely.

    Args:
        heads: for each head (n, k) log-probabilities by classifiers that have not seen the row.
        labels: (n,) 0 to k - 1, some of them wrong.
    """
    if not len(labels):
        return Combination(np.full(len(heads), 1 / len(heads)), 0.0)
    rows = spread_rows(len(labels))
    problem = _Likelihood([head[rows].astype(np.float64) for head in heads], labels[rows])
    start = np.append(np.full(len(heads), -np.log(len(heads))), -4.0)
    bounds = [LIMITS] * len(heads) + [NOISE_LIMITS]
    found = minimize(problem, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return Combination(np.exp(found[:-1]), float(_share(found[-1])))


def explained(heads: Sequence[Logs], labels: NDArray[np.integer], found: Combination) -> float:
    """Return what share of the labels' entropy the heads explain; below 0 if they mislead.

    Heads that explain nothing explain labels as well by any noise, so that what was fitted then
    says nothing.

    Args:
        heads: for each head (n, k) log-probabilities by classifiers that have not seen the row.
        labels: (n,) 0 to k - 1, some of them wrong.
        found: what was fitted to these.
    """
    rows = spread_rows(len(labels))
    own = labels[rows]
    sizes = np.bincount(own)
    entropy = -float(np.sum(xlogy(sizes, sizes / max(len(own), 1))))
    if not entropy:
        return 0.0
    logs = found.logs([head[rows] for head in heads])
    right = np.exp(logs[np.arange(len(own)), own])
    wrong = found.noise * (1 - right) / max(logs.shape[1] - 1, 1)
    likely = np.maximum((1 - found.noise) * right + wrong, SMALLEST)
    return 1 + float(np.log(likely).sum()) / entropy


def wrong_posterior(logs: Floats, labels: NDArray[np.integer], noise: float) -> Floats:
    """Return how likely each label is wrong, (n,), given combined log-probabilities (n, k)."""
    k = logs.shape[1]
    own = np.exp(logs[np.arange(len(labels)), labels])
    wrong = noise * (1 - own) / max(k - 1, 1)
    found: Floats = wrong / np.maximum(wrong + (1 - noise) * own, 1e-300)
    return found


def spread_rows(rows: int, most: int = FIT_ROWS) -> NDArray[np.int64]:
    """Return at most so many row numbers, evenly spread."""
    return np.unique(np.linspace(0, rows - 1, min(rows, most)).astype(np.int64))


class _Likelihood:
    """Minus the mean log-likelihood of labels, and its gradient.

    The parameters are the logs of the weights and the log-odds of the noise.
    """

    def __init__(self, heads: list[Floats], labels: NDArray[np.integer]) -> None:
        self.heads = heads
        self.own = np.arange(len(labels)), labels
        self.k = heads[0].shape[1]

    def __call__(self, found: Floats) -> tuple[float, Floats]:
        weights, noise = np.exp(found[:-1]), _share(found[-1])
        logs = log_softmax(weighted(self.heads, weights))
        shares = np.exp(logs)
        own, others = shares[self.own], max(self.k - 1, 1)
        likely = np.maximum((1 - noise) * own + noise * (1 - own) / others, 1e-300)
        by_own = ((1 - noise) - noise / others) * own / likely  # by the log of own
        gradient = [
            -weight * np.mean(by_own * (head[self.own] - (shares * head).sum(axis=1)))
            for head, weight in zip(self.heads, weights, strict=True)
        ]
        by_noise = ((1 - own) / others - own) / likely
        gradient.append(-noise * (1 - noise) * np.mean(by_noise))
        away = np.append(found[:-1] + np.log(len(weights)), 0.0)
        prior = WEIGHT_PRIOR / len(own)
        cost = prior / 2 * float(away @ away) - float(np.mean(np.log(likely)))
        return cost, np.array(gradient) + prior * away


def _share(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-log_odds)))
