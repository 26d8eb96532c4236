"""In how many reviews of each category, year, star rating and window of time each term is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.explore.copies import SeenTexts
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.schema import UNKNOWN_MONTH
from reviewdesk.text.terms import TermCounts, TermSketch

MOST_CATEGORIES: Final = 60
"""Further ones count for all categories together only."""

BATCH_ROWS: Final = 16_384
FEWEST_REVIEWS: Final = 5
MOST_TERMS: Final = 32_768
LEAST_TERMS: Final = 4_096
COUNTS_BYTES: Final = 128 * 1024 * 1024
STAR_GROUPS: Final = 6  # none, and 1 to 5
WINDOWS: Final = 2  # before, recent
YEAR_OF_MONTHS: Final = 12

COLUMNS: Final = ("review_body", "product_category", "star_rating", "review_date")

Counts = NDArray[np.int64]


class Window(NamedTuple):
    """Two spans of months to compare: those before, and the recent ones."""

    before: tuple[str, str]
    recent: tuple[str, str]


class Groups(NamedTuple):
    """Reviews and terms of one category's groups: (groups,) and (groups, terms)."""

    reviews: Counts
    terms: Counts


@dataclass(frozen=True)
class TermTable:
    """Counts of reviews that have a term. One review copied over variants counts once.

    Args:
        names: the terms.
        categories: the categories that are counted each for itself; empty is none.
        years: the years, ascending.
        window: the spans that are compared; None with less than two months.
        copies: reviews left out as copies.
    """

    names: list[str]
    categories: list[str]
    years: list[int]
    window: Window | None
    copies: int
    _reviews: Counts  # (groups,)
    _counts: NDArray[np.int32]  # (groups, terms)

    def by_year(self, category: str | None) -> Groups:
        """Return the groups of each year, then of reviews without a date; None: all categories."""
        return self._part(category, 0, len(self.years) + 1)

    def by_stars(self, category: str | None) -> Groups:
        """Return the groups of reviews without stars, then of each number of stars."""
        return self._part(category, len(self.years) + 1, STAR_GROUPS)

    def by_window(self, category: str | None) -> Groups:
        """Return the groups before and in the recent window."""
        return self._part(category, len(self.years) + 1 + STAR_GROUPS, WINDOWS)

    def by_category(self) -> Groups:
        """Return a group for each category, and one for all others together, the last."""
        width, until = _block(self.years), len(self.years) + 1
        reviews = self._reviews.reshape(-1, width)[:, :until].sum(axis=1)
        counts = np.zeros((len(reviews), len(self.names)), np.int64)
        for block in range(len(reviews)):
            part = self._counts[block * width : block * width + until]
            counts[block] = part.sum(axis=0, dtype=np.int64)
        return Groups(reviews, counts)

    def _part(self, category: str | None, first: int, size: int) -> Groups:
        """Return a part of a category's block of groups; the last block is of all others."""
        width = _block(self.years)
        if category is not None:
            begin = self.categories.index(category) * width + first
            part = slice(begin, begin + size)
            return Groups(self._reviews[part], self._counts[part].astype(np.int64))
        reviews = self._reviews.reshape(-1, width)[:, first : first + size].sum(axis=0)
        counts = np.zeros((size, len(self.names)), np.int64)
        for begin in range(first, len(self._reviews), width):
            counts += self._counts[begin : begin + size]
        return Groups(reviews, counts)


def count_terms(data: PreparedData, progress: Progress = SILENT) -> TermTable:
    """Count the terms of all reviews, in two passes over their texts and in bounded memory.

    Args:
        data: prepared reviews.
        progress: is shown how far it has come.
    """
    layout = Layout.of(data)
    sketch = TermSketch(main=data.main_language)
    copies = 0
    with progress.task("Finding terms", data.rows, "reviews") as task:
        seen = SeenTexts(data.rows)
        for batch in data.batches(["review_body"], BATCH_ROWS):
            new = seen.are_new(batch.column(0))
            copies += len(new) - int(new.sum())
            sketch.add(batch.column(0).filter(pa.array(new)))
            task.advance(batch.num_rows)
    counts = layout.term_counts(sketch)
    reviews = np.zeros(layout.groups, np.int64)
    with progress.task("Counting terms", data.rows, "reviews") as task:
        for batch in _new_reviews(data):
            layout.count_batch(batch, counts, reviews)
            task.advance(batch.num_rows)
    return layout.table(counts, reviews, copies)


