"""Predictions for every review of prepared data or of raw files, in the order they come in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.bundle import Bundle
from reviewdesk.errors import UsageError
from reviewdesk.models.base import LIKELY
from reviewdesk.models.sparse.rows import FEATURES
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress, Task
from reviewdesk.runlog import RunLog
from reviewdesk.schema import EVIDENCE, REJECTS, predictions_schema
from reviewdesk.scoring.endpoint import EndpointPredictor
from reviewdesk.scoring.explain import evidence_column
from reviewdesk.scoring.languages import unseen_languages
from reviewdesk.scoring.parts import Parts
from reviewdesk.scoring.streams import PreparedStream, RawStream, Stream, StreamBatch
from reviewdesk.seal import opened
from reviewdesk.settings import SEVERAL
from reviewdesk.sources.catalog import Input

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
            "out": str(self.out),
            "model_id": self.model_id,
            "rows": self.rows,
            "labels": self.labels,
            "without_known_words": self.without_known_words,
            "rejects": str(self.rejects) if self.rejects else None,
            "rejected": self.rejected,
            "log": self.log.to_json(),
            "already": self.already,
            "formula_cells": self.formula_cells,
            "unseen_languages": self.unseen_languages,
        }


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
        rejects = out.with_name(f"{out.name.removesuffix('.parquet')}.rejects.parquet")
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
    unseen = unseen_languages(bundle, stream.languages)
    return _summarise(bundle, out, rejects, log, already, unseen)


class Predictor(Protocol):
    """What predictions come from: a bundle, or a base model of cross-fitting."""

    @property
    def id(self) -> str:
        """What the predictions table names it."""

    @property
    def labels(self) -> list[str]:
        """The k labels."""

    @property
    def target(self) -> str:
        """What the labels are."""


def prediction_table(
    predictor: Predictor,
    review_ids: pa.Array,
    probabilities: NDArray[np.float32],
    *,
    folds: pa.Array | None = None,
    evidence: pa.Array | None = None,
    known_words: NDArray[np.int64] | None = None,
) -> pa.Table:
    """Return rows of the predictions table.

    Args:
        predictor: gives the model's id, labels and target.
        review_ids: n ids.
        probabilities: (n, k) in the order of the predictor's labels.
        folds: n int16, null where no fold was left out; all null by default.
        evidence: n lists of words with weights; all null by default.
        known_words: (n,) how many words of each are known; all null by default.
    """
    n = len(review_ids)
    best = probabilities.argmax(axis=1)
    schema = predictions_schema(predictor.labels, predictor.target)
    columns = [
        review_ids,
        pa.repeat(pa.scalar(predictor.id), n),
        pa.nulls(n, pa.int16()) if folds is None else folds,
        pa.array(predictor.labels, pa.string()).take(pa.array(best)),
        pa.array(probabilities[np.arange(n), best], pa.float32()),
        pa.FixedSizeListArray.from_arrays(
            pa.array(probabilities.ravel(), pa.float32()), len(predictor.labels)
        ),
        pa.nulls(n, EVIDENCE) if evidence is None else evidence,
        pa.nulls(n, pa.int32()) if known_words is None else pa.array(known_words, pa.int32()),
    ]
    if predictor.target == SEVERAL:
        columns.append(_likely(probabilities, predictor.labels))
    return pa.Table.from_arrays(columns, schema=schema)


def _likely(probabilities: NDArray[np.float32], labels: list[str]) -> pa.ListArray:
    """Return the labels of each row that are more likely than not."""
    given = probabilities > LIKELY
    ends = np.concatenate([[0], np.cumsum(given.sum(axis=1))]).astype(np.int32)
    names = pa.array(labels, pa.string()).take(pa.array(np.nonzero(given)[1]))
    return pa.ListArray.from_arrays(pa.array(ends), names)


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


def predict_batch(
    bundle: Bundle | EndpointPredictor, reviews: pa.RecordBatch, evidence: int
) -> pa.Table:
    """Return rows of the predictions table for clean reviews.

    Args:
        bundle: what predicts.
        reviews: n reviews.
        evidence: how many words to give as reasons for each label.

    Raises:
        UsageError: reasons are asked for where there are no words.
    """
    if evidence and FEATURES in reviews.schema.names:
        raise UsageError("rows of features have no words to give as reasons; leave --evidence out")
    probabilities = bundle.predict_proba(reviews)
    words = None
    if evidence and isinstance(bundle, Bundle):
        words = evidence_column(bundle, reviews, probabilities.argmax(axis=1), evidence)
    return prediction_table(
        bundle,
        reviews.column("review_id"),
        probabilities,
        evidence=words,
        known_words=bundle.known_words(reviews),
    )


def _summarise(
    bundle: Bundle | EndpointPredictor,
    out: Path,
    rejects: Path | None,
    log: RunLog,
    already: bool,
    unseen: dict[str, int],
) -> PredictSummary:
    labels = _counts(out, "label")
    reasons = _counts(rejects, "reason") if rejects else {}
    log.rows = {"out": sum(labels.values()), "rejected": sum(reasons.values())}
    return PredictSummary(
        out=out,
        model_id=bundle.id,
        rows=sum(labels.values()),
        labels={label: labels.get(label, 0) for label in bundle.labels},
        without_known_words=_counts(out, "known_words").get(0, 0),
        rejects=rejects,
        rejected=dict(sorted(reasons.items())),
        log=log,
        already=already,
        unseen_languages=unseen,
    )


def _counts(path: Path, column: str) -> dict[Any, int]:
    counts: dict[Any, int] = {}
    with opened(path, "remove it and predict again") as file:
        for batch in file.iter_batches(columns=[column]):
            for found in pc.value_counts(batch.column(0)).to_pylist():
                counts[found["values"]] = counts.get(found["values"], 0) + found["counts"]
    return counts


def _name(part: int) -> str:
    return f"{part:06d}"


def _rejects_name(part: int) -> str:
    return f"{part:06d}.rejects"
