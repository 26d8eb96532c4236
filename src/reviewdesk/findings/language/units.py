"""What is compared: one review of each product in each month, so that no product speaks twice.

Of a month's reviews in a category one is kept of each writer, one of each long text, and then one
of each product. Which one depends on ids alone, and so never on months that come later.
"""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_array

from reviewdesk.explore.copies import LONG_BYTES
from reviewdesk.findings.declining.histories import NO_DAY, months_of
from reviewdesk.findings.review_terms import ReviewTerms
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import Progress
from reviewdesk.text.hashing import Hashes, combine64, hash64
from reviewdesk.text.tokens import normalised_key

FEWEST_SAYING: Final = 8
"""Units that must have a term before it is compared."""

EVERY_TERM: Final = 1 << 21
"""So many that all terms are kept that are frequent enough: were it fewer, later months would say
which terms count in earlier ones."""

MOST_UNITS: Final = 1_000
"""Products of a category and month that are compared at most."""

_COLUMNS: Final = (
    "product_category", "product_id", "customer_id", "review_id", "review_body", "star_rating",
    "review_date",
)  # fmt: skip

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Units:
    """The u reviews that are compared, by category, then month, then key.

    Args:
        categories: their names in order.
        category: (u,) which of them each stands in.
        month: (u,) since 1970-01.
        product: (u,) a hash.
        key: (u,) a hash of the review's id.
        stars: (u,) 1 to 5; 0 for none.
        rows: (u,) where each stands in the data.
        terms: (u, v) 1 where a review has a term.
        names: (v) the terms.
    """

    categories: list[str]
    category: Ints
    month: Ints
    product: Hashes
    key: Hashes
    stars: Ints
    rows: Ints
    terms: csr_array
    names: list[str]


class ReadUnits(NamedTuple):
    """Units, and what they leave out."""

    units: Units
    left_out: dict[str, int]


class _Columns(NamedTuple):
    """What is known of n reviews without their words."""

    category: Hashes
    product: Hashes
    writer: Hashes
    key: Hashes
    text: Hashes
    stars: Ints
    day: Ints

    def take(self, rows: Ints) -> "_Columns":
        """Return some of the reviews."""
        return _Columns(
            self.category[rows],
            self.product[rows],
            self.writer[rows],
            self.key[rows],
            self.text[rows],
            self.stars[rows],
            self.day[rows],
        )


def read_units(data: PreparedData, progress: Progress) -> ReadUnits:
    """Read the reviews that are compared, with their terms."""
    columns, names = _read(data, progress)
    undated = columns.day == NO_DAY
    end = int(months_of(np.array([columns.day.max(initial=NO_DAY) + 1]))[0])
    month = np.where(undated, end, months_of(np.where(undated, 0, columns.day)))
    running = ~undated & (month >= end)
    filed, with_product = columns.category > 0, columns.product > 0
    rows = np.flatnonzero(filed & with_product & ~undated & ~running)
    some = columns.take(rows)
    hashes, category = np.unique(some.category, return_inverse=True)
    categories = [names[int(one)] for one in hashes]
    by_name = np.argsort(np.array(categories, dtype=np.str_), kind="stable")
    category = np.argsort(by_name)[category]
    chosen = choose(category, month[rows], some.writer, some.text, some.product, some.key)
    terms, words = _terms(data, rows[chosen], progress)
    units = Units(
        [categories[one] for one in by_name],
        category[chosen],
        month[rows][chosen],
        some.product[chosen],
        some.key[chosen],
        some.stars[chosen],
        rows[chosen],
        terms,
        words,
    )
    return ReadUnits(
        units,
        {
            "reviews without a category": int((~filed).sum()),
            "reviews without a product": int((filed & ~with_product).sum()),
            "reviews without a date": int((filed & with_product & undated).sum()),
            "reviews of the last month, which is not over": int(
                (filed & with_product & running).sum()
            ),
        },
    )


