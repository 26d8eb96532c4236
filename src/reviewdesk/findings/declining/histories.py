"""Each product's stars in order of time, and the ends of months at which they are looked at."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.findings.declining.evidence import KINDS, Ints, Stars

NO_DAY: Final = -(2**31)

Days = NDArray[np.int32]
Keys = NDArray[np.uint64]


@dataclass(frozen=True)
class Histories:
    """The dated stars of p products until the last month that is over.

    Args:
        keys: (p,) a hash of each product's id.
        rows: (n,) where each review stands in the data, those without a text behind all others;
            product after product, and in each in order of time.
        stars: (n,) 0 to 4.
        days: (n,) since 1970-01-01.
        offsets: (p + 1,) where each product's reviews begin.
        looks: (k,) how many reviews a product had at the end of each month in which it got any;
            product after product, and in each ascending.
        look_months: (k,) months since 1970-01.
        look_offsets: (p + 1,) where each product's looks begin.
        running: how many reviews were left out because their month is not over.
    """

    keys: Keys
    rows: Ints
    stars: Stars
    days: Days
    offsets: Ints
    looks: Ints
    look_months: Ints
    look_offsets: Ints
    running: int = 0

    @property
    def products(self) -> int:
        """How many products there are."""
        return len(self.keys)

    @property
    def reviews(self) -> Ints:
        """How many reviews each product has (p,)."""
        return np.diff(self.offsets)

    @property
    def product_of_look(self) -> Ints:
        """Which product each look is at (k,)."""
        return np.repeat(np.arange(self.products), np.diff(self.look_offsets))

    def counts(self) -> NDArray[np.int64]:
        """Count each product's stars (p, KINDS)."""
        product = np.repeat(np.arange(self.products), self.reviews)
        cells = product * KINDS + self.stars
        return np.bincount(cells, minlength=self.products * KINDS).reshape(-1, KINDS)


def months_of(days: NDArray[Any]) -> Ints:
    """Return months since 1970-01 of days since 1970-01-01."""
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return np.asarray(months)


def histories(keys: Keys, stars: NDArray[Any], days: Days, ties: Keys) -> Histories:
    """Put reviews in order; those without a star or a day are left out.

    The last month counts only when there is a review of its last day: a month is looked at once,
    when it is over.

    Args:
        keys: (n,) a hash of each review's product.
        stars: (n,) 0 to 4; -1 where there is none.
        days: (n,) since 1970-01-01; ``NO_DAY`` where there is none.
        ties: (n,) numbers that order reviews of one day, whatever order they come in.
    """
    rows = np.flatnonzero((stars >= 0) & (days != NO_DAY))
    if len(rows):
        last = int(days[rows].max())
        end = int(months_of(np.array([last + 1]))[0])  # the month of the day after the last
        over = months_of(days[rows]) < end
        running, rows = int((~over).sum()), rows[over]
    else:
        running = 0
    rows = rows[np.lexsort((ties[rows], days[rows], keys[rows]))]
    keys, stars, days = keys[rows], stars[rows].astype(np.int8), days[rows]
    firsts = _changes(keys)
    months = months_of(days)
    look_firsts = _changes(keys, months)
    looks_end = np.append(look_firsts[1:], len(rows))
    look_product = np.searchsorted(firsts, look_firsts, side="right") - 1
    return Histories(
        keys[firsts],
        rows.astype(np.int64),
        stars,
        days,
        np.append(firsts, len(rows)),
        looks_end[: len(look_firsts)] - firsts[look_product],
        months[look_firsts],
        np.searchsorted(look_product, np.arange(len(firsts) + 1)).astype(np.int64),
        running,
    )


def first_products(
    histories: Histories, until: int, fewest: int, most: int
) -> tuple[Histories, Ints]:
    """Return some products as they were before a month, and which ones they are.

    Args:
        histories: all products.
        until: the month, since 1970-01.
        fewest: reviews that a product has to have by then.
        most: products to return at most; which ones depends on their keys alone.
    """
    past_looks = np.flatnonzero(histories.look_months < until)
    product = histories.product_of_look[past_looks]
    reviews = np.zeros(histories.products, np.int64)
    np.maximum.at(reviews, product, histories.looks[past_looks])
    chosen = np.flatnonzero(reviews >= fewest)
    chosen = np.sort(chosen[np.argsort(histories.keys[chosen], kind="stable")][:most])
    kept = np.zeros(histories.products, np.bool_)
    kept[chosen] = True
    looks = past_looks[kept[product]]
    places = np.concatenate(
        [np.empty(0, np.int64)]
        + [
            np.arange(histories.offsets[one], histories.offsets[one] + reviews[one])
            for one in chosen
        ]
    )
    ends = np.cumsum(
        np.bincount(histories.product_of_look[looks], minlength=histories.products)[chosen]
    )
    return Histories(
        histories.keys[chosen],
        histories.rows[places],
        histories.stars[places],
        histories.days[places],
        np.concatenate([[0], np.cumsum(reviews[chosen])]).astype(np.int64),
        histories.looks[looks],
        histories.look_months[looks],
        np.concatenate([[0], ends]).astype(np.int64),
    ), chosen


def _changes(*columns: NDArray[Any]) -> Ints:
    """Return where rows begin that differ from the row before."""
    if not len(columns[0]):
        return np.empty(0, np.int64)
    differs = np.zeros(len(columns[0]), np.bool_)
    differs[0] = True
    for column in columns:
        differs[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(differs).astype(np.int64)
