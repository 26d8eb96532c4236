"""Predictions back in the file they are for: its own rows in its order, each with what was said."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.bundle import Bundle
from reviewdesk.engines.local_copies import in_local_copies
from reviewdesk.errors import UsageError
from reviewdesk.examples.targets import label_parts
from reviewdesk.progress import SILENT, Progress, Task
from reviewdesk.runlog import RunLog
from reviewdesk.schema import predictions_schema
from reviewdesk.scoring.endpoint import EndpointPredictor
from reviewdesk.scoring.languages import unseen_languages
from reviewdesk.scoring.parts import PLAN_KEY, Parts
from reviewdesk.scoring.predict import PredictSummary
from reviewdesk.scoring.prediction_rows import Predictor, predict_batch
from reviewdesk.scoring.row_files import check_suffix, own_name, write_rows
from reviewdesk.scoring.streams import RawStream
from reviewdesk.seal import opened
from reviewdesk.sources.catalog import Input
from reviewdesk.sources.deciding import decided
from reviewdesk.sources.kept import NOT_LABELLED
from reviewdesk.sources.own_rows import OBJECT, OwnRows, own_rows
from reviewdesk.sources.rejects import REASONS

EXPECTED: Final = "expected_stars"
LONGEST_RAW: Final = 32_000
"""More characters than a spreadsheet's cell can hold are of no use there."""
_RATED: Final = ("stars", "category-stars")

Saying = Callable[[OwnRows], pa.Table]
"""Returns what is said of the rows that could be read, (n,), in the columns of ``said_schema``."""


def said_schema(labels: list[str], target: str) -> pa.Schema:
    """Return the columns of what is said of rows, and the metadata of a predictions table.

    Args:
        labels: the k labels, in the order of the probabilities.
        target: what was predicted.
    """
    schema = predictions_schema(labels, target)
    first = [schema.field("label"), schema.field("probability")]
    if target in _RATED:
        first.append(pa.field(EXPECTED, pa.float32()))
    first.append(pa.field(NOT_LABELLED, pa.string()))
    others = [field for field in schema if field.name not in ("label", "probability")]
    fields = [field.with_nullable(True) for field in (*first, *others)]
    return pa.schema(fields, metadata=schema.metadata)


def with_reasons(
    predicted: pa.Table, labels: list[str], target: str, reasons: pa.Array | None = None
) -> pa.Table:
    """Return rows of the predictions table as what is said of rows.

    Args:
        predicted: (n,) rows of the predictions table, null where there is no label.
        labels: the k labels.
        target: what was predicted.
        reasons: (n,) why a row has no label; None: all have one.
    """
    schema = said_schema(labels, target)
    columns = {name: predicted[name] for name in predicted.column_names}
    columns[NOT_LABELLED] = pa.nulls(len(predicted), pa.string()) if reasons is None else reasons
    if target in _RATED:
        stars = np.array([float(label_parts(label)[1]) for label in labels], np.float32)
        probabilities = predicted["probabilities"].combine_chunks()
        flat = pc.fill_null(probabilities.flatten(), 0).to_numpy().reshape(-1, len(labels))
        expected = np.full(len(predicted), np.nan, np.float32)
        expected[probabilities.is_valid().to_numpy(zero_copy_only=False)] = flat @ stars
        columns[EXPECTED] = pa.array(expected, from_pandas=True)
    return pa.table([columns[field.name] for field in schema], schema=schema)


