"""Maximum likelihood for a softmax of a few terms a label, by Newton's method with damping."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled

Floats = NDArray[np.float64]

MOST_ROWS: Final = 10_000
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
    parameters, damping = start.copy(), FIRST_DAMPING
    loss, gradient, hessian = _derivatives(terms, labels, weights, parameters, start, precision)
    for _ in range(STEPS):
        step = np.linalg.solve(hessian + damping * np.diag(np.diag(hessian)), gradient)
        tried = _derivatives(terms, labels, weights, parameters - step, start, precision)
        if not tried[0] < loss:
            damping *= 10
            if damping > MOST_DAMPING:
                break
            continue
        gain, parameters = loss - tried[0], parameters - step
        loss, gradient, hessian = tried
        damping = max(damping / 10, LEAST_DAMPING)
        if gain < ENOUGH * (1 + abs(loss)):
            break
    return parameters


def some_rows(rows: int) -> slice:
    """Return evenly spaced rows, as many as are enough to find a few numbers from."""
    return slice(None, None, max(-(-rows // MOST_ROWS), 1))


def _derivatives(
    terms: NDArray[np.float32],
    labels: NDArray[np.int32],
    weights: Floats,
    parameters: Floats,
    start: Floats,
    precision: Floats,
) -> tuple[float, Floats, Floats]:
    """Return the loss, its gradient and its Hessian."""
    gradient, hessian = precision @ (parameters - start), precision.copy()
    loss = float((parameters - start) @ gradient / 2)
    loss += add_derivatives(terms, labels, weights, parameters, gradient, hessian)
    below = np.tril(hessian, -1)
    return loss, gradient, below + below.T + np.diag(np.diag(hessian))


@compiled
def add_derivatives(
    terms: NDArray[np.float32],
    labels: NDArray[np.int32],
    weights: Floats,
    parameters: Floats,
    gradient: Floats,
    hessian: Floats,
) -> float:
    """Return the loss of all rows, and add to its gradient and its Hessian's lower triangle."""
    n, m, k = terms.shape
    logs, shares, heavy = np.empty(k), np.empty(k), np.empty(k)
    spread = np.empty((m, k))
    loss = 0.0
    for row in range(n):
        weight, truth = weights[row], labels[row]
        logs[:] = parameters[m:]
        for term in range(m):
            for label in range(k):
                logs[label] += parameters[term] * terms[row, term, label]
        softmax(logs, shares)
        loss -= weight * logs[truth]
        for label in range(k):
            heavy[label] = weight * shares[label]
            gradient[m + label] += heavy[label]
            hessian[m + label, m + label] += heavy[label]
        gradient[m + truth] -= weight
        for term in range(m):
            mean = 0.0
            for label in range(k):
                mean += shares[label] * terms[row, term, label]
            gradient[term] += weight * (mean - terms[row, term, truth])
            for label in range(k):
                spread[term, label] = (terms[row, term, label] - mean) * heavy[label]
                hessian[m + label, term] += spread[term, label]
            for other in range(term + 1):
                total = 0.0
                for label in range(k):
                    total += spread[term, label] * terms[row, other, label]
                hessian[term, other] += total
        for label in range(k):
            for other in range(label + 1):
                hessian[m + label, m + other] -= heavy[label] * shares[other]
    return loss


@compiled
def softmax(logs: Floats, shares: Floats) -> None:
    """Write the probabilities (k,) of scores, and make the scores their logarithms."""
    largest = -np.inf
    for label in range(len(logs)):
        largest = max(largest, logs[label])
    total = 0.0
    for label in range(len(logs)):
        score = logs[label] - largest
        logs[label] = score
        shares[label] = math.exp(score)
        total += shares[label]
    taken = math.log(total)
    for label in range(len(logs)):
        logs[label] -= taken
        shares[label] /= total
