"""Dialects of pyarrow, and reviews as a typed table."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from bench.dialects.base import Dialect
from bench.dialects.reviews import Reviews

_TYPES: Final[dict[str, pa.DataType]] = {
    **dict.fromkeys(("star_rating", "helpful_votes", "total_votes"), pa.int64()),
    **dict.fromkeys(("vine", "verified_purchase"), pa.bool_()),
    "review_date": pa.date32(),
}


def arrow_table(reviews: Reviews) -> pa.Table:
    """Return reviews as a table: whole numbers, flags and dates by type, all else as text."""
    columns = []
    for name in reviews.columns:
        values = [row[name] for row in reviews.rows]
        column = pa.array(values, _TYPES.get(name, pa.string()))
        columns.append(column.cast(pa.int64()) if name in reviews.numeric else column)
    return pa.table(columns, names=reviews.header)


def _csv(quoting: str) -> Callable[[Reviews, Path], Path]:
    def write(reviews: Reviews, folder: Path) -> Path:
        path = folder / "reviews.csv"
        options = pacsv.WriteOptions(quoting_style=quoting)
        pacsv.write_csv(arrow_table(reviews), path, options)
        return path

    return write


def _parquet(
    change: Callable[[pa.Table], pa.Table] = lambda table: table, **options: Any
) -> Callable[[Reviews, Path], Path]:
    def write(reviews: Reviews, folder: Path) -> Path:
        path = folder / "reviews.parquet"
        pq.write_table(change(arrow_table(reviews)), path, **options)
        return path

    return write


def _recast(kinds: dict[pa.DataType, pa.DataType]) -> Callable[[pa.Table], pa.Table]:
    """Return a step that gives a table's columns other types."""

    def change(table: pa.Table) -> pa.Table:
        fields = [pa.field(field.name, kinds.get(field.type, field.type)) for field in table.schema]
        return table.cast(pa.schema(fields))

    return change


_LARGE: Final = _recast({pa.string(): pa.large_string(), pa.date32(): pa.timestamp("us", "UTC")})
_DOUBLES: Final = _recast({pa.int64(): pa.float64(), pa.date32(): pa.timestamp("ns")})
_DECIMALS: Final = _recast({pa.int64(): pa.decimal128(38, 0)})


def _dictionaries(table: pa.Table) -> pa.Table:
    columns = [
        one.dictionary_encode() if pa.types.is_string(one.type) else one for one in table.columns
    ]
    return pa.table(columns, names=table.column_names)


COLUMNAR: Final = (
    Dialect("pyarrow: CSV", _csv("needed")),
    Dialect("pyarrow: CSV, all quoted", _csv("all_valid")),
    Dialect("pyarrow: Parquet", _parquet(), gzip=False),
    Dialect("pyarrow: Parquet, large strings, timestamps", _parquet(_LARGE), gzip=False),
    Dialect("pyarrow: Parquet, doubles", _parquet(_DOUBLES), gzip=False),
    Dialect("pyarrow: Parquet, decimals", _parquet(_DECIMALS), gzip=False),
    Dialect("pyarrow: Parquet, dictionaries", _parquet(_dictionaries), gzip=False),
    Dialect(
        "pyarrow: Parquet 1.0, small row groups",
        _parquet(version="1.0", row_group_size=7, compression="zstd"),
        gzip=False,
    ),
)
"""What pyarrow writes."""
