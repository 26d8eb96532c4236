"""Questions to a person as a CSV to fill in: does this review stand where it belongs?"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeVar

import pyarrow as pa
import pyarrow.csv

from reviewdesk.errors import InputError
from reviewdesk.findings.base import Findings
from reviewdesk.findings.texts import ReviewText
from reviewdesk.formats.csv import csv_header, csv_rows, restore
from reviewdesk.storage import storage_errors, write_then_rename

Meaning = TypeVar("Meaning")

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


def read_filled_in(
    path: Path, answers: Mapping[str, Meaning], allowed: str
) -> tuple[pa.Array, list[Meaning]]:
    """Read the answers to questions: a CSV with ``review_id`` and ``answer``.

    Rows without an answer are passed over.

    Args:
        path: the CSV.
        answers: what each answer means, in lower case.
        allowed: the answers, for messages.

    Returns:
        The review_ids, and what was answered of each of these m.

    Raises:
        InputError: a column is missing, there is no answer, or one is none of those allowed.
        StorageError: it cannot be read.
    """
    texts = pa.csv.ConvertOptions(
        column_types={"review_id": pa.string(), "answer": pa.string()}, strings_can_be_null=True
    )
    lines = pa.csv.ParseOptions(newlines_in_values=True)
    with storage_errors(str(path)):
        try:
            table = pa.csv.read_csv(path, parse_options=lines, convert_options=texts)
        except pa.ArrowInvalid as error:
            raise InputError(f"{path} is not a CSV with review_id and answer") from error
    for name in ("review_id", "answer"):
        columns = table.column_names.count(name)
        if columns != 1:
            has = "lacks the column" if not columns else "has more than one column"
            raise InputError(f"{path} {has} {name}; commas have to stand between columns")
    given = [(one or "").strip().lower() for one in table.column("answer").to_pylist()]
    unknown = [line for line, one in enumerate(given, start=2) if one and one not in answers]
    if unknown:
        raise InputError(f"{path}, line {unknown[0]}: an answer must be {allowed}")
    if not any(given):
        raise InputError(f"{path} has no answer yet; fill in {allowed} in the column answer")
    answered = pa.array([bool(one) for one in given], pa.bool_())
    ids = table.column("review_id").filter(answered).combine_chunks()
    return restore(ids), [answers[one] for one in given if one]
