"""How many units an experiment takes, how long it is expected to last, what it can find."""

import math
from typing import Final, NamedTuple

import numpy as np
from scipy.special import ndtri

from reviewdesk.errors import UsageError
from reviewdesk.experiments import mixture

SIMULATED: Final = 4_000
LOOKS: Final = 400
LONGEST: Final = 16.0
"""Most units that are simulated, in those of a test with one look."""


class Plan(NamedTuple):
    """What an experiment takes.

    Args:
        effect: the difference that it is to find.
        fixed: units that a test with one look at its end takes.
        units: units by which the sequence has found the effect with the wished power.
        expected: units at which it stops on average, if the effect is there.
        median: units by which half of the experiments have stopped.
        alpha: chance of naming a difference where none is.
        power: chance of finding the effect.
    """

    effect: float
    fixed: int
    units: int
    expected: int
    median: int
    alpha: float
    power: float


def rate_variance(baseline: float, effect: float, share: float) -> float:
    """Return the variance of a difference of rates, times the units of both arms.

    Args:
        baseline: the rate of the first arm.
        effect: how much higher that of the second is.
        share: the part of the units that the second arm gets.

    Raises:
        UsageError: a rate is not between 0 and 1.
    """
    other = baseline + effect
    if not (0 < baseline < 1 and 0 <= other <= 1):
        raise UsageError(
            f"a rate of {baseline} with an effect of {effect} leaves 0 to 1; give rates as in 0.85 "
            "and effects as in 0.01"
        )
    return baseline * (1 - baseline) / (1 - share) + other * (1 - other) / share


def mean_variance(deviation: float, share: float) -> float:
    """Return the variance of a difference of means, times the units of both arms.

    Args:
        deviation: standard deviation of an outcome.
        share: the part of the units that the second arm gets.
    """
    return deviation**2 / (share * (1 - share))


def paired_variance(discordant: float, effect: float) -> float:
    """Return the variance of a difference of rates on the same requests, times the requests.

    Args:
        discordant: part of the requests that one arm answers right and the other wrong.
        effect: the difference of the rates.

    Raises:
        UsageError: the effect is larger than such a part allows.
    """
    if not abs(effect) <= discordant <= 1:
        raise UsageError("the part on which arms differ is at least the effect, and at most 1")
    return discordant - effect**2


def plan(variance: float, effect: float, alpha: float = 0.05, power: float = 0.8) -> Plan:
    """Return what it takes to find an effect.

    The sequence's course is simulated as a Brownian motion with the effect's drift, seen at 400
    looks: its figures are good to about 2 %.

    Args:
        variance: of the estimated difference, times the units.
        effect: the difference to be found.
        alpha: chance of naming a difference where none is.
        power: chance of finding the effect.

    Raises:
        UsageError: the effect is zero, or a chance is none.
    """
    if not effect:
        raise UsageError("an effect of 0 is never found; give the smallest that matters")
    if not (0 < alpha < 0.5 and alpha < power < 1):
        raise UsageError("alpha lies between 0 and 0.5, power between alpha and 1")
    fixed = variance * ((ndtri(1 - alpha / 2) + ndtri(power)) / effect) ** 2
    stops = _stopping(alpha, power)
    done, mean, half = np.quantile(stops, power), stops.mean(), np.median(stops)
    first, last, average, middle = (
        math.ceil(fixed * float(part)) for part in (1.0, done, mean, half)
    )
    return Plan(effect, first, last, average, middle, alpha, power)


def smallest_effect(
    variance: float, units: float, alpha: float = 0.05, power: float = 0.8
) -> float:
    """Return the smallest difference that so many units find with the wished power.

    Args:
        variance: of the estimated difference, times the units.
        units: how many there will be.
        alpha: chance of naming a difference where none is.
        power: chance of finding the effect.
    """
    fixed = (ndtri(1 - alpha / 2) + ndtri(power)) ** 2
    return float(math.sqrt(variance * fixed * np.quantile(_stopping(alpha, power), power) / units))


def _stopping(alpha: float, power: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return when simulated experiments stop, in units of a test with one look."""
    times = np.geomspace(0.01, LONGEST, LOOKS)  # of a fixed test's units
    drift = ndtri(1 - alpha / 2) + ndtri(power)  # of the z-statistic at time 1
    steps = np.random.default_rng(24).normal(size=(SIMULATED, LOOKS))
    walk = np.cumsum(steps * np.sqrt(np.diff(times, prepend=0.0)), axis=1) + drift * times
    error = np.sqrt(times)
    radius = mixture.radii(error, mixture.growth(times, 1.0, alpha), np.full(LOOKS, 1e9), alpha)
    outside = np.abs(walk) > radius
    first = np.where(outside.any(axis=1), outside.argmax(axis=1), LOOKS - 1)
    return np.asarray(times[first])
