"""Parquet files of any shape, read group by group."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk.errors import InputError
from reviewdesk.sources.base import SourceFile, Tally
from reviewdesk.sources.rows import MAX_ROWS, RawRows
from reviewdesk.storage import filesystem, storage_errors

PARQUET_MAGIC: Final = b"PAR1"


def parquet_columns(file: SourceFile) -> list[str]:
    """Return the names of the columns that hold single values.

    Raises:
        InputError: the file is damaged.
        StorageError: it cannot be read.
    """
    with opened_parquet(file) as parquet:
        return [field.name for field in parquet.schema_arrow if not pa.types.is_nested(field.type)]


def parquet_rows(file: SourceFile, columns: Mapping[str, str], tally: Tally) -> Iterator[RawRows]:
    """Yield the mapped columns as text; a group of rows that is damaged is rejected as one.

    Args:
        file: what to read.
        columns: column of the reviews table → column of the file.
        tally: where bytes and bad rows are counted; a row's line is its number, from 1.

    Raises:
        InputError: the file is damaged as a whole.
        StorageError: it cannot be read.
    """
    with opened_parquet(file) as parquet:
        total = max(1, parquet.metadata.num_rows)
        first = 1
        for group in range(parquet.num_row_groups):
            row = first
            first += parquet.metadata.row_group(group).num_rows
            batches = parquet.iter_batches(MAX_ROWS, [group], list(set(columns.values())))
            try:
                for batch in batches:
                    tally.bytes_read += _share(file.size, row, row + len(batch), total)
                    yield _rows(batch, columns, row, tally)
                    row += len(batch)
            except (pa.ArrowInvalid, OSError):
                tally.rejects.add(row, "damaged_rows", b"")
                tally.notes.append(
                    f"rows {row} to {first - 1} of {tally.file} are damaged and cannot be read; "
                    "get the file again"
                )
                tally.bytes_read += _share(file.size, row, first, total)


@contextmanager
def opened_parquet(file: SourceFile) -> Iterator[Any]:
    """Open a Parquet file, a ``pyarrow.parquet.ParquetFile``, while the block runs.

    Raises:
        InputError: it is not a whole Parquet file.
        StorageError: it cannot be read.
    """
    files, path = filesystem(file.place)
    with storage_errors(file.place):
        handle = files.open_input_file(path)
    with handle:
        try:
            parquet = pq.ParquetFile(handle)
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(f"{file.name} is not a whole Parquet file; get it again") from error
        yield parquet


def _share(size: int, start: int, stop: int, total: int) -> int:
    """Return how many of the file's bytes rows start to stop (from 1) stand for."""
    return size * (stop - 1) // total - size * (start - 1) // total


def _rows(batch: pa.RecordBatch, columns: Mapping[str, str], first: int, tally: Tally) -> RawRows:
    names = batch.schema.names  # one may be there twice: the first counts
    text = {name: _text(batch.column(names.index(column))) for name, column in columns.items()}
    bad = np.zeros(len(batch), np.bool_)
    for values in text.values():
        bad |= _not_utf8(values)
    lines = np.arange(first, first + len(batch))
    for row in np.flatnonzero(bad).tolist():
        tally.rejects.add(int(lines[row]), "bad_utf8", _raw(text, row))
    if bad.any():
        good = pa.array(~bad)
        text = {name: values.filter(good) for name, values in text.items()}
        lines = lines[~bad]
    strings = {name: values.cast(pa.string()) for name, values in text.items()}
    return RawRows(strings, len(lines), lines.tolist(), lambda row: _raw(strings, row))


def _text(values: pa.Array) -> pa.Array:
    """Return values as text, or as bytes where they are text that may not be UTF-8."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.dictionary_decode()
        kind = values.type
    if pa.types.is_large_string(kind) or pa.types.is_large_binary(kind):
        return values.cast(pa.large_binary()).cast(pa.binary())
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        return values.cast(pa.binary())
    return values.cast(pa.string()).cast(pa.binary())


def _not_utf8(values: pa.Array) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    bad = np.zeros(len(values), np.bool_)
    try:
        values.cast(pa.string())
    except pa.ArrowInvalid:
        for row, value in enumerate(values.to_pylist()):
            bad[row] = value is not None and not _is_utf8(value)
    return bad


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _raw(text: Mapping[str, pa.Array], row: int) -> bytes:
    """Return a row's mapped values as a JSON object, because Parquet rows have no bytes."""
    values = {name: column[row].as_py() for name, column in text.items()}
    plain = {
        name: value.decode(errors="backslashreplace") if isinstance(value, bytes) else value
        for name, value in values.items()
    }
    return json.dumps(plain, ensure_ascii=False).encode(errors="backslashreplace")
