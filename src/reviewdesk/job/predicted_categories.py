"""Predictions of categories from anywhere: our own tables, other programs', an endpoint's answers.

Answers of an endpoint are those of BlazingText, ``{"label": ["__label__Books"], "prob": [0.98]}``,
beside the review_id that was asked about: in one object, or with the answer under
``SageMakerOutput``, where a batch transform that joins input and output puts it.
"""

import gzip
import io
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from reviewdesk.errors import InputError, MissingColumn, UsageError
from reviewdesk.findings.predictions_table import PredictionsTable
from reviewdesk.formats.fasttext import PREFIX
from reviewdesk.graph.build import PREDICTIONS
from reviewdesk.schema import prediction_labels
from reviewdesk.storage import storage_errors

TARGET: Final = "category"
BATCH_ROWS: Final = 65_536
SURENESS: Final = ("confidence", "probability", "prob")
COLUMNS: Final = ("review_id", "label", *SURENESS, "model_id")
JOINED: Final = "SageMakerOutput"

_NEEDED: Final = "the columns review_id, label and confidence (or probability, or prob)"
_JSON_SUFFIXES: Final = (".json", ".jsonl", ".ndjson")
_QUOTED: Final = pa_csv.ParseOptions(newlines_in_values=True)
_KINDS: Final = pa_csv.ConvertOptions(
    column_types={
        **dict.fromkeys(("review_id", "label", "model_id"), pa.string()),
        **dict.fromkeys(SURENESS, pa.float64()),
    }
)


def check_predictions(path: Path) -> None:
    """Refuse predictions of something else than categories before any work starts.

    Raises:
        UsageError: they are of another target.
        InputError: it is no Parquet file.
        StorageError: it cannot be read.
    """
    with storage_errors(str(path)):
        path.stat()
        if _suffix(path) != ".parquet":
            return
        try:
            metadata = pq.read_schema(path).metadata or {}
        except pa.ArrowException as error:
            raise InputError(f"{path} is not a Parquet file, or damaged") from error
    target = metadata.get(b"target", TARGET.encode()).decode(errors="replace")
    if target != TARGET:
        raise UsageError(
            f"{path} predicts {target}; a graph joins reviews with categories, so that it needs "
            f"predictions of the target {TARGET}"
        )


def predicted_categories(path: Path) -> Iterator[pa.Table]:
    """Yield predictions with the schema ``PREDICTIONS``, in bounded memory.

    Args:
        path: Parquet, CSV, JSON lines or a JSON list, perhaps gzipped, perhaps named ``.out``.

    Raises:
        MissingColumn: a column is missing.
        InputError: it is damaged, or a value is missing or of another kind.
        StorageError: it cannot be read.
    """
    for table in _tables(path):
        names = table.column_names
        if "probabilities" in names and not {"label", "probability"} <= set(names):
            yield from _surest(path)
            return
        sureness = next((name for name in SURENESS if name in names), None)
        if "review_id" not in names or "label" not in names or sureness is None:
            has = ", ".join(name for name in names if name in COLUMNS) or "none of them"
            raise MissingColumn(f"{path} needs {_NEEDED}; it has: {has}")
        model = table["model_id"] if "model_id" in names else _model_name(path, len(table))
        yield _checked(path, table["review_id"], table["label"], table[sureness], model)


def _suffix(path: Path) -> str:
    """Return what kind of file it is by its name, without what says how it was packed or made."""
    suffixes = [suffix for suffix in path.suffixes if suffix not in (".gz", ".out")]
    return suffixes[-1] if suffixes else ""


def _model_name(path: Path, rows: int) -> pa.Array:
    """Return the name of the file, for predictions that do not say who made them."""
    return pa.repeat(pa.scalar(path.name.partition(".")[0]), rows)


def _surest(path: Path) -> Iterator[pa.Table]:
    """Yield the surest label of each row of a table that holds nothing but probabilities."""
    predictions = PredictionsTable.open(path)
    ids = predictions.ids()
    labels, at = pa.array(prediction_labels(pq.read_schema(path), str(path))), 0
    for said in predictions.batches():
        surest = said.probabilities.argmax(axis=1)
        chosen = pa.array(said.probabilities.max(axis=1))
        models = pc.fill_null(said.models, path.stem)
        yield _checked(path, ids.slice(at, len(surest)), labels.take(surest), chosen, models)
        at += len(surest)


