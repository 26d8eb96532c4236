"""Amazon Customer Reviews, the Parquet release: the TSV's columns, the category in the path.

``review_date`` is a date, or the number of days since 1970. Source: the data set's README; AWS
Athena's table definition for it.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, Final
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.errors import InputError
from reviewdesk.schema import REVIEWS
from reviewdesk.sources.base import Probe, RawRows, Source, SourceFile, Tally
from reviewdesk.sources.kept import WHOLE_OBJECT
from reviewdesk.sources.mapping import ColumnMap, has_amazon_columns, map_columns
from reviewdesk.sources.parquet import PARQUET_MAGIC, parquet_columns, parquet_rows

_CATEGORY: Final = re.compile(r"(?:^|/)product_category=([^/]+)/")


class AmazonParquet(Source):
    """Reads Amazon Customer Reviews in Parquet."""

    name: ClassVar[str] = "amazon-parquet"
    title: ClassVar[str] = "Amazon Customer Reviews (Parquet)"
    description: ClassVar[str] = "the columns of the TSV, in folders product_category=NAME"

    takes_row_groups: ClassVar[bool] = True

    @classmethod
    def recognises(cls, probe: Probe) -> bool:
        """Look at the names of the columns."""
        if not probe.head.startswith(PARQUET_MAGIC):
            return False
        try:
            names = parquet_columns(probe.file)
        except InputError:
            return False  # damaged; the table source says so
        return has_amazon_columns(names)

    def inspect(self, file: SourceFile) -> ColumnMap:
        """Check that there is a column with the text.

        Raises:
            MissingColumn: names those that there are.
        """
        names = parquet_columns(file)
        known = map_columns(_known(file), {}, file.name)
        return replace(known, left_over=tuple(name for name in names if name not in REVIEWS.names))

    def rows(self, file: SourceFile, tally: Tally) -> Iterator[RawRows]:
        """Yield the rows, with the category of the path where they have none."""
        found = _CATEGORY.search(file.place)
        category = unquote(found[1]) if found else ""
        columns = {name: name for name in _known(file)}
        whole = WHOLE_OBJECT in self.kept
        for rows in parquet_rows(file, columns, tally, whole=whole):
            yield _with_dates(rows).with_default("product_category", category)


def _known(file: SourceFile) -> list[str]:
    names = parquet_columns(file)
    return [name for name in REVIEWS.names if name in names]


def _with_dates(rows: RawRows) -> RawRows:
    """Return rows whose dates are written as dates where they are numbers of days."""
    dates = rows.columns.get("review_date")
    if dates is None:
        return rows
    is_days = pc.fill_null(pc.match_substring_regex(dates, r"^-?\d{1,5}$"), False)
    if not pc.any(is_days).as_py():
        return rows
    days = pc.if_else(is_days, dates, None).cast(pa.int32()).cast(pa.date32()).cast(pa.string())
    return replace(rows, columns={**rows.columns, "review_date": pc.coalesce(days, dates)})
