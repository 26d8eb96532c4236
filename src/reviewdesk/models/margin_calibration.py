"""Probabilities from the margins of one-against-rest machines, by maximum likelihood.

Each label's margin goes through a sigmoid as in Platt 1999, Probabilistic outputs for support
vector machines. Dividing the sigmoids by their sum, as is usual, leaves many labels badly
calibrated, so the sigmoids' power and a bias for each label are fitted too, all together, on the
probabilities that come out (with several labels; with two, plain Platt is the special case of
power 1 and shift 0).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar

from reviewdesk.errors import BundleError

MOST_STEPS: Final = 200
LEAST_SHARE: Final = 1e-12
FEW_SCALES: Final = (0.1, 10.0)
"""The scales that few texts may have: what they tell of it is too little for more, or for none."""


@dataclass(frozen=True, eq=False)
class MarginCalibration:
    """``probability of label c ~ sigmoid(scale * margin_c + shift) ** power * exp(bias_c)``.

    Args:
        scale: above 0, so that a larger margin is a larger probability.
        shift: the same for all labels.
        power: above 0.
        bias: (k,) float64; minus infinity for a label that is never given.
    """

    scale: float
    shift: float
    power: float
    bias: NDArray[np.float64]

    @classmethod
    def fit_few(cls, margins: NDArray[Any], labels: NDArray[Any], copies: NDArray[Any]) -> Self:
        """Return a calibration for few texts: one scale, under which the largest margin wins.

        Args:
            margins: (n, k) of rows that the machines had not seen.
            labels: (n,) 0 to k - 1.
            copies: (n,) how many of the rows have the same text as each; a text counts once.
        """
        k = margins.shape[1]
        if not len(margins):
            return cls(1.0, 0.0, 1.0, np.zeros(k))
        margins = margins.astype(np.float64)
        wanted = _smoothed(labels, k, 1 / copies)

        def loss(scale: float) -> float:
            shares = cls(scale, 0.0, 1.0, np.zeros(k)).probabilities(margins)
            surprise = -(wanted * np.log(np.maximum(shares, LEAST_SHARE))).sum(axis=1)
            return float((surprise / copies).sum())

        found = minimize_scalar(loss, bounds=FEW_SCALES, method="bounded").x
        return cls(float(found), 0.0, 1.0, np.zeros(k))

    @classmethod
    def fit(cls, margins: NDArray[Any], labels: NDArray[Any]) -> Self:
        """Return the calibration under which the labels are most likely.

        Labels are smoothed as Platt does, by one made-up row of each other label, so that margins
        that are all on their side do not drive the scale to infinity.

        Args:
            margins: (n, k) of rows that the machines had not seen; with no row, the margins are
                taken for log-odds.
            labels: (n,) 0 to k - 1.
        """
        n, k = margins.shape
        if not n:
            return cls(1.0, 0.0, 1.0, np.zeros(k))
        margins = margins.astype(np.float64)
        wanted = _smoothed(labels, k, np.ones(n))

        def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            scale, shift, power = parameters[:3]
            inner = scale * margins + shift  # (n, k)
            sigmoids = _log_sigmoid(inner)
            log_odds = power * sigmoids + parameters[3:]
            log_odds -= log_odds.max(axis=1, keepdims=True)
            odds = np.exp(log_odds)
            totals = odds.sum(axis=1, keepdims=True)
            error = (odds / totals - wanted) / n
            slope = error * power * -np.expm1(sigmoids)
            gradient = [(slope * margins).sum(), slope.sum(), (error * sigmoids).sum()]
            surprise = (wanted * (np.log(totals) - log_odds)).sum() / n
            return float(surprise), np.append(gradient, error.sum(axis=0))

        bounds = [(1e-3, 1e3), (-20.0, 20.0), (1e-3, 1e3), *[(-50.0, 50.0)] * k]
        start = np.append([1.0, 0.0, 1.0], np.zeros(k))
        parameters = minimize(
            loss,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": MOST_STEPS},
        ).x
        return cls(float(parameters[0]), float(parameters[1]), float(parameters[2]), parameters[3:])

    def probabilities(self, margins: NDArray[Any]) -> NDArray[np.float32]:
        """Return the probability of each label, (n, k); each row adds up to 1."""
        inner = self.scale * margins.astype(np.float64) + self.shift
        log_odds = self.power * _log_sigmoid(inner) + self.bias
        odds = np.exp(log_odds - log_odds.max(axis=1, keepdims=True))
        odds /= odds.sum(axis=1, keepdims=True)
        probabilities: NDArray[np.float32] = odds.astype(np.float32)
        return probabilities

    def spread(self, places: NDArray[Any], k: int) -> Self:
        """Return the same calibration for k labels, of which only those at places are given."""
        bias = np.full(k, -np.inf)
        bias[places] = self.bias
        return type(self)(self.scale, self.shift, self.power, bias)

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """Return the calibration as arrays of numbers."""
        curve = np.array([self.scale, self.shift, self.power])
        return {"calibration.curve": curve, "calibration.bias": self.bias}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], k: int) -> Self:
        """Return the calibration that ``to_arrays`` made arrays of.

        Raises:
            BundleError: an array is missing or damaged.
        """
        curve, bias = arrays.get("calibration.curve"), arrays.get("calibration.bias")
        if curve is None or curve.shape != (3,) or not np.isfinite(curve).all():
            raise BundleError("the weights lack the calibration's curve")
        if bias is None or bias.shape != (k,) or bias.dtype != np.float64:
            raise BundleError("the calibration does not fit the labels")
        if not np.isfinite(bias).any() or np.isnan(bias).any() or bias.max() == np.inf:
            raise BundleError("the calibration does not fit the labels")
        return cls(float(curve[0]), float(curve[1]), float(curve[2]), bias)


def _log_sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return -np.logaddexp(0.0, -values)


def _smoothed(labels: NDArray[Any], k: int, rows: NDArray[Any]) -> NDArray[np.float64]:
    """Return the target probabilities, (n, k): Platt's (count + 1) / (count + k) for the label.

    Args:
        labels: (n,) 0 to k - 1.
        k: how many labels there are.
        rows: (n,) how much of a row each counts as.
    """
    counts = np.bincount(labels, weights=rows, minlength=k)
    own = (counts + 1) / (counts + k)
    wanted = np.repeat(((1 - own) / (k - 1))[labels, None], k, axis=1)
    wanted[np.arange(len(labels)), labels] = own[labels]
    return wanted
