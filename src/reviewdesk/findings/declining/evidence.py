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


class Baseline(NamedTuple):
    """What mixes of stars products have: a mixture of Dirichlet distributions."""

    weights: Floats  # (c,)
    concentrations: Floats  # (c, KINDS)
    totals: Floats  # (c,) their sums


class Baselines(NamedTuple):
    """Several baselines, and which one each product is measured by."""

    weights: Floats  # (b, c)
    concentrations: Floats  # (b, c, KINDS)
    of: Ints  # (products,) which of the b each product is measured by

    def turned(self) -> "Baselines":
        """Return the same with 5 stars called 1 star, to look for improvement."""
        return self._replace(concentrations=np.ascontiguousarray(self.concentrations[..., ::-1]))


class Passed(NamedTuple):
    """What was known at each candidate when it was passed."""

    likelihood: Floats  # (t,) the log probability of all reviews before it
    counts: Floats  # (t, KINDS) their stars
    tilted: Floats  # (t, l, KINDS) log probabilities of stars after a change there


class Known(NamedTuple):
    """What is known of a product's mix by now; its arrays are changed with each review."""

    counts: Floats  # (KINDS,) stars until now
    shares: Floats  # (c,) how probable each component is given them


@compiled
def baseline_of(baselines: Baselines, product: int) -> Baseline:
    """Return what a product is measured by."""
    one = baselines.of[product]
    concentrations = baselines.concentrations[one]
    return Baseline(baselines.weights[one], concentrations, concentrations.sum(axis=1))


@compiled
def none_passed(changes: Candidates, reviews: int) -> Passed:
    """Return room for the candidates before so many reviews."""
    room, tilts = np.searchsorted(changes.reviews, reviews), len(changes.tilts)
    return Passed(np.empty(room), np.empty((room, KINDS)), np.empty((room, tilts, KINDS)))


@compiled
def observe(star: int, reviews: int, known: Known, baseline: Baseline) -> float:
    """Learn from a review; return the log probability it had.

    Args:
        star: 0 to KINDS - 1.
        reviews: how many there were before.
        known: what was known before; changed.
        baseline: what the product is measured by.
    """
    probability = 0.0
    for mix in range(len(known.shares)):
        seen = baseline.concentrations[mix, star] + known.counts[star]
        known.shares[mix] *= seen / (baseline.totals[mix] + reviews)
        probability += known.shares[mix]
    for mix in range(len(known.shares)):
        known.shares[mix] /= probability
    known.counts[star] += 1
    return log(probability)


@compiled
def pass_candidate(
    candidate: int,
    likelihood: float,
    known: Known,
    baseline: Baseline,
    changes: Candidates,
    passed: Passed,
) -> None:
    """Write what is known at a candidate, and what stars would be after a change there."""
    reviews, tilted = changes.reviews[candidate], passed.tilted[candidate]
    passed.likelihood[candidate], passed.counts[candidate] = likelihood, known.counts
    for tilt in range(len(changes.tilts)):
        whole = 0.0
        for star in range(KINDS):
            mean = 0.0
            for one in range(len(known.shares)):
                seen = baseline.concentrations[one, star] + known.counts[star]
                mean += known.shares[one] * seen / (baseline.totals[one] + reviews)
            tilted[tilt, star] = mean * exp(-changes.tilts[tilt] * star)
            whole += tilted[tilt, star]
        for star in range(KINDS):
            tilted[tilt, star] = log(tilted[tilt, star] / whole)


@compiled
def weigh(
    opened: int, counts: Floats, likelihood: float, passed: Passed, changes: Candidates
) -> tuple[float, float]:
    """Return the two weighted means of the candidates' likelihood ratios, as logarithms.

    Args:
        opened: how many candidates lie before now.
        counts: (KINDS,) stars until now.
        likelihood: the log probability of all reviews without a change.
        passed: what was known at the candidates.
        changes: the candidates.
    """
    if opened == 0:
        return NOTHING, 0.0
    highest, ratio, process, spaced, spent = -1e300, 0.0, 0.0, 0.0, 0.0
    tilts = len(changes.tilts)
    for candidate in range(opened):
        spacing, prior = changes.spacing[candidate], changes.prior[candidate]
        spaced += spacing
        spent += prior
        for tilt in range(tilts):
            value = passed.likelihood[candidate] - likelihood
            for star in range(KINDS):
                after = counts[star] - passed.counts[candidate, star]
                value += after * passed.tilted[candidate, tilt, star]
            if value > highest:
                ratio *= exp(highest - value)
                process *= exp(highest - value)
                highest = value
            ratio += spacing * exp(value - highest)
            process += prior * exp(value - highest)
    likely = log(process / tilts) + highest
    rest = log(1 - spent)
    above, below = max(likely, rest), min(likely, rest)
    return log(ratio / (tilts * spaced)) + highest, above + log(1 + exp(below - above))


@compiled
def follow(
    stars: Stars,
    looks: Ints,
    baseline: Baseline,
    changes: Candidates,
    ratio: Floats,
    process: Floats,
) -> None:
    """Write the evidence of one product at each of its looks.

    Args:
        stars: (n,) its stars, 0 to KINDS - 1, in order of time.
        looks: (k,) how many reviews it had at each look, ascending.
        baseline: what it is measured by.
        changes: the candidates.
        ratio: (k,) is written.
        process: (k,) is written.
    """
    passed = none_passed(changes, len(stars))
    known = Known(np.zeros(KINDS), baseline.weights.copy())
    likelihood, opened, reviews = 0.0, 0, 0
    for look in range(len(looks)):
        while reviews < looks[look]:
            if opened < len(passed.likelihood) and reviews == changes.reviews[opened]:
                pass_candidate(opened, likelihood, known, baseline, changes, passed)
                opened += 1
            likelihood += observe(stars[reviews], reviews, known, baseline)
            reviews += 1
        ratio[look], process[look] = weigh(opened, known.counts, likelihood, passed, changes)


@compiled
def follow_all(
    stars: Stars,
    offsets: Ints,
    looks: Ints,
    look_offsets: Ints,
    baselines: Baselines,
    changes: Candidates,
    ratio: Floats,
    process: Floats,
) -> None:
    """Write the evidence of all products at all their looks, one product after the other."""
    for product in range(len(offsets) - 1):
        first, last = look_offsets[product], look_offsets[product + 1]
        follow(
            stars[offsets[product] : offsets[product + 1]],
            looks[first:last],
            baseline_of(baselines, product),
            changes,
            ratio[first:last],
            process[first:last],
        )
