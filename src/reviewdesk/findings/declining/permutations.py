"""How often stars in random order would look as much like a change: permutation tails.

If nothing changed, every order of a product's stars so far is as probable as every other, whatever
its mix is. The chance that in a random order the evidence would at some look until now have been as
high as it was is a p-value, exact without any assumption on the mix.

Small p-values need few orders here: see ``orders``. The p-values of one product tell its own
levels; pooled over products they tell how often anything looks like a change.
"""

from math import sqrt
from typing import Final, NamedTuple

import numpy as np

from reviewdesk.findings.declining.evidence import (
    KINDS,
    Baseline,
    Baselines,
    Candidates,
    Floats,
    Ints,
    Known,
    Stars,
    baseline_of,
    none_passed,
    observe,
    pass_candidate,
    weigh,
)
from reviewdesk.findings.declining.orders import (
    Seeds,
    begin,
    draw,
    log_ratio,
    order_weight,
    preferences,
    uniform,
)
from reviewdesk.text.compiled import compiled

ORDERS: Final = 288
ORDERS_AT_FIRST: Final = 64


class Settled(NamedTuple):
    """Between which p-values it matters how high a p-value is, at each look (k,)."""

    below: Floats
    above: Floats


@compiled
def tail(
    stars: Floats,
    looks: Ints,
    baseline: Baseline,
    changes: Candidates,
    evidence: Floats,
    orders: int,
    state: Seeds,
    reached: Floats,
    squares: Floats,
) -> None:
    """Add up the weights, and their squares, of orders that reach the evidence at some look.

    Args:
        stars: (KINDS,) how many of each there are.
        looks: (k,) how many reviews there were at each look; the last is all.
        baseline: what the product is measured by.
        changes: the candidates.
        evidence: (e,) what is to be reached, ascending.
        orders: how many to draw.
        state: (1,) of the random numbers; changed.
        reached: (e,) is added to.
        squares: (e,) is added to.
    """
    total = float(looks[-1])
    passed, preferred = none_passed(changes, looks[-1]), preferences()
    room, strengths = len(passed.likelihood), preferred.shape[1]
    known = Known(np.empty(KINDS), np.empty(len(baseline.weights)))
    left, now, then = np.empty(KINDS), np.empty((2, strengths)), np.empty((room, strengths))
    cumulated = np.cumsum(changes.spacing[:room])
    for _ in range(orders):
        change = min(np.searchsorted(cumulated, uniform(state) * cumulated[-1]), room - 1)
        strength = int(uniform(state) * strengths)
        known.counts[:], known.shares[:], left[:], now[:] = 0.0, baseline.weights, stars, 0.0
        likelihood, opened, reviews, next_ = 0.0, 0, 0, 0
        for look in range(len(looks)):
            while reviews < looks[look]:
                if opened < room and reviews == changes.reviews[opened]:
                    pass_candidate(opened, likelihood, known, baseline, changes, passed)
                    then[opened] = now[0] - now[1]
                    opened += 1
                phase = 0 if reviews < changes.reviews[change] else 1
                star = draw(left, preferred[phase, strength], state)
                for side in range(2):
                    for one in range(strengths):
                        now[side, one] += log_ratio(
                            star, left, total - reviews, preferred[side, one]
                        )
                left[star] -= 1
                likelihood += observe(star, reviews, known, baseline)
                reviews += 1
            value, _other = weigh(opened, known.counts, likelihood, passed, changes)
            if value >= evidence[next_]:
                weight = order_weight(opened, changes.spacing, cumulated, now, then)
                while next_ < len(evidence) and value >= evidence[next_]:
                    reached[next_] += weight
                    squares[next_] += weight * weight
                    next_ += 1
                if next_ == len(evidence):
                    break


