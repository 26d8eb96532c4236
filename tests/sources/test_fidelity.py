"""A small part of ``bench/fidelity.py``: what other programs write is read back as it was."""

from random import Random

import pytest
from bench.dialects.base import Dialect
from bench.dialects.columnar import COLUMNAR
from bench.dialects.comparison import judged
from bench.dialects.databases import DATABASES
from bench.dialects.jsons import JSONS
from bench.dialects.reviews import generate
from bench.dialects.separated import SEPARATED
from bench.dialects.spreadsheets import SPREADSHEETS

DIALECTS = (*SEPARATED, *SPREADSHEETS, *JSONS, *DATABASES, *COLUMNAR)
PAIRS = 3
NOT_YET = {
    "BigQuery: CSV",
    "DuckDB: CSV",
    "DuckDB: CSV, all quoted",
    "DuckDB: CSV, tab",
    "DuckDB: JSON lines",
    "Excel, France: CSV UTF-8",
    "Excel, UK: CSV UTF-8",
    "Excel, US: CSV (Macintosh)",
    "MySQL: --batch",
    "MySQL: OUTFILE with names",
    "MySQL: OUTFILE with names, .tsv",
    "MySQL: OUTFILE without names",
    "MySQL: OUTFILE, enclosed",
    "PostgreSQL: COPY text",
    "R: write.csv",
    "Redshift: UNLOAD ADDQUOTES ESCAPE",
    "SQLite: .mode csv",
    "Spark: CSV, a folder of parts",
    "Spark: CSV, one file",
    "csv: UTF-8 with a BOM",
    "csv: Windows-1252",
    "csv: escaped quotes",
    "csv: escaped quotes, all quoted",
    "csv: excel-tab",
    "csv: numbers not quoted",
    "csv: semicolon",
    "csv: tab in a .txt",
    "csv: unix, all quoted",
    "json: lines, BOM, CRLF",
    "pyarrow: Parquet, doubles",
}
"""Dialects of which some reviews are still read as others without a word."""


def silent(dialect: Dialect) -> dict[int, str]:
    verdicts = {
        number: judged(dialect, generate(Random(f"{dialect.name}-{number}")))
        for number in range(PAIRS)
    }
    return {number: one.kind for number, one in verdicts.items() if one.outcome == "SILENT"}


@pytest.mark.parametrize(
    "dialect", [one for one in DIALECTS if one.name not in NOT_YET], ids=lambda one: one.name
)
def test_nothing_is_read_back_as_other_than_it_was_written(dialect: Dialect) -> None:
    assert silent(dialect) == {}
