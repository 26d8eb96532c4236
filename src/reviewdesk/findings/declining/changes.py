"""When a product changed, and how its stars were before and after."""

from typing import Final, NamedTuple

import numpy as np
from scipy.special import logsumexp

from reviewdesk.findings.declining.evidence import KINDS, TILTS, Floats, Stars
from reviewdesk.stats.dirichlet_multinomial import log_probabilities
from reviewdesk.stats.trend import student_quantile

SURE: Final = 0.9
"""How probable it is that the change lies in its interval, if there was one."""


class StarChange(NamedTuple):
    """When a product changed, as numbers of reviews before it."""

    place: int
    earliest: int
    latest: int


class Mean(NamedTuple):
    """A mean of stars, 1 to 5, and its 95 % interval."""

    value: float
    low: float
    high: float


def locate(stars: Stars, weights: Floats, concentrations: Floats) -> StarChange:
    """Return the most probable place of a change for the worse, all places equal beforehand.

    After it the mix is one of the tilted ones, or any other.

    Args:
        stars: (n,) 0 to 4 in order of time, at least two.
        weights: (c,) of the product's baseline.
        concentrations: (c, KINDS) of its baseline.
    """
    before = np.cumsum(np.eye(KINDS)[stars], axis=0)[:-1]  # (n - 1, KINDS)
    after = before[-1] + np.eye(KINDS)[stars[-1]] - before
    drawn = before.sum(axis=1, keepdims=True)
    parts = np.stack([log_probabilities(before, one) for one in concentrations], axis=1)
    parts = parts + np.log(np.maximum(weights, 1e-300))
    likelihood = logsumexp(parts, axis=1)
    shares = np.exp(parts - likelihood[:, None])
    totals = concentrations.sum(axis=1)
    mixes = sum(
        shares[:, one, None] * (concentrations[one] + before) / (totals[one] + drawn)
        for one in range(len(weights))
    )
    tilted = [log_probabilities(after, np.ones(KINDS))]
    for tilt in TILTS:
        worse = mixes * np.exp(-tilt * np.arange(KINDS))
        worse /= worse.sum(axis=1, keepdims=True)
        tilted.append((after * np.log(worse)).sum(axis=1))
    logs = likelihood + logsumexp(np.stack(tilted), axis=0)
    probable = np.cumsum(np.exp(logs - logsumexp(logs)))
    earliest, latest = np.searchsorted(probable, [(1 - SURE) / 2, (1 + SURE) / 2])
    last = len(stars) - 1
    return StarChange(
        int(np.argmax(logs)) + 1, int(min(earliest + 1, last)), int(min(latest + 1, last))
    )


def mean_stars(stars: Stars) -> Mean:
    """Return the mean with Student's interval.

    The spread is that of the stars and one more of the widest spread there can be, so that a few
    equal stars are not taken for certain.

    Args:
        stars: (n,) 0 to 4, at least one.
    """
    values = stars.astype(np.float64) + 1
    count, mean = len(values), float(values.mean())
    spread = np.sqrt((float(np.square(values - mean).sum()) + 4.0) / count)
    reach = student_quantile(0.975, max(count - 1, 1)) * spread / np.sqrt(count)
    return Mean(mean, max(mean - reach, 1.0), min(mean + reach, float(KINDS)))
