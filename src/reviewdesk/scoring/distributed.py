"""Predicting on a cluster: parts and files by tasks, each with the bundle that its machine has.

The bundle is sent to each machine once and loaded once by each of its processes. What the tasks
predict lies on storage that all machines share until one of them puts it together, in the order
and the groups of rows of one machine, so that the table is the same.
"""

import json
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk.bundle import Bundle, load_bundle
from reviewdesk.engines.base import Engine
from reviewdesk.engines.shared import folder, remove
from reviewdesk.engines.spark import shipped
from reviewdesk.formats.archive import write_archive
from reviewdesk.prepare.count_tasks import decided_on
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import Progress
from reviewdesk.schema import REJECTS, predictions_schema
from reviewdesk.scoring.parts import Parts
from reviewdesk.scoring.prediction_rows import predict_batch
from reviewdesk.scoring.streams import PreparedStream, RawStream, Stream
from reviewdesk.scoring.table_counts import TableCounts
from reviewdesk.sources.catalog import Input
from reviewdesk.sources.descriptions import input_from_json, input_json
from reviewdesk.storage import address_of, filesystem

ITEM_BYTES: Final = 16 * 1024 * 1024
"""So many bytes of small files are one task."""


class ScoredPieces(NamedTuple):
    """What a task has predicted.

    Args:
        file: the predictions, one row group for each piece that has reviews.
        rejects: the bad rows, in the same way.
        pieces: how many reviews and bad rows each piece has.
        languages: how many reviews of raw files are in each language.
    """

    file: str
    rejects: str
    pieces: Sequence[tuple[int, int]]
    languages: Mapping[str, int]


@dataclass(frozen=True)
class PredictTask:
    """What is asked of all tasks.

    Args:
        bundle: what ``ship`` returned.
        location: the folder for what is predicted.
        evidence: how many words to give as reasons for each label.
        part_rows: rows in a group of the finished table, about.
        data: prepared data whose parts are predicted; None: the items are raw files.
    """

    bundle: str
    location: str
    evidence: int
    part_rows: int
    data: PreparedData | None

    def __call__(self, item: str) -> str:
        """Predict a part, by its number, or raw files; return ``ScoredPieces`` as JSON."""
        bundle = _loaded(self.bundle)
        stream: Stream
        if self.data is not None:
            stream = PreparedStream(self.data, bundle, self.data.manifest["partitions"][int(item)])
        else:
            stream = RawStream([input_from_json(one) for one in json.loads(item)], bundle)
        name = uuid.uuid4().hex
        with folder(f"{self.location}/{name}") as local:
            pieces = list(self._written(bundle, stream, local))
        location = f"{self.location}/{name}"
        spoken = dict(stream.languages) if stream.raw else {}
        return json.dumps(
            ScoredPieces(f"{location}/predictions", f"{location}/rejects", pieces, spoken)
        )

    def _written(self, bundle: Bundle, stream: Stream, local: Path) -> Iterator[tuple[int, int]]:
        schema = predictions_schema(bundle.labels, bundle.target)
        with (
            pq.ParquetWriter(local / "predictions", schema) as predictions,
            pq.ParquetWriter(local / "rejects", REJECTS) as rejects,
        ):
            for batch in stream.batches():
                for piece in batch.pieces(self.part_rows):
                    predicted = predict_batch(bundle, stream.clean(piece.reviews), self.evidence)
                    if len(predicted):
                        predictions.write_table(predicted, row_group_size=len(predicted))
                    if len(piece.rejects):
                        rejects.write_batch(piece.rejects, row_group_size=len(piece.rejects))
                    yield len(piece.reviews), len(piece.rejects)


@lru_cache(maxsize=1)
def _loaded(location: str) -> Bundle:
    return load_bundle(shipped(location))


def predict_on(
    engine: Engine,
    bundle: Bundle,
    directory: Path,
    data: PreparedData | Sequence[Input],
    parts: Parts,
    rejects: Path | None,
    *,
    evidence: int,
    part_rows: int,
    progress: Progress,
) -> tuple[TableCounts, Mapping[str, int]]:
    """Write the predictions table on a cluster.

    Args:
        engine: does the work.
        bundle: what predicts.
        directory: where it is: a folder or an archive.
        data: prepared data, or raw files, which all machines reach under their names.
        parts: names the table and all that it depends on.
        rejects: the table of rows that could not be read; None for prepared data.
        evidence: how many words to give as reasons for each label.
        part_rows: rows in a group of the table, about.
        progress: is shown how far it has come.

    Returns:
        What the tables hold, and how many reviews are in each language.
    """
    workspace = f"{address_of(parts.directory)}.tasks"  # the join has the directory itself
    remove(workspace)
    asked = PredictTask(
        _ship(engine, directory),
        f"{workspace}/predicted",
        evidence,
        part_rows,
        data.absolute() if isinstance(data, PreparedData) else None,
    )
    items = _items(engine, data, progress)
    done = progress.track(engine.map_items(items, asked), "Predicting", len(items), "tasks")
    scored = [ScoredPieces(*json.loads(text)) for text in done]
    join = Join(
        address_of(parts.out),
        address_of(rejects) if rejects else None,
        parts.plan,
        part_rows,
        scored,
    )
    text = next(iter(engine.map_items([""], JoinOn(join, asked.bundle))))
    remove(workspace)
    counts = TableCounts.from_json(json.loads(text))
    if isinstance(data, PreparedData):
        return counts, data.languages
    return counts, sum((Counter(one.languages) for one in scored), Counter())


