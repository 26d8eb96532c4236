"""Predictions for every review of prepared data or of raw files, in the order they come in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from reviewdesk.bundle import Bundle, load_bundle
from reviewdesk.engines.base import Engine
from reviewdesk.engines.local_copies import in_local_copies
from reviewdesk.errors import UsageError
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.shared_workspace import absolute, output_lock
from reviewdesk.progress import SILENT, Progress, Task
from reviewdesk.runlog import RunLog
from reviewdesk.schema import REJECTS, predictions_schema
from reviewdesk.scoring.distributed import digests_on, predict_on
from reviewdesk.scoring.endpoint import EndpointPredictor
from reviewdesk.scoring.languages import unseen_languages
from reviewdesk.scoring.parts import Parts
from reviewdesk.scoring.prediction_rows import predict_batch
from reviewdesk.scoring.streams import PreparedStream, RawStream, Stream, StreamBatch
from reviewdesk.scoring.table_counts import TableCounts
from reviewdesk.sources.catalog import Input
from reviewdesk.storage import address_of

PART_ROWS: Final = 65_536


@dataclass(frozen=True)
class PredictSummary:
    """What a prediction run wrote.

    Args:
        out: the predictions table.
        model_id: the bundle's id.
        rows: reviews with a prediction.
        labels: how many reviews got each label.
        without_known_words: how many of them have no word that the bundle knows, so that their
            probabilities are the labels' shares of the reviews it learned from.
        rejects: the table of rows that could not be read; None for prepared data.
        rejected: how many there are, by reason.
        log: what was done when, and how long it took.
        already: whether the finished table was there before.
        formula_cells: how many cells of a CSV got an apostrophe, as a spreadsheet would run them.
        unseen_languages: how many reviews are in a language that the bundle has learned next to
            nothing of; of raw files those that this run predicted.
    """

    out: Path
    model_id: str
    rows: int
    labels: dict[str, int]
    without_known_words: int
    rejects: Path | None
    rejected: dict[str, int]
    log: RunLog
    already: bool
    formula_cells: int = 0
    unseen_languages: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the summary as plain JSON values."""
        return {
            "out": address_of(self.out),
            "model_id": self.model_id,
            "rows": self.rows,
            "labels": self.labels,
            "without_known_words": self.without_known_words,
            "rejects": address_of(self.rejects) if self.rejects else None,
            "rejected": self.rejected,
            "log": self.log.to_json(),
            "already": self.already,
            "formula_cells": self.formula_cells,
            "unseen_languages": self.unseen_languages,
        }


@in_local_copies("out")
def predict(
    bundle: Bundle | EndpointPredictor,
    data: PreparedData | Sequence[Input],
    out: Path,
    *,
    evidence: int = 0,
    overwrite: bool = False,
    part_rows: int = PART_ROWS,
    progress: Progress = SILENT,
) -> PredictSummary:
    """Write the predictions table of prepared data or of raw files.

    Every review that can be read gets a prediction, however short or long, also one whose text
    stands there twice. Rows of raw files that cannot be read are kept in ``OUT.rejects.parquet``.
    A run that was killed goes on where it was; the same command on a finished table does nothing.

    Args:
        bundle: what predicts: a bundle, or an endpoint.
        data: prepared data, or raw files, which are cleaned as the bundle says; an endpoint cleans
            them itself.
        out: the Parquet file to write.
        evidence: how many words to give as reasons for each label; 0 is much faster.
        overwrite: replace another table at ``out``.
        part_rows: about how many reviews are done between two points that a run goes on from.
        progress: shows how far it has come.

    Raises:
        UsageError: the prepared data was cleaned in another way, another table is at ``out``, or
            something was asked of an endpoint that it cannot do.
        InputError: the data cannot be read.
        StorageError: something cannot be read or written.
    """
    stream: Stream
    if isinstance(bundle, EndpointPredictor) and evidence:
        raise UsageError("an endpoint gives no reasons for its labels; leave --evidence out")
    if isinstance(bundle, EndpointPredictor):
        bundle.sends_cleaned = isinstance(data, PreparedData)
    if isinstance(data, PreparedData):
        stream, rejects = PreparedStream(data, bundle), None
    else:
        stream = RawStream(data, bundle)
        rejects = _rejects_of(out)
    settings = {"evidence": evidence, "part_rows": part_rows}
    parts = Parts(out, {"model": bundle.id, **settings, **stream.plan()})
    log = RunLog("predict", settings, {"model": bundle.id, "plan": parts.plan_digest})
    with parts.locked(), log.timed("predict"):
        already = parts.finished(overwrite=overwrite)
        if not already:
            parts.begin()
            with progress.task("Predicting", stream.total, stream.unit) as task:
                count = _predict_parts(
                    bundle, stream, parts, part_rows=part_rows, evidence=evidence, task=task
                )
            _join(bundle, parts, count, rejects)
    counts = TableCounts.of(str(out), str(rejects) if rejects else None)
    unseen = unseen_languages(bundle, stream.languages)
    return _summarise(bundle, out, rejects, counts, log, already, unseen)


