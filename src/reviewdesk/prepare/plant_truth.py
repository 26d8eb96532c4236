"""The truth about a copy with planted errors, as tables of what stands in it."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.prepare.plant_facts import PlantFacts
from reviewdesk.sources.truth.facts import NO_DAY, NO_STARS, NONE
from reviewdesk.sources.truth.planting import Planting
from reviewdesk.sources.truth.schema import (
    DECLINING,
    PRODUCT_CATEGORY,
    REVIEW_CATEGORY,
    VARIANTS,
    Truth,
)

Reviews = Callable[[NDArray[np.int64]], pa.Table]


def truth_of(known: PlantFacts, planting: Planting, reviews: Reviews) -> Truth:
    """Return what is wrong in the copy.

    Args:
        known: what is known of the n reviews.
        planting: what became of them.
        reviews: gives the reviews that took part, as they were, by their numbers.
    """
    product = known.facts.product
    final = np.where(planting.like == NONE, product, product[planting.like])
    return Truth(
        review_category=_review_category(planting, reviews),
        product_category=_product_category(known, planting, reviews, final),
        declining=_declining(known, planting, reviews, final),
        variants=VARIANTS.empty_table(),
    )


def _review_category(planting: Planting, reviews: Reviews) -> pa.Table:
    rows = np.flatnonzero(planting.like != NONE)
    right, shown = reviews(rows), reviews(planting.like[rows])
    columns = [
        right["review_id"],
        shown["product_id"],
        shown["product_category"],
        right["product_id"],
        right["product_category"],
    ]
    return pa.table(columns, schema=REVIEW_CATEGORY)


def _product_category(
    known: PlantFacts, planting: Planting, reviews: Reviews, final: NDArray[np.int32]
) -> pa.Table:
    names = pa.array(known.names, pa.string())
    count = np.bincount(final[final != NONE], minlength=len(known.facts.product_key))
    columns = [
        reviews(known.facts.first_reviews()[planting.products])["product_id"],
        names.take(pa.array(planting.shown)),
        names.take(pa.array(planting.right)),
        count[planting.products],
    ]
    return pa.table(columns, schema=PRODUCT_CATEGORY)


def _declining(
    known: PlantFacts, planting: Planting, reviews: Reviews, final: NDArray[np.int32]
) -> pa.Table:
    facts, declines = known.facts, planting.declines
    stars = np.where(declines.said == NONE, facts.stars, facts.stars[declines.said])
    place = np.full(len(facts.product_key) + 1, NONE, np.int64)  # the last: no product
    place[declines.product] = np.arange(len(declines.product))
    rows = np.flatnonzero((place[final] != NONE) & (stars != NO_STARS) & (facts.day != NO_DAY))
    of_row = place[final[rows]]
    late = facts.day[rows] >= declines.day[of_row]
    columns = [
        reviews(facts.first_reviews()[declines.product])["product_id"],
        pa.array(declines.day, pa.int32()).cast(pa.date32()),
    ]
    counts, means = [], []
    for chosen in (~late, late):
        found = of_row[chosen]
        counts.append(np.bincount(found, minlength=len(declines.product)))
        sums = np.bincount(found, stars[rows[chosen]], minlength=len(declines.product))
        means.append(pa.array(sums / np.maximum(counts[-1], 1), mask=counts[-1] == 0))
    return pa.table([*columns, *counts, *means], schema=DECLINING)
