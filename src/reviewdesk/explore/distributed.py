"""Exploring on a cluster: tables from the engine, and terms that tasks count in two passes.

Which texts are copies depends on the order of all of them: their hashes, eight bytes each, go
through one task in that order, and what customers say is compared in one. All else is counted chunk
by chunk and added up, and comes to the same as on one machine.
"""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewdesk.engines.base import Engine
from reviewdesk.engines.shared import folder, local_file, remove
from reviewdesk.explore.copies import SeenTexts, long_texts
from reviewdesk.explore.counts import count_product_ids
from reviewdesk.explore.customers.customers import read_customers
from reviewdesk.explore.customers.tables import CUSTOMERS, SCHEMAS, Customers, write_customers
from reviewdesk.explore.terms import BATCH_ROWS, COLUMNS, Layout, TermTable
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import Progress
from reviewdesk.text.hashing import hash64
from reviewdesk.text.terms import CountedTerms, TermSketch

CHUNK_REVIEWS: Final = 500_000
"""What a task counts at least: its sketch alone takes 16 MiB."""

HASHES: Final = pa.schema([pa.field("hash", pa.uint64(), False)])
NEW: Final = pa.schema([pa.field("new", pa.bool_(), False)])


@contextmanager
def workspace_beside(data: PreparedData) -> Iterator[str]:
    """Give the block a folder beside the data, which all machines reach; it is removed then."""
    parent, _, name = data.absolute().location.rpartition("/")
    folder_ = f"{parent}/.{name}.explore-{uuid.uuid4().hex[:12]}"
    try:
        yield folder_
    finally:
        remove(folder_)


def count_terms_on(
    engine: Engine, data: PreparedData, workspace: str, progress: Progress
) -> TermTable:
    """Count the terms of all reviews, as ``count_terms`` does.

    Args:
        engine: does the work.
        data: prepared reviews, which all machines reach under their name.
        workspace: from ``workspace_beside``.
        progress: is shown how far it has come.
    """
    texts = TextTasks(data.absolute(), workspace)
    numbers = [str(number) for number in range(len(data.manifest["partitions"]))]
    with progress.task("Counting terms", 4, "passes") as task:
        list(engine.map_items(numbers, texts.hash))
        task.advance()
        copies = int(next(iter(engine.map_items([""], texts.decide))))
        task.advance()
        chunks = [json.dumps(chunk) for chunk in _chunks(data)]
        sketch = TermSketch(main=data.main_language)
        for file in engine.map_items(chunks, texts.sketch):
            with local_file(file) as path:
                sketch.merge(pq.read_table(path)["count"].to_numpy())
        with folder(f"{workspace}/sketch") as local:
            pq.write_table(pa.table({"count": sketch.counts()}), local / "whole.parquet")
        task.advance()
        layout = Layout.of(data)
        counts = layout.term_counts(sketch)
        reviews = np.zeros(layout.groups, np.int64)
        for text in engine.map_items(chunks, texts.count):
            file, some = json.loads(text)
            reviews += np.array(some, np.int64)
            with local_file(file) as path:
                counts.merge(_counted(pq.read_table(path), layout.groups))
        task.advance()
    return layout.table(counts, reviews, copies)


def read_customers_on(
    engine: Engine, data: PreparedData, workspace: str, progress: Progress
) -> Customers:
    """Find what customers say, as ``read_customers`` does, in one task.

    Args:
        engine: does the work.
        data: prepared reviews, which all machines reach under their name.
        workspace: from ``workspace_beside``.
        progress: is shown how far it has come.
    """
    texts = TextTasks(data.absolute(), workspace)
    tasks = engine.map_items([""], texts.customers)
    (place,) = progress.track(tasks, "Comparing what customers say", 1, "tasks")
    tables = []
    for name, schema in SCHEMAS.items():
        with local_file(f"{place}/{CUSTOMERS}{name}.parquet") as path:
            tables.append(pq.read_table(path).select(schema.names).cast(schema))
    return Customers(*tables)


def count_product_ids_on(engine: Engine, data: PreparedData, workspace: str) -> int:
    """Count the product ids of all reviews, as ``count_product_ids`` does, in one task."""
    texts = TextTasks(data.absolute(), workspace)
    return int(next(iter(engine.map_items([""], texts.product_ids))))


def _chunks(data: PreparedData) -> Iterator[list[int]]:
    """Yield the numbers of parts that are counted together, in order."""
    chunk: list[int] = []
    rows = 0
    for number, part in enumerate(data.manifest["partitions"]):
        chunk.append(number)
        rows += part["rows"]
        if rows >= CHUNK_REVIEWS:
            yield chunk
            chunk, rows = [], 0
    if chunk:
        yield chunk


