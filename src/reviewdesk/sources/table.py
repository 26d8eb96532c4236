"""Any CSV, TSV, JSON or Parquet file whose columns are told, or have names that are close."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import ClassVar, Final

from reviewdesk.errors import InputError
from reviewdesk.sources.base import Probe, RawRows, Source, SourceFile, Tally
from reviewdesk.sources.delimited import csv_rows
from reviewdesk.sources.fields import split_block
from reviewdesk.sources.jsonlines import (
    NotAnObject,
    field_names,
    json_rows,
    object_rows,
    parse_object,
)
from reviewdesk.sources.jsonobjects import ObjectScan, object_groups
from reviewdesk.sources.lines import BOM, LineBlock, line_blocks
from reviewdesk.sources.mapping import ColumnMap, map_columns, shown
from reviewdesk.sources.parquet import PARQUET_MAGIC, parquet_columns, parquet_rows
from reviewdesk.sources.readings import AUTO
from reviewdesk.sources.stream import HEAD, head

DELIMITERS: Final = "\x1f\t,;|"
SUFFIXES: Final = frozenset({".csv", ".tsv", ".tab", ".json", ".jsonl", ".ndjson", ".parquet"})

HINTS: Final = {
    b"\xff\xfe": "; it looks like UTF-16: save it as UTF-8",
    b"\xfe\xff": "; it looks like UTF-16: save it as UTF-8",
    b"PK\x03\x04": "; it looks like a zip archive or a spreadsheet: unpack it, or save it as CSV",
    b"\xfd7zXZ": "; it looks like xz: unpack it first",
    b"BZh": "; it looks like bzip2: unpack it first",
    b"\x28\xb5\x2f\xfd": "; it looks like Zstandard: unpack it first",
}
"""What files that cannot be read begin with, and what to do about them."""


class Table(Source):
    """Reads tables of any shape through a map of columns."""

    name: ClassVar[str] = "table"
    title: ClassVar[str] = "CSV, TSV, JSON lines or arrays, Parquet"
    description: ClassVar[str] = "any table; close names are guessed, others told with --map"
    general: ClassVar[bool] = True
    stars_scale: ClassVar[str] = AUTO

    @classmethod
    def recognises(cls, probe: Probe) -> bool:
        """Look at the content, and at the name, which tells a table from a README."""
        path = PurePosixPath(probe.file.name.lower().removesuffix(".gz"))
        return path.suffix in SUFFIXES and (
            _is_parquet(probe.head) or _is_json(probe.head) or _is_text(probe.head)
        )

    def inspect(self, file: SourceFile) -> ColumnMap:
        """Map the file's columns.

        Raises:
            InputError: it is not a table.
            MissingColumn: a column that was told, or one for the text, is not there.
            UsageError: the reviews table has no column that was told.
        """
        return self._map(file, head(file))

    def rows(self, file: SourceFile, tally: Tally) -> Iterator[RawRows]:
        """Yield the mapped columns of every row."""
        start = head(file)
        columns = self._map(file, start).columns
        if _is_parquet(start):
            _note_equal_names(parquet_columns(file), columns, tally)
            yield from parquet_rows(file, columns, tally)
            return
        blocks = line_blocks(file, tally)
        if _is_json(start) or _is_objects(start):
            rows = (
                json_rows(blocks, columns, tally)
                if _is_json(start)
                else object_rows(object_groups(file, tally), columns, tally, parse_object)
            )
            yield from _noting_absent(rows, self.settings.columns, tally)
            return
        delimiter = _delimiter(start)
        header = _header(start, delimiter)
        _note_equal_names(header, columns, tally)
        wanted = {column: name for name, column in columns.items()}
        names = [wanted.pop(column, None) for column in header]  # the first of equal names counts
        if delimiter == "\t" and not _is_quoted(start, delimiter):
            yield from _unquoted_rows(blocks, names, tally)
        else:
            yield from csv_rows(blocks, names, tally, delimiter)

    def _map(self, file: SourceFile, start: bytes) -> ColumnMap:
        told = self.settings.columns
        if _is_parquet(start):
            available = parquet_columns(file)
        elif _is_json(start) or _is_objects(start):
            # Fields that are rare may come late in the file: what was told is believed.
            lines = _first_lines(start) if _is_json(start) else _first_objects(start)
            available = _json_names(lines)
            available += [column for column in told.values() if column not in available]
        elif start.removeprefix(BOM).lstrip()[:1] in (b"{", b"["):
            raise InputError(
                f"{file.name} is JSON, but neither one JSON object a line nor an array of objects; "
                "write it as JSON lines, for example with: jq -c '.reviews[]'"
            )
        elif _is_text(start):
            available = _header(start, _delimiter(start))
        else:
            raise InputError(
                f"{file.name} is in no format that can be read as reviews: it is neither UTF-8 "
                f"text in columns nor Parquet{_hint(start)}"
            )
        return map_columns(available, told, file.name)


def _hint(start: bytes) -> str:
    return next((hint for magic, hint in HINTS.items() if start.startswith(magic)), "")


def _noting_absent(
    parts: Iterator[RawRows], told: Mapping[str, str], tally: Tally
) -> Iterator[RawRows]:
    """Pass rows on, and note the columns that were told but have no value in any row."""
    absent = dict(told)
    for part in parts:
        for name in list(absent):
            if part.columns[name].null_count < part.count:
                del absent[name]
        yield part
    for name, column in absent.items():
        tally.notes.append(f"no row of {tally.file} has a value in {column!r} for {name}")


def _note_equal_names(header: Sequence[str], columns: Mapping[str, str], tally: Tally) -> None:
    """Note the columns that are read and have a name which others have as well."""
    for column in columns.values():
        if (count := header.count(column)) > 1:
            tally.notes.append(
                f"{tally.file} has {count} columns called {shown([column])}: the first one is "
                "read; give the others other names if you want one of them"
            )


def _unquoted_rows(
    blocks: Iterator[LineBlock], names: Sequence[str | None], tally: Tally
) -> Iterator[RawRows]:
    for number, block in enumerate(blocks):
        data, first = block
        if number == 0:
            data = data.partition(b"\n")[2]
            first += 1
        yield split_block(LineBlock(data, first), names, tally.rejects)


def _is_parquet(start: bytes) -> bool:
    return start.startswith(PARQUET_MAGIC)


def _is_json(start: bytes) -> bool:
    lines = _first_lines(start)
    if not lines[0].lstrip().startswith(b"{"):
        return False
    if len(start) >= HEAD and len(lines) == 1:
        return True  # one line longer than what is looked at
    return any(map(_is_object, lines))


def _is_object(line: bytes) -> bool:
    try:
        parse_object(line)
    except ValueError:
        return False
    return True


def _is_text(start: bytes) -> bool:
    first = _first_lines(start)[0]
    if b"\0" in first:
        return False
    try:
        first.decode()
    except UnicodeDecodeError:
        return len(start) >= HEAD and b"\n" not in start and _is_text(first[:-4] + b"\n")
    return True


def _first_lines(start: bytes) -> list[bytes]:
    """Return the whole lines of a file's start; its first part where no line is whole."""
    lines = start.removeprefix(BOM).split(b"\n")
    return lines[:-1] if len(lines) > 1 and len(start) >= HEAD else lines


