"""Building a graph: prepared reviews, predictions and findings become tables of nodes and edges.

Rows are staged once, with customers under their pseudonyms; then each table is one query, whose
result has an order without ties. A killed build goes on with the first table that is not finished.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reviewdesk import __version__
from reviewdesk.errors import InputError, UsageError
from reviewdesk.exchange import replace_directory
from reviewdesk.graph.pseudonyms import pseudonyms
from reviewdesk.graph.schema import EDGES, FINDINGS, NODES, TABLES
from reviewdesk.graph.store import (
    FORMAT,
    FORMAT_VERSION,
    MANIFEST,
    Graph,
    check_place,
    table_file,
)
from reviewdesk.graph.table_writing import RATED, STAGED, write_parquet, write_tables
from reviewdesk.prepare.layout import LOG
from reviewdesk.prepare.lock import locked
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress, Task
from reviewdesk.runlog import RunLog
from reviewdesk.storage import (
    file_sha256,
    private_directory,
    read_json,
    storage_errors,
    write_json,
    write_record,
)

BATCH_ROWS: Final = 65_536
PLAN: Final = "plan.json"
TEXTS: Final = ("review_headline", "review_body")
NAMES: Final = ("customer_id", "product_id", "product_parent", "product_category")
"""Columns whose empty text is no name."""

PREDICTIONS: Final = pa.schema(
    [
        pa.field("review_id", pa.string(), False),
        pa.field("label", pa.string(), False),
        pa.field("confidence", pa.float64(), False),
        pa.field("model", pa.string(), False),
    ]
)
"""What was predicted: a category of a review, how surely, and by what."""

SIMILAR: Final = pa.schema(
    [
        pa.field("product", pa.string(), False),
        pa.field("other", pa.string(), False),
        pa.field("score", pa.float64(), False),
    ]
)
"""Products that are alike, as a finder ranked them."""


@dataclass(frozen=True)
class GraphInputs:
    """What a graph is built from beside the reviews.

    Args:
        predictions: tables of the schema ``PREDICTIONS``, read once.
        similar: schema ``SIMILAR``.
        findings: schema ``graph.schema.FINDINGS``.
        fingerprints: names all of these, so that a build goes on only with the same.
    """

    predictions: Iterator[pa.Table]
    similar: pa.Table
    findings: pa.Table
    fingerprints: Sequence[str] = ()

    @classmethod
    def nothing(cls) -> "GraphInputs":
        """Return no predictions and no findings."""
        return cls(iter(()), SIMILAR.empty_table(), FINDINGS.empty_table())


def build_graph(
    data: PreparedData,
    out: Path,
    inputs: GraphInputs,
    *,
    key: bytes | None,
    texts: bool = False,
    without: pa.Array | None = None,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> Graph:
    """Build a graph, whole or not at all.

    The same command on a finished graph does nothing; a killed one goes on where it was.

    Args:
        data: the reviews.
        out: the folder to write.
        inputs: predictions and findings.
        key: the key of the customers' pseudonyms; None leaves their ids as they are.
        texts: whether reviews carry headline and body.
        without: review_ids to leave out, as of a person who is being erased.
        overwrite: replace another graph.
        progress: shows how far it has come.

    Raises:
        UsageError: ``out`` holds something else, or a graph of other data or settings.
        InputError: the reviews name no product.
        StorageError: something cannot be read or written.
    """
    out = out.absolute()
    plan = {
        "data": data.fingerprint,
        "inputs": sorted(inputs.fingerprints),
        "pseudonyms": "" if key is None else _digest_of(key),
        "texts": texts,
        "without": 0 if without is None else len(without),
        "reviewdesk": __version__,
        "format_version": FORMAT_VERSION,
    }
    private_directory(out.parent)
    with locked(out.with_name(f".{out.name}.lock"), f"the folder {out}"):
        check_place(out)
        if (out / MANIFEST).is_file() and not overwrite:
            graph = Graph.open(out)
            if graph.manifest["plan"] == plan:
                return graph
            raise UsageError(
                f"{out} holds a graph of other data or settings; name another folder, or replace "
                "it with --overwrite"
            )
        log = RunLog("graph", plan, {"data": data.fingerprint})
        aside = _workspace(out, plan)
        with log.timed("stage"):
            _stage(data, inputs, aside, key, texts, without, progress)
        with log.timed("tables"):
            write_tables(aside, progress)
        result = aside / "result"
        write_record(result / MANIFEST, _manifest(result, plan, data, texts, key is not None))
        log.rows.update(read_json(result / MANIFEST)["rows"])
        log.write(result / LOG)
        (aside / PLAN).unlink()  # what is left here is the older graph, and no work to go on with
        replace_directory(result, out)
        shutil.rmtree(aside, ignore_errors=True)
    return Graph.open(out)


def _digest_of(key: bytes) -> str:
    """Name a key without giving it away: the pseudonym of a text that is no customer."""
    return str(pseudonyms(pa.array(["\0"]), key)[0].as_py())


def _workspace(out: Path, plan: dict[str, Any]) -> Path:
    """Return the folder beside ``out`` that holds what is done of this plan."""
    aside = out.with_name(f".{out.name}.partial")
    with storage_errors(str(aside)):
        if aside.exists() and not _continues(aside, plan):
            shutil.rmtree(aside)
        private_directory(aside)
        private_directory(aside / "result")
        private_directory(aside / "spill")
    write_json(aside / PLAN, plan)
    return aside


def _continues(aside: Path, plan: dict[str, Any]) -> bool:
    try:
        return bool(read_json(aside / PLAN) == plan)
    except (InputError, OSError):
        return False


def _stage(
    data: PreparedData,
    inputs: GraphInputs,
    aside: Path,
    key: bytes | None,
    texts: bool,
    without: pa.Array | None,
    progress: Progress,
) -> None:
    """Write what the queries read: rows, predictions, similar products, findings."""
    if not (aside / "rows.parquet").is_file():
        with progress.task("Reading", data.rows, "reviews") as task:
            rows = _rows(data, key, texts, without, task)
            write_parquet(aside / "rows.parquet", rows, STAGED)
    if not (aside / "rated.parquet").is_file():
        write_parquet(aside / "rated.parquet", _rated(data, key, without), RATED)
    if not (aside / "predictions.parquet").is_file():
        write_parquet(aside / "predictions.parquet", inputs.predictions, PREDICTIONS)
    if not (aside / "similar_products.parquet").is_file():
        write_parquet(aside / "similar_products.parquet", iter([inputs.similar]), SIMILAR)
    table = inputs.findings.sort_by([(name, "ascending") for name in FINDINGS.names])
    write_parquet(aside / "result" / table_file("findings"), iter([table]), FINDINGS)


def _rated(
    data: PreparedData, key: bytes | None, without: pa.Array | None
) -> Iterator[pa.RecordBatch]:
    """Yield the reviews that have stars and no text, as they count in the graph."""
    parts = [data.manifest["ratings"]] if data.ratings else []
    for part in parts:
        for batch in data.part_batches(part, ["review_id", *RATED.names], BATCH_ROWS):
            left = batch
            if without is not None:
                left = batch.filter(pc.invert(pc.is_in(batch["review_id"], without)))
            customers, products, stars = (left.column(name) for name in RATED.names)
            customers, products = (
                pc.if_else(pc.equal(names, ""), None, names) for names in (customers, products)
            )
            columns = [pseudonyms(customers, key), products, stars]
            yield pa.record_batch(columns, schema=RATED)


def _rows(
    data: PreparedData,
    key: bytes | None,
    texts: bool,
    without: pa.Array | None,
    task: Task,
) -> Iterator[pa.RecordBatch]:
    """Yield the reviews as they stand in the graph: empty names are null, texts on request."""
    columns = [name for name in STAGED.names if texts or name not in TEXTS]
    for batch in data.batches(columns, BATCH_ROWS):
        task.advance(len(batch))
        if without is not None:
            batch = batch.filter(pc.invert(pc.is_in(batch.column("review_id"), without)))  # noqa: PLW2901
        values = {name: batch.column(name) for name in columns}
        for name in NAMES:
            values[name] = pc.if_else(pc.equal(values[name], ""), None, values[name])
        values["customer_id"] = pseudonyms(values["customer_id"], key)
        for name in TEXTS:
            values.setdefault(name, pa.nulls(len(batch), pa.string()))
        yield pa.record_batch([values[name] for name in STAGED.names], schema=STAGED)


def _manifest(
    result: Path, plan: dict[str, Any], data: PreparedData, texts: bool, coded: bool
) -> dict[str, Any]:
    files = {name: file_sha256(result / table_file(name)) for name in sorted(TABLES)}
    rows = {name: pq.read_metadata(result / table_file(name)).num_rows for name in sorted(TABLES)}
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "plan": json.loads(json.dumps(plan)),
        "prepared": str(data.path),
        "rows": rows,
        "files": files,
        "nodes": sum(rows[table.name] for table in NODES),
        "edges": sum(rows[table.name] for table in EDGES),
        "pseudonyms": coded,
        "texts": texts,
    }
