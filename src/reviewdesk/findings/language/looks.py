"""One look: a category's month beside the months before it, with what was known by then."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.findings.language.distances import MonthComparison, deviances, expected, said_in
from reviewdesk.findings.language.units import FEWEST_SAYING, Units

MONTHS: Final = 11
"""Months of history: a year with the month itself, so that the same month of the year before, which
tells seasons, is not among them."""

WIDE: Final = 3
"""Months that are looked at together, beside the last one alone."""

FEWEST_MONTHS: Final = 6
FEWEST_PRODUCTS: Final = 20
MOST_TERMS: Final = 3_000
SEASONAL: Final = 4.0
"""Terms with this deviance in the same month of an earlier year are left out: they come with the
season."""

OFTEN: Final = (2, 4, 7)
"""Products are dealt out among those that are spoken of in about as many of the months: in one, or
in as many as these or more. A month has more of those that many speak of than the history, in which
each product stands once."""

Ints = NDArray[np.int64]


class Look(NamedTuple):
    """What is compared at one look.

    Args:
        first: the first month of those that are compared with the history, since 1970-01.
        places: (n,) the units, by key.
        columns: (v,) the terms.
        compared: these units and terms.
    """

    first: int
    places: Ints
    columns: Ints
    compared: MonthComparison

    def deviances(self) -> NDArray[np.float64]:
        """Return each term's deviance (v,), below 0 for those that fell."""
        return deviances(said_in(self.compared), expected(self.compared))


class CategoryHistory:
    """The units of one category, by month.

    Args:
        units: of all categories.
        category: which one.
    """

    def __init__(self, units: Units, category: int) -> None:
        self._units = units
        first, last = np.searchsorted(units.category, (category, category + 1))
        self._first, self._month = int(first), units.month[first:last]
        self.months: Ints = np.unique(self._month)
        self._seasonal: dict[int, Ints] = {}

    def look(self, month: int, since: int) -> Look | None:
        """Return what the last month is compared with; None when it is too little.

        Months are asked for in order of time: what earlier years say of the season is learnt on
        the way.

        Args:
            month: since 1970-01.
            since: the first month that counts as history.
        """
        year = self._cut(month, month, month - MONTHS)
        if year is not None:
            strong = np.abs(year.deviances()) >= SEASONAL
            self._seasonal[month] = year.columns[strong]
        found = year if since <= month - MONTHS else self._cut(month, month, since)
        return None if found is None else self._of_no_season(found, month)

    def wide_look(self, month: int, since: int) -> Look | None:
        """Return what the last months together are compared with; None when it is too little.

        Args:
            month: the last one, that ``look`` was asked for.
            since: the first month that counts as history.
        """
        found = self._cut(month - WIDE + 1, month, since)
        return None if found is None else self._of_no_season(found, month)

    def _of_no_season(self, look: Look, month: int) -> Look:
        """Leave out the terms that stood out in the same months of earlier years."""
        years = [one - 12 * ago for one in range(look.first, month + 1) for ago in (1, 2)]
        known = [self._seasonal[one] for one in years if one in self._seasonal]
        kept = ~np.isin(look.columns, np.concatenate([np.empty(0, np.int64), *known]))
        compared = look.compared
        terms = compared.terms[:, np.flatnonzero(kept)]
        return look._replace(columns=look.columns[kept], compared=compared._replace(terms=terms))

    def _cut(self, begin: int, month: int, since: int) -> Look | None:
        units = self._units
        start, first, last = self._first + np.searchsorted(self._month, (since, begin, month + 1))
        if len(np.unique(units.month[start:first])) < FEWEST_MONTHS:
            return None
        before, now = self._one_each(start, first), self._one_each(first, last)
        if min(len(before), len(now)) < FEWEST_PRODUCTS:
            return None
        places = np.concatenate([before, now])
        places = places[np.argsort(units.key[places], kind="stable")]
        terms = units.terms[places]
        frequencies = np.asarray(terms.sum(axis=0)).ravel()
        columns = np.flatnonzero(frequencies >= FEWEST_SAYING)
        columns = np.sort(columns[np.argsort(-frequencies[columns], kind="stable")[:MOST_TERMS]])
        products, months = np.unique(units.product[start:last], return_counts=True)
        often = np.digitize(months[np.searchsorted(products, units.product[places])], OFTEN)
        strata = units.stars[places] * (len(OFTEN) + 1) + often
        compared = MonthComparison(terms[:, columns], places >= first, strata)
        return Look(begin, places, columns, compared) if len(columns) else None

    def _one_each(self, start: int, end: int) -> Ints:
        """Return one unit of each product between two places, the one with the lowest key."""
        places = np.arange(start, end)
        units = self._units
        by_product = np.lexsort((units.key[places], units.product[places]))
        _, one = np.unique(units.product[places][by_product], return_index=True)
        return places[by_product[one]]
