"""Dialects of pandas and polars."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pandas as pd
import polars as pl

from bench.dialects.base import Dialect
from bench.dialects.columnar import arrow_table
from bench.dialects.reviews import Reviews


def _frame(reviews: Reviews) -> Any:
    """Return reviews as pandas has them: numbers beside nulls are floats, dates are times."""
    frame = arrow_table(reviews).to_pandas()
    for name, column in zip(reviews.header, reviews.columns, strict=True):
        if column == "review_date":
            frame[name] = pd.to_datetime(frame[name])
    return frame


def _to(file: str, method: str, **options: Any) -> Callable[[Reviews, Path], Path]:
    """Return what calls one of a frame's methods that write."""

    def write(reviews: Reviews, folder: Path) -> Path:
        getattr(_frame(reviews), method)(folder / file, **options)
        return folder / file

    return write


def _polars(file: str, method: str, **options: Any) -> Callable[[Reviews, Path], Path]:
    def write(reviews: Reviews, folder: Path) -> Path:
        frame: Any = pl.from_arrow(arrow_table(reviews))
        getattr(frame, method)(folder / file, **options)
        return folder / file

    return write


_PLAIN: Final = {"index": False}

FRAMES: Final = (
    Dialect("pandas: CSV with its index", _to("reviews.csv", "to_csv")),
    Dialect("pandas: CSV", _to("reviews.csv", "to_csv", **_PLAIN)),
    Dialect("pandas: CSV, tab", _to("reviews.tsv", "to_csv", sep="\t", **_PLAIN)),
    Dialect("pandas: CSV, semicolon", _to("reviews.csv", "to_csv", sep=";", **_PLAIN)),
    Dialect("pandas: CSV, NULL", _to("reviews.csv", "to_csv", na_rep="NULL", **_PLAIN)),
    Dialect(
        "pandas: CSV, all quoted",
        _to("reviews.csv", "to_csv", quoting=csv.QUOTE_ALL, **_PLAIN),
    ),
    Dialect("pandas: JSON, columns", _to("reviews.json", "to_json")),
    Dialect("pandas: JSON, records", _to("reviews.json", "to_json", orient="records")),
    Dialect("pandas: JSON lines", _to("reviews.json", "to_json", orient="records", lines=True)),
    Dialect(
        "pandas: JSON lines, ISO dates",
        _to("reviews.json", "to_json", orient="records", lines=True, date_format="iso"),
    ),
    Dialect("pandas: JSON, split", _to("reviews.json", "to_json", orient="split")),
    Dialect("pandas: Parquet", _to("reviews.parquet", "to_parquet"), gzip=False),
    Dialect("polars: CSV", _polars("reviews.csv", "write_csv")),
    Dialect("polars: CSV, all quoted", _polars("reviews.csv", "write_csv", quote_style="always")),
    Dialect("polars: CSV, tab", _polars("reviews.tsv", "write_csv", separator="\t")),
    Dialect("polars: JSON", _polars("reviews.json", "write_json")),
    Dialect("polars: JSON lines", _polars("reviews.ndjson", "write_ndjson")),
    Dialect("polars: Parquet", _polars("reviews.parquet", "write_parquet"), gzip=False),
)
"""What pandas and polars write."""