def predict_on_cluster(
    engine: Engine,
    directory: Path,
    data: PreparedData | Sequence[Input],
    out: Path,
    *,
    evidence: int = 0,
    overwrite: bool = False,
    part_rows: int = PART_ROWS,
    progress: Progress = SILENT,
) -> PredictSummary:
    """Write the predictions table on a cluster: the same file as ``predict`` does.

    Args:
        engine: does the work.
        directory: the bundle that predicts: a folder or an archive.
        data: as of ``predict``; all machines reach it under its names.
        out: the Parquet file to write, which all machines reach, or an address on S3.
        evidence: as of ``predict``.
        overwrite: replace another table at ``out``.
        part_rows: as of ``predict``.
        progress: shows how far it has come.

    Raises:
        UsageError, InputError, StorageError: as of ``predict``.
    """
    bundle = load_bundle(directory)
    out = absolute(out)
    plan, rejects = _plan(bundle, data, out, engine)
    settings = {"evidence": evidence, "part_rows": part_rows}
    parts = Parts(out, {"model": bundle.id, **settings, **plan})
    log = RunLog("predict", settings, {"model": bundle.id, "plan": parts.plan_digest})
    with output_lock(out), log.timed("predict"):
        already = parts.finished(overwrite=overwrite)
        if already:
            counts = TableCounts.of(address_of(out), address_of(rejects) if rejects else None)
            languages: Mapping[str, int] = data.languages if isinstance(data, PreparedData) else {}
        else:
            counts, languages = predict_on(
                engine,
                bundle,
                directory,
                data,
                parts,
                rejects,
                evidence=evidence,
                part_rows=part_rows,
                progress=progress,
            )
    unseen = unseen_languages(bundle, languages)
    return _summarise(bundle, out, rejects, counts, log, already, unseen)


def _plan(
    bundle: Bundle, data: PreparedData | Sequence[Input], out: Path, engine: Engine
) -> tuple[dict[str, Any], Path | None]:
    """Return what names the very content of the reviews, and where bad rows go."""
    if isinstance(data, PreparedData):
        return PreparedStream(data, bundle).plan(), None
    return RawStream(data, bundle).plan(digests_on(engine, data)), _rejects_of(out)


def _rejects_of(out: Path) -> Path:
    return out.with_name(f"{out.name.removesuffix('.parquet')}.rejects.parquet")


def _predict_parts(
    bundle: Bundle | EndpointPredictor,
    stream: Stream,
    parts: Parts,
    *,
    part_rows: int,
    evidence: int,
    task: Task,
) -> int:
    """Predict what an earlier run has not; return the number of parts."""
    count = 0
    for group in _grouped(stream.batches(), part_rows):
        # The predictions come last: a part that has them has everything.
        if not parts.has(_name(count)):
            rejects = pa.Table.from_batches([batch.rejects for batch in group], REJECTS)
            if stream.raw:
                parts.write(_rejects_name(count), rejects)
            predicted = [predict_batch(bundle, stream.clean(b.reviews), evidence) for b in group]
            parts.write(_name(count), pa.concat_tables(predicted))
        count += 1
        task.advance(sum(batch.amount for batch in group))
    return count


def _join(
    bundle: Bundle | EndpointPredictor, parts: Parts, count: int, rejects: Path | None
) -> None:
    """Put the parts together; the predictions come last, because they say that all is done."""
    if rejects is not None:
        parts.join((parts.read(_rejects_name(i)) for i in range(count)), rejects, REJECTS)
    schema = predictions_schema(bundle.labels, bundle.target)
    parts.join((parts.read(_name(i)) for i in range(count)), parts.out, schema)
    parts.remove()


def _grouped(batches: Iterator[StreamBatch], part_rows: int) -> Iterator[list[StreamBatch]]:
    """Yield batches in lists of about so many rows, good and bad."""
    group: list[StreamBatch] = []
    rows = 0
    for batch in batches:
        for piece in batch.pieces(part_rows):
            group.append(piece)
            rows += len(piece.reviews) + len(piece.rejects)
            if rows >= part_rows:
                yield group
                group, rows = [], 0
    if group:
        yield group


def _summarise(
    bundle: Bundle | EndpointPredictor,
    out: Path,
    rejects: Path | None,
    counts: TableCounts,
    log: RunLog,
    already: bool,
    unseen: dict[str, int],
) -> PredictSummary:
    labels = counts.labels
    log.rows = {"out": sum(labels.values()), "rejected": sum(counts.rejected.values())}
    return PredictSummary(
        out=out,
        model_id=bundle.id,
        rows=sum(labels.values()),
        labels={label: labels.get(label, 0) for label in bundle.labels},
        without_known_words=counts.without_known_words,
        rejects=rejects,
        rejected=dict(counts.rejected),
        log=log,
        already=already,
        unseen_languages=unseen,
    )


def _name(part: int) -> str:
    return f"{part:06d}"


def _rejects_name(part: int) -> str:
    return f"{part:06d}.rejects"