def _checked(path: Path, ids: object, labels: object, sureness: object, model: object) -> pa.Table:
    try:
        table = pa.table([ids, labels, sureness, model], names=PREDICTIONS.names)
        table = table.cast(PREDICTIONS)
    except (pa.ArrowException, ValueError) as error:
        raise InputError(
            f"{path} has a review_id, label or confidence that is missing or of another kind"
        ) from error
    far = pc.abs(pc.subtract(table["confidence"], 0.5))
    if not pc.all(pc.less_equal(far, 0.5), min_count=0).as_py():  # false for NaN, too
        raise InputError(f"{path} has a confidence that is not from 0 to 1")
    plain = pc.replace_substring_regex(table["label"], f"^{PREFIX}", "")
    if pc.any(pc.equal(plain, "")).as_py():
        raise InputError(f"{path} has a label without a name")
    return table.set_column(1, PREDICTIONS.field("label"), plain)


def _tables(path: Path) -> Iterator[pa.Table]:
    """Yield tables with those of ``COLUMNS`` that a file has."""
    suffix = _suffix(path)
    with storage_errors(str(path)):
        try:
            if suffix == ".csv":
                with pa_csv.open_csv(path, convert_options=_KINDS, parse_options=_QUOTED) as reader:
                    yield reader.schema.empty_table()  # of a file that is nothing but a header
                    for batch in reader:
                        yield pa.Table.from_batches([batch])
            elif suffix in _JSON_SUFFIXES:
                yield from _json_tables(path)
            else:
                with pq.ParquetFile(path) as file:
                    names = file.schema_arrow.names
                    wanted = [name for name in COLUMNS if name in names]
                    wanted = wanted if "label" in wanted else names
                    for batch in file.iter_batches(BATCH_ROWS, columns=wanted):
                        yield pa.Table.from_batches([batch])
        except (
            pa.ArrowException,
            json.JSONDecodeError,
            UnicodeDecodeError,
            EOFError,
            RecursionError,
        ) as error:
            raise InputError(f"{path} is damaged or no table of predictions") from error


def _json_tables(path: Path) -> Iterator[pa.Table]:
    with _opened(path) as file:
        records = _records(path, file)
        while rows := list(islice(records, BATCH_ROWS)):
            names = [name for name in COLUMNS if name in rows[0]]
            yield pa.table([[row.get(name) for row in rows] for name in names], names=names)


def _opened(path: Path) -> io.BufferedReader:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return io.BufferedReader(gzip.GzipFile(path)) if packed else path.open("rb")


def _records(path: Path, file: io.BufferedReader) -> Iterator[dict[str, Any]]:
    """Yield predictions of JSON lines, or of one list of an answer's size, as flat records."""
    whole = file.peek(1).lstrip()[:1] == b"["
    values = json.load(file) if whole else (json.loads(line) for line in file if line.strip())
    for number, value in enumerate(values, start=1):
        answer = value.get(JOINED, value) if isinstance(value, dict) else None
        if not isinstance(answer, dict):
            raise InputError(f"{path}: prediction {number} is no JSON object with {_NEEDED}")
        record = {**value, **answer}
        sureness = next((name for name in SURENESS if name in record), SURENESS[0])
        if isinstance(record.get("label"), list):
            _choose(path, number, record, sureness)
        if isinstance(record.get("review_id"), int):
            record["review_id"] = str(record["review_id"])
        yield record


def _choose(path: Path, number: int, record: dict[str, Any], sureness: str) -> None:
    """Put the surest of an answer's labels in place of all."""
    labels, values = record["label"], record.get(sureness)
    if not isinstance(values, list) or len(values) != len(labels) or not labels:
        raise InputError(f"{path}: prediction {number} has not as many probabilities as labels")
    surest = max(range(len(labels)), key=lambda at: values[at])
    record["label"], record[sureness] = labels[surest], values[surest]
