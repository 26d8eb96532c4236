"""How often stars in random order would look as much like a change: permutation tails.

If nothing changed, every order of a product's stars so far is as probable as every other, whatever
its mix is. The chance that in a random order the evidence would at some look until now have been as
high as it was is a p-value, exact without any assumption on the mix.

Small chances need few orders here: orders are drawn with high stars more often before a change and
low ones after it, and each that reaches the evidence counts with the ratio of its two probabilities
(importance sampling; Siegmund 1976). The change and the strength of the preference are drawn too,
and the ratio is taken over all that might have been drawn, so that no order weighs much.
"""

from math import exp, log, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.findings.declining.evidence import (
    KINDS,
    Floats,
    Ints,
    Stars,
    observe,
    tilt_mix,
    weigh,
)
from reviewdesk.text.compiled import compiled

PREFERENCES: Final = (0.0, 0.1, 0.2, 0.4)
ORDERS: Final = 288
ORDERS_AT_FIRST: Final = 64

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
def preferences(strengths: Floats) -> Floats:
    """Return by how much each star is preferred, before and after a change (2, j, KINDS)."""
    found = np.empty((2, len(strengths), KINDS))
    for one in range(len(strengths)):
        for star in range(KINDS):
            found[0, one, star] = exp(strengths[one] * star)
            found[1, one, star] = exp(-strengths[one] * star)
    return found


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


@compiled
def tail(
    stars: Floats,
    looks: Ints,
    weights: Floats,
    concentration: Floats,
    places: Ints,
    spacing: Floats,
    prior: Floats,
    tilts: Floats,
    strengths: Floats,
    evidence: float,
    orders: int,
    state: Seeds,
) -> tuple[float, float]:
    """Return the sum and the sum of squares of the weights of orders that reach the evidence.

    Args:
        stars: (KINDS,) how many of each there are.
        looks: (k,) how many reviews there were at each look; the last is all.
        weights: (c,) of the baseline.
        concentration: (c, KINDS) of the baseline.
        places: the candidates.
        spacing: their weights of ``ratio``.
        prior: their weights of ``process``.
        tilts: (l,)
        strengths: (j,) of the preference.
        evidence: what is to be reached at some look.
        orders: how many to draw.
        state: (1,) of the random numbers; changed.
    """
    room, total = np.searchsorted(places, looks[-1]), float(looks[-1])
    before, counts_before = np.empty(room), np.empty((room, KINDS))
    tilted, then = np.empty((room, len(tilts), KINDS)), np.empty((room, len(strengths)))
    totals, shares = concentration.sum(axis=1), np.empty(len(weights))
    counts, left, now = np.empty(KINDS), np.empty(KINDS), np.empty((2, len(strengths)))
    preferred, cumulated = preferences(strengths), np.cumsum(spacing[:room])
    reached, squares = 0.0, 0.0
    for _ in range(orders):
        change = min(np.searchsorted(cumulated, uniform(state) * cumulated[-1]), room - 1)
        strength = int(uniform(state) * len(strengths))
        counts[:], left[:], now[:], shares[:] = 0.0, stars, 0.0, weights
        likelihood, opened, reviews = 0.0, 0, 0
        for look in range(len(looks)):
            while reviews < looks[look]:
                if opened < room and reviews == places[opened]:
                    before[opened], counts_before[opened] = likelihood, counts
                    then[opened] = now[0] - now[1]
                    tilt_mix(reviews, counts, shares, concentration, totals, tilts, tilted[opened])
                    opened += 1
                phase = 0 if reviews < places[change] else 1
                star = draw(left, preferred[phase, strength], state)
                for side in range(2):
                    for one in range(len(strengths)):
                        now[side, one] += log_ratio(
                            star, left, total - reviews, preferred[side, one]
                        )
                left[star] -= 1
                likelihood += observe(star, reviews, counts, shares, concentration, totals)
                reviews += 1
            value, _other = weigh(
                opened, counts, likelihood, before, counts_before, tilted, spacing, prior
            )
            if value >= evidence:
                weight = order_weight(opened, spacing, cumulated, now, then)
                reached += weight
                squares += weight * weight
                break
    return reached, squares


