"""Several base models' probabilities combined into one, learnt from labels of which some are wrong.

The combined probability is ``softmax(w_1 Z_1 + w_2 Z_2 + ...)`` of the base models'
log-probabilities Z; where the reviews' lengths are given, all weights are times ``(length / USUAL)
** growth``, since classifiers are too sure of texts that say little. Weights, growth and the share
of wrong labels are those under which the labels are most likely, when a wrong label is any of the
others alike: ``(1 - e) P_a + e (1 - P_a) / (k - 1)`` for label a.

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
Lengths = NDArray[np.int64]

SMALLEST: Final = 1e-9
"""A smaller probability counts as this one."""
FIT_ROWS: Final = 200_000
LIMITS: Final = (-4.0, 3.0)  # of the logs of weights
WEIGHT_PRIOR: Final = 1.0
"""How many reviews it is worth that the weights are one over the number of base models: where sure
errors and unsure classifiers explain the labels alike, the classifiers are believed."""
NOISE_LIMITS: Final = (-14.0, 2.0)  # of the log-odds of noise
GROWTH_LIMITS: Final = (-1.0, 1.0)
USUAL: Final = 100.0
"""A text of so many bytes counts as the base models say."""
LENGTHS: Final = (10.0, 400.0)
"""Shorter and longer texts count as these."""


@dataclass(frozen=True, eq=False)
class Combination:
    """How base models are combined.

    Args:
        weights: (base models,) what each base model's log-probabilities count.
        noise: the share of wrong labels.
        growth: the power of a text's length by which they count more.
    """

    weights: Floats
    noise: float
    growth: float = 0.0

    def logs(self, base_logs: Sequence[Logs], lengths: Lengths | None = None) -> Floats:
        """Return combined log-probabilities of some rows, (n, k).

        Args:
            base_logs: for each base model (n, k) log-probabilities.
            lengths: (n,) of their texts in bytes; None where none were given when it was fitted.
        """
        scores = weighted(base_logs, self.weights)
        if lengths is not None:
            scores *= np.exp(self.growth * _log_lengths(lengths))[:, None]
        return log_softmax(scores)


def log_probabilities(probabilities: NDArray[np.floating]) -> Logs:
    """Return logs of probabilities (n, k); what is no number, or tiny, counts as ``SMALLEST``."""
    known = np.nan_to_num(probabilities, nan=0.0, posinf=1.0, neginf=0.0)
    return np.asarray(np.log(np.clip(known, SMALLEST, 1.0)), np.float32)


def weighted(base_logs: Sequence[NDArray[np.floating]], weights: Floats) -> Floats:
    """Return the weighted sum of base models' log-probabilities, (n, k)."""
    total = np.zeros(base_logs[0].shape)
    for logs, weight in zip(base_logs, weights, strict=True):
        total += weight * logs
    return total


def log_softmax(scores: Floats) -> Floats:
    """Return logs of probabilities that are as the exponentials of scores, (n, k)."""
    scores = scores - scores.max(axis=1, keepdims=True)
    logs: Floats = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return logs


