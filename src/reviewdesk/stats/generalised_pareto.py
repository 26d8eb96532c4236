"""The tail of a distribution beyond what few observations show: the generalised Pareto.

Source: Pickands 1975, Statistical inference using extreme order statistics; Grimshaw 1993,
Computing maximum likelihood estimates for the generalized Pareto distribution.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

Floats = NDArray[np.float64]

SHAPES: Final = (-0.5, 0.5)
"""Lighter tails end too early to be told from few observations, heavier ones too late."""
SHAPE_PRIOR: Final = 60.0
"""How many observations that speak for the shape 0, the exponential, its prior is worth."""
FEWEST: Final = 20


@dataclass(frozen=True)
class GeneralisedPareto:
    """The share of values above ``x`` is ``(1 + shape x / scale) ** (-1 / shape)``, x from 0 on."""

    shape: float
    scale: float

    def share_above(self, excess: Floats) -> Floats:
        """Return the share of values above each, (n,); 1 for those below 0."""
        x = np.maximum(excess, 0.0) / self.scale
        if abs(self.shape) < 1e-6:
            return np.asarray(np.exp(-x))
        inside = np.maximum(1 + self.shape * x, 0.0)
        with np.errstate(divide="ignore"):
            return np.asarray(inside ** (-1 / self.shape))


def fit_generalised_pareto(excess: Floats) -> GeneralisedPareto:
    """Return the distribution under which the values, and a prior on its shape, are most likely.

    Args:
        excess: (m,) values above 0; with fewer than ``FEWEST`` the exponential is returned.
    """
    values = np.asarray(excess, np.float64)
    mean = float(values.mean()) if len(values) else 0.0
    if mean <= 0:
        return GeneralisedPareto(0.0, 1e-12)
    if len(values) < FEWEST:
        return GeneralisedPareto(0.0, mean)

    def loss(shape: float) -> float:
        return _cost(values, shape, _scale(values, shape)) + SHAPE_PRIOR / 2 * shape**2

    shape = float(minimize_scalar(loss, bounds=SHAPES, method="bounded").x)
    return GeneralisedPareto(shape, _scale(values, shape))


def _scale(values: Floats, shape: float) -> float:
    """Return the likeliest scale for a shape."""
    least = -shape * float(values.max()) * (1 + 1e-9) if shape < 0 else 0.0
    mean = float(values.mean())
    bounds = (np.log(max(least, mean * 1e-3)), np.log(mean * 20 + least))
    found = minimize_scalar(
        lambda scale: _cost(values, shape, float(np.exp(scale))), bounds=bounds, method="bounded"
    )
    return float(np.exp(found.x))


def _cost(values: Floats, shape: float, scale: float) -> float:
    """Return minus the log-likelihood."""
    x = values / scale
    if abs(shape) < 1e-6:
        return float(len(x) * np.log(scale) + x.sum())
    inside = 1 + shape * x
    if inside.min() <= 0:
        return 1e300
    return float(len(x) * np.log(scale) + (1 + 1 / shape) * np.log(inside).sum())
