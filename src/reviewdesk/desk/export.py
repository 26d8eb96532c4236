"""Tables as files for other programs: CSV that no spreadsheet runs, Parquet, JSON lines."""

from typing import IO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk.errors import UsageError
from reviewdesk.findings.export import BATCH_ROWS, flat, plain
from reviewdesk.formats.csv import csv_header, csv_rows
from reviewdesk.formats.json_lines import json_line

MEDIA: Final = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonlines",
    "parquet": "application/vnd.apache.parquet",
}


def written(table: pa.Table, kind: str, sink: IO[bytes]) -> str:
    """Write a table as a file.

    Args:
        table: what to write; lists become one text in CSV.
        kind: one of ``MEDIA``.
        sink: where to.

    Returns:
        The file's media type.

    Raises:
        UsageError: there is no such kind of file.
    """
    if kind not in MEDIA:
        raise UsageError(f"files are {', '.join(MEDIA)}, not {kind[:20]!r}")
    if kind == "parquet":
        pq.write_table(table, sink, compression="zstd")
        return MEDIA[kind]
    if kind == "csv":
        sink.write(csv_header(table.schema.names))
    for batch in table.to_batches(max_chunksize=BATCH_ROWS):
        if kind == "csv":
            sink.write(csv_rows(flat(batch))[0])
        else:
            sink.write("".join(json_line(row) for row in plain(batch)).encode())
    return MEDIA[kind]
