"""Tables as files for other programs: CSV that no spreadsheet runs, Parquet, JSON lines."""

import io
from collections.abc import Iterable, Iterator
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk.desk.texts import Texts
from reviewdesk.errors import UsageError
from reviewdesk.findings.export import BATCH_ROWS, flat, plain
from reviewdesk.formats.csv import csv_header, csv_rows
from reviewdesk.formats.json_lines import json_line

MEDIA: Final = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonlines",
    "parquet": "application/vnd.apache.parquet",
}


def media_of(kind: str, say: Texts | None = None) -> str:
    """Return the media type of a kind of file.

    Args:
        kind: one of ``MEDIA``.
        say: the desk's sentences; None for English.

    Raises:
        UsageError: there is no such kind of file.
    """
    if kind not in MEDIA:
        say = say or Texts.english()
        raise UsageError(say("error.no_kind", kinds=", ".join(MEDIA), kind=kind[:20]))
    return MEDIA[kind]


def saved_as(name: str) -> dict[str, str]:
    """Return the header by which browsers save an answer, and never show it."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}


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
    media = media_of(kind)
    sink.writelines(streamed(table.schema, [table], kind))
    return media


def streamed(schema: pa.Schema, tables: Iterable[pa.Table], kind: str) -> Iterator[bytes]:
    """Yield a file piece by piece, so that none is too large for memory.

    Args:
        schema: of the tables.
        tables: what to write, part by part; lists become one text in CSV.
        kind: one of ``MEDIA``.
    """
    if kind == "parquet":
        yield from _parquet(schema, tables)
        return
    if kind == "csv":
        yield csv_header(schema.names)
    for table in tables:
        for batch in table.to_batches(max_chunksize=BATCH_ROWS):
            if kind == "csv":
                yield csv_rows(flat(batch))[0]
            else:
                yield "".join(json_line(row) for row in plain(batch)).encode()


def _parquet(schema: pa.Schema, tables: Iterable[pa.Table]) -> Iterator[bytes]:
    pieces = _Pieces()
    with pq.ParquetWriter(pieces, schema, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table)
            yield pieces.take()
    yield pieces.take()


class _Pieces(io.RawIOBase):
    """A file that is taken away while it is written."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: Any, /) -> int:
        self._waiting.append(bytes(piece))
        self._written += len(self._waiting[-1])
        return len(self._waiting[-1])

    def tell(self) -> int:
        return self._written

    def take(self) -> bytes:
        taken, self._waiting = b"".join(self._waiting), []
        return taken
