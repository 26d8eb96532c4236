"""How much a product's stars speak for a change: likelihoods of candidate changes, in machine code.

A product's mix of stars comes from a mixture of Dirichlet distributions that was fitted over
products; before a change its reviews are draws from that mix. After a candidate change the mix that
the reviews before it predict is tilted: the probability of s stars is multiplied by exp(-tilt * s)
and scaled to 1. Candidates are at fixed numbers of reviews, close together at first, then 6 %
apart; the evidence is a weighted mean of their likelihood ratios against "no change". Two weighted
means are taken, which differ in the weights of the candidates:

- ``ratio``: all candidates so far weigh the same for each review between them. It is the Bayes
  factor of one look, and the statistic that permutations are compared by.
- ``process``: fixed weights that add up to 1 over all candidates that will ever be. It is an
  e-process: under stars of the fitted baseline the chance that it ever reaches 1/a is at most a.
"""

from math import exp, log
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled

KINDS: Final = 5
"""Stars 1 to 5, as 0 to 4."""

FIRST_CANDIDATE: Final = 4
CANDIDATE_STEP: Final = 1.06
LAST_CANDIDATE: Final = 2**24
TILTS: Final = (0.15, 0.3, 0.5)
SLOWNESS: Final = 0.2
SOON: Final = 10.0

NOTHING: Final = -50.0
"""The log evidence before the first candidate."""

Ints = NDArray[np.int64]
Stars = NDArray[np.int8]
Floats = NDArray[np.float64]


class Candidates(NamedTuple):
    """Where a change is looked for, and how; the same for all products and at all times."""

    reviews: Ints  # (t,) so many reviews are before the change
    spacing: Floats  # (t,) weights of ``ratio``
    prior: Floats  # (t,) weights of ``process``; they add up to less than 1
    tilts: Floats  # (l,)


def candidates(tilts: tuple[float, ...] = TILTS) -> Candidates:
    """Return the candidate changes."""
    places, place = [], FIRST_CANDIDATE
    while place < LAST_CANDIDATE:
        places.append(place)
        place = max(place + 1, int(place * CANDIDATE_STEP))
    edges = np.array([*places, place], np.float64)
    spent = 1 - (1 + edges / SOON) ** -SLOWNESS
    return Candidates(
        np.array(places, np.int64), np.diff(edges), np.diff(spent), np.array(tilts, np.float64)
    )


class Baselines(NamedTuple):
    """What mixes of stars products have: mixtures of Dirichlet distributions."""

    weights: Floats  # (b, c)
    concentrations: Floats  # (b, c, KINDS)
    of: Ints  # (products,) which of the b each product is measured by

    def turned(self) -> "Baselines":
        """Return the same with 5 stars called 1 star, to look for improvement."""
        return self._replace(concentrations=np.ascontiguousarray(self.concentrations[..., ::-1]))


@compiled
def observe(
    star: int, reviews: int, counts: Floats, shares: Floats, concentration: Floats, totals: Floats
) -> float:
    """Add a review to the running counts; return the log probability it had.

    Args:
        star: 0 to KINDS - 1.
        reviews: how many there were before.
        counts: (KINDS,) their stars; changed.
        shares: (c,) how probable each component is given them; changed.
        concentration: (c, KINDS).
        totals: (c,) sums of the concentrations.
    """
    probability = 0.0
    for one in range(len(shares)):
        shares[one] *= (concentration[one, star] + counts[star]) / (totals[one] + reviews)
        probability += shares[one]
    for one in range(len(shares)):
        shares[one] /= probability
    counts[star] += 1
    return log(probability)


@compiled
def tilt_mix(
    reviews: int,
    counts: Floats,
    shares: Floats,
    concentration: Floats,
    totals: Floats,
    tilts: Floats,
    tilted: Floats,
) -> None:
    """Write the log probabilities of stars after a change here, for each tilt (l, KINDS)."""
    for tilt in range(len(tilts)):
        whole = 0.0
        for star in range(KINDS):
            mean = 0.0
            for one in range(len(shares)):
                predicted = (concentration[one, star] + counts[star]) / (totals[one] + reviews)
                mean += shares[one] * predicted
            tilted[tilt, star] = mean * exp(-tilts[tilt] * star)
            whole += tilted[tilt, star]
        for star in range(KINDS):
            tilted[tilt, star] = log(tilted[tilt, star] / whole)


