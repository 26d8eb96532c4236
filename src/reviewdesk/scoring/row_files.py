"""Rows of any file written back with what was said of each: CSV, JSON lines or Parquet.

Tables come with the file's own columns first, each under ``own_name``, and behind them what was
said. They may differ from table to table: what one lacks is empty there.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.errors import UsageError
from reviewdesk.formats.csv import csv_header, csv_rows, neutralise
from reviewdesk.formats.json_lines import json_line
from reviewdesk.seal import sealed_writer
from reviewdesk.sources.arrow_texts import as_bytes
from reviewdesk.sources.kept import NOT_LABELLED
from reviewdesk.sources.own_rows import OBJECT
from reviewdesk.storage import write_then_rename

PLAIN: Final = ("label", "labels", "probability", "expected_stars", NOT_LABELLED)
"""What stands beside rows in files for people; the others are for programs."""

SUFFIXES: Final = (".csv", ".tsv", ".jsonl", ".parquet")

_OWN: Final = "own:"
_NUMBERS: Final = {
    frozenset([bool]): pa.bool_(),
    frozenset([int]): pa.int64(),
    frozenset([float]): pa.float64(),
    frozenset([int, float]): pa.float64(),
}
_LARGEST: Final = 2**63

Tables = Callable[[], Iterator[pa.Table]]
"""Yields the same tables each time it is called."""


def own_name(column: str) -> str:
    """Return what a column of a file is called beside what was said of its rows."""
    return f"{_OWN}{column}"


def check_suffix(out: Path) -> None:
    """Check that rows can be written as what a file's name says.

    Raises:
        UsageError: says what it can be.
    """
    if out.suffix not in SUFFIXES:
        raise UsageError(f"{out.name} has to end in one of: {', '.join(SUFFIXES)}")


def write_rows(
    tables: Tables,
    out: Path,
    said: pa.Schema,
    *,
    separator: str = ",",
    metadata: Mapping[bytes, bytes] | None = None,
) -> int:
    """Write all rows as one file, whole or not at all.

    Args:
        tables: the rows, in order.
        out: the file; its ending says what it becomes.
        said: the columns of what was said; in CSV and JSON lines those of ``PLAIN``.
        separator: between the fields of CSV; of a ``.tsv`` it is a tab.
        metadata: of a Parquet file.

    Returns:
        How many cells of CSV got an apostrophe, because a spreadsheet would have run them.

    Raises:
        StorageError: it cannot be written.
    """
    own = _own_schema(tables)
    names = {field.name: _free_name(field.name, own.names) for field in said}
    rows = (_laid_out(table, own, said, names) for table in tables())
    if out.suffix == ".parquet":
        taken = any(names[one] != one for one in ("label", "probability", "probabilities"))
        _write_parquet(rows, out, own, said, names, {} if taken else metadata or {})
        return 0
    plain = [names[one] for one in PLAIN if one in names]
    if out.suffix == ".jsonl":
        _write_json(tables, out, {one: names[one] for one in names if names[one] in plain})
        return 0
    cut = (table.select([*own.names, *plain]) for table in rows)
    return _write_csv(cut, out, [*own.names, *plain], "\t" if out.suffix == ".tsv" else separator)


def _own_schema(tables: Tables) -> pa.Schema:
    """Return the files' own columns, in the order in which they come, with their types."""
    types: dict[str, pa.DataType] = {}
    kinds: dict[str, set[type]] = {}
    for table in tables():
        for field in table.schema:
            name = field.name.removeprefix(_OWN)
            if not field.name.startswith(_OWN):
                continue
            if name == OBJECT:
                for one in table[field.name].drop_null().to_pylist():
                    for key, value in json.loads(one).items():
                        kinds.setdefault(key, set()).add(_kind(value))
            elif types.setdefault(name, field.type) != field.type:
                types[name] = pa.string()
    for key, held in kinds.items():
        kind = _NUMBERS.get(frozenset(held - {type(None)}), pa.string())
        types[key] = kind if types.get(key, kind) == kind else pa.string()
    return pa.schema(list(types.items()))


def _kind(value: Any) -> type:
    too_large = isinstance(value, int) and abs(value) >= _LARGEST
    return str if too_large else type(value)


def _free_name(name: str, taken: Sequence[str]) -> str:
    """Return a name that no column of the files has."""
    free, number = name, 2
    while free in taken:
        free = f"predicted_{name}" if free == name else f"predicted_{name}_{number}"
        number += free != f"predicted_{name}"
    return free


