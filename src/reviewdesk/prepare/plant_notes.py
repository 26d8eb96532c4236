"""Sentences about what was planted otherwise than people may think, and why."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from reviewdesk.report.numbers import count, plural
from reviewdesk.settings import PlantSettings
from reviewdesk.sources.truth.facts import NONE, ReviewFacts
from reviewdesk.sources.truth.planting import Planting

_NOTHING_LEFT: Final = "so nothing is left that shows where they belong; take a smaller share"
_ONE_CATEGORY: Final = "there are no two categories to move between"


def plant_notes(facts: ReviewFacts, planting: Planting, settings: PlantSettings) -> list[str]:
    """Say why there is nothing, less or more of what was asked for.

    Args:
        facts: the reviews.
        planting: what becomes of them.
        settings: what was asked for.
    """
    if not (settings.review_category or settings.product_category or settings.declining):
        return ["nothing was planted: all three shares are 0"]
    return [
        *_review_category(facts, planting, settings.review_category),
        *_product_category(facts, planting, settings.product_category),
        *_declining(facts, planting, settings.declining),
    ]


def _review_category(facts: ReviewFacts, planting: Planting, share: float) -> Iterator[str]:
    free = (planting.category == NONE) & (planting.said == NONE)
    may_move = int(np.sum(free & (facts.category >= 0) & ~facts.copied))
    moved = int(np.sum(planting.like != NONE))
    if moved:
        if moved == may_move:
            yield f"all {count(moved)} reviews that can be moved are, {_NOTHING_LEFT}"
        elif 2 * moved > may_move:
            yield (
                f"{count(moved)} of the {count(may_move)} reviews that can be moved are, more "
                "than stand right: what categories are about is no longer to be seen; take a "
                "smaller share"
            )
    elif not share:
        yield "no review was moved: the share is 0"
    elif _one_category(facts):
        yield f"no review was moved: {_ONE_CATEGORY}"
    elif may_move:
        yield "no review was moved: there are too few reviews for the share"
    else:
        yield "no review was moved: all of them have another error, or are copies over variants"


def _product_category(facts: ReviewFacts, planting: Planting, share: float) -> Iterator[str]:
    filed = int(np.sum(facts.product_category() != NONE))
    moved = len(planting.products)
    if moved:
        if moved == filed:
            yield f"all {count(moved)} products change category, {_NOTHING_LEFT}"
    elif not share:
        yield "no product changes category: the share is 0"
    elif not len(facts.product_key):
        yield "no product changes category: the data has no products"
    elif _one_category(facts):
        yield f"no product changes category: {_ONE_CATEGORY}"
    else:
        yield "no product changes category: there are too few products for the share"


def _declining(facts: ReviewFacts, planting: Planting, share: float) -> Iterator[str]:
    declines = planting.declines
    if not share:
        yield "no product declines: the share is 0"
    elif not declines.candidates:
        yield "no product declines: none has enough reviews with dates and stars"
    elif _all_change_category(facts, planting):
        yield "no product declines: all of them change category, and each has one error at most"
    elif not len(declines.product) and not declines.not_low_enough:
        yield "no product declines: there are too few products with enough reviews for the share"
    else:
        if declines.not_low_enough:
            yield (
                f"{plural(declines.not_low_enough, 'product was', 'products were')} left without a "
                "decline: they change category, their stars are too low, or worse reviews of "
                "their category too few, for such a drop"
            )
        if share == 1 and len(declines.product):
            yield (
                f"{plural(len(declines.product), 'product declines', 'products decline')}, all "
                "that can; take a smaller share to leave some that could"
            )


def _one_category(facts: ReviewFacts) -> bool:
    return len(np.unique(facts.category[facts.category >= 0])) < 2


def _all_change_category(facts: ReviewFacts, planting: Planting) -> bool:
    return bool(np.all(planting.category[facts.product >= 0] != NONE))
