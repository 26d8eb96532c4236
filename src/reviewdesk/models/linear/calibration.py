"""Probabilities from scores, by maximum likelihood on rows that were not learnt from.

Two labels have one temperature. Of more labels, a temperature alone is too sure of the surest and
not sure enough of the rest: reviews that fit several categories keep a floor of errors. So the
score of a label is a sum of ``log p`` and ``log(1 - p)`` at two temperatures, as in beta
calibration, and each label has a shift.

Source: Guo et al. 2017, On calibration of modern neural networks; Kull, Silva Filho and Flach 2017,
Beta calibration.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import BundleError

Floats = NDArray[np.float64]

TEMPERATURES: Final = (2.0, 0.5)
STEPS: Final = 50
CURVE_PRIOR: Final = 0.1
SHIFT_PRIOR: Final = 4.0
"""What a shift costs: with few rows of a label, its shift stays near 0."""
LEAST_SCALE: Final = 1e-3
SUREST: Final = 1 - 1e-7


@dataclass(frozen=True, eq=False)
class Calibration:
    """``probability of label c ~ exp(curve . terms(scores)_c + shift_c)``.

    Args:
        curve: (1,) of two labels, (4,) of more.
        shift: (k,) float64; minus infinity for a label that is never given.
    """

    curve: Floats
    shift: Floats

    @classmethod
    def fit(
        cls, scores: NDArray[np.float32], labels: NDArray[np.int32], costs: NDArray[np.float32]
    ) -> Self:
        """Return the calibration under which the labels are most likely.

        Args:
            scores: (n, k) of rows that were not learnt from.
            labels: (n,) 0 to k - 1.
            costs: (k,) how much a row of each label counts.
        """
        k = scores.shape[1]
        problem = _Problem(_terms(scores), labels, costs[labels].astype(np.float64), k)
        found = problem.solve()
        curve, shift = found[:-k], found[-k:]
        return cls(np.maximum(curve, LEAST_SCALE) if k == 2 else curve, shift)

    def probabilities(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability of each label, (n, k); each row adds up to 1."""
        given = np.flatnonzero(np.isfinite(self.shift))
        found = np.zeros(scores.shape, np.float32)
        terms = _terms(scores[:, given])
        logs = _log_softmax(np.einsum("m,mnk->nk", self.curve, terms) + self.shift[given])
        found[:, given] = np.exp(logs)
        return found

    def spread(self, places: NDArray[np.int64], k: int) -> Self:
        """Return the same calibration for k labels, of which only those at places are given."""
        shift = np.full(k, -np.inf)
        shift[places] = self.shift
        return type(self)(self.curve, shift)

    def to_arrays(self) -> dict[str, Floats]:
        """Return the calibration as arrays of numbers."""
        return {"calibration.curve": self.curve, "calibration.shift": self.shift}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], k: int) -> Self:
        """Return the calibration that ``to_arrays`` made arrays of.

        Raises:
            BundleError: an array is missing or damaged.
        """
        curve, shift = arrays.get("calibration.curve"), arrays.get("calibration.shift")
        if shift is None or shift.shape != (k,) or shift.dtype != np.float64:
            raise BundleError("the calibration does not fit the labels")
        given = np.isfinite(shift)
        if given.sum() < 2 or not (given | (shift == -np.inf)).all():
            raise BundleError("the calibration does not fit the labels")
        if curve is None or curve.shape != (_curve_terms(int(given.sum())),):
            raise BundleError("the weights lack the calibration's curve")
        if curve.dtype != np.float64 or not np.isfinite(curve).all():
            raise BundleError("the weights lack the calibration's curve")
        return cls(curve, shift)


def _curve_terms(k: int) -> int:
    return 1 if k == 2 else 2 * len(TEMPERATURES)


def _terms(scores: NDArray[np.float32]) -> Floats:
    """Return what the calibrated score of a label is made of, (m, n, k)."""
    wide = scores.astype(np.float64)
    if wide.shape[1] == 2:
        return wide[None]
    terms = []
    for temperature in TEMPERATURES:
        logs = _log_softmax(wide / temperature)
        terms += [logs, -np.log1p(-np.minimum(np.exp(logs), SUREST))]
    return np.stack(terms)


def _log_softmax(scores: Floats) -> Floats:
    scores = scores - scores.max(axis=1, keepdims=True)
    logs: Floats = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return logs


class _Problem:
    """A convex loss of curve and shifts, solved by Newton's method with damping.

    Args:
        terms: (m, n, k).
        labels: (n,).
        weights: (n,) what each row counts.
        k: how many labels.
    """

    def __init__(self, terms: Floats, labels: NDArray[np.int32], weights: Floats, k: int) -> None:
        self.terms, self.labels, self.weights = terms, labels, weights
        self.truth = np.zeros((len(labels), k))
        self.truth[np.arange(len(labels)), labels] = 1
        start = [1.0] if len(terms) == 1 else [0.0, 0.0, TEMPERATURES[1], 0.0]  # as they come
        self.start = np.append(start, np.zeros(k))
        self.prior = np.append(np.full(len(start), CURVE_PRIOR), np.full(k, SHIFT_PRIOR))

    def solve(self) -> Floats:
        """Return curve and shifts, (m + k,)."""
        found, damping = self.start, 1e-3
        loss, logs = self._loss(found)
        for _ in range(STEPS):
            gradient, hessian = self._derivatives(found, np.exp(logs))
            step = np.linalg.solve(hessian + damping * np.diag(np.diag(hessian)), gradient)
            tried_loss, tried_logs = self._loss(found - step)
            if not tried_loss < loss:
                damping *= 10
                if damping > 1e6:
                    break
                continue
            gain, found, loss, logs = loss - tried_loss, found - step, tried_loss, tried_logs
            damping = max(damping / 10, 1e-9)
            if gain < 1e-7 * (1 + abs(loss)):
                break
        return found

    def _loss(self, found: Floats) -> tuple[float, Floats]:
        m = len(self.terms)
        logs = _log_softmax(np.einsum("m,mnk->nk", found[:m], self.terms) + found[m:])
        own = logs[np.arange(len(self.labels)), self.labels]
        away = found - self.start
        return float(self.prior @ away**2 / 2 - own @ self.weights), logs

    def _derivatives(self, found: Floats, shares: Floats) -> tuple[Floats, Floats]:
        """Return gradient and Hessian of the loss, (m + k,) and (m + k, m + k)."""
        m, heavy = len(self.terms), shares * self.weights[:, None]
        error = heavy - self.truth * self.weights[:, None]
        gradient = np.append(np.einsum("mnk,nk->m", self.terms, error), error.sum(axis=0))
        gradient += self.prior * (found - self.start)
        mean = np.einsum("mnk,nk->mn", self.terms, shares)
        spread = (self.terms - mean[:, :, None]) * heavy
        hessian = np.diag(self.prior)
        hessian[:m, :m] += np.einsum("ink,jnk->ij", spread, self.terms)
        hessian[:m, m:] += spread.sum(axis=1)
        hessian[m:, :m] += spread.sum(axis=1).T
        hessian[m:, m:] += np.diag(heavy.sum(axis=0)) - shares.T @ heavy
        return gradient, hessian
