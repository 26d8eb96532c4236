"""Which products are called changed, month by month, so that few are called so wrongly.

A look's level ``q`` says how many false alarms there would be at its threshold, for each unit of
*exposure*: up to n reviews, a product without a change has been exposed to ``exposure(n)``, which
grows with the number of looks that tell anything new. So all looks of a product share one account:
looking more often costs nothing, only new reviews do. At the end of each month all products so far
are judged together (Benjamini and Hochberg 1995): the threshold is the highest at which the false
alarms expected until now, threshold times the exposure of all products until now, are at most alpha
times the number of products called. Whoever was called stays so, and no later month changes that.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.findings.declining.baselines import FEWEST_REVIEWS
from reviewdesk.findings.declining.evidence import Floats, Ints
from reviewdesk.findings.declining.histories import Histories

EVEN: Final = 32.0
"""Reviews from which on exposure grows by the same amount with each doubling."""

HEAD_START: Final = 5.0
"""Exposure that is added to all that there was: in the first months, when few products have been
looked at, the threshold is so held back from being spent many times over."""

PATIENCE: Final = 30.0
"""The first call of all is spread over time: half of alpha is for the time until there was so much
exposure. Without that, in a shop where nothing ever changes, each doubling of the exposure would
have its own chance of a false call; with it, all of them together have alpha."""

FIRST_CALL: Final = 0.05
"""Where nothing ever changes, every call is wrong: the chance that there is any at all is held to
this, also for lists that promise less."""

SPENT: Final = 0.85
"""How much of alpha is spent by what is expected at each month's threshold. Whoever was called at
a month's luckier threshold stays called when it falls again: with all of alpha spent, 10.3 % of 330
calls were wrong where 10 % were promised."""


@dataclass(frozen=True)
class Alarms:
    """Which products were called changed.

    Args:
        look: (p,) the last look at each when it was called, as an index of all looks; -1: never.
        month: (p,) the month in which it was called, since 1970-01; -1: never.
        level: (p,) its lowest q until then; infinite: never called.
        expected_errors: how many are expected to be wrong.
    """

    look: Ints
    month: Ints
    level: Floats
    expected_errors: float

    @property
    def products(self) -> Ints:
        """The products that were called changed (a,)."""
        return np.flatnonzero(self.look >= 0)


def exposure(reviews: NDArray[np.int64]) -> Floats:
    """Return what a product was exposed to until it had so many reviews (n,)."""
    used = 0.5 * np.log1p(np.square(reviews / EVEN))
    return np.where(reviews >= FEWEST_REVIEWS, used, 0.0)


def raise_alarms(histories: Histories, levels: Floats, alpha: float) -> Alarms:
    """Call products changed, month by month.

    Args:
        histories: the products' looks.
        levels: (k,) q of each look; infinite where it tells nothing.
        alpha: the share of wrong ones among all that are called changed until any month, in 0–1.
    """
    product_of_look, exposed = histories.product_of_look, exposure(histories.looks)
    best, now = np.full(histories.products, np.inf), np.zeros(histories.products)
    last, look = np.zeros(histories.products, np.int64), np.full(histories.products, -1)
    called_in, errors, total = np.full(histories.products, -1), 0.0, 0.0
    order = np.argsort(histories.look_months, kind="stable")
    months, starts = np.unique(histories.look_months[order], return_index=True)
    of_month = np.split(order, starts[1:]) if len(months) else []
    for month, looks in zip(months, of_month, strict=True):
        product = product_of_look[looks]
        total += float((exposed[looks] - now[product]).sum())
        now[product], last[product] = exposed[looks], looks
        open_ = look[product] < 0
        best[product[open_]] = np.minimum(best[product[open_]], levels[looks[open_]])
        limit = threshold(best, total, SPENT * alpha)
        called = np.flatnonzero((best <= limit) & (look < 0))
        look[called], called_in[called] = last[called], month
        errors = max(errors, limit * total)
    level = np.where(look >= 0, best, np.inf)
    return Alarms(look, called_in, level, min(errors, alpha * float((look >= 0).sum())))


def threshold(best: Floats, total: float, alpha: float) -> float:
    """Return the highest level at which the false alarms expected are few enough; 0 for none."""
    ordered = np.sort(best[best <= alpha])
    shares = np.arange(1, len(ordered) + 1) / (HEAD_START + total)
    shares[:1] = PATIENCE / (PATIENCE + total) ** 2 * min(1.0, FIRST_CALL / alpha)
    enough = np.flatnonzero(ordered <= alpha * shares)
    return float(ordered[enough[-1]]) if len(enough) else 0.0
