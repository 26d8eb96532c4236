"""Questions to a person as a CSV to fill in: does this review stand where it belongs?"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pyarrow as pa

from reviewdesk.errors import InputError
from reviewdesk.findings.base import Findings
from reviewdesk.findings.texts import ReviewText
from reviewdesk.formats.csv import csv_header, csv_rows
from reviewdesk.storage import write_then_rename

TABLE: Final = "questions"
ANSWER: Final = "answer"
COLUMNS: Final = (
    *("review_id", "answer", "where", "suggested"),
    *("product_title", "review_headline", "review_body"),
)


def questions(findings: Findings) -> pa.Table:
    """Return what a finder asks.

    Raises:
        InputError: it asks nothing.
    """
    asked = findings.tables.get(TABLE)
    if asked is None or not asked.num_rows:
        raise InputError(f"there is nothing to ask about what {findings.finder} found")
    return asked


def write_questions(path: Path, asked: pa.Table, texts: Mapping[str, ReviewText]) -> None:
    """Write questions with the texts that they are about; the column answer is to be filled in.

    Args:
        path: the CSV; no spreadsheet runs a cell of it as a formula.
        asked: with ``review_id``, ``where`` and ``suggested``.
        texts: the reviews by id.

    Raises:
        StorageError: it cannot be written.
    """
    rows = []
    for question in asked.to_pylist():
        text = texts.get(question["review_id"])
        rows.append(
            {
                "review_id": question["review_id"],
                "answer": "",
                "where": question["where"],
                "suggested": question["suggested"],
                "product_title": text.product_title if text else "",
                "review_headline": text.headline if text else "",
                "review_body": text.body if text else "",
            }
        )
    schema = pa.schema([pa.field(name, pa.string()) for name in COLUMNS])
    with write_then_rename(path) as file:
        file.write(csv_header(COLUMNS))
        file.write(csv_rows(pa.RecordBatch.from_pylist(rows, schema))[0])
