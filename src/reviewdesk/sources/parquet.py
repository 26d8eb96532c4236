"""Parquet files of any shape, read group by group."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk.errors import InputError
from reviewdesk.sources.arrow_texts import as_bytes, inside, leaves, lost_items, without_leaves
from reviewdesk.sources.base import SourceFile, Tally
from reviewdesk.sources.ids import ID_COLUMNS
from reviewdesk.sources.raw_rows import MAX_ROWS, RawRows
from reviewdesk.storage import filesystem, storage_errors

PARQUET_MAGIC: Final = b"PAR1"

FIRST_ROWS: Final = 100
MOST_LOOKED_AT: Final = 64 * 1024 * 1024
"""A first group of rows of more bytes is not read to see what its columns hold."""

NAMED: Final = 5
"""So many columns of other types are named."""

_ITEM: Final = re.compile(r"\.\d+(?:\.|$)")


def parquet_columns(file: SourceFile) -> list[str]:
    """Return the names of the values that can be text; those inside others as ``outer.inner``.

    Raises:
        InputError: the file is damaged.
        StorageError: it cannot be read.
    """
    with opened_parquet(file) as parquet:
        return [name for field in parquet.schema_arrow for name in leaves(field)]


def first_parquet_rows(file: SourceFile, paths: Sequence[str]) -> list[list[str | None]]:
    """Return the first rows as text; none where the first group is so large that it takes long.

    Args:
        file: what to read.
        paths: names of ``parquet_columns``.
    """
    with opened_parquet(file) as parquet:
        if not parquet.num_row_groups:
            return []
        if parquet.metadata.row_group(0).total_byte_size > MOST_LOOKED_AT:
            return []
        batch = next(_batches(parquet, 0, None, FIRST_ROWS), None)
    if batch is None or not len(batch):
        return []
    outer = {path: _outer(batch.schema.names, path) for path in paths}
    rows = _rows(batch, {path: path for path in paths}, outer, 1, Tally(file.name))
    return [list(row) for row in zip(*(c.to_pylist() for c in rows.columns.values()), strict=True)]


def parquet_rows(
    file: SourceFile,
    columns: Mapping[str, str],
    tally: Tally,
    *,
    whole: bool = False,
    named: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[RawRows]:
    """Yield the mapped columns as text; a group of rows that is damaged is rejected as one.

    Args:
        file: what to read.
        columns: column of the reviews table → column of the file.
        tally: where bytes and bad rows are counted; a row's line is its number, from 1.
        whole: whether the rows come with all columns as they stand.
        named: those of the columns that the user named.

    Raises:
        InputError: the file is damaged as a whole, or has several reviews in a row.
        StorageError: it cannot be read.
    """
    with opened_parquet(file) as parquet:
        total = max(1, parquet.metadata.num_rows)
        outer = {name: _outer(parquet.schema_arrow.names, path) for name, path in columns.items()}
        _note_others(parquet.schema_arrow, tally)
        lists = _Lists(file, columns, named)
        first = 1
        start, end = file.row_groups or (0, parquet.num_row_groups)
        for group in range(parquet.num_row_groups):
            row = first
            first += parquet.metadata.row_group(group).num_rows
            if not start <= group < end:
                continue
            names = None if whole else sorted(set(outer.values()))
            for batch in _batches(parquet, group, names):
                tally.bytes_read += _share(file.size, row, row + len(batch), total)
                lists.look_at(batch, outer)
                rows = _rows(batch, columns, outer, row, tally)
                if whole:
                    places = pa.array([line - row for line in rows.lines or ()], pa.int64())
                    rows = replace(rows, own=batch.take(places))
                yield rows
                row += len(batch)
            if row < first:
                tally.rejects.add(row, "damaged_rows", b"")
                tally.notes.append(
                    f"rows {row} to {first - 1} of {tally.file} are damaged and cannot be read; "
                    "get the file again"
                )
                tally.bytes_read += _share(file.size, row, first, total)
        tally.notes.extend(lists.notes())


def _note_others(schema: pa.Schema, tally: Tally) -> None:
    """Note the columns whose values no column of the reviews table can be."""
    others = [f"{field.name} ({field.type})" for field in schema if without_leaves(field)]
    if others:
        tally.notes.append(
            f"{tally.file} has columns of types that are not read: {', '.join(others[:NAMED])}"
            f"{' and more' if len(others) > NAMED else ''}"
        )


class _Lists:
    """Looks after lists of which one item is read.

    Args:
        file: what is read.
        columns: column of the reviews table → column of the file.
        told: those that the user named.
    """

    def __init__(
        self, file: SourceFile, columns: Mapping[str, str], told: Mapping[str, str]
    ) -> None:
        self._file = file
        self._columns = {name: path for name, path in columns.items() if _ITEM.search(path)}
        self._told = told
        self._lost: Counter[str] = Counter()

    def look_at(self, batch: pa.RecordBatch, outer: Mapping[str, str]) -> None:
        """Count the rows that have more items.

        Raises:
            InputError: a text was found in a list by its name, and there are several in a row.
        """
        for name, path in self._columns.items():
            values = batch.column(batch.schema.names.index(outer[name]))
            lost = lost_items(values, path.removeprefix(outer[name]).removeprefix("."))
            if lost and name == "review_body" and name not in self._told:
                raise InputError(
                    f"{self._file.name} has several texts in a row of {outer[name]!r}: write each "
                    "as a row of its own (UNNEST in SQL, explode in pandas), or read the first "
                    f"with --map review_body={path}"
                )
            self._lost[path] += lost

    def notes(self) -> Iterator[str]:
        """Yield how many rows have items that were not read."""
        for path, lost in self._lost.items():
            if lost:
                yield f"{self._file.name} has {lost:,} rows with more than {path!r}, which is read"


def _outer(names: Sequence[str], path: str) -> str:
    """Return the column that values stand in."""
    return path if path in names else next(one for one in names if path.startswith(f"{one}."))


def _batches(
    parquet: Any, group: int, names: list[str] | None, size: int = MAX_ROWS
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a group until its end, or until they are damaged."""
    batches = parquet.iter_batches(size, [group], names)
    while True:
        try:
            batch = next(batches, None)
        except (pa.ArrowException, OSError):
            return
        if batch is None:
            return
        yield batch


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


def _rows(
    batch: pa.RecordBatch,
    columns: Mapping[str, str],
    outer: Mapping[str, str],
    first: int,
    tally: Tally,
) -> RawRows:
    names = batch.schema.names  # one may be there twice: the first counts
    text = {}
    for name, path in columns.items():
        values = batch.column(names.index(outer[name]))
        path_inside = path.removeprefix(outer[name]).removeprefix(".")
        values = inside(values, path_inside) if path_inside else values
        text[name] = as_bytes(values, identifier=name in ID_COLUMNS)
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