def compared_window(months: list[str]) -> Window | None:
    """Return the last twelve months and the twelve before; of less than two years, the halves.

    Args:
        months: those with reviews, ascending, as in ``2014-03``.
    """
    if not months:
        return None
    numbers = [int(month[:4]) * 12 + int(month[5:]) - 1 for month in months]
    first, last = numbers[0], numbers[-1]
    size = min(YEAR_OF_MONTHS, (last - first + 1) // 2)
    if not size:
        return None
    ends = (last - 2 * size + 1, last - size, last - size + 1, last)
    names = [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in ends]
    return Window((names[0], names[1]), (names[2], names[3]))


class Layout(NamedTuple):
    """Which group is where: a block for each category and one for all others."""

    categories: list[str]
    years: list[int]
    window: Window | None

    @classmethod
    def of(cls, data: PreparedData) -> Self:
        """Return the layout of the groups of all reviews."""
        months = _months(data)
        named = {name: n for name, n in data.manifest["categories"].items() if name != "*"}
        sizes = {"": data.rows - sum(named.values()), **named}
        largest = sorted((name for name in sizes if sizes[name]), key=lambda name: -sizes[name])
        years = sorted({int(month[:4]) for month in months})
        return cls(sorted(largest[:MOST_CATEGORIES]), years, compared_window(months))

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return (len(self.categories) + 1) * _block(self.years)

    def term_counts(self, sketch: TermSketch) -> TermCounts:
        """Return room for the counts of the frequent terms."""
        most = min(max(COUNTS_BYTES // (4 * self.groups), LEAST_TERMS), MOST_TERMS)
        return TermCounts(sketch, self.groups, most, FEWEST_REVIEWS)

    def table(self, counts: TermCounts, reviews: Counts, copies: int) -> TermTable:
        """Return what was counted.

        Args:
            counts: of terms.
            reviews: (groups,) of reviews.
            copies: reviews left out as copies.
        """
        names, counted = counts.result()
        return TermTable(names, self.categories, self.years, self.window, copies, reviews, counted)

    def count_batch(self, batch: pa.RecordBatch, counts: TermCounts, reviews: Counts) -> None:
        """Count reviews that are no copies: their terms, and themselves."""
        groups = self.of_rows(batch)
        counts.add(batch.column("review_body"), groups)
        reviews += np.bincount(groups[groups >= 0], minlength=self.groups)

    def of_rows(self, batch: pa.RecordBatch) -> NDArray[np.int32]:
        """Return the groups of reviews by year, stars and window, (n, 3); -1 is none."""
        known = pa.array(self.categories, pa.string())
        category = pc.index_in(batch.column("product_category").fill_null(""), known)
        block = _numbers(category, len(self.categories)) * _block(self.years)
        dates = batch.column("review_date")
        year = np.searchsorted(self.years, _numbers(pc.year(dates), 0)).astype(np.int64)
        year[~dates.is_valid().to_numpy(zero_copy_only=False)] = len(self.years)
        stars = len(self.years) + 1 + _numbers(batch.column("star_rating"), 0)
        window, inside = self._windows(dates)
        window += len(self.years) + 1 + STAR_GROUPS
        groups = np.stack([block + year, block + stars, block + window], axis=1)
        groups[~inside, 2] = -1
        return groups.astype(np.int32)

    def _windows(self, dates: pa.Array) -> tuple[Counts, NDArray[np.bool_]]:
        """Return 0 for reviews before and 1 for recent ones, and which are either."""
        number = _numbers(pc.year(dates), 0) * 12 + _numbers(pc.month(dates), 0) - 1
        if self.window is None:
            return number * 0, np.zeros(len(number), np.bool_)
        ends = [
            int(month[:4]) * 12 + int(month[5:]) - 1
            for month in (*self.window.before, *self.window.recent)
        ]
        recent = (number >= ends[2]) & (number <= ends[3])
        before = (number >= ends[0]) & (number <= ends[1])
        return recent.astype(np.int64), recent | before


def _block(years: list[int]) -> int:
    return len(years) + 1 + STAR_GROUPS + WINDOWS


def _months(data: PreparedData) -> list[str]:
    return sorted(month for month in data.manifest["months"] if month != UNKNOWN_MONTH)


def _new_reviews(data: PreparedData) -> Iterator[pa.RecordBatch]:
    seen = SeenTexts(data.rows)
    for batch in data.batches(COLUMNS, BATCH_ROWS):
        yield batch.filter(pa.array(seen.are_new(batch.column("review_body"))))


def _numbers(values: pa.Array, missing: int) -> Counts:
    numbers: Counts = values.cast(pa.int64()).fill_null(missing).to_numpy(zero_copy_only=False)
    return numbers
