"""Asymptotic confidence sequences: intervals for a mean that hold at all looks together.

The t-statistic of an estimate is set against a normal mixture of effects (Robbins 1970). As long as
no effect is there, the mixture's likelihood ratio is a martingale of expectation 1, so that it ever
exceeds 1/alpha with a chance of at most alpha (Ville 1939). With the t-statistic's own likelihood
it is that of Lindon, Ham, Tingley and Bojinov 2022, Anytime-valid linear models, and for many units
that of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2021, Time-uniform central limit theory and
asymptotic confidence sequences: the guarantee is that of the central limit theorem.
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def growth(units: Floats, horizon: float, alpha: float) -> Floats:
    """Return how far each look is on the mixture's scale: 0 at the beginning.

    The scale is chosen so that the interval is narrowest, for its look, where ``horizon`` units
    are there.

    Args:
        units: independent units at each look.
        horizon: the number of units that is planned for.
        alpha: chance of an error over all looks.
    """
    return units * (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha)) + 1) / horizon


def log_e_values(estimate: Floats, error: Floats, grown: Floats, freedom: Floats) -> Floats:
    """Return the evidence against a mean of zero, as the logarithm of an e-value.

    Args:
        estimate: the mean, or the difference of two.
        error: its standard error; 0 where it cannot be told, which is no evidence.
        grown: see ``growth``.
        freedom: degrees of freedom of the standard error.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        square = np.where(error > 0, (estimate / error) ** 2, 0.0) / np.maximum(freedom, 1)
    gain = np.log1p(square) - np.log1p(square / (1 + grown))
    logs = -0.5 * np.log1p(grown) + 0.5 * (freedom + 1) * gain
    return np.asarray(np.where(freedom >= 1, logs, 0.0))


def radii(error: Floats, grown: Floats, freedom: Floats, alpha: float | Floats) -> Floats:
    """Return half the width of each interval; infinite where too little is known.

    A difference lies outside exactly where the e-value against it has reached 1/alpha.

    Args:
        error: standard error of the estimate.
        grown: see ``growth``.
        freedom: degrees of freedom of the standard error.
        alpha: chance of an error over all looks.
    """
    shrunk = 1 / (1 + grown)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.exp((np.log(shrunk) + 2 * np.log(alpha)) / (freedom + 1))
        squares = freedom * (1 - root) / (root - shrunk)
        wide = np.where((root > shrunk) & (freedom >= 1) & (error > 0), squares, np.inf)
    return np.asarray(np.where(np.isfinite(wide), error * np.sqrt(np.where(
        np.isfinite(wide), wide, 1.0)), np.inf))  # fmt: skip