def _is_objects(start: bytes) -> bool:
    """Say whether a file begins with a JSON object that goes over lines, or an array of objects."""
    begin = start.removeprefix(BOM).lstrip()
    if not (begin.startswith(b"{") or (begin.startswith(b"[") and begin[1:].lstrip()[:1] == b"{")):
        return False
    return any(map(_is_object, _first_objects(start)))


def _first_objects(start: bytes) -> list[bytes]:
    return [raw for _, raw in ObjectScan(Tally("")).feed(start)]


def _json_names(lines: Sequence[bytes]) -> list[str]:
    names: dict[str, None] = {}
    for line in lines:
        try:
            names.update(dict.fromkeys(field_names(parse_object(line))))
        except (NotAnObject, UnicodeDecodeError):
            continue
    return list(names)


def _delimiter(start: bytes) -> str:
    """Return the delimiter that cuts the header into most fields; one found in no text if none."""
    header = _first_lines(start)[0].decode(errors="replace").rstrip("\r")
    return max(DELIMITERS, key=lambda one: len(next(csv.reader([header], delimiter=one), [])))


def _header(start: bytes, delimiter: str) -> list[str]:
    quoted = delimiter != "\t" or _is_quoted(start, delimiter)
    line = _first_lines(start)[0].decode(errors="replace").rstrip("\r")
    return next(csv.reader([line], delimiter=delimiter)) if quoted else line.split(delimiter)


def _is_quoted(start: bytes, delimiter: str) -> bool:
    """Say whether a tab-separated file quotes its fields, as some programs write it.

    It does when reading its start with quotes leaves fewer rows of the wrong length than reading
    it without; when both fit, when a field begins and ends with a quote.
    """
    text = b"\n".join(_first_lines(start)).decode(errors="replace").replace("\r", "")
    lines = [line for line in text.split("\n") if line]
    plain = [line.split(delimiter) for line in lines]
    try:
        quoted = [row for row in csv.reader(text.split("\n"), delimiter=delimiter) if row]
    except csv.Error:
        return False
    wrong_plain = sum(len(row) != len(plain[0]) for row in plain)
    wrong_quoted = sum(len(row) != len(quoted[0]) for row in quoted)
    if wrong_plain != wrong_quoted:
        return wrong_quoted < wrong_plain
    return any(
        len(field) > 1 and field[0] == field[-1] == '"' for row in plain for field in row
    ) and len(quoted) == len(plain)
