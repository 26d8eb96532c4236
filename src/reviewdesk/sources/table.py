"""Any CSV, TSV, JSON or Parquet file whose columns are told, or have names that are close."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePosixPath
from typing import Any, ClassVar, Final

import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.errors import InputError
from reviewdesk.formats.csv import restore
from reviewdesk.sources.base import Probe, RawRows, Source, SourceFile, Tally
from reviewdesk.sources.column_values import SHORTEST_TEXT, ColumnValues
from reviewdesk.sources.delimited import QUOTINGS, Quoting, csv_rows
from reviewdesk.sources.dialect import (
    MOSTLY,
    ColumnFacts,
    Dialect,
    columns_of,
    dialect_of,
    even_dialect,
    has_first_records,
    separators_of,
)
from reviewdesk.sources.encoding import from_windows, is_windows_text
from reviewdesk.sources.escaped import escaped_rows
from reviewdesk.sources.fields import split_block
from reviewdesk.sources.headers import without_headers
from reviewdesk.sources.jsonfields import FieldsAndKept, JsonFields
from reviewdesk.sources.jsonlines import field_names, lookup, object_rows, parse_object, plain_text
from reviewdesk.sources.jsonobjects import object_groups
from reviewdesk.sources.jsonshapes import (
    Shape,
    first_rows_of,
    frame_objects,
    page_key,
    shape_of,
)
from reviewdesk.sources.kept import NOT_LABELLED, WHOLE_OBJECT, name_kept, repeat_kept, with_kept
from reviewdesk.sources.lines import BOM, encoding_of, line_blocks, numbered_lines
from reviewdesk.sources.mapping import ColumnMap, is_reply, map_columns, shown
from reviewdesk.sources.mcauley_files import are_reviews, category_of
from reviewdesk.sources.pages import page_objects
from reviewdesk.sources.parquet import (
    PARQUET_MAGIC,
    first_parquet_rows,
    parquet_columns,
    parquet_rows,
)
from reviewdesk.sources.quoting import (
    TextFacts,
    below,
    doubt,
    doubtful_columns,
    faults_of,
    quoting_of,
    text_facts,
)
from reviewdesk.sources.readings import AUTO
from reviewdesk.sources.stream import HEAD, head, longer_head

SUFFIXES: Final = frozenset({".csv", ".tsv", ".tab", ".json", ".jsonl", ".ndjson", ".parquet"})

SEPARATORS: Final = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
SEPARATOR_NAMES: Final = {character: name for name, character in SEPARATORS.items()}

FAR: Final = 2
"""A column of unknown name holds the reviews where its texts have so many times the characters that
those of the next column have."""

ENOUGH_BAD: Final = 20
"""So many records in a row that do not fit are no accident."""

HINTS: Final = {
    b"PK\x03\x04": "; it looks like a zip archive or a spreadsheet: unpack it, or save it as CSV",
    b"\xfd7zXZ": "; it looks like xz: unpack it first",
    b"BZh": "; it looks like bzip2: unpack it first",
    b"\x28\xb5\x2f\xfd": "; it looks like Zstandard: unpack it first",
}
"""What files that cannot be read begin with, and what to do about them."""

NO_OBJECTS: Final = (
    "is JSON, but neither one JSON object a line nor an array of objects; write it as JSON lines, "
    "for example with: jq -c '.reviews[]'"
)


@dataclass(frozen=True)
class TextTable:
    """A table of text and how it is written.

    Args:
        file: with its encoding.
        dialect: its separator, header and columns.
        quoting: how its quotes are written.
        map: which of its columns are read.
        doubtful: columns whose backslashes stand as they are, though each may escape something.
    """

    file: SourceFile
    dialect: Dialect
    quoting: Quoting
    map: ColumnMap
    doubtful: tuple[str, ...] = ()

    def notes(self) -> Iterator[str]:
        """Yield what its owner must know about how it is read."""
        name = self.file.name
        if self.dialect.titles:
            yield f"{name}: what stands above line {self.dialect.titles + 1} is no review"
        if not self.dialect.named:
            yield f"{name} has no header: its columns are called 1 to {self.dialect.width}"
        if self.file.encoding:
            yield f"{name} is not in UTF-8: it is read as Windows-1252"
        if self.quoting in ("backslash", "backslash-all"):
            yield (
                f"{name} has backslashes before quotes or backslashes in its fields: they stand "
                "for nothing; --quoting double keeps them"
            )
        yield from doubt(self.file, self.doubtful)


@dataclass(frozen=True)
class JsonTable:
    """A file of JSON objects.

    Args:
        shape: how the objects stand in it.
        names: of the fields of its first objects.
        values: of these fields.
    """

    shape: Shape
    names: tuple[str, ...]
    values: ColumnValues


class Table(Source):
    """Reads tables of any shape through a map of columns."""

    name: ClassVar[str] = "table"
    title: ClassVar[str] = "CSV, TSV, JSON lines or arrays, Parquet"
    description: ClassVar[str] = "any table; close names are guessed, others told with --map"
    general: ClassVar[bool] = True
    stars_scale: ClassVar[str] = AUTO
    takes_columns: ClassVar[bool] = True
    takes_row_groups: ClassVar[bool] = True

    _inspected: tuple[bytes, TextTable | JsonTable | None] = (b"", None)
    """The digest of a small file's bytes, and how they are written."""

    @classmethod
    def recognises(cls, probe: Probe) -> bool:
        """Look at the content, and at the name, which tells a table from a README."""
        path = PurePosixPath(probe.file.name.lower().removesuffix(".gz"))
        return path.suffix in SUFFIXES and (
            _is_parquet(probe.head) or bool(shape_of(probe.head)) or _is_text(probe.head)
        )

    def inspect(self, file: SourceFile) -> ColumnMap:
        """Map the file's columns.

        Raises:
            InputError: it is not a table.
            MissingColumn: a column that was told, or one for the text, is not there.
            UsageError: the reviews table has no column that was told.
        """
        start = head(file)
        if _is_parquet(start):
            return self._parquet_map(file)
        if shape := shape_of(start):
            objects = self._json_table(file, start, shape)
            self._keep(start, objects)
            return self._fields(file, objects).first
        table = self._text(file, start)
        self._keep(start, replace(table, dialect=replace(table.dialect, samples=())))
        return table.map

    def rows(self, file: SourceFile, tally: Tally) -> Iterator[RawRows]:
        """Yield the mapped columns of every row."""
        start = head(file)
        if _is_parquet(start):
            available = parquet_columns(file)
            mapped = self._parquet_map(file)
            _note_equal_names(available, mapped.columns, tally)
            kept = [column for column in self.kept if column in available]
            whole = WHOLE_OBJECT in self.kept
            columns, named = with_kept(mapped.columns, kept), self.settings.columns
            parts = parquet_rows(file, columns, tally, whole=whole, named=named)
        elif isinstance(table := self._seen(file, start), JsonTable):
            fields = self._fields(file, table)
            mapped = fields.first
            parts = self._json_rows(file, start, table.shape, fields, tally)
        else:
            mapped = table.map
            parts = self._text_rows(table, tally)
        category = self._category_in_name(file, mapped)
        for rows in parts:
            yield rows.with_default("product_category", category)

    def _category_in_name(self, file: SourceFile, found: ColumnMap) -> str:
        """Return the category that the name of a file of McAuley Lab's tells, in any format."""
        named = are_reviews({*found.columns.values(), *found.left_over})
        return category_of(file.name) if named and not self.settings.category else ""

    def header(self, file: SourceFile) -> tuple[Sequence[str], str]:
        """Return the columns of a table of text, in its order, and what separates them.

        Both are empty for JSON and Parquet.
        """
        start = head(file)
        if _is_parquet(start) or shape_of(start):
            return (), ""
        table = self._seen(file, start)
        if not isinstance(table, TextTable):
            return (), ""
        return table.dialect.header, table.dialect.delimiter

    def longest_text(self, file: SourceFile) -> str:
        """Return the column that surely holds the texts; empty if none does.

        Its texts are the longest by far: in a table of text in the whole file, else in the first
        rows.
        """
        start = head(file)
        if _is_parquet(start):
            names = parquet_columns(file)
            return _longest(ColumnValues.of_rows(names, first_parquet_rows(file, names)))
        if shape := shape_of(start):
            return _longest(self._json_table(file, start, shape).values)
        if not _is_text(start):
            return ""
        file, facts, start = _in_its_encoding(file, start)
        dialect = self._dialect(file, start, facts)
        quoting = QUOTINGS.get(self.settings.quoting) or quoting_of(file, dialect, facts)
        columns = self._column_facts(TextTable(file, dialect, quoting, ColumnMap({}, {})))
        texts = {
            name: one.chars / one.filled
            for one, name in zip(columns, dialect.header, strict=True)
            if one.kind == "text" and one.filled and dialect.header.count(name) == 1
        }
        return by_far_the_longest(texts) if dialect.named else ""

    def _json_rows(
        self, file: SourceFile, start: bytes, shape: Shape, fields: JsonFields, tally: Tally
    ) -> Iterator[RawRows]:
        groups: Iterable[Iterable[tuple[int, bytes]]]
        if shape == "lines":
            groups = (list(numbered_lines([block])) for block in line_blocks(file, tally))
        elif shape == "pages":
            groups = page_objects(file, tally, page_key(start))
        elif shape == "frame":
            groups = frame_objects(file, tally)
        else:
            groups = object_groups(file, tally)
        parse = parse_object if shape == "lines" else parse_in(file)
        return object_rows(groups, FieldsAndKept(fields, self.kept), tally, parse)

    def _json_table(self, file: SourceFile, start: bytes, shape: Shape) -> JsonTable:
        objects = first_rows_of(start)
        names = list(dict.fromkeys(name for one in objects for name in field_names(one)))
        if not names:
            raise InputError(f"{file.name} {NO_OBJECTS}")
        rows = ([plain_text(lookup(one, name)) for name in names] for one in objects)
        return JsonTable(shape, tuple(names), ColumnValues.of_rows(names, rows))

    def _fields(self, file: SourceFile, table: JsonTable) -> JsonFields:
        return JsonFields(table.names, self.settings.columns, file.name, table.values)

    def _parquet_map(self, file: SourceFile) -> ColumnMap:
        available = parquet_columns(file)
        values = ColumnValues.of_rows(available, first_parquet_rows(file, available))
        return map_columns(available, self.settings.columns, file.name, values)

    def _text_rows(self, table: TextTable, tally: Tally) -> Iterator[RawRows]:
        dialect = table.dialect
        tally.notes.extend(table.notes())
        _note_equal_names(dialect.header, table.map.columns, tally)
        wanted = {column: name for name, column in table.map.columns.items()}
        names = [wanted.pop(column, None) for column in dialect.header]  # the first of equal names
        called = name_kept(names, dialect.header, self.kept)
        records = self._records(table, called, tally)
        if dialect.named:
            records = without_headers(records, names, dialect.header, tally)
        if NOT_LABELLED in dialect.header:
            records = map(_without_apostrophes, records)
        for rows in repeat_kept(records, names, dialect.header, self.kept):
            if self.settings.separator == "auto":
                check_separator(table, rows.count, tally)
            yield rows

    def _records(
        self, table: TextTable, names: Sequence[str | None], tally: Tally
    ) -> Iterator[RawRows]:
        dialect = table.dialect
        blocks = below(line_blocks(table.file, tally), dialect.lines)
        if table.quoting == "none":
            separator = ord(dialect.delimiter)
            split = partial(split_block, names=names, rejects=tally.rejects, separator=separator)
            yield from map(split, blocks)
        elif table.quoting == "escaped":
            yield from escaped_rows(blocks, names, tally, dialect.delimiter)
        else:
            yield from csv_rows(
                blocks,
                names,
                tally,
                dialect.delimiter,
                header=False,
                quoting=table.quoting,
                check=dialect.is_record if self.settings.quoting == "auto" else None,
                texts_quoted=dialect.quoted_header,
            )

    def _keep(self, start: bytes, table: TextTable | JsonTable) -> None:
        """Keep how a small file is written, so that it is looked at once."""
        if len(start) < HEAD:  # all of it
            self._inspected = hashlib.sha256(start).digest(), table

    def _seen(self, file: SourceFile, start: bytes) -> TextTable | JsonTable:
        """Return how a file is written, as ``inspect`` saw it if the bytes are still these."""
        digest, seen = self._inspected
        if seen is not None and digest == hashlib.sha256(start).digest():
            if isinstance(seen, JsonTable):
                return seen
            return replace(seen, file=replace(file, encoding=seen.file.encoding))
        if shape := shape_of(start):
            return self._json_table(file, start, shape)
        return self._text(file, start)

    def _text(self, file: SourceFile, start: bytes) -> TextTable:
        if start.removeprefix(BOM).lstrip()[:1] in (b"{", b"["):
            raise InputError(f"{file.name} {NO_OBJECTS}")
        if not _is_text(start):
            raise InputError(
                f"{file.name} is in no format that can be read as reviews: it is neither text in "
                f"columns nor Parquet{_hint(start)}"
            )
        file, facts, start = _in_its_encoding(file, start)
        dialect = self._dialect(file, start, facts)
        quoting = QUOTINGS.get(self.settings.quoting) or quoting_of(file, dialect, facts)
        named = self.settings.columns
        guessed: dict[str, str] = {}
        if not dialect.named:
            unnamed = TextTable(file, dialect, quoting, ColumnMap({}, {}))
            guessed = columns_of(dialect.header, self._column_facts(unnamed))
        free = {
            name: column
            for name, column in guessed.items()
            if name not in named and column not in named.values()
        }
        values = ColumnValues.of_rows(dialect.header, dialect.samples if dialect.named else ())
        mapped = map_columns(dialect.header, {**free, **named}, file.name, values)
        columns = ColumnMap(mapped.columns, {**free, **mapped.guesses}, mapped.left_over)
        auto = self.settings.quoting == "auto"
        doubtful = doubtful_columns(file, dialect, facts, quoting) if auto else ()
        return TextTable(file, dialect, quoting, columns, doubtful)

    def _dialect(self, file: SourceFile, start: bytes, facts: TextFacts) -> Dialect:
        """Return how a table is written; where several separators fit its start, all of it tells.

        Raises:
            InputError: the whole file fits none of them.
        """
        delimiter = SEPARATORS.get(self.settings.separator, "")
        header = self.settings.header
        if header and not delimiter and len(start) < HEAD and (even := even_dialect(start)):
            return even
        start = longer_head(file, start, has_first_records)
        cut_off = len(start) >= HEAD
        possible = [delimiter] if delimiter else separators_of(start, cut_off=cut_off)
        dialects = [
            dialect_of(start, cut_off=cut_off, header=header, separator=one) for one in possible
        ]
        if len(dialects) == 1:
            return dialects[0]
        return min(dialects, key=lambda one: faults_of(file, one, facts))

    def _column_facts(self, table: TextTable) -> list[ColumnFacts]:
        """Return what all values of the columns of a table without a header tell."""
        dialect = table.dialect
        columns = [ColumnFacts() for _ in dialect.header]
        for rows in self._records(table, dialect.header, Tally("")):
            for values, facts in zip(rows.columns.values(), columns, strict=True):
                for one in pc.value_counts(values.drop_null()).to_pylist():
                    if one["values"]:
                        facts.add(one["values"], one["counts"])
        return columns


