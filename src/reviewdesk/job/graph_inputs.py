"""What a graph is built from beside the reviews: predictions of categories, and findings."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.json as pa_json
import pyarrow.parquet as pq

from reviewdesk.errors import InputError, MissingColumn, UsageError
from reviewdesk.findings.predictions_table import PredictionsTable
from reviewdesk.findings.store import folders_in, read_findings
from reviewdesk.graph.build import PREDICTIONS, SIMILAR, GraphInputs
from reviewdesk.graph.schema import FINDINGS
from reviewdesk.prepare.layout import file_sha256
from reviewdesk.schema import prediction_labels
from reviewdesk.storage import storage_errors

TARGET: Final = "category"
BATCH_ROWS: Final = 65_536
SURENESS: Final = ("confidence", "probability")
TEXT: Final = pa_csv.ConvertOptions(
    column_types={"review_id": pa.string(), "label": pa.string(), "model_id": pa.string()}
)


def graph_inputs(predictions: Sequence[Path], findings: Path | None) -> GraphInputs:
    """Return predictions and findings as a graph takes them.

    Args:
        predictions: tables of ours, of target category; or Parquet, CSV or JSON lines of anybody's
            with the columns review_id, label and confidence (or probability), perhaps model_id.
        findings: a folder that finding wrote.

    Raises:
        UsageError: predictions are not of categories.
        MissingColumn: a column is missing.
        InputError: a table or findings are damaged.
        StorageError: something cannot be read.
    """
    for path in predictions:
        _check(path)
    stored = [read_findings(folder) for folder in folders_in(findings)] if findings else []
    tables = [one.found.table.select(FINDINGS.names).cast(FINDINGS) for one in stored]
    similar = [one.found.tables["similar"] for one in stored if "similar" in one.found.tables]
    listed = [_scored(table) for table in similar]
    digests = [file_sha256(path) for path in predictions]
    digests += [file_sha256(path) for one in stored for path in sorted(one.path.glob("*.parquet"))]
    return GraphInputs(
        predictions=(batch for path in predictions for batch in _predictions(path)),
        similar=pa.concat_tables([SIMILAR.empty_table(), *listed]),
        findings=pa.concat_tables([FINDINGS.empty_table(), *tables]),
        fingerprints=digests,
    )


def _scored(ranking: pa.Table) -> pa.Table:
    columns = [ranking.column(name) for name in ("product", "other", "similarity")]
    return pa.table(columns, names=SIMILAR.names).cast(SIMILAR)


def _check(path: Path) -> None:
    """Refuse predictions that name no categories before any work starts."""
    if path.suffix != ".parquet":
        return
    with storage_errors(str(path)):
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


def _predictions(path: Path) -> Iterator[pa.Table]:
    for table in _tables(path):
        names = table.column_names
        if "probabilities" in names and not {"label", *SURENESS} - {"confidence"} <= set(names):
            yield from _surest(path)
            return
        sureness = next((name for name in SURENESS if name in names), None)
        if "review_id" not in names or "label" not in names or sureness is None:
            raise MissingColumn(
                f"{path} needs the columns review_id, label and confidence (or probability); it "
                f"has: {', '.join(names)}"
            )
        model = table["model_id"] if "model_id" in names else _named(path.stem, len(table))
        yield _checked(path, table["review_id"], table["label"], table[sureness], model)


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
    bounds = pc.min_max(table["confidence"]).as_py()
    if len(table) and not (bounds["min"] >= 0 and bounds["max"] <= 1):
        raise InputError(f"{path} has a confidence that is not from 0 to 1")
    return table


def _tables(path: Path) -> Iterator[pa.Table]:
    with storage_errors(str(path)):
        try:
            if path.suffix == ".csv":
                yield pa_csv.read_csv(path, convert_options=TEXT)
            elif path.suffix in (".json", ".jsonl"):
                yield pa_json.read_json(path)
            else:
                with pq.ParquetFile(path) as file:
                    names = file.schema_arrow.names
                    wanted = [
                        n for n in ("review_id", "label", *SURENESS, "model_id") if n in names
                    ]
                    wanted = wanted if "label" in wanted else names
                    for batch in file.iter_batches(BATCH_ROWS, columns=wanted):
                        yield pa.Table.from_batches([batch])
        except pa.ArrowException as error:
            raise InputError(f"{path} is damaged or no table of predictions") from error


def _named(name: str, rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(name), rows)
