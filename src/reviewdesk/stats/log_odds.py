"""Which words set two groups of texts apart: log-odds with an informative Dirichlet prior.

Source: Monroe, Colaresi and Quinn 2008, Fightin' Words, Political Analysis 16(4), equations 15, 16,
20 and 22; the variance is the exact one of equation 19.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

PRIOR_STRENGTH: Final = 500.0

Floats = NDArray[np.float64]


class LogOdds(NamedTuple):
    """How much more each word belongs to one group than to the other."""

    ratio: Floats  # (v,) log-odds-ratio; above zero: more in the left group
    z: Floats  # (v,) the ratio over its standard deviation


def informative_prior(background: NDArray[Any], strength: float = PRIOR_STRENGTH) -> Floats:
    """Return prior counts that are spread over the words as the background is.

    Args:
        background: (v,) how often each word is there in all; a word that is not has no prior.
        strength: the sum of the prior counts: how many words of evidence the prior is worth.
    """
    counts = np.asarray(background, np.float64)
    prior: Floats = counts * (strength / max(counts.sum(), 1.0))
    return prior


def log_odds(left: NDArray[Any], right: NDArray[Any], prior: Floats) -> LogOdds:
    """Compare two groups' word counts.

    Args:
        left: (v,) counts in one group.
        right: (v,) counts in the other.
        prior: (v,) prior counts; where they and both counts are zero, the result is zero.

    Raises:
        ValueError: the three are not of one length.
    """
    if not len(left) == len(right) == len(prior):
        raise ValueError("counts and prior are not of one length")
    first, second = left + prior, right + prior
    known = (first > 0) & (second > 0)
    first, second = np.where(known, first, 1.0), np.where(known, second, 1.0)
    total = float(prior.sum())
    ratio = _logit(first, float(np.sum(left)) + total) - _logit(second, np.sum(right) + total)
    variance = _variance(first, np.sum(left) + total) + _variance(second, np.sum(right) + total)
    ratio = np.where(known, ratio, 0.0)
    return LogOdds(ratio, ratio / np.sqrt(variance))


def _logit(count: Floats, total: float) -> Floats:
    return np.log(count) - np.log(_others(count, total))


def _variance(count: Floats, total: float) -> Floats:
    return 1 / count + 1 / _others(count, total)


def _others(count: Floats, total: float) -> Floats:
    """Return what is left for the other words; a word that is alone has a half against it."""
    return np.maximum(total - count, 0.5)