def _longest(values: ColumnValues) -> str:
    texts = [name for name in values.samples if values.are_texts(name)]
    return by_far_the_longest({name: values.characters(name) for name in texts})


def by_far_the_longest(characters: Mapping[str, float]) -> str:
    """Return the column whose texts are the longest by far; empty if none is.

    Args:
        characters: column → how long its texts are on average; what shops reply does not count.
    """
    texts = [(length, name) for name, length in characters.items() if not is_reply(name)]
    (longest, column), (second, _) = sorted([*texts, (0.0, ""), (0.0, "")], reverse=True)[:2]
    return column if longest >= max(SHORTEST_TEXT, FAR * second) else ""


def _without_apostrophes(rows: RawRows) -> RawRows:
    """Return rows as they were before cells that a spreadsheet would run got an apostrophe."""
    texts = {name: restore(column.cast(pa.string())) for name, column in rows.columns.items()}
    return replace(rows, columns=texts)


def _in_its_encoding(file: SourceFile, start: bytes) -> tuple[SourceFile, TextFacts, bytes]:
    """Return a file with its encoding, what a pass over it saw, and its first bytes."""
    facts = text_facts(file, start)
    if not facts.encodings.encoding:
        return file, facts, start
    file = replace(file, encoding=facts.encodings.encoding)
    return file, facts, head(file)


