"""Answers as files: CSV that no spreadsheet runs, Parquet, JSON lines."""

from datetime import date
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk.errors import UsageError
from reviewdesk.formats.csv import csv_header, csv_rows
from reviewdesk.formats.json_lines import json_lines
from reviewdesk.storage import write_then_rename

BATCH_ROWS: Final = 16_384


def write_table(table: pa.Table, path: Path) -> int:
    """Write a table, whole or not at all.

    Args:
        table: an answer.
        path: ``NAME.csv``, ``.parquet`` or ``.jsonl``.

    Returns:
        How many cells of CSV got an apostrophe in front, because a spreadsheet would have run them.

    Raises:
        UsageError: the name ends in something else.
        StorageError: it cannot be written.
    """
    if path.suffix not in (".csv", ".parquet", ".jsonl"):
        raise UsageError(f"answers are written as .csv, .parquet or .jsonl, not as {path.name}")
    changed = 0
    with write_then_rename(path) as file:
        if path.suffix == ".parquet":
            pq.write_table(table, file, compression="zstd", write_page_checksum=True)
        elif path.suffix == ".jsonl":
            for batch in table.to_batches(BATCH_ROWS):
                file.write(json_lines(records(batch)))
        else:
            file.write(csv_header(table.column_names))
            for batch in _as_texts(table).to_batches(BATCH_ROWS):
                text, more = csv_rows(batch)
                file.write(text)
                changed += more
    return changed


def records(rows: pa.Table | pa.RecordBatch) -> list[dict[str, Any]]:
    """Return rows as JSON values; days are text."""
    return [
        {name: v.isoformat() if isinstance(v, date) else v for name, v in row.items()}
        for row in rows.to_pylist()
    ]


def _as_texts(table: pa.Table) -> pa.Table:
    """Return lists and records as one text each; other columns as they are."""
    columns = [
        pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())
        if pa.types.is_nested(column.type)
        else column
        for column in table.columns
    ]
    return pa.table(columns, names=table.column_names)
