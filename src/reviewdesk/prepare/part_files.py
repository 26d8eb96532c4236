"""The files of prepared reviews: Parquet or CSV, of the same rows always the same bytes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from reviewdesk.formats.csv import csv_header, csv_rows, restore
from reviewdesk.schema import REVIEW_TOKENS, REVIEWS

ROW_GROUP_ROWS: Final = 65_536
ROW_GROUP_BYTES: Final = 64 * 1024 * 1024

PLAIN_COLUMNS: Final = ("review_id", "review_body", REVIEW_TOKENS.name)
"""Columns whose values hardly repeat: a dictionary of them would only be thrown away."""

MEASURED_COLUMNS: Final = tuple(
    name for name in REVIEWS.names if name not in ("review_headline", "review_body")
)
"""Columns with smallest and largest value in the file's footer; texts have no use for it."""

_CSV_BLOCK: Final = 128 * 1024 * 1024
"""A row of CSV must fit into one block; sources give no line over 64 MiB."""


@contextmanager
def part_writer(
    file: IO[bytes], schema: pa.Schema, file_format: str
) -> Iterator[Callable[[pa.Table], None]]:
    """Give the block a function that writes rows.

    Args:
        file: open for writing.
        schema: of the rows.
        file_format: ``parquet``, where each call writes one row group, or ``csv``, where cells that
            a spreadsheet would run are neutralised.
    """
    if file_format == "csv":
        file.write(csv_header(schema.names))
        yield lambda rows: _write_csv(rows, file)
        return
    with parquet_writer(file, schema) as writer:
        yield lambda rows: writer.write_table(rows, row_group_size=rows.num_rows)


def read_part(
    path: Path, schema: pa.Schema, file_format: str, batch_rows: int
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file, as they were before they were written.

    Args:
        path: the file.
        schema: the columns to read, in this order.
        file_format: ``parquet`` or ``csv``.
        batch_rows: rows in a batch at most.

    Raises:
        pyarrow.ArrowException: it is not such a file.
    """
    if file_format == "csv":
        yield from _read_csv(path, schema, batch_rows)
        return
    with pq.ParquetFile(path, page_checksum_verification=True) as parquet:
        for batch in parquet.iter_batches(batch_rows, columns=schema.names):
            yield batch.select(schema.names).cast(schema)


def parquet_writer(file: IO[bytes], schema: pa.Schema) -> pq.ParquetWriter:
    """Return the Parquet writer of prepared data: the same rows give the same bytes.

    Args:
        file: open for writing.
        schema: of the rows; every block that is written becomes one row group.
    """
    options = parquet_options(schema)
    return pq.ParquetWriter(file, schema, write_page_checksum=True, **options)


def parquet_options(schema: pa.Schema) -> dict[str, Any]:
    """Return how the columns of prepared data are written as Parquet."""
    return {
        "compression": "zstd",
        "use_dictionary": [name for name in schema.names if name not in PLAIN_COLUMNS],
        "write_statistics": [name for name in schema.names if name in MEASURED_COLUMNS],
    }


def _write_csv(rows: pa.Table, file: IO[bytes]) -> None:
    for batch in rows.to_batches():
        lines, _ = csv_rows(batch)
        file.write(lines)


def _read_csv(path: Path, schema: pa.Schema, batch_rows: int) -> Iterator[pa.RecordBatch]:
    options = pyarrow.csv.ConvertOptions(
        column_types={field.name: field.type for field in schema},
        include_columns=schema.names,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        true_values=["true"],
        false_values=["false"],
    )
    block = min(path.stat().st_size + 1, _CSV_BLOCK)
    with pyarrow.csv.open_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(block_size=block),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=options,
    ) as reader:
        for batch in reader:
            columns = [
                restore(column) if pa.types.is_string(column.type) else column
                for column in batch.columns
            ]
            rows = pa.RecordBatch.from_arrays(columns, schema=schema)
            for start in range(0, len(rows), batch_rows):
                yield rows.slice(start, batch_rows)