def choose(
    category: Ints, month: Ints, writer: Hashes, text: Hashes, product: Hashes, key: Hashes
) -> Ints:
    """Choose one review of each product in each month and category.

    Args:
        category: (n,)
        month: (n,)
        writer: (n,) equal for reviews by one person.
        text: (n,) equal for copies of one text.
        product: (n,)
        key: (n,) the lowest of several is chosen.

    Returns:
        (u,) places, by category, month and key.
    """
    rows = np.arange(len(key))
    for by in (writer, text, product):
        rows = rows[_firsts(key[rows], by[rows], month[rows], category[rows])]
    spread = combine64(product[rows], month[rows].astype(np.uint64))
    rows = rows[np.lexsort((spread, month[rows], category[rows]))]
    new = np.ones(len(rows), np.bool_)
    new[1:] = np.diff(category[rows]).astype(np.bool_) | np.diff(month[rows]).astype(np.bool_)
    start = np.maximum.accumulate(np.where(new, np.arange(len(rows)), 0))
    rows = rows[np.arange(len(rows)) - start < MOST_UNITS]
    return rows[np.lexsort((key[rows], month[rows], category[rows]))]


def _firsts(key: Hashes, *columns: NDArray[Any]) -> Ints:
    """Return where the lowest key of each combination stands."""
    order = np.lexsort((key, *columns))
    new = np.zeros(len(order), np.bool_)
    new[:1] = True
    for column in columns:
        new[1:] |= column[order][1:] != column[order][:-1]
    return order[new]


def _read(data: PreparedData, progress: Progress) -> tuple[_Columns, dict[int, str]]:
    read: list[tuple[NDArray[Any], ...]] = []
    names: dict[int, str] = {}
    with progress.task("Reading months", data.rows, "reviews") as task:
        for batch in data.batches(_COLUMNS):
            named = pc.unique(batch.column("product_category").drop_null())
            names |= zip(hash64(named).tolist(), named.to_pylist(), strict=True)
            read.append(_of_batch(batch))
            task.advance(len(batch))
    kinds = (*[np.uint64] * 5, *[np.int64] * 2)
    parts = zip(*read, strict=True) if read else ([] for _ in kinds)
    return _Columns(
        *(
            np.concatenate([np.empty(0, kind), *part])
            for kind, part in zip(kinds, parts, strict=True)
        )
    ), names


def _of_batch(batch: pa.RecordBatch) -> tuple[NDArray[Any], ...]:
    """Return the columns of a batch; an unknown writer and a short text are of their own."""
    key, writer = hash64(batch.column("review_id")), hash64(batch.column("customer_id"))
    bodies = batch.column("review_body")
    long = pc.binary_length(bodies).fill_null(0).to_numpy(zero_copy_only=False) >= LONG_BYTES
    text = np.where(long, hash64(normalised_key(bodies)), key)
    stars = batch.column("star_rating").fill_null(0).to_numpy(zero_copy_only=False)
    days = batch.column("review_date").cast("int32").fill_null(NO_DAY)
    return (
        hash64(batch.column("product_category")),
        hash64(batch.column("product_id")),
        np.where(writer > 0, writer, key),
        key,
        text,
        stars.astype(np.int64),
        days.to_numpy(zero_copy_only=False).astype(np.int64),
    )


def _terms(data: PreparedData, rows: Ints, progress: Progress) -> tuple[csr_array, list[str]]:
    """Return the terms of some reviews; columns are in an order that more months do not change."""
    terms = ReviewTerms(data, most=EVERY_TERM, fewest=FEWEST_SAYING, progress=progress)
    order = np.argsort(rows, kind="stable")
    wanted = rows[order]
    columns, lengths = [np.empty(0, np.int32)], [np.empty(0, np.int64)]
    for at, read in terms.batches("Reading words"):
        first, last = np.searchsorted(wanted, (at, at + len(read.ends) - 1))
        for row in wanted[first:last] - at:
            columns.append(read.columns[read.ends[row] : read.ends[row + 1]])
        lengths.append(np.diff(read.ends)[wanted[first:last] - at])
    by_name = np.argsort(hash64(pa.array(terms.names, pa.string())), kind="stable")
    rank = np.argsort(by_name)
    cells = rank[np.concatenate(columns)]
    ends = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    ones = np.ones(len(cells), np.int32)
    found = csr_array((ones, cells, ends), shape=(len(rows), len(by_name)))
    return found[np.argsort(order)], [terms.names[one] for one in by_name]