@compiled
def weigh(
    opened: int,
    counts: Floats,
    likelihood: float,
    before: Floats,
    counts_before: Floats,
    tilted: Floats,
    spacing: Floats,
    prior: Floats,
) -> tuple[float, float]:
    """Return the two weighted means of the candidates' likelihood ratios, as logarithms.

    Args:
        opened: how many candidates lie before now (t).
        counts: (KINDS,) stars until now.
        likelihood: the log probability of all reviews without a change.
        before: (t,) of those before each candidate.
        counts_before: (t, KINDS).
        tilted: (t, l, KINDS) log probabilities after it.
        spacing: weights of ``ratio``.
        prior: weights of ``process``.
    """
    if opened == 0:
        return NOTHING, 0.0
    highest, ratio, process, spaced, spent = -1e300, 0.0, 0.0, 0.0, 0.0
    tilts = tilted.shape[1]
    for place in range(opened):
        spaced += spacing[place]
        spent += prior[place]
        for tilt in range(tilts):
            value = before[place] - likelihood
            for star in range(KINDS):
                after = counts[star] - counts_before[place, star]
                value += after * tilted[place, tilt, star]
            if value > highest:
                ratio *= exp(highest - value)
                process *= exp(highest - value)
                highest = value
            ratio += spacing[place] * exp(value - highest)
            process += prior[place] * exp(value - highest)
    likely = log(process / tilts) + highest
    rest = log(1 - spent)
    above, below = max(likely, rest), min(likely, rest)
    return log(ratio / (tilts * spaced)) + highest, above + log(1 + exp(below - above))


@compiled
def follow(
    stars: Stars,
    looks: Ints,
    weights: Floats,
    concentration: Floats,
    places: Ints,
    spacing: Floats,
    prior: Floats,
    tilts: Floats,
    ratio: Floats,
    process: Floats,
) -> None:
    """Write the evidence of one product at each of its looks.

    Args:
        stars: (n,) its stars, 0 to KINDS - 1, in order of time.
        looks: (k,) how many reviews it had at each look, ascending.
        weights: (c,) of its baseline.
        concentration: (c, KINDS) of its baseline.
        places: the candidates.
        spacing: their weights of ``ratio``.
        prior: their weights of ``process``.
        tilts: (l,)
        ratio: (k,) is written.
        process: (k,) is written.
    """
    room = np.searchsorted(places, len(stars))
    before, counts_before = np.empty(room), np.empty((room, KINDS))
    tilted = np.empty((room, len(tilts), KINDS))
    counts, shares, totals = np.zeros(KINDS), weights.copy(), concentration.sum(axis=1)
    likelihood, opened, reviews = 0.0, 0, 0
    for look in range(len(looks)):
        while reviews < looks[look]:
            if opened < room and reviews == places[opened]:
                before[opened] = likelihood
                counts_before[opened] = counts
                tilt_mix(reviews, counts, shares, concentration, totals, tilts, tilted[opened])
                opened += 1
            star = stars[reviews]
            likelihood += observe(star, reviews, counts, shares, concentration, totals)
            reviews += 1
        ratio[look], process[look] = weigh(
            opened, counts, likelihood, before, counts_before, tilted, spacing, prior
        )


@compiled
def follow_all(
    stars: Stars,
    offsets: Ints,
    looks: Ints,
    look_offsets: Ints,
    weights: Floats,
    concentrations: Floats,
    baseline: Ints,
    places: Ints,
    spacing: Floats,
    prior: Floats,
    tilts: Floats,
    ratio: Floats,
    process: Floats,
) -> None:
    """Write the evidence of all products at all their looks, one product after the other."""
    for product in range(len(offsets) - 1):
        first, last = look_offsets[product], look_offsets[product + 1]
        follow(
            stars[offsets[product] : offsets[product + 1]],
            looks[first:last],
            weights[baseline[product]],
            concentrations[baseline[product]],
            places,
            spacing,
            prior,
            tilts,
            ratio[first:last],
            process[first:last],
        )
