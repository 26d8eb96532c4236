"""Which products get worse, from when on, and with whose reviews.

The later reviews of a product change places, in stars and in words, with worse reviews of other
products of its category: the mix of a category stays as it is, and no text is there twice.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.sources.truth.facts import NO_DAY, NO_STARS, NONE, ReviewFacts
from reviewdesk.sources.truth.moves import salted
from reviewdesk.text.hashing import unit_interval

FEWEST_BEFORE: Final = 8
FEWEST_AFTER: Final = 5
WORST_STARS: Final = 3
"""What takes the place of a review has at most so many stars, and fewer than the review."""

_ENOUGH: Final = 1e-9

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Declines:
    """What is planted.

    Args:
        said: (n,) the review whose stars and text each review gets; -1 for its own.
        product: (d,) the products.
        day: (d,) int32, the first day of the worse time, since 1970.
        candidates: how many products have enough reviews.
        not_low_enough: products that could not get so much worse and were left as they are.
    """

    said: Ints
    product: Ints
    day: NDArray[np.int32]
    candidates: int
    not_low_enough: int


def choose_declines(
    facts: ReviewFacts, may_change: Flags, *, share: float, drop: float, seed: int
) -> Declines:
    """Choose products with enough reviews and let them get worse.

    A product has enough with 8 dated reviews before a day and 5 from it on. The day is drawn among
    those that leave as many; then its later reviews are exchanged, one after another in an order
    drawn by their ids, until the mean of their stars is lower by the drop than it was, and than the
    mean of the earlier ones.

    Args:
        facts: n reviews.
        may_change: (n,) which reviews may be exchanged.
        share: how many of the products with enough reviews get worse.
        drop: by how many stars.
        seed: another seed chooses others.
    """
    order = salted(facts.key, "decline: order", seed)
    usable = may_change & ~facts.copied & (facts.stars != NO_STARS) & (facts.category >= 0)
    rows_of = dict(_histories(facts, order))
    products = np.array(sorted(rows_of), np.int64)
    ranked = products[np.argsort(salted(facts.product_key[products], "decline: which", seed))]
    amount = int(np.floor(share * len(ranked) + 0.5))
    own = np.zeros(len(facts.product_key) + 1, np.bool_)  # the last: no product
    own[ranked[:amount]] = True
    exchange = _Exchange(facts, usable, np.flatnonzero(usable & ~own[facts.product]), order)
    when = unit_interval(salted(facts.product_key, "decline: when", seed))
    chosen, days = [], []
    for product in ranked[:amount].tolist():
        rows = rows_of[product]
        day = _change(facts.day[rows], when[product])
        late = facts.day[rows] >= day
        earlier, later = facts.stars[rows[~late]].mean(), facts.stars[rows[late]].mean()
        if exchange.worsen(rows[late], drop + max(float(later - earlier), 0.0)):
            chosen.append(product)
            days.append(day)
    return Declines(
        said=exchange.said,
        product=np.array(chosen, np.int64),
        day=np.array(days, np.int32),
        candidates=len(products),
        not_low_enough=amount - len(chosen),
    )


def _histories(facts: ReviewFacts, order: NDArray[np.uint64]) -> Iterator[tuple[int, Ints]]:
    """Yield each product with enough reviews, and its dated reviews from the oldest on."""
    dated = np.flatnonzero((facts.product >= 0) & (facts.day != NO_DAY) & (facts.stars != NO_STARS))
    dated = dated[np.lexsort((order[dated], facts.day[dated], facts.product[dated]))]
    products, starts = np.unique(facts.product[dated], return_index=True)
    bounds = pairwise([*starts.tolist(), len(dated)])
    for product, (start, end) in zip(products.tolist(), bounds, strict=True):
        if end - start >= FEWEST_BEFORE + FEWEST_AFTER:
            rows = dated[start:end]
            if len(_changes(facts.day[rows])):
                yield product, rows


def _changes(days: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the days of a product from which on it may change; its days come in order."""
    first = np.flatnonzero(np.append(True, days[1:] != days[:-1]))
    enough = (first >= FEWEST_BEFORE) & (len(days) - first >= FEWEST_AFTER)
    return days[first[enough]]


def _change(days: NDArray[np.int32], drawn: float) -> int:
    possible = _changes(days)
    return int(possible[int(drawn * len(possible))])


class _Exchange:
    """Exchanges reviews of declining products for worse ones of others.

    Args:
        facts: n reviews.
        usable: (n,) which may be exchanged.
        lenders: the usable reviews of products that do not decline.
        order: (n,) in which order they are taken.
    """

    def __init__(
        self, facts: ReviewFacts, usable: Flags, lenders: Ints, order: NDArray[np.uint64]
    ) -> None:
        self.said = np.full(len(facts), NONE, np.int64)
        self._facts = facts
        self._usable = usable
        self._draw = unit_interval(order)
        self._worse: dict[tuple[int, int], deque[int]] = {}
        bad = lenders[facts.stars[lenders] <= WORST_STARS]
        for row in bad[np.argsort(order[bad], kind="stable")].tolist():
            key = int(facts.category[row]), int(facts.stars[row])
            self._worse.setdefault(key, deque()).append(row)
        self._share = {key: len(rows) for key, rows in self._worse.items()}

    def worsen(self, later: Ints, drop: float) -> bool:
        """Exchange later reviews of a product until their mean is lower by the drop.

        Returns:
            Whether that could be; else nothing is exchanged.
        """
        wanted = drop * len(later)
        pairs: list[tuple[int, int]] = []
        usable = later[self._usable[later]]
        for row in usable[np.argsort(self._draw[usable], kind="stable")].tolist():
            if wanted <= _ENOUGH:
                break
            lender = self._lender(row)
            if lender == NONE:
                continue
            pairs.append((row, lender))
            wanted -= int(self._facts.stars[row]) - int(self._facts.stars[lender])
        if wanted > _ENOUGH:
            self._give_back(pairs)
            return False
        for row, lender in pairs:
            self.said[row], self.said[lender] = lender, row
        return True

    def _lender(self, row: int) -> int:
        """Take a worse review; of the possible stars, the more common in the category likelier."""
        category = int(self._facts.category[row])
        lower = range(1, min(int(self._facts.stars[row]) - 1, WORST_STARS) + 1)
        possible = [(category, stars) for stars in lower if self._worse.get((category, stars))]
        if not possible:
            return NONE
        ends = np.cumsum([self._share[key] for key in possible])
        # The order sorts by the same number, so another part of it is drawn with.
        drawn = (self._draw[row] * 1_048_583) % 1.0
        key = possible[int(np.searchsorted(ends, drawn * ends[-1], side="right"))]
        return self._worse[key].popleft()

    def _give_back(self, pairs: list[tuple[int, int]]) -> None:
        for _, lender in reversed(pairs):
            key = int(self._facts.category[lender]), int(self._facts.stars[lender])
            self._worse[key].appendleft(lender)