def _counted(table: pa.Table, groups: int) -> CountedTerms:
    flat = table["counts"].combine_chunks().flatten().to_numpy()
    return CountedTerms(
        table["key"].to_numpy(),
        table["name"].to_pylist(),
        table["total"].to_numpy(),
        flat.reshape(-1, groups).T,
    )


@dataclass(frozen=True)
class TextTasks:
    """What tasks do with the texts of a part, or of a chunk of parts.

    Args:
        data: prepared reviews.
        workspace: a folder that all machines reach.
    """

    data: PreparedData
    workspace: str

    def hash(self, number: str) -> str:
        """Write the hashes of a part's long texts, batch by batch."""
        with folder(f"{self.workspace}/hashes") as local:
            path = local / f"{int(number):07d}.arrow"
            with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, HASHES) as out:
                for batch in self._part(int(number), ("review_body",)):
                    texts = batch.column(0)
                    hashes = hash64(texts.take(pa.array(long_texts(texts))))
                    out.write_batch(pa.record_batch([pa.array(hashes)], schema=HASHES))
        return number

    def decide(self, _: str) -> str:
        """Write which long texts are new; return how many are copies."""
        seen = SeenTexts(self.data.rows)
        copies = 0
        for number in range(len(self.data.manifest["partitions"])):
            with (
                folder(f"{self.workspace}/new") as local,
                pa.OSFile(str(local / f"{number:07d}.arrow"), "wb") as file,
                pa.ipc.new_stream(file, NEW) as out,
            ):
                for batch in self._beside("hashes", number):
                    new = seen.new_hashes(batch.column(0).to_numpy())
                    copies += len(new) - int(new.sum())
                    out.write_batch(pa.record_batch([pa.array(new)], schema=NEW))
        return str(copies)

    def sketch(self, chunk: str) -> str:
        """Write about how many texts of a chunk have each term; return where."""
        sketch = TermSketch(main=self.data.main_language)
        for batch in self._new(json.loads(chunk), ("review_body",)):
            sketch.add(batch.column(0))
        return self._write(pa.table({"count": sketch.counts()}))

    def count(self, chunk: str) -> str:
        """Write how many texts of a chunk have each frequent term; return where, and reviews."""
        sketch = TermSketch(main=self.data.main_language)
        with local_file(f"{self.workspace}/sketch/whole.parquet") as path:
            sketch.merge(pq.read_table(path)["count"].to_numpy())
        layout = Layout.of(self.data)
        counts, reviews = layout.term_counts(sketch), np.zeros(layout.groups, np.int64)
        for batch in self._new(json.loads(chunk), COLUMNS):
            layout.count_batch(batch, counts, reviews)
        counted = counts.counted()
        flat = pa.array(np.ascontiguousarray(counted.counts.T).ravel())
        table = pa.table(
            {
                "key": counted.keys,
                "name": pa.array(counted.names, pa.string()),
                "total": counted.totals,
                "counts": pa.FixedSizeListArray.from_arrays(flat, layout.groups),
            }
        )
        return json.dumps([self._write(table), reviews.tolist()])

    def customers(self, _: str) -> str:
        """Write what customers say; return where."""
        place = f"{self.workspace}/customers-{uuid.uuid4().hex}"
        with folder(place) as local:
            write_customers(read_customers(self.data), local)
        return place

    def product_ids(self, _: str) -> str:
        """Return how many product ids there are."""
        return str(count_product_ids(self.data))

    def _write(self, table: pa.Table) -> str:
        name = f"{uuid.uuid4().hex}.parquet"
        with folder(f"{self.workspace}/counted") as local:
            pq.write_table(table, local / name, compression="zstd")
        return f"{self.workspace}/counted/{name}"

    def _new(self, numbers: list[int], columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
        """Yield the reviews of parts that are no copies."""
        for number in numbers:
            flags = self._beside("new", number)
            for batch, flag in zip(self._part(number, columns), flags, strict=True):
                new: NDArray[np.bool_] = np.ones(len(batch), np.bool_)
                new[long_texts(batch["review_body"])] = flag.column(0).to_numpy(
                    zero_copy_only=False
                )
                yield batch.filter(pa.array(new))

    def _part(self, number: int, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
        part: dict[str, Any] = self.data.manifest["partitions"][number]
        return self.data.part_batches(part, columns, BATCH_ROWS)

    def _beside(self, kind: str, number: int) -> Iterator[pa.RecordBatch]:
        with (
            local_file(f"{self.workspace}/{kind}/{number:07d}.arrow") as path,
            pa.OSFile(str(path)) as file,
            pa.ipc.open_stream(file) as reader,
        ):
            yield from reader
