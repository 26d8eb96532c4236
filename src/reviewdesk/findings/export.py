"""Findings for other programs: CSV that no spreadsheet runs as a formula, and JSON lines."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from reviewdesk.errors import UsageError
from reviewdesk.findings.base import PROMISES, Findings
from reviewdesk.formats.csv import csv_header, csv_rows
from reviewdesk.formats.json_lines import json_line
from reviewdesk.schema import FINDINGS
from reviewdesk.storage import write_then_rename

FORMATS: Final = ("csv", "jsonl")
BATCH_ROWS: Final = 4_096
_SAME: Final = 1e-9


def check_promise(promise: float) -> None:
    """Refuse a promise that no list makes; 0 stands for all findings.

    Raises:
        UsageError: it is another one.
    """
    if promise and not any(abs(promise - one) <= _SAME for one in PROMISES):
        lists = ", ".join(f"{one:g}" for one in PROMISES)
        raise UsageError(f"no list promises {promise:g}; lists promise {lists}, and 0 means all")


def promised(findings: Findings, promise: float) -> Findings:
    """Return findings without the lists, and what is only in them, that promise less.

    Findings of a kind without lists, such as what is alike, promise nothing: they stay.

    Args:
        findings: what was found.
        promise: 0 for all.

    Raises:
        UsageError: no list makes this promise.
    """
    check_promise(promise)
    if not findings.lists or not promise:
        return findings
    kept = pa.array(findings.table.column("promise").to_numpy() >= promise - _SAME)
    lists = tuple(one for one in findings.lists if one.promise >= promise - _SAME)
    return replace(findings, table=findings.table.filter(kept), lists=lists)


def export_findings(rows: pa.Table, path: Path, kind: str) -> int:
    """Write findings to a file, whole or not at all.

    In CSV, words, figures and samples are text, ``name=value`` with semicolons between them; in
    JSON lines they are lists as they are.

    Args:
        rows: schema ``FINDINGS``.
        path: the file.
        kind: one of ``FORMATS``.

    Returns:
        How many cells got an apostrophe in front, because a spreadsheet would have run them.

    Raises:
        UsageError: there is no such format.
        StorageError: it cannot be written.
    """
    if kind not in FORMATS:
        raise UsageError(f"findings are exported as {' or '.join(FORMATS)}, not as {kind!r}")
    changed = 0
    with write_then_rename(path) as file:
        if kind == "csv":
            file.write(csv_header(FINDINGS.names))
        for batch in rows.to_batches(max_chunksize=BATCH_ROWS):
            if kind == "csv":
                text, more = csv_rows(flat(batch))
                changed += more
                file.write(text)
            else:
                file.write("".join(json_line(row) for row in plain(batch)).encode())
    return changed


def flat(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows with one text in place of each list, as cells of CSV are."""
    columns = []
    for column in batch.columns:
        flat = column
        if pa.types.is_list(column.type):
            flat = pa.array([_joined(value) for value in column.to_pylist()], pa.string())
        columns.append(flat)
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _joined(values: list[Any] | None) -> str | None:
    if values is None:
        return None
    return "; ".join(
        "=".join(_text(part) for part in one.values()) if isinstance(one, dict) else str(one)
        for one in values
    )


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def plain(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """Yield rows as JSON has them: days are texts."""
    for row in batch.to_pylist():
        days = {name: value.isoformat() for name, value in row.items() if isinstance(value, date)}
        yield {**row, **days}