def _laid_out(
    table: pa.Table, own: pa.Schema, said: pa.Schema, names: Mapping[str, str]
) -> pa.Table:
    """Return rows with all columns, those of the files in the types of all files."""
    objects = _objects(table)
    columns = []
    for field in own:
        given = own_name(field.name)
        if given in table.column_names:
            column = table[given]
            columns.append(column if column.type == field.type else _texts(column))
        elif objects is not None:
            values = [_plain(one.get(field.name), field.type) for one in objects]
            columns.append(pa.chunked_array([pa.array(values, field.type)]))
        else:
            columns.append(pa.chunked_array([pa.nulls(table.num_rows, field.type)]))
    columns += [table[field.name].cast(field.type) for field in said]
    return pa.Table.from_arrays(columns, [*own.names, *(names[one.name] for one in said)])


def _objects(table: pa.Table) -> list[dict[str, Any]] | None:
    if own_name(OBJECT) not in table.column_names:
        return None
    return [json.loads(one) if one else {} for one in table[own_name(OBJECT)].to_pylist()]


def _plain(value: Any, kind: pa.DataType) -> Any:
    """Return a value of JSON as one of a column: what is no text there becomes JSON."""
    if value is None or not pa.types.is_string(kind) or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return values of any type as text; lists and structures as JSON."""
    if pa.types.is_string(column.type):
        return column
    chunks = [_text_array(chunk) for chunk in column.chunks]
    return pa.chunked_array(chunks, pa.string())


def _text_array(values: pa.Array) -> pa.Array:
    storage = values.storage if isinstance(values, pa.ExtensionArray) else values
    if pa.types.is_nested(storage.type):
        texts = [None if one is None else json.dumps(one, ensure_ascii=False, default=str)
                 for one in values.to_pylist()]  # fmt: skip
        return pa.array(texts, pa.string())
    return as_bytes(values, identifier=True).cast(pa.string())


def _write_parquet(
    rows: Iterator[pa.Table],
    out: Path,
    own: pa.Schema,
    said: pa.Schema,
    names: Mapping[str, str],
    metadata: Mapping[bytes, bytes],
) -> None:
    fields = [*own, *(pa.field(names[one.name], one.type) for one in said)]
    schema = pa.schema(fields, metadata=dict(metadata))
    with (
        write_then_rename(out) as file,
        sealed_writer(file, schema, compression="zstd") as writer,
    ):
        for table in rows:
            if table.num_rows:
                writer.write_table(table.cast(schema), row_group_size=table.num_rows)


def _write_csv(rows: Iterator[pa.Table], out: Path, names: Sequence[str], separator: str) -> int:
    safe = neutralise(pa.array(names, pa.string()))
    changed = pc.sum(pc.not_equal(safe, pa.array(names, pa.string()))).as_py() or 0
    with write_then_rename(out) as file:
        file.write(csv_header(safe.to_pylist(), separator))
        for table in rows:
            texts = [
                _texts(column) if not _is_number(column.type) else column
                for column in table.columns
            ]
            for batch in pa.Table.from_arrays(texts, names=list(names)).to_batches():
                lines, more = csv_rows(batch, separator)
                file.write(lines)
                changed += more
    return int(changed)


def _is_number(kind: pa.DataType) -> bool:
    return any(
        is_a(kind) for is_a in (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
    )


def _write_json(tables: Tables, out: Path, names: Mapping[str, str]) -> None:
    """Write an object a row: JSON with its own fields as they were, and what was said behind."""
    with write_then_rename(out) as file:
        for table in tables():
            objects = _objects(table) or [{}] * table.num_rows
            own = [one for one in table.column_names if one.startswith(_OWN)]
            beside = table.select([one for one in own if one != own_name(OBJECT)])
            called = [one.removeprefix(_OWN) for one in beside.column_names]
            typed = beside.rename_columns(called).to_pylist() if called else [{}] * table.num_rows
            told = table.select([*names]).rename_columns([*names.values()]).to_pylist()
            for row in zip(typed, objects, told, strict=True):
                whole = {key: _jsonable(value) for part in row for key, value in part.items()}
                file.write(json_line(whole).encode())


def _jsonable(value: Any) -> Any:
    """Return a value as JSON can hold it: dates and times as text, bytes in hex."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _jsonable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(one) for one in value]
    if isinstance(value, float):
        return round(value, 6)  # what a probability says
    return value if isinstance(value, str | int | None) else str(value)
