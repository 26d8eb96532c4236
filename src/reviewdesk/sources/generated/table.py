"""Puts a block's facts and text together as the 15 columns, as they stand in a file."""

from functools import cache
from typing import Final

import numpy as np
import pyarrow as pa

from reviewdesk.schema import REVIEW_COLUMNS
from reviewdesk.sources.generated import calendar, identifiers
from reviewdesk.sources.generated.catalogue import Catalogue
from reviewdesk.sources.generated.facts import Facts
from reviewdesk.sources.generated.rolls import Ints, Rolls, scaled, squared

_VOTED_SHARE: Final = 0.3
_MOST_VOTES: Final = 60
_VINE_SHARE: Final = 0.01
_VERIFIED_SHARE: Final = 0.82


def reviews_table(
    catalogue: Catalogue,
    facts: Facts,
    numbers: Ints,
    texts: tuple[pa.StringArray, pa.StringArray],
    rolls: Rolls,
    seed: int,
) -> pa.Table:
    """Return a block as a table of strings, in the order of the file's columns.

    Args:
        numbers: the numbers of the reviews in the corpus, from 0.
        texts: headlines and bodies.
    """
    count = len(facts)
    family = catalogue.product_family[facts.shown]
    helpful, total = _votes(count, rolls)
    columns = {
        "marketplace": _repeated("US", count),
        "customer_id": identifiers.customer_ids(facts.customer),
        "review_id": identifiers.review_ids(numbers, seed),
        "product_id": identifiers.product_ids(facts.shown),
        "product_parent": identifiers.parent_ids(family),
        "product_title": catalogue.product_title.take(pa.array(facts.shown)),
        "product_category": category_names(catalogue, catalogue.shown_category[family]),
        "star_rating": _counted().take(pa.array(facts.stars)),
        "helpful_votes": helpful,
        "total_votes": total,
        "vine": _flags(rolls.chance(_VINE_SHARE, count)),
        "verified_purchase": _flags(rolls.chance(_VERIFIED_SHARE, count)),
        "review_headline": texts[0],
        "review_body": texts[1],
        "review_date": calendar.day_names().take(pa.array(facts.day)),
    }
    return pa.table([columns[column.name] for column in REVIEW_COLUMNS], names=list(columns))


def category_names(catalogue: Catalogue, categories: Ints) -> pa.StringArray:
    """Return the names of categories by their numbers."""
    names = pa.array([category.name for category in catalogue.grammar.categories])
    return names.take(pa.array(categories))


def _repeated(text: str, count: int) -> pa.StringArray:
    return pa.array([text]).take(pa.array(np.zeros(count, dtype=np.int64)))


@cache
def _counted() -> pa.StringArray:
    return pa.array([str(number) for number in range(_MOST_VOTES + 1)])


def _flags(values: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> pa.StringArray:
    return pa.array(["N", "Y"]).take(pa.array(values.astype(np.int64)))


def _votes(count: int, rolls: Rolls) -> tuple[pa.StringArray, pa.StringArray]:
    """Draw how many found a review helpful, of how many who said: mostly nobody."""
    many = scaled(squared(squared(rolls.halves(count))), _MOST_VOTES)
    total = np.where(rolls.chance(_VOTED_SHARE, count), 1 + many, 0)
    helpful = np.maximum(rolls.below(total + 1, count), rolls.below(total + 1, count))
    return _counted().take(pa.array(helpful)), _counted().take(pa.array(total))
