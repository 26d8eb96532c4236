"""One look: a category's month beside the months before it, with what was known by then."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.findings.language.distances import Compared, deviances, expected, said_in
from reviewdesk.findings.language.units import FEWEST_SAYING, Units

MONTHS: Final = 11
"""Months of history: a year with the month itself, so that the same month of the year before, which
tells seasons, is not among them."""

FEWEST_MONTHS: Final = 6
FEWEST_PRODUCTS: Final = 20
MOST_TERMS: Final = 3_000
SEASONAL: Final = 4.0
"""Terms with this deviance in the same month of an earlier year are left out: they come with the
season."""

Ints = NDArray[np.int64]


class Look(NamedTuple):
    """What is compared at one look.

    Args:
        places: (n,) the units, by key.
        columns: (v,) the terms.
        compared: these units and terms.
    """

    places: Ints
    columns: Ints
    compared: Compared

    def deviances(self) -> NDArray[np.float64]:
        """Return each term's deviance (v,), below 0 for those that fell."""
        return deviances(said_in(self.compared), expected(self.compared))


class Category:
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
        """Return what is compared at the end of a month; None when it is too little.

        Months are asked for in order of time: what earlier years say of the season is learnt on
        the way.

        Args:
            month: since 1970-01.
            since: the first month that counts as history.
        """
        year = self._cut(month, month - MONTHS)
        if year is not None:
            strong = np.abs(year.deviances()) >= SEASONAL
            self._seasonal[month] = year.columns[strong]
        found = year if since <= month - MONTHS else self._cut(month, since)
        if found is None:
            return None
        years = [month - 12 * ago for ago in (1, 2) if month - 12 * ago in self._seasonal]
        season = np.concatenate([np.empty(0, np.int64), *(self._seasonal[one] for one in years)])
        kept = ~np.isin(found.columns, season)
        compared = found.compared
        terms = compared.terms[:, np.flatnonzero(kept)]
        return found._replace(columns=found.columns[kept], compared=compared._replace(terms=terms))

    def _cut(self, month: int, since: int) -> Look | None:
        units = self._units
        start, first, last = self._first + np.searchsorted(self._month, (since, month, month + 1))
        if len(np.unique(units.month[start:first])) < FEWEST_MONTHS:
            return None
        before = np.arange(start, first)
        by_product = np.lexsort((units.key[before], units.product[before]))
        _, one = np.unique(units.product[before][by_product], return_index=True)
        before = before[by_product[one]]
        if min(len(before), last - first) < FEWEST_PRODUCTS:
            return None
        places = np.concatenate([before, np.arange(first, last)])
        places = places[np.argsort(units.key[places], kind="stable")]
        terms = units.terms[places]
        said = np.asarray(terms.sum(axis=0)).ravel()
        columns = np.flatnonzero(said >= FEWEST_SAYING)
        columns = np.sort(columns[np.argsort(-said[columns], kind="stable")[:MOST_TERMS]])
        compared = Compared(terms[:, columns], places >= first, units.stars[places])
        return Look(places, columns, compared) if len(columns) else None