def _ship(engine: Engine, directory: Path) -> str:
    if not directory.is_dir():
        return engine.ship(directory)
    with TemporaryDirectory(prefix="reviewdesk-") as aside:
        archive = Path(aside) / "bundle.tar.gz"
        write_archive(directory, archive)
        return engine.ship(archive)


def _items(engine: Engine, data: PreparedData | Sequence[Input], progress: Progress) -> list[str]:
    if isinstance(data, PreparedData):
        return [str(number) for number in range(len(data.manifest["partitions"]))]
    groups: list[list[Input]] = []
    size = 0
    for one in decided_on(engine, data, progress):
        if not groups or size + one.bytes > ITEM_BYTES:
            groups.append([])
            size = 0
        groups[-1].append(one)
        size += one.bytes
    return [json.dumps([input_json(one) for one in group]) for group in groups]


def digests_on(engine: Engine, inputs: Sequence[Input]) -> list[str]:
    """Return the digest of each input, which tasks read for it."""
    return list(engine.map_items([json.dumps(input_json(one)) for one in inputs], _digest))


def _digest(item: str) -> str:
    return input_from_json(json.loads(item)).sha256()


@dataclass(frozen=True)
class Join:
    """Puts together what tasks have predicted.

    Args:
        out: the table.
        rejects: that of the bad rows; None: there is none.
        plan: all that the table depends on.
        part_rows: rows in a group of the table, about.
        scored: what was predicted, in order.
    """

    out: str
    rejects: str | None
    plan: dict[str, Any]
    part_rows: int
    scored: Sequence[ScoredPieces]

    def write(self, bundle: Bundle) -> TableCounts:
        """Write both tables, the predictions last; return what they hold."""
        groups = list(self._groups())
        schema = predictions_schema(bundle.labels, bundle.target)
        files = [one.rejects for one in self.scored]
        if self.rejects is not None:
            self._join(self.rejects, _rows(files, [bad for _, bad in groups]), REJECTS)
        files = [one.file for one in self.scored]
        self._join(self.out, _rows(files, [good for good, _ in groups]), schema)
        return TableCounts.of(self.out, self.rejects)

    def _groups(self) -> Iterator[tuple[int, int]]:
        """Yield how many reviews and bad rows stand in each group of the tables."""
        good = bad = 0
        for reviews, rejects in (piece for one in self.scored for piece in one.pieces):
            good, bad = good + reviews, bad + rejects
            if good + bad >= self.part_rows:
                yield good, bad
                good = bad = 0
        if good + bad:
            yield good, bad

    def _join(self, location: str, tables: Iterator[pa.Table], schema: pa.Schema) -> None:
        parent, _, name = location.rpartition("/")
        with folder(parent) as local:
            parts = Parts(local / name, self.plan)
            parts.begin()
            parts.join(tables, local / name, schema)
            parts.remove()


@dataclass(frozen=True)
class JoinOn:
    """Runs a join in a task, where the bundle is."""

    join: Join
    bundle: str

    def __call__(self, _: str) -> str:
        """Join; return ``TableCounts`` as JSON."""
        return json.dumps(self.join.write(_loaded(self.bundle)).to_json())


def _rows(places: Sequence[str], counts: Sequence[int]) -> Iterator[pa.Table]:
    """Yield the rows of files, in tables of so many rows each."""
    batches = _batches(places)
    held: list[pa.RecordBatch] = []
    for count in counts:
        needed = count - sum(map(len, held))
        while needed > 0:
            held.append(next(batches))
            needed -= len(held[-1])
        if count:
            yield pa.Table.from_batches(held).slice(0, count).combine_chunks()
            last = held[-1]
            held = [last.slice(len(last) + needed)] if needed else []


def _batches(places: Sequence[str]) -> Iterator[pa.RecordBatch]:
    for location in places:
        files, path = filesystem(location)
        with files.open_input_file(path) as file:
            yield from pq.ParquetFile(file).iter_batches()