def fit_combination(
    base_logs: Sequence[Logs], labels: NDArray[np.integer], lengths: Lengths | None = None
) -> Combination:
    """Return the weights and the noise under which the labels are most likely.

    Args:
        base_logs: for each base model (n, k) log-probabilities by classifiers that have not seen
            the row.
        labels: (n,) 0 to k - 1, some of them wrong.
        lengths: (n,) of the texts in bytes; None to weigh all alike.
    """
    if not len(labels):
        return Combination(np.full(len(base_logs), 1 / len(base_logs)), 0.0)
    rows = spread_rows(len(labels))
    longer = None if lengths is None else _log_lengths(lengths[rows])
    problem = _Likelihood(
        [logs[rows].astype(np.float64) for logs in base_logs], labels[rows], longer
    )
    start = np.append(np.full(len(base_logs), -np.log(len(base_logs))), [0.0, -4.0])
    growth = (0.0, 0.0) if lengths is None else GROWTH_LIMITS
    bounds = [LIMITS] * len(base_logs) + [growth, NOISE_LIMITS]
    parameters = minimize(problem, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return Combination(
        np.exp(parameters[:-2]), float(_share(parameters[-1])), float(parameters[-2])
    )


def explained(
    base_logs: Sequence[Logs],
    labels: NDArray[np.integer],
    combination: Combination,
    lengths: Lengths | None = None,
) -> float:
    """Return what share of the labels' entropy the base models explain; below 0 if they mislead.

    Base models that explain nothing explain labels as well by any noise, so that what was fitted
    then says nothing.

    Args:
        base_logs: for each base model (n, k) log-probabilities by classifiers that have not seen
            the row.
        labels: (n,) 0 to k - 1, some of them wrong.
        combination: what was fitted to these.
        lengths: (n,) of the texts in bytes; None where none were given when it was fitted.
    """
    rows = spread_rows(len(labels))
    own = labels[rows]
    sizes = np.bincount(own)
    entropy = -float(np.sum(xlogy(sizes, sizes / max(len(own), 1))))
    if not entropy:
        return 0.0
    logs = combination.logs(
        [logs[rows] for logs in base_logs], None if lengths is None else lengths[rows]
    )
    right = np.exp(logs[np.arange(len(own)), own])
    wrong = combination.noise * (1 - right) / max(logs.shape[1] - 1, 1)
    likely = np.maximum((1 - combination.noise) * right + wrong, SMALLEST)
    return 1 + float(np.log(likely).sum()) / entropy


def spread_rows(rows: int, most: int = FIT_ROWS) -> NDArray[np.int64]:
    """Return at most so many row numbers, evenly spread."""
    return np.unique(np.linspace(0, rows - 1, min(rows, most)).astype(np.int64))


class _Likelihood:
    """Minus the mean log-likelihood of labels, and its gradient.

    The parameters are the logs of the weights, the growth, and the log-odds of the noise.
    """

    def __init__(
        self, base_logs: list[Floats], labels: NDArray[np.integer], longer: Floats | None
    ) -> None:
        self.base_logs = base_logs
        self.own = np.arange(len(labels)), labels
        self.longer = np.zeros(len(labels)) if longer is None else longer
        self.k = base_logs[0].shape[1]

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        weights, growth, noise = np.exp(parameters[:-2]), parameters[-2], _share(parameters[-1])
        times = np.exp(growth * self.longer)  # (n,)
        scores = weighted(self.base_logs, weights) * times[:, None]
        logs = log_softmax(scores)
        shares = np.exp(logs)
        own, others = shares[self.own], max(self.k - 1, 1)
        likely = np.maximum((1 - noise) * own + noise * (1 - own) / others, 1e-300)
        by_own = ((1 - noise) - noise / others) * own / likely  # by the log of own

        def by_times(of: Floats) -> Floats:
            """Return the gradient of each row by what multiplies some scores."""
            return np.asarray(by_own * (of[self.own] - (shares * of).sum(axis=1)))

        gradient = [
            -weight * np.mean(times * by_times(logs))
            for logs, weight in zip(self.base_logs, weights, strict=True)
        ]
        gradient.append(-np.mean(self.longer * by_times(scores)))
        by_noise = ((1 - own) / others - own) / likely
        gradient.append(-noise * (1 - noise) * np.mean(by_noise))
        away = np.concatenate([parameters[:-2] + np.log(len(weights)), parameters[-2:-1], [0.0]])
        prior = WEIGHT_PRIOR / len(own)
        cost = prior / 2 * float(away @ away) - float(np.mean(np.log(likely)))
        return cost, np.array(gradient) + prior * away


def _log_lengths(lengths: Lengths) -> Floats:
    return np.asarray(np.log(np.clip(lengths, *LENGTHS) / USUAL))


def _share(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-log_odds)))
