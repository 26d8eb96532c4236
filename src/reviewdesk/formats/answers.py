"""Anybody's predictions: tables, an endpoint's answers, the files that a batch transform writes.

What is understood: Parquet, CSV with a header, JSON lines with named fields; JSON arrays and lines
as BlazingText and ``reviewdesk serve`` answer (``label`` and ``prob``), also joined with the input
under ``SageMakerOutput``; lines without names, which hold a label, a label and its probability, or
one probability for each label. Sources: the SageMaker developer guide on BlazingText and on batch
transform (``.out`` files have one record for each of the input, in its order).
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from reviewdesk.errors import InputError, MissingColumn
from reviewdesk.storage import storage_errors

LABEL_NAMES: Final = (
    *("predicted_label", "prediction", "predicted", "pred", "y_pred", "label", "labels", "class"),
    "answer",
)
PROBABILITY_NAMES: Final = ("probability", "prob", "confidence", "score", "probabilities")
ID_NAMES: Final = ("review_id",)
JOINED: Final = "SageMakerOutput"

_PREFIX: Final = "__label__"
_PARQUET: Final = b"PAR1"


@dataclass(frozen=True)
class Answer:
    """What is predicted of one record.

    Args:
        label: the most probable label; None where there is none, as for a row that was not read.
        probabilities: of labels, as far as they are told.
        review_id: which review it is about; None where it does not say.
    """

    label: str | None
    probabilities: Mapping[str, float] = field(default_factory=dict)
    review_id: str | None = None


def read_answers(path: Path, column: str = "") -> list[Answer]:
    """Return the predictions in a file, in its order.

    Args:
        path: the file.
        column: the column or field with the label, where its name does not say so.

    Raises:
        MissingColumn: nothing in it is known to be a label.
        InputError: it is damaged, or in no format that is understood.
        StorageError: it cannot be read.
    """
    with storage_errors(str(path)):
        data = path.read_bytes()
    try:
        if data.startswith(_PARQUET):
            return _of_parquet(path, column)
        return _of_text(data.decode("utf-8-sig"), path, column)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is neither UTF-8 text nor Parquet") from error


def _of_parquet(path: Path, column: str) -> list[Answer]:
    try:
        table = pq.read_table(path, partitioning=None)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not a whole Parquet file; get it again") from error
    metadata: dict[bytes, bytes] = table.schema.metadata or {}
    try:
        labels = json.loads(metadata.get(b"labels", b"[]"))
    except ValueError:
        labels = []
    asked = (*LABEL_NAMES, *PROBABILITY_NAMES, *ID_NAMES, column)
    names = [one for one in table.column_names if one in asked]
    rows = table.select(names).to_pylist()
    return [_of_fields(row, path, column, labels) for row in rows]


def _of_text(text: str, path: Path, column: str) -> list[Answer]:
    begin = text.lstrip()[:1]
    if begin in ("{", "["):
        return [_of_json(one, path, column) for one in _json_values(text, path)]
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError(f"{path} is empty")
    separator = max(",;\t", key=lines[0].count)
    rows = [*csv.reader(io.StringIO(text, newline=""), delimiter=separator)]
    rows = [row for row in rows if row]
    header = [name.strip() for name in rows[0]]
    if _known(header, column):
        return [_of_fields(dict(zip(header, row, strict=False)), path, column) for row in rows[1:]]
    if column or set(ID_NAMES).intersection(header):
        raise _no_label(path, header)
    return [_of_values([_value(one) for one in row], path) for row in rows]


def _json_values(text: str, path: Path) -> Iterator[Any]:
    """Yield the answers of a document, or of lines; one batch of a transform is one document."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            line = text.count("\n", 0, at) + 1
            raise InputError(f"{path} is not JSON from line {line} on") from error
        at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n,"))
        if isinstance(value, dict) and isinstance(value.get("predictions"), list):
            yield from value["predictions"]
        elif isinstance(value, list) and not all(isinstance(one, int | float) for one in value):
            yield from value
        else:
            yield value


def _of_json(value: Any, path: Path, column: str) -> Answer:
    if isinstance(value, Mapping) and JOINED in value:
        answer = _of_json(value[JOINED], path, column)
        return replace(answer, review_id=_id_of(value))
    if isinstance(value, Mapping):
        return _of_fields(value, path, column)
    return _of_values(value if isinstance(value, list) else [value], path)


def _known(names: Sequence[str], column: str) -> str:
    """Return the field that holds the label; empty where none is known to."""
    wanted = (column,) if column else LABEL_NAMES
    return next((name for name in wanted if name in names), "")


def _of_fields(
    fields: Mapping[str, Any], path: Path, column: str, labels: Sequence[str] = ()
) -> Answer:
    name = _known([*fields], column)
    if not name:
        raise _no_label(path, [*fields])
    review_id = _id_of(fields)
    label = fields[name]
    beside = next((fields[one] for one in PROBABILITY_NAMES if fields.get(one) is not None), None)
    if isinstance(label, list):  # as BlazingText answers: labels, likeliest first
        names_ = [_name(one) for one in label]
        values = beside if isinstance(beside, list) else []
        probabilities = dict(zip(names_, map(float, values), strict=False))
        return Answer(names_[0] if names_ else None, probabilities, review_id)
    given = fields.get("probabilities")
    named = None if label in (None, "") else _name(label)
    if isinstance(given, Mapping):
        return Answer(named, {_name(k): float(v) for k, v in given.items()}, review_id)
    if isinstance(given, list) and len(given) == len(labels):
        return Answer(named, dict(zip(labels, map(float, given), strict=True)), review_id)
    value = _number(beside)
    return Answer(named, {} if named is None or value is None else {named: value}, review_id)


def _no_label(path: Path, names: Sequence[str]) -> MissingColumn:
    shown = ", ".join(map(repr, names[:40]))
    return MissingColumn(
        f"no column of {path} is known to hold a label; it has: {shown}; say which with "
        "--predicted COLUMN"
    )


def _of_values(values: Sequence[Any], path: Path) -> Answer:
    """Return a record without names: a label, with its probability, or one for each label."""
    if len(values) == 1:
        return Answer(_name(values[0]))
    numbers = [_number(one) for one in values]
    if len(values) == 2 and numbers[0] is None and numbers[1] is not None:
        return Answer(_name(values[0]), {_name(values[0]): numbers[1]})
    probabilities = {str(place): one for place, one in enumerate(numbers) if one is not None}
    if len(probabilities) < len(values) or abs(sum(probabilities.values()) - 1) > 0.01:
        raise InputError(
            f"{path} has a record of {len(values)} values that are neither a label with its "
            "probability nor one probability for each label; write a table with the columns "
            "label and probability"
        )
    return Answer(max(probabilities, key=lambda one: probabilities[one]), probabilities)


def _id_of(fields: Mapping[str, Any]) -> str | None:
    found = next((fields[one] for one in ID_NAMES if fields.get(one) not in (None, "")), None)
    return None if found is None else str(found)


def _name(value: Any) -> str:
    """Return a label as it is compared: without fastText's prefix, and 1.0 as 1."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value).strip().removeprefix(_PREFIX)
    whole = text.removesuffix("0").removesuffix(".") if text.endswith(".0") else text
    return whole if whole.lstrip("-").isdigit() else text


def _value(text: str) -> Any:
    number = _number(text)
    return text if number is None else number


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None or isinstance(value, list | Mapping):
        return None
    try:
        return float(value)
    except ValueError:
        return None