@compiled
def p_value(
    stars: Floats,
    looks: Ints,
    baseline: Baseline,
    changes: Candidates,
    evidence: float,
    below: float,
    above: float,
    state: Seeds,
) -> float:
    """Return the chance that a random order reaches the evidence at some look.

    One standard deviation of the estimate is added, so that it errs to the safe side. What is
    surely below or above some p-values is not told any better. Other arguments as in ``tail``.
    """
    sought, reached, squares = np.full(1, evidence), np.zeros(1), np.zeros(1)
    orders = ORDERS_AT_FIRST
    tail(stars, looks, baseline, changes, sought, orders, state, reached, squares)
    doubt = sqrt(spread(reached[0], squares[0], orders))
    mean = reached[0] / orders
    if mean + 3 * doubt > below and mean - 2 * doubt < above:
        more = ORDERS - orders
        tail(stars, looks, baseline, changes, sought, more, state, reached, squares)
        orders = ORDERS
        doubt = sqrt(spread(reached[0], squares[0], orders))
    return float(min(1.0, reached[0] / orders + doubt + 1e-12))


@compiled
def spread(reached: float, squares: float, orders: int) -> float:
    """Return the variance of the mean weight of so many orders."""
    mean = reached / orders
    return float(max(squares / orders - mean * mean, 0.0) / orders)


@compiled
def p_values_of_records(
    stars: Stars,
    looks: Ints,
    seed: np.uint64,
    baseline: Baseline,
    changes: Candidates,
    settled: Settled,
    screen: float,
    ratio: Floats,
    p_values: Floats,
) -> None:
    """Write the p-value of one product's evidence at each look at which it was higher than ever.

    Args:
        stars: (n,) in order of time.
        looks: (k,) how many reviews there were at each look.
        seed: of the orders; with it and the number of reviews they are drawn.
        baseline: what the product is measured by.
        changes: the candidates.
        settled: how well p-values need to be known.
        screen: evidence that is not above this is not looked into.
        ratio: (k,) the evidence at each look.
        p_values: (k,) is written where there is a record; else it stays as it is.
    """
    highest, reviews, counts = screen, 0, np.zeros(KINDS)
    for look in range(len(looks)):
        while reviews < looks[look]:
            counts[stars[reviews]] += 1
            reviews += 1
        if ratio[look] > highest:
            highest = ratio[look]
            state = begin(seed ^ (np.uint64(reviews) * np.uint64(0x9E3779B97F4A7C15)))
            p_values[look] = p_value(
                counts,
                looks[: look + 1],
                baseline,
                changes,
                highest,
                settled.below[look],
                settled.above[look],
                state,
            )


@compiled
def p_values_of_all(
    stars: Stars,
    offsets: Ints,
    looks: Ints,
    look_offsets: Ints,
    seeds: Seeds,
    baselines: Baselines,
    changes: Candidates,
    settled: Settled,
    screen: float,
    ratio: Floats,
    p_values: Floats,
) -> None:
    """Write the p-values of all products, one after the other; see ``p_values_of_records``."""
    for product in range(len(offsets) - 1):
        first, last = look_offsets[product], look_offsets[product + 1]
        p_values_of_records(
            stars[offsets[product] : offsets[product + 1]],
            looks[first:last],
            seeds[product],
            baseline_of(baselines, product),
            changes,
            Settled(settled.below[first:last], settled.above[first:last]),
            screen,
            ratio[first:last],
            p_values[first:last],
        )


@compiled
def pooled_tail(
    counts: Floats,
    looks: Ints,
    look_offsets: Ints,
    seeds: Seeds,
    baselines: Baselines,
    changes: Candidates,
    evidence: Floats,
    orders: int,
) -> Floats:
    """Return how many products reach the evidence in random order, and the variance of it (2, e).

    Args:
        counts: (p, KINDS) stars of each product.
        looks: how many reviews each had at its looks; the last is all.
        look_offsets: (p + 1,)
        seeds: (p,)
        baselines: what products are measured by.
        changes: the candidates.
        evidence: (e,) ascending.
        orders: how many to draw of each product.
    """
    tails = np.zeros((2, len(evidence)))
    reached, squares = np.empty(len(evidence)), np.empty(len(evidence))
    for product in range(len(counts)):
        reached[:], squares[:] = 0.0, 0.0
        tail(
            counts[product],
            looks[look_offsets[product] : look_offsets[product + 1]],
            baseline_of(baselines, product),
            changes,
            evidence,
            orders,
            begin(seeds[product]),
            reached,
            squares,
        )
        for one in range(len(evidence)):
            tails[0, one] += reached[one] / orders
            tails[1, one] += spread(reached[one], squares[one], orders)
    return tails
