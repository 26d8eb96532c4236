"""Maximum likelihood for a softmax of a few terms a label, by Newton's method with damping."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled

Floats = NDArray[np.float64]

STEPS: Final = 50
FIRST_DAMPING: Final = 1e-3
LEAST_DAMPING: Final = 1e-9
MOST_DAMPING: Final = 1e6
ENOUGH: Final = 1e-7
"""A step that gains a smaller share of the loss is the last one."""


def most_likely(
    terms: NDArray[np.float32],
    labels: NDArray[np.int32],
    weights: Floats,
    start: Floats,
    precision: Floats,
) -> Floats:
    """Return factors of the terms and shifts of the labels under which the labels are most likely.

    The probability of label c is proportional to ``exp(factors . terms[row, :, c] + shift_c)``.

    Args:
        terms: (n, m, k).
        labels: (n,) 0 to k - 1.
        weights: (n,) what each row counts.
        start: (m + k,) factors and shifts to begin with, and that they are drawn to.
        precision: (m + k, m + k) how strongly they are drawn: the prior's inverse covariance.

    Returns:
        (m + k,).
    """
    found, damping = start.copy(), FIRST_DAMPING
    loss, gradient, hessian = _derivatives(terms, labels, weights, found, start, precision)
    for _ in range(STEPS):
        step = np.linalg.solve(hessian + damping * np.diag(np.diag(hessian)), gradient)
        tried = _derivatives(terms, labels, weights, found - step, start, precision)
        if not tried[0] < loss:
            damping *= 10
            if damping > MOST_DAMPING:
                break
            continue
        gain, found = loss - tried[0], found - step
        loss, gradient, hessian = tried
        damping = max(damping / 10, LEAST_DAMPING)
        if gain < ENOUGH * (1 + abs(loss)):
            break
    return found


def _derivatives(
    terms: NDArray[np.float32],
    labels: NDArray[np.int32],
    weights: Floats,
    found: Floats,
    start: Floats,
    precision: Floats,
) -> tuple[float, Floats, Floats]:
    """Return the loss, its gradient and its Hessian."""
    gradient, hessian = precision @ (found - start), precision.copy()
    loss = float((found - start) @ gradient / 2)
    loss += add_derivatives(terms, labels, weights, found, gradient, hessian)
    return loss, gradient, hessian


@compiled
def add_derivatives(
    terms: NDArray[np.float32],
    labels: NDArray[np.int32],
    weights: Floats,
    found: Floats,
    gradient: Floats,
    hessian: Floats,
) -> float:
    """Return the loss of all rows, and add to its gradient and its Hessian."""
    n, m, k = terms.shape
    logs, shares = np.empty(k), np.empty(k)
    mean, spread = np.empty(m), np.empty((m, k))
    loss = 0.0
    for row in range(n):
        weight, truth = weights[row], labels[row]
        log_shares(terms, row, found, logs)
        loss -= weight * logs[truth]
        for label in range(k):
            shares[label] = math.exp(logs[label])
        for term in range(m):
            mean[term] = 0.0
            for label in range(k):
                mean[term] += shares[label] * terms[row, term, label]
            gradient[term] += weight * (mean[term] - terms[row, term, truth])
            for label in range(k):
                spread[term, label] = (terms[row, term, label] - mean[term]) * (
                    shares[label] * weight
                )
        for term in range(m):
            for other in range(m):
                total = 0.0
                for label in range(k):
                    total += spread[term, label] * terms[row, other, label]
                hessian[term, other] += total
            for label in range(k):
                hessian[term, m + label] += spread[term, label]
                hessian[m + label, term] += spread[term, label]
        for label in range(k):
            share = weight * shares[label]
            gradient[m + label] += share
            hessian[m + label, m + label] += share
            for other in range(k):
                hessian[m + label, m + other] -= share * shares[other]
        gradient[m + truth] -= weight
    return loss


@compiled
def log_shares(terms: NDArray[np.float32], row: int, found: Floats, logs: Floats) -> None:
    """Write the log-probabilities (k,) of one row."""
    m, k = terms.shape[1], terms.shape[2]
    for label in range(k):
        logs[label] = found[m + label]
    for term in range(m):
        for label in range(k):
            logs[label] += found[term] * terms[row, term, label]
    log_softmax(logs)


@compiled
def log_softmax(logs: Floats) -> None:
    """Take from scores (k,) the log of the sum of their exponentials."""
    largest = -np.inf
    for label in range(len(logs)):
        largest = max(largest, logs[label])
    total = 0.0
    for label in range(len(logs)):
        total += math.exp(logs[label] - largest)
    taken = largest + math.log(total)
    for label in range(len(logs)):
        logs[label] -= taken
