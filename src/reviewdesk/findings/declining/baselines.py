"""What mixes of stars products have, learnt from the past only.

A product is measured by what had been learnt before it was looked at for the first time, from other
products, and stays so: its evidence at a look never changes when more months come. What is learnt
is learnt again each time that the reviews have grown by half.
"""

from typing import Final

import numpy as np

from reviewdesk.findings.declining.evidence import KINDS, Baselines, Floats, Ints
from reviewdesk.findings.declining.histories import Histories, first_products, months_of
from reviewdesk.stats.dirichlet_multinomial import fit_dirichlet_mixture

FEWEST_REVIEWS: Final = 10
"""A product is looked at from so many reviews on."""

COMPONENTS: Final = 4
PRODUCTS_PER_COMPONENT: Final = 25
MOST_PRODUCTS: Final = 2000
GROWTH: Final = 1.5
FLAT_SHARE: Final = 0.6
"""How much of a baseline is a mix that knows nothing, against products like no other."""


def learn_baselines(histories: Histories) -> Baselines:
    """Return what each product is measured by, in the order of the products."""
    epochs = epochs_of(histories)
    learnt = [_flat(), *(_learn(histories, month) for month in epochs)]
    first = np.full(histories.products, np.iinfo(np.int64).max)
    ready = histories.looks >= FEWEST_REVIEWS
    np.minimum.at(first, histories.product_of_look[ready], histories.look_months[ready])
    of = np.searchsorted(np.array(epochs, np.int64), first, side="right")
    weights = np.stack([one.weights for one in learnt])
    return Baselines(weights, np.stack([one.concentrations for one in learnt]), of.astype(np.int64))


class _Learnt:
    """One baseline with its flat part."""

    def __init__(self, weights: Floats, concentrations: Floats) -> None:
        self.weights = np.append(weights * (1 - FLAT_SHARE), FLAT_SHARE)
        self.concentrations = np.concatenate([concentrations, np.ones((1, KINDS))])


def _flat() -> _Learnt:
    """Return what is taken for granted before anything is learnt."""
    return _Learnt(np.eye(1, COMPONENTS)[0], np.ones((COMPONENTS, KINDS)))


def _learn(found: Histories, month: int) -> _Learnt:
    """Fit products as they were before a month."""
    past, _ = first_products(found, month, FEWEST_REVIEWS, MOST_PRODUCTS)
    components = min(COMPONENTS, past.products // PRODUCTS_PER_COMPONENT)
    fitted = fit_dirichlet_mixture(past.counts(), components)
    weights, concentrations = np.zeros(COMPONENTS), np.ones((COMPONENTS, KINDS))
    weights[:components], concentrations[:components] = fitted
    return _Learnt(weights, concentrations)


def epochs_of(found: Histories) -> list[int]:
    """Return before which months baselines are learnt."""
    months, at = np.unique(months_of(found.days), return_inverse=True)
    before = np.cumsum(np.bincount(at, minlength=len(months)))  # reviews until each month's end
    ready = _months_ready(found)
    epochs: list[int] = []
    last = 0.0
    for month, reviews in zip(months[1:], before[:-1], strict=True):
        able = np.searchsorted(ready, month)  # products that were ready before
        if able >= PRODUCTS_PER_COMPONENT and reviews >= GROWTH * last:
            epochs.append(int(month))
            last = float(reviews)
    return epochs


def _months_ready(found: Histories) -> Ints:
    """Return in which months products got enough reviews, ascending."""
    ready = found.looks >= FEWEST_REVIEWS
    _, first = np.unique(found.product_of_look[ready], return_index=True)
    return np.sort(found.look_months[ready][first])
