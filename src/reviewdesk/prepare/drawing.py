"""Which reviews are drawn: the smallest hashes of each month, as many as are due."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.prepare.rewrite import Mask
from reviewdesk.text.hashing import hash64, unit_interval

Months = NDArray[np.int32]
Hashes = NDArray[np.uint64]

NO_MONTH: Final = -(2**31)
"""The number of the month of reviews without a date; months count from January 1970."""

COLUMNS: Final = ("review_id", "review_date", "product_category")


@dataclass(frozen=True)
class Drawing:
    """What is drawn, before it is known which hashes are small in their month.

    Args:
        seed: of the hashes.
        rare: categories that are left out.
        fraction: what share of each month is taken.
    """

    seed: int
    rare: Sequence[str]
    fraction: float

    def candidates(self, reviews: pa.RecordBatch) -> tuple[Months, Hashes]:
        """Return the months and hashes of the reviews that are of no rare category."""
        common, months, hashes = self.look(reviews)
        return months[common], hashes[common]

    def look(self, reviews: pa.Table | pa.RecordBatch) -> tuple[Mask, Months, Hashes]:
        """Return which rows are of no rare category, and the months and hashes of all."""
        rare = pa.array(self.rare, pa.string())
        common = ~pc.is_in(reviews["product_category"], rare).to_numpy(zero_copy_only=False)
        days = reviews["review_date"].to_numpy(zero_copy_only=False)
        months = np.where(np.isnat(days), NO_MONTH, days.astype("M8[M]").astype(np.int32))
        return common, months.astype(np.int32), hash64(reviews["review_id"], self.seed)

    def by_months(self, months: Months, largest: Hashes) -> "Chooser":
        """Return what says which reviews are drawn."""
        return Chooser(self, months, largest)


@dataclass(frozen=True, eq=False)
class Chooser:
    """Says which reviews are drawn.

    Args:
        drawing: what is drawn.
        months: in which any is taken, ascending.
        largest: hash that is taken from each month.
    """

    drawing: Drawing
    months: Months
    largest: Hashes

    def __call__(self, reviews: pa.Table) -> Mask:
        """Return which rows are taken, (n,)."""
        common, months, hashes = self.drawing.look(reviews)
        taken = np.zeros(len(reviews), np.bool_)
        place = np.searchsorted(self.months, months[common])
        taken[common] = hashes[common] <= self.largest[place]
        return taken

    def ratings(self, reviews: pa.Table) -> Mask:
        """Return which rows without a text are taken, (n,): by their hashes alone."""
        common, _, hashes = self.drawing.look(reviews)
        taken: Mask = common & (unit_interval(hashes) < self.drawing.fraction)
        return taken


def largest_taken(months: Months, hashes: Hashes, fraction: float) -> tuple[Months, Hashes]:
    """Return each month and the largest hash of those that are taken from it.

    Args:
        months: the month of each review, (n,).
        hashes: of the review's id, (n,).
        fraction: what share of each month is taken, rounded; but at least one.
    """
    order = np.argsort(months, kind="stable")
    names, starts = np.unique(months[order], return_index=True)
    largest = np.empty(len(names), np.uint64)
    for place, mine in enumerate(np.split(hashes[order], starts[1:]) if len(names) else ()):
        due = max(1, int(np.floor(fraction * len(mine) + 0.5)))
        largest[place] = np.partition(mine, due - 1)[due - 1]
    return names, largest
