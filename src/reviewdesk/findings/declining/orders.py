"""Random orders of a product's stars, of which those that look like a change are drawn more often.

Orders are drawn with high stars more often before a change and low ones after it, and each counts
with the ratio of its two probabilities (importance sampling; Siegmund 1976). The change and the
strength of the preference are drawn too, and the ratio is taken over all that might have been
drawn, so that no order weighs much.
"""

from math import exp, log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.findings.declining.evidence import KINDS, Floats
from reviewdesk.text.compiled import compiled

PREFERENCES: Final = np.array([0.0, 0.1, 0.2, 0.4])
"""Strengths of the preference, of which one is drawn for each order."""

Seeds = NDArray[np.uint64]


@compiled
def uniform(state: Seeds) -> float:
    """Return a number in [0, 1): xorshift64* (Vigna 2016); ``state`` (1,) is not 0."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    upper = (x * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(11)
    return float(upper) * 2.0**-53


@compiled
def draw(left: Floats, preferred: Floats, state: Seeds) -> int:
    """Draw a star from those left (KINDS,), each kind with its preference."""
    whole = 0.0
    for star in range(KINDS):
        whole += left[star] * preferred[star]
    point, star = uniform(state) * whole, 0
    reached = left[0] * preferred[0]
    while point >= reached and star < KINDS - 1:
        star += 1
        reached += left[star] * preferred[star]
    while left[star] <= 0:
        star -= 1
    return star


@compiled
def log_ratio(star: int, left: Floats, remaining: float, preferred: Floats) -> float:
    """Return how much more probable a draw was by preference than without, as a logarithm."""
    whole = 0.0
    for other in range(KINDS):
        whole += left[other] * preferred[other]
    return log(preferred[star] * remaining / whole)


@compiled
def preferences() -> Floats:
    """Return by how much each star is preferred, before and after a change (2, j, KINDS)."""
    table = np.empty((2, len(PREFERENCES), KINDS))
    for one in range(len(PREFERENCES)):
        for star in range(KINDS):
            table[0, one, star] = exp(PREFERENCES[one] * star)
            table[1, one, star] = exp(-PREFERENCES[one] * star)
    return table


@compiled
def begin(seed: np.uint64) -> Seeds:
    """Return a state (1,) of the random numbers."""
    state = np.empty(1, np.uint64)
    state[0] = seed | np.uint64(1)
    for _ in range(8):
        uniform(state)
    return state


@compiled
def order_weight(
    opened: int, spacing: Floats, cumulated: Floats, now: Floats, then: Floats
) -> float:
    """Return an order's probability without preferences over that with them.

    Args:
        opened: how many candidates lie before now.
        spacing: how often each candidate is drawn for the change.
        cumulated: sums of it over all that may be drawn.
        now: (2, j) log ratios of all draws so far, by the preference before and after a change.
        then: (t, j) the first less the second when each candidate was passed.
    """
    rest = cumulated[-1] - (cumulated[opened - 1] if opened > 0 else 0.0)
    whole = 0.0
    for one in range(now.shape[1]):
        for place in range(opened):
            whole += spacing[place] * exp(now[1, one] + then[place, one])
        whole += rest * exp(now[0, one])
    return float(cumulated[-1] * now.shape[1] / whole)