@in_local_copies("out")
def label_rows(
    bundle: Bundle | EndpointPredictor,
    inputs: Sequence[Input],
    out: Path,
    *,
    evidence: int = 0,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> PredictSummary:
    """Write the rows of files back, in their order and with all their columns, each with a label.

    Rows that could not be read are there too, with the reason in place of a label. In CSV cells
    that a spreadsheet would run get an apostrophe, which they lose when the file is read here. A
    run that was killed goes on where it was.

    Args:
        bundle: what predicts: a bundle, or an endpoint.
        inputs: the files; their text is cleaned as the bundle says.
        out: a file that ends in .csv, .tsv, .jsonl or .parquet; a Parquet file is a predictions
            table as well.
        evidence: how many words to give as reasons for each label, in Parquet.
        overwrite: replace what is at ``out``.
        progress: shows how far it has come.

    Raises:
        UsageError: something else is at ``out``, its name has another ending, or reasons are asked
            for where there are none.
        InputError: the files cannot be read.
        StorageError: something cannot be read or written.
    """
    check_suffix(out)
    if evidence and isinstance(bundle, EndpointPredictor):
        raise UsageError("an endpoint gives no reasons for its labels; leave --evidence out")
    stream = RawStream(inputs, bundle)
    settings = {"evidence": evidence, "rows": True}
    parts = Parts(out, {"model": bundle.id, **settings, **stream.plan()})
    log = RunLog("predict", settings, {"model": bundle.id, "plan": parts.plan_digest})

    def say(rows: OwnRows) -> pa.Table:
        predicted = predict_batch(bundle, stream.clean(rows.reviews), evidence)
        return with_reasons(predicted, bundle.labels, bundle.target)

    with parts.locked(), log.timed("predict"):
        if out.suffix == ".parquet" and parts.finished(overwrite=overwrite):
            return _summary(bundle, out, _counted(out), log, already=True)
        if out.exists() and not overwrite:
            raise UsageError(f"{out} is there already; choose another name, or use --overwrite")
        with progress.task("Predicting", stream.total, "bytes") as task:
            written = write_said(decided(inputs), say, bundle, parts, task)
    summary = _summary(bundle, out, written, log)
    return replace(summary, unseen_languages=unseen_languages(bundle, stream.languages))


@dataclass
class Written:
    """What was written.

    Args:
        labels: rows by label.
        reasons: rows without one, by the reason's short name.
        strangers: rows of which no word is known.
        formula_cells: cells of CSV that got an apostrophe.
    """

    labels: Counter[str]
    reasons: Counter[str]
    strangers: int = 0
    formula_cells: int = 0


def write_said(
    inputs: Sequence[Input],
    say: Saying,
    predictor: Predictor,
    parts: Parts,
    task: Task,
    rows_of: Callable[[Input], Iterator[OwnRows]] = own_rows,
) -> Written:
    """Write the rows of files with what is said of each.

    Args:
        inputs: the files, with the way in which their ratings and dates are read.
        say: says it.
        predictor: whose labels they are.
        parts: where the rows are gathered; those of an interrupted run are taken up.
        task: is told the bytes read.
        rows_of: reads a file's rows; some may be left out.
    """
    schema = said_schema(predictor.labels, predictor.target)
    parts.begin()
    count, separator = 0, ""
    for one in inputs:
        for rows in rows_of(one):
            separator = separator or rows.separator
            if not parts.has(_name(count)):
                parts.write(_name(count), _in_order(rows, say, schema))
            count += 1
            task.advance(rows.bytes_read)
    written = Written(Counter(), Counter())

    def tables() -> Iterator[pa.Table]:
        yield from (parts.read(_name(number)) for number in range(count))

    for table in tables():
        _count(table, written, "label", NOT_LABELLED)
    metadata = {**(schema.metadata or {}), PLAN_KEY: parts.plan_digest.encode()}
    separator = ";" if separator == ";" else ","
    written.formula_cells = write_rows(
        tables, parts.out, schema, separator=separator, metadata=metadata
    )
    parts.remove()
    return written


def _in_order(rows: OwnRows, say: Saying, schema: pa.Schema) -> pa.Table:
    """Return good and bad rows as they stand in the file, with what is said of each."""
    said = say(rows).cast(schema.remove_metadata())
    own = {own_name(field.name): rows.own[field.name] for field in rows.own.schema}
    good = pa.table({**own, **{name: said[name] for name in schema.names}})
    if not len(rows.rejects):
        return good
    bad = pa.Table.from_pylist(
        [_unread(one, rows) for one in rows.rejects.to_pylist()], good.schema
    )
    lines = [*(rows.lines or range(len(good))), *rows.rejects["line"].to_pylist()]
    last = max((line for line in lines if line is not None), default=0)
    order = np.argsort([last + 1 if line is None else line for line in lines], kind="stable")
    return pa.concat_tables([good, bad]).take(pa.array(order))


def _unread(reject: dict[str, Any], rows: OwnRows) -> dict[str, Any]:
    """Return a row that could not be read: its cells as far as they can be told, and why."""
    why = f"{reject['reason']}: {REASONS.get(reject['reason'], 'it could not be read')}"
    text = reject["raw"].decode(errors="replace")[:LONGEST_RAW]
    names = rows.own.schema.names
    cells: dict[str, str] = {}
    if names == [OBJECT]:
        cells = {own_name(OBJECT): json.dumps({"unread_row": text}, ensure_ascii=False)}
    elif rows.separator and names:
        cells = dict(
            zip(map(own_name, names), _cells(text, rows.separator, len(names)), strict=False)
        )
    return {**cells, NOT_LABELLED: why}


def _cells(text: str, separator: str, width: int) -> list[str]:
    """Return the fields of a line; what is too many stands in the last one."""
    try:
        cells = next(csv.reader([text], delimiter=separator), [""])
    except csv.Error:
        return [text]
    return [*cells[: width - 1], separator.join(cells[width - 1 :])]


def _count(table: pa.Table, written: Written, label: str, reason: str) -> None:
    written.labels.update(_values(table[label]))
    for why, number in _values(table[reason]).items():
        written.reasons[why.partition(":")[0]] += number
    if "known_words" in table.column_names:
        written.strangers += pc.sum(pc.equal(table["known_words"], 0)).as_py() or 0


def _values(column: pa.ChunkedArray) -> Counter[str]:
    pairs = pc.value_counts(column.drop_null()).to_pylist()
    return Counter({one["values"]: one["counts"] for one in pairs})


def _counted(out: Path) -> Written:
    """Return what a Parquet file holds that was written before."""
    written = Written(Counter(), Counter())
    with opened(out, "remove it and predict again") as file:
        names = file.schema_arrow.names
        label = "predicted_label" if "predicted_label" in names else "label"
        columns = [one for one in (label, NOT_LABELLED, "known_words") if one in names]
        for batch in file.iter_batches(columns=columns):
            _count(pa.table(batch), written, label, NOT_LABELLED)
    return written


def _summary(
    bundle: Bundle | EndpointPredictor,
    out: Path,
    written: Written,
    log: RunLog,
    *,
    already: bool = False,
) -> PredictSummary:
    rows = written.labels.total()
    log.rows = {"out": rows, "rejected": written.reasons.total()}
    return PredictSummary(
        out=out,
        model_id=bundle.id,
        rows=rows,
        labels={label: written.labels.get(label, 0) for label in bundle.labels},
        without_known_words=written.strangers,
        rejects=None,
        rejected=dict(sorted(written.reasons.items())),
        log=log,
        already=already,
        formula_cells=written.formula_cells,
    )


def _name(part: int) -> str:
    return f"{part:06d}"
