"""Counting Parquet rows by month and category from the files' footers and folder names.

A footer has the number of rows of each row group and, where the writer put them there, the
smallest and largest value of each column. Where these are equal, or the folder's name says the
value, nothing else is read; else the one column is. Texts are never read.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.errors import InputError
from reviewdesk.schema import REVIEW_MONTH, UNKNOWN_MONTH
from reviewdesk.sources.files import SourceFile
from reviewdesk.sources.parquet import opened_parquet

NO_CATEGORY: Final = ""
"""Stands for rows without a category."""

_FOLDER: Final = re.compile(r"(?:^|/)(\w+)=([^/]+)(?=/)")


@dataclass
class RowCounts:
    """How many rows there are.

    Args:
        rows: all of them.
        months: by month, ``unknown`` where there is no date; empty when no file has dates.
        categories: by category, the empty text where there is none; empty when no file has any.
    """

    rows: int = 0
    months: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)

    def add_months(self, dates: pa.Array) -> None:
        """Count rows by the month of their date."""
        _add(self.months, months_of(dates), UNKNOWN_MONTH)

    def add_categories(self, names: pa.Array) -> None:
        """Count rows by their category."""
        _add(self.categories, names, NO_CATEGORY)


def count_footers(
    files: Sequence[SourceFile], columns: Mapping[str, str], advance: Callable[[], None]
) -> RowCounts:
    """Count the rows of Parquet files.

    Args:
        files: what to count.
        columns: column of the reviews table → column of the files, where it has another name.
        advance: called after each file.

    Raises:
        InputError: a file is not Parquet, or damaged.
        StorageError: a file cannot be read.
    """
    counts = RowCounts()
    for file in files:
        folders = {name: unquote(value) for name, value in _FOLDER.findall(file.place)}
        with opened_parquet(file) as parquet:
            try:
                _count_file(parquet, columns, folders, counts)
            except (pa.ArrowException, OSError) as error:
                raise InputError(f"{file.name} is damaged; get it again") from error
        advance()
    return counts


def months_of(dates: pa.Array) -> pa.Array:
    """Return the month of each date as ``YYYY-MM``; null where there is no date.

    Args:
        dates: dates, points in time, numbers of days since 1970, or texts that begin with a date.
    """
    if pa.types.is_dictionary(dates.type):
        dates = dates.dictionary_decode()
    if pa.types.is_integer(dates.type):
        dates = dates.cast(pa.int32()).cast(pa.date32())
    if pa.types.is_temporal(dates.type):
        return pc.strftime(dates, "%Y-%m")
    months = pc.utf8_slice_codeunits(dates.cast(pa.string()), 0, 7)
    return pc.if_else(pc.match_substring_regex(months, r"^\d{4}-\d{2}$"), months, None)


def _count_file(
    parquet: Any, columns: Mapping[str, str], folders: Mapping[str, str], counts: RowCounts
) -> None:
    date = columns.get("review_date", "review_date")
    category = columns.get("product_category", "product_category")
    for group in range(parquet.num_row_groups):
        rows = parquet.metadata.row_group(group).num_rows
        counts.rows += rows
        if REVIEW_MONTH in folders:
            counts.months[folders[REVIEW_MONTH]] += rows
        elif date in parquet.schema_arrow.names:
            months = {
                months_of(pa.array([one]))[0].as_py() for one in _bounds(parquet, group, date)
            }
            if len(months) == 1:
                counts.months[months.pop() or UNKNOWN_MONTH] += rows
            else:
                counts.add_months(_column(parquet, group, date))
        if category in parquet.schema_arrow.names:
            found = _bounds(parquet, group, category)
            if len(found) == 1:
                counts.categories[str(found.pop())] += rows
            else:
                counts.add_categories(_column(parquet, group, category))
        elif category in folders:
            counts.categories[folders[category]] += rows


def _bounds(parquet: Any, group: int, name: str) -> set[Any]:
    """Return the smallest and largest value of a column that is never null; else nothing."""
    chunks = parquet.metadata.row_group(group)
    for place in range(chunks.num_columns):
        chunk = chunks.column(place)
        if chunk.path_in_schema == name:
            found = chunk.statistics
            whole = found is not None and found.has_min_max and found.has_null_count
            return {found.min, found.max} if whole and not found.null_count else set()
    return set()


def _column(parquet: Any, group: int, name: str) -> pa.Array:
    return parquet.read_row_group(group, columns=[name]).column(0).combine_chunks()


def _add(counts: Counter[str], values: pa.Array, missing: str) -> None:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    for pair in pc.value_counts(values.cast(pa.string())).to_pylist():
        counts[pair["values"] or missing] += pair["counts"]
