"""How often stars in random order look like a change: permutations within products, pooled.

The evidence is a Bayes factor, so that stars without a change reach ``exp(m)`` with a chance of the
order of ``exp(-m)``, and how much of that they really do is a figure of the data: the products'
mixes, and how many looks their reviews come in. Here the stars of each product are put in random
order, which leaves all of that as it is and takes away any change, and the products that reach
``REFERENCE`` are counted. Beyond it the share falls as fast as ``exp(-m)`` or faster.

As with baselines, only what was before a month is used for its looks.
"""

from typing import Final

import numpy as np

from reviewdesk.findings.declining.alarms import exposure
from reviewdesk.findings.declining.baselines import (
    FEWEST_REVIEWS,
    MOST_PRODUCTS,
    epochs_of,
)
from reviewdesk.findings.declining.evidence import (
    NOTHING,
    Baselines,
    Candidates,
    Floats,
    Stars,
    follow_all,
)
from reviewdesk.findings.declining.histories import Histories, first_products

REFERENCE: Final = 3.0
EXPOSURE: Final = 2000.0
"""So much is looked at: about a hundred products that reach the reference."""

MOST_ROUNDS: Final = 30
LEAST: Final = 0.2
"""Less is not believed: young products have not yet had the time in which most of them would look
like a change."""

AT_FIRST: Final = 0.5
"""The share before there is anything to learn it from; no data that was tried reached it."""


def reach_of_looks(found: Histories, baselines: Baselines, changes: Candidates) -> Floats:
    """Return, for each look, false alarms at evidence m for each exposure, over exp(-m) (k,)."""
    epochs = epochs_of(found)
    learnt = [AT_FIRST, *(_reach(found, baselines, changes, month) for month in epochs)]
    epoch = np.searchsorted(np.array(epochs, np.int64), found.look_months, side="right")
    return np.array(learnt)[epoch]


def _reach(found: Histories, baselines: Baselines, changes: Candidates, month: int) -> float:
    """Count how often products in random order reach the reference, as they were before a month."""
    past, chosen = first_products(found, month, FEWEST_REVIEWS, MOST_PRODUCTS)
    measured = baselines._replace(of=baselines.of[chosen])
    each = float(exposure(past.reviews).sum())
    rounds = int(min(max(np.ceil(EXPOSURE / each), 1), MOST_ROUNDS))
    generator = np.random.default_rng([month, rounds])
    reached = 0
    for _ in range(rounds):
        highest = _highest(past, _shuffled(past, generator), measured, changes)
        reached += int((highest >= REFERENCE).sum())
    doubtful = reached + np.sqrt(reached + 1.0)
    return max(float(doubtful / (rounds * each) * np.exp(REFERENCE)), LEAST)


def _shuffled(past: Histories, generator: np.random.Generator) -> Stars:
    """Return the stars of each product in random order."""
    product = np.repeat(np.arange(past.products), past.reviews)
    return past.stars[np.lexsort((generator.random(len(product)), product))]


def _highest(past: Histories, stars: Stars, measured: Baselines, changes: Candidates) -> Floats:
    """Return the highest evidence at the products' looks (p,)."""
    ratio, process = np.full(len(past.looks), NOTHING), np.zeros(len(past.looks))
    follow_all(
        stars,
        past.offsets,
        past.looks,
        past.look_offsets,
        *measured,
        changes.reviews,
        changes.spacing,
        changes.prior,
        changes.tilts,
        ratio,
        process,
    )
    ratio[past.looks < FEWEST_REVIEWS] = NOTHING
    return np.maximum.reduceat(ratio, past.look_offsets[:-1])
