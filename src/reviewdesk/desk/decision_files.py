"""Decisions as files: CSV, Parquet and JSON lines to keep and to take elsewhere, and corrections.

A file holds every action, undone ones too, so that a desk that reads it knows what the first one
knew. A corrections file says what is to be changed in the reviews: ``id``, ``column``, ``old``,
``new``, one change a line, as ``prepare --corrections`` takes it.
"""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq

from reviewdesk.desk.actions import DECIDE, RIGHT, WRONG, Action, Subject
from reviewdesk.desk.decisions import DecisionLog
from reviewdesk.desk.export import written
from reviewdesk.desk.worklist import Worklist
from reviewdesk.errors import InputError
from reviewdesk.formats.csv import csv_header, csv_rows, restore
from reviewdesk.storage import storage_errors

SCHEMA: Final = pa.schema(
    [
        pa.field("id", pa.int64(), False),
        pa.field("batch", pa.int64(), False),
        pa.field("at", pa.string(), False),
        pa.field("author", pa.string(), False),
        pa.field("finding_id", pa.string(), False),
        pa.field("kind", pa.string(), False),
        pa.field("value", pa.string(), False),
        pa.field("reason", pa.string(), False),
        pa.field("undone", pa.int64(), True),
        pa.field("finder", pa.string(), False),
        pa.field("about", pa.string(), False),
        pa.field("what", pa.string(), False),
        pa.field("title", pa.string(), True),
        pa.field("stands", pa.string(), True),
        pa.field("suggested", pa.string(), True),
        pa.field("score", pa.float64(), False),
        pa.field("promise", pa.float64(), False),
    ]
)
"""A row an action, with what it was about; ``about`` is review, product or category."""

CORRECTIONS: Final = ("id", "column", "old", "new")

CORRECTED: Final = {
    "review-category": "product_category",
    "product-category": "product_category",
    "review-product": "product_id",
}
"""What a finding that is right changes, by its finder."""


def actions_table(decisions: DecisionLog) -> pa.Table:
    """Return all actions, schema ``SCHEMA``."""
    subjects = decisions.subjects()
    rows = []
    for action in decisions.since(0):
        subject = subjects.get(action.finding_id)
        if subject is not None:
            about = subject._asdict()
            rows.append({**action._asdict(), **about, "kind": action.kind, "about": subject.kind})
    return pa.Table.from_pylist(rows, SCHEMA)


def export_decisions(decisions: DecisionLog, kind: str, sink: IO[bytes]) -> int:
    """Write all decisions to a file.

    Args:
        decisions: whose.
        kind: csv, parquet or jsonl.
        sink: where to.

    Returns:
        How many actions.

    Raises:
        UsageError: there is no such kind of file.
    """
    table = actions_table(decisions)
    written(table, kind, sink)
    return int(table.num_rows)


def import_decisions(decisions: DecisionLog, path: Path) -> int:
    """Read decisions of another desk; those that are known already are passed over.

    Args:
        decisions: where to.
        path: a file that ``export_decisions`` wrote.

    Returns:
        How many actions came in.

    Raises:
        InputError: it is no such file.
        StorageError: it cannot be read or written.
    """
    table = _read(path)
    rows = table.to_pylist()
    actions = [Action(*(row[name] for name in Action._fields)) for row in rows]
    subjects = {
        row["finding_id"]: Subject(
            row["finding_id"],
            row["finder"],
            row["about"],
            *(row[name] for name in ("what", "title", "stands", "suggested", "score", "promise")),
        )
        for row in rows
    }
    try:
        return decisions.take_over(actions, subjects)
    except ValueError as error:
        raise InputError(f"{path} holds what is no decision: {error}") from error


def corrections(decisions: DecisionLog) -> list[dict[str, str]]:
    """Return what is to be changed in the reviews, by findings that are right: ``CORRECTIONS``."""
    return list(_corrections(_verdicts(decisions), decisions.subjects()))


def write_corrections(decisions: DecisionLog, sink: IO[bytes]) -> int:
    """Write what is to be changed in the reviews, as CSV; return how many changes."""
    rows = corrections(decisions)
    schema = pa.schema([pa.field(name, pa.string()) for name in CORRECTIONS])
    sink.write(csv_header(CORRECTIONS))
    sink.write(csv_rows(pa.RecordBatch.from_pylist(rows, schema))[0])
    return len(rows)


def write_answers(worklist: Worklist, verdicts: Mapping[str, str], sink: IO[bytes]) -> int:
    """Write verdicts on reviews as answers that ``find --audit`` reads.

    Args:
        worklist: the findings.
        verdicts: on findings about reviews, by finding_id; those of a random sample.
        sink: where to.

    Returns:
        How many answers.
    """
    rows = []
    for subject in worklist.subjects(verdicts):
        if subject.kind == "review":
            # A finding that is right says that the review stands wrong.
            answer = {RIGHT: "wrong", WRONG: "right"}.get(verdicts[subject.finding_id], "")
            rows.append({"review_id": subject.what, "answer": answer})
    schema = pa.schema([pa.field(name, pa.string()) for name in ("review_id", "answer")])
    sink.write(csv_header(schema.names))
    sink.write(csv_rows(pa.RecordBatch.from_pylist(rows, schema))[0])
    return len(rows)


def _verdicts(decisions: DecisionLog) -> dict[str, str]:
    """Return the verdict that stands, by finding_id, in the order of their first ones."""
    verdicts = {}
    for action in decisions.since(0):
        if action.kind == DECIDE and action.undone is None:
            verdicts[action.finding_id] = action.value
    return verdicts


def _corrections(
    verdicts: Mapping[str, str], subjects: Mapping[str, Subject]
) -> Iterator[dict[str, str]]:
    for name, verdict in verdicts.items():
        subject = subjects.get(name)
        if verdict != RIGHT or subject is None or subject.finder not in CORRECTED:
            continue
        if subject.stands and subject.suggested:
            yield {
                "id": subject.what,
                "column": CORRECTED[subject.finder],
                "old": subject.stands,
                "new": subject.suggested,
            }


def _read(path: Path) -> pa.Table:
    """Return a file of decisions by its content, schema ``SCHEMA``."""
    with storage_errors(str(path)):
        raw = path.read_bytes()
    try:
        if raw[:4] == b"PAR1":
            table = pq.read_table(io.BytesIO(raw))
        elif raw[:1] == b"{":
            table = _json(raw)
        else:
            table = _csv(raw)
        return table.select(SCHEMA.names).cast(SCHEMA)
    except (pa.ArrowException, KeyError, ValueError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is no file of decisions; write one with: reviewdesk decisions export"
        ) from error


def _json(raw: bytes) -> pa.Table:
    options = pyarrow.json.ParseOptions(explicit_schema=SCHEMA)
    return pyarrow.json.read_json(io.BytesIO(raw), parse_options=options)


def _csv(raw: bytes) -> pa.Table:
    convert = pyarrow.csv.ConvertOptions(
        column_types=dict(zip(SCHEMA.names, SCHEMA.types, strict=True)),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    lines = pyarrow.csv.ParseOptions(newlines_in_values=True)
    table = pyarrow.csv.read_csv(io.BytesIO(raw), parse_options=lines, convert_options=convert)
    columns: dict[str, Any] = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        columns[name] = restore(column) if pa.types.is_string(column.type) else column
    return pa.table(columns)
