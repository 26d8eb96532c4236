"""How often stars in random order look like a change: permutations within products, pooled.

The evidence is a Bayes factor, so that stars without a change reach ``exp(m)`` with a chance of the
order of ``exp(-m)``; how often they really do is a figure of the data: the products' mixes, and how
many looks their reviews come in. Here the stars of each product are put in random order, which
leaves all of that as it is and takes away any change, and the share that reaches each evidence is
counted, by orders of which those that look like a change are drawn more often.

As with baselines, only what was before a month is used for its looks.
"""

from typing import Final

import numpy as np

from reviewdesk.findings.declining.alarms import exposure
from reviewdesk.findings.declining.baselines import FEWEST_REVIEWS, MOST_PRODUCTS, epochs_of
from reviewdesk.findings.declining.evidence import Baselines, Candidates, Floats
from reviewdesk.findings.declining.histories import Histories, first_products
from reviewdesk.findings.declining.permutations import pooled_tail

EVIDENCE: Final = np.arange(2.0, 11.0)
"""Logarithms at which orders are counted; between them the logarithm of the share is straight, and
beyond them it falls as the evidence."""

ORDERS: Final = 4_000
"""Orders that are drawn, of all products together; of one product at least the fewest."""

FEWEST_ORDERS: Final = 8
MOST_ORDERS: Final = 64

LEAST: Final = np.maximum(0.4 * 0.5 ** (EVIDENCE - EVIDENCE[0]), 0.05)
"""Less than this share of exp(-m) is not believed: young products have not yet had the time in
which most of them would look like a change. So it is among products of all ages."""

AT_FIRST: Final = 0.5
"""The share of exp(-m) before there is anything to learn it from; no data that was tried reached
it."""


def pooled_levels(
    histories: Histories, baselines: Baselines, changes: Candidates, ratio: Floats
) -> Floats:
    """Return, for each look, the false alarms for each exposure at its evidence (k,)."""
    epochs = epochs_of(histories)
    learnt = [np.log(AT_FIRST) - EVIDENCE]
    learnt += [_log_tail(histories, baselines, changes, month) for month in epochs]
    epoch = np.searchsorted(np.array(epochs, np.int64), histories.look_months, side="right")
    levels = np.empty(len(ratio))
    for one, logs in enumerate(learnt):
        here = epoch == one
        beyond = np.maximum(ratio[here] - EVIDENCE[-1], 0.0)
        levels[here] = np.exp(np.interp(ratio[here], EVIDENCE, logs) - beyond)
    return levels


def _log_tail(found: Histories, baselines: Baselines, changes: Candidates, month: int) -> Floats:
    """Count products in random order, as they were before a month; return logarithms (e,)."""
    past, chosen = first_products(found, month, FEWEST_REVIEWS, MOST_PRODUCTS)
    measured = baselines._replace(of=baselines.of[chosen])
    looked = past.looks >= FEWEST_REVIEWS
    ends = np.cumsum(np.bincount(past.product_of_look[looked], minlength=past.products))
    reached, doubt = pooled_tail(
        past.counts().astype(np.float64),
        past.looks[looked],
        np.append(0, ends),
        past.keys ^ np.uint64(month),
        measured,
        changes,
        EVIDENCE,
        int(np.clip(ORDERS // past.products, FEWEST_ORDERS, MOST_ORDERS)),
    )
    each = float(exposure(past.reviews).sum())
    shares = np.maximum((reached + np.sqrt(doubt)) / each, LEAST * np.exp(-EVIDENCE))
    return np.asarray(np.log(np.minimum.accumulate(shares)))