@compiled
def chance(
    stars: Floats,
    looks: Ints,
    weights: Floats,
    concentration: Floats,
    places: Ints,
    spacing: Floats,
    prior: Floats,
    tilts: Floats,
    strengths: Floats,
    evidence: float,
    clearly: float,
    state: Seeds,
) -> float:
    """Return the chance that a random order reaches the evidence at some look.

    One standard deviation of the estimate is added, so that it errs to the safe side. What is
    surely above ``clearly`` is not told any better. Arguments as in ``tail``.
    """
    orders = ORDERS_AT_FIRST
    reached, squares = tail(
        stars, looks, weights, concentration, places, spacing, prior, tilts, strengths, evidence,
        orders, state,
    )  # fmt: skip
    mean = reached / orders
    doubt = sqrt(max(squares / orders - mean * mean, 0.0) / orders)
    if mean - 2 * doubt < clearly:
        more, more_squares = tail(
            stars, looks, weights, concentration, places, spacing, prior, tilts, strengths,
            evidence, ORDERS - orders, state,
        )  # fmt: skip
        orders = ORDERS
        mean = (reached + more) / orders
        doubt = sqrt(max((squares + more_squares) / orders - mean * mean, 0.0) / orders)
    return min(1.0, mean + doubt + 1e-12)


@compiled
def chances_of_records(
    stars: Stars,
    looks: Ints,
    seed: np.uint64,
    weights: Floats,
    concentration: Floats,
    places: Ints,
    spacing: Floats,
    prior: Floats,
    tilts: Floats,
    strengths: Floats,
    clearly: Floats,
    screen: float,
    ratio: Floats,
    chances: Floats,
) -> None:
    """Write the chance of one product's evidence at each look at which it was higher than ever.

    Args:
        stars: (n,) in order of time.
        looks: (k,) how many reviews there were at each look.
        seed: of the orders, not 0; with it and the number of reviews they are drawn.
        weights: (c,) of the baseline, and so on as in ``tail``.
        concentration: (c, KINDS)
        places: (t,)
        spacing: (t,)
        prior: (t,)
        tilts: (l,)
        strengths: (j,)
        clearly: (k,) chances above this need not be known any better.
        screen: evidence that is not above this is not looked into.
        ratio: (k,) the evidence at each look.
        chances: (k,) is written where there is a record; else it stays as it is.
    """
    highest, reviews = screen, 0
    counts, state = np.zeros(KINDS), np.empty(1, np.uint64)
    for look in range(len(looks)):
        while reviews < looks[look]:
            counts[stars[reviews]] += 1
            reviews += 1
        if ratio[look] > highest:
            highest = ratio[look]
            state[0] = seed ^ (np.uint64(reviews) * np.uint64(0x9E3779B97F4A7C15)) | np.uint64(1)
            for _ in range(8):
                uniform(state)
            chances[look] = chance(
                counts, looks[: look + 1], weights, concentration, places, spacing, prior, tilts,
                strengths, highest, clearly[look], state,
            )  # fmt: skip


@compiled
def chances_of_all(
    stars: Stars,
    offsets: Ints,
    looks: Ints,
    look_offsets: Ints,
    seeds: Seeds,
    weights: Floats,
    concentrations: Floats,
    baseline: Ints,
    places: Ints,
    spacing: Floats,
    prior: Floats,
    tilts: Floats,
    strengths: Floats,
    clearly: Floats,
    screen: float,
    ratio: Floats,
    chances: Floats,
) -> None:
    """Write the chances of all products, one after the other; see ``chances_of_records``."""
    for product in range(len(offsets) - 1):
        first, last = look_offsets[product], look_offsets[product + 1]
        chances_of_records(
            stars[offsets[product] : offsets[product + 1]],
            looks[first:last],
            seeds[product],
            weights[baseline[product]],
            concentrations[baseline[product]],
            places,
            spacing,
            prior,
            tilts,
            strengths,
            clearly[first:last],
            screen,
            ratio[first:last],
            chances[first:last],
        )
