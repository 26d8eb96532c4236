"""Plants errors: decides which reviews and products are made wrong, and how.

Each review gets at most one error: what stands in a product in the wrong category is not moved nor
exchanged besides, and an exchanged review is not moved.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reviewdesk.settings import PlantSettings
from reviewdesk.sources.truth.declines import Declines, choose_declines
from reviewdesk.sources.truth.facts import NONE, ReviewFacts
from reviewdesk.sources.truth.moves import Moves, choose_moves, salted
from reviewdesk.text.hashing import unit_interval

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Planting:
    """What becomes of n reviews.

    Args:
        like: (n,) the review whose product and category each review gets; -1 for its own.
        category: (n,) the category that a review gets with all others of its product; -1 for its
            own.
        declines: the products that get worse, and the reviews that are exchanged for that.
        products: the products that get another category.
        right: (products,) the category that each of them is in.
        shown: (products,) the category that each of them gets.
    """

    like: Ints
    category: NDArray[np.int32]
    declines: Declines
    products: Ints
    right: Ints
    shown: Ints

    @property
    def said(self) -> Ints:
        """The review whose stars and text each review gets, (n,); -1 for its own."""
        return self.declines.said


def plan_errors(facts: ReviewFacts, settings: PlantSettings) -> Planting:
    """Decide what is made wrong.

    Args:
        facts: n reviews.
        settings: how much of what.
    """
    right = facts.product_category()
    products = np.flatnonzero(right != NONE)
    moved = _choose(facts, settings, products, right[products], "product")
    wrong = products[moved.chosen]
    shown_by_product = np.full(len(right) + 1, NONE, np.int32)  # the last: no product
    shown_by_product[wrong] = moved.destination
    category = shown_by_product[facts.product]
    declines = choose_declines(
        facts,
        category == NONE,
        share=settings.declining,
        drop=settings.drop,
        seed=settings.seed,
    )
    return Planting(
        like=_move_reviews(facts, settings, (category == NONE) & (declines.said == NONE)),
        category=category,
        declines=declines,
        products=wrong,
        right=right[wrong],
        shown=moved.destination,
    )


def _choose(
    facts: ReviewFacts, settings: PlantSettings, things: Ints, category: Ints, purpose: str
) -> Moves:
    of_reviews = purpose == "review"
    return choose_moves(
        facts.key[things] if of_reviews else facts.product_key[things],
        category,
        facts.categories,
        share=settings.review_category if of_reviews else settings.product_category,
        moves=settings.moves,
        purpose=purpose,
        seed=settings.seed,
    )


def _move_reviews(facts: ReviewFacts, settings: PlantSettings, may_move: NDArray[np.bool_]) -> Ints:
    """Return for each review the one whose place it gets, (n,); -1 for its own.

    The place is that of a review drawn from the category that it moves to, so that a product gets
    wrong reviews as it has reviews.
    """
    things = np.flatnonzero(may_move & (facts.category >= 0) & ~facts.copied)
    moved = _choose(facts, settings, things, facts.category[things].astype(np.int64), "review")
    rows = things[moved.chosen]
    places = np.flatnonzero(may_move & (facts.category >= 0))
    order = np.lexsort((facts.key[places], facts.category[places]))
    places = places[order]
    in_category = facts.category[places]
    starts = np.searchsorted(in_category, moved.destination, side="left")
    ends = np.searchsorted(in_category, moved.destination, side="right")
    drawn = unit_interval(salted(facts.key[rows], "review: place", settings.seed))
    like = np.full(len(facts), NONE, np.int64)
    like[rows] = places[starts + (drawn * (ends - starts)).astype(np.int64)]
    return like