def parse_in(file: SourceFile) -> Callable[[bytes], dict[str, Any]]:
    """Return what parses the objects of a file, in Windows-1252 if most that are not ASCII are."""
    windows: list[bool] = []

    def parse(raw: bytes) -> dict[str, Any]:
        try:
            return parse_object(raw)
        except UnicodeDecodeError:
            if not windows:
                windows.append(encoding_of(file) != "")
            if not windows[0]:
                raise
            return parse_object(from_windows(raw))

    return parse


def check_separator(table: TextTable, good: int, tally: Tally) -> None:
    """Stop where most records no longer fit, but would with another separator.

    Args:
        table: the table.
        good: how many records fitted since the last look.
        tally: with those that did not since.

    Raises:
        InputError: names the line and the option.
    """
    dialect = table.dialect
    bad = tally.rejects.waiting("wrong_field_count")
    if len(bad) < ENOUGH_BAD or len(bad) < good:
        return
    for other, name in SEPARATOR_NAMES.items():
        fitting = [line for line, raw in bad if raw.count(other.encode()) == dialect.width - 1]
        if other != dialect.delimiter and len(fitting) >= MOSTLY * len(bad):
            raise InputError(
                f"{table.file.name} has fields that are separated by a {name} from line "
                f"{fitting[0]} on, and by another character before: make two files of it, or say "
                f"--separator {name} if the lines before are none"
            )


def _hint(start: bytes) -> str:
    return next((hint for magic, hint in HINTS.items() if start.startswith(magic)), "")


def _note_equal_names(header: Sequence[str], columns: Mapping[str, str], tally: Tally) -> None:
    """Note the columns that are read and have a name which others have as well."""
    for column in columns.values():
        if (count := header.count(column)) > 1:
            tally.notes.append(
                f"{tally.file} has {count} columns called {shown([column])}: the first one is "
                "read; give the others other names if you want one of them"
            )


def _is_parquet(start: bytes) -> bool:
    return start.startswith(PARQUET_MAGIC)


def _is_text(start: bytes) -> bool:
    """Say whether a file begins as text does: in no known packed format, and without a NUL."""
    first = start.partition(b"\n")[0]
    if not first or b"\0" in first or _hint(start):
        return False
    try:
        first.decode()
    except UnicodeDecodeError:
        return b"\0" not in start[:HEAD] and is_windows_text(first)
    return True
