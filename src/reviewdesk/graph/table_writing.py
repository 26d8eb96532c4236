"""Writing a graph's tables from staged rows, each whole or not at all, in bounded memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reviewdesk.engines.duckdb import DuckDBEngine
from reviewdesk.errors import InputError
from reviewdesk.graph.schema import TABLES
from reviewdesk.graph.sql_of_tables import COMPARISONS, EDGE_SQL, NODE_SQL, RESOLVED, SUREST
from reviewdesk.graph.store import table_file
from reviewdesk.progress import Progress
from reviewdesk.storage import write_then_rename

MEMORY: Final = "384MiB"
BATCH_ROWS: Final = 65_536

STAGED: Final = pa.schema(
    {
        "review_id": pa.string(), "customer_id": pa.string(), "product_id": pa.string(),
        "product_parent": pa.string(), "product_title": pa.string(),
        "product_category": pa.string(), "star_rating": pa.int8(), "review_date": pa.date32(),
        "verified_purchase": pa.bool_(), "helpful_votes": pa.int32(),
        "review_headline": pa.string(), "review_body": pa.string(),
    }
)  # fmt: skip
"""Reviews as they stand in the graph, in any order."""

RATED: Final = pa.schema([STAGED.field(n) for n in ("customer_id", "product_id", "star_rating")])
"""Of reviews without a text what is in the graph: stars, which count in means."""

_RESOLVED: Final = pa.schema(
    {
        "review": pa.int64(), "first": pa.bool_(), "review_id": pa.string(),
        "product": pa.int64(), "customer": pa.int64(), "date": pa.date32(), "stars": pa.int8(),
        "category": pa.int64(), "verified": pa.bool_(), "helpful_votes": pa.int32(),
        "headline": pa.string(), "body": pa.string(),
    }
)  # fmt: skip
"""What ``RESOLVED`` gives, with the review's id and whether it is the first row of the review."""

_SUREST: Final = pa.schema(
    {"review": pa.int64(), "category": pa.int64(), "confidence": pa.float64()}
)


def write_tables(aside: Path, progress: Progress) -> None:
    """Write each table of nodes and edges that is not there yet.

    Args:
        aside: a folder with the staged files ``rows``, ``rated``, ``predictions`` and
            ``similar_products``; the tables go into ``result`` in it.
        progress: shows how far it has come.

    Raises:
        InputError: no row names a product.
        StorageError: something cannot be read or written.
    """
    result, resolved = aside / "result", aside / "resolved.parquet"
    with (
        DuckDBEngine(memory_limit=MEMORY, temp_directory=aside / "spill") as engine,
        progress.task("Building", len(NODE_SQL) + len(EDGE_SQL) + 4, "tables") as task,
    ):

        def written(
            path: Path, rows: Iterator[pa.RecordBatch], schema: pa.Schema | None = None
        ) -> None:
            """Write a table where it is not there, and give it its name in queries."""
            if not path.is_file():
                write_parquet(path, rows, schema or TABLES[path.stem])
            engine.add_table(path.stem, [path])
            task.advance()

        for staged in ("rows", "rated", "predictions", "similar_products"):
            engine.add_table(staged, [aside / f"{staged}.parquet"])
        for name, sql in NODE_SQL.items():
            written(result / table_file(name), _with_ids(engine.query(sql, BATCH_ROWS)))
        written(resolved, _with_review_ids(engine.query(RESOLVED, BATCH_ROWS)), _RESOLVED)
        written(result / table_file("reviews"), _reviews(resolved))
        for name, sql in EDGE_SQL.items():
            written(result / table_file(name), engine.query(sql, BATCH_ROWS))
        # In two steps: one query with a window, two joins and a sort does not fit at 10 million.
        written(aside / "surest.parquet", engine.query(SUREST, BATCH_ROWS), _SUREST)
        written(result / table_file("comparisons"), engine.query(COMPARISONS, BATCH_ROWS))
    if not pq.read_metadata(result / table_file("products")).num_rows:
        raise InputError(
            "no review names a product (product_id), so there is nothing to join reviews by"
        )


def write_parquet(
    path: Path, rows: Iterator[pa.RecordBatch] | Iterator[pa.Table], schema: pa.Schema
) -> None:
    """Write rows as one Parquet file, whole or not at all."""
    with (
        write_then_rename(path) as file,
        pq.ParquetWriter(file, schema, compression="zstd", write_page_checksum=True) as writer,
    ):
        for some in rows:
            table = some if isinstance(some, pa.Table) else pa.Table.from_batches([some])
            writer.write_table(table.cast(schema))


def _with_ids(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield nodes with their places as ids."""
    first = 0
    for batch in batches:
        ids = pa.array(np.arange(first, first + len(batch), dtype=np.int64))
        yield pa.record_batch([ids, *batch.columns], names=["id", *batch.schema.names])
        first += len(batch)


def _with_review_ids(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield rows, which come by review_id, with the number of the review among all reviews."""
    last, number = None, -1
    for batch in batches:
        names = batch.column("review_id")
        first = np.ones(len(batch), np.bool_)
        first[0] = names[0].as_py() != last
        first[1:] = pc.not_equal(names[1:], names[:-1]).to_numpy(zero_copy_only=False)
        reviews = number + np.cumsum(first)
        columns = [pa.array(reviews), pa.array(first), *batch.columns]
        yield pa.record_batch(columns, names=_RESOLVED.names)
        last, number = names[-1].as_py(), int(reviews[-1])


def _reviews(resolved: Path) -> Iterator[pa.RecordBatch]:
    """Yield the first row of each review as its node."""
    properties = TABLES["reviews"].names[1:]
    with pq.ParquetFile(resolved) as file:
        for batch in file.iter_batches(BATCH_ROWS, columns=["review", "first", *properties]):
            firsts = batch.filter(batch.column("first"))
            columns = [firsts.column(name) for name in ("review", *properties)]
            yield pa.record_batch(columns, names=["id", *properties])
