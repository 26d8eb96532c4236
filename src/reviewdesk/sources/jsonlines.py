"""JSON lines: one object a line, whose fields may differ from line to line."""

import ast
import json
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, Protocol

from reviewdesk.sources.base import Tally
from reviewdesk.sources.encoding import in_characters
from reviewdesk.sources.kept import WHOLE_OBJECT, is_kept, nested_text
from reviewdesk.sources.lines import BOM, LineBlock, numbered_lines, records_at_returns
from reviewdesk.sources.raw_rows import RawRows, RowBuilder

_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")

LONGEST_LITERAL: Final = 1024 * 1024
"""Python's own parser takes a hundred times a line's size in memory."""

LINES_LOOKED_AT: Final = 20


class NotAnObject(ValueError):
    """A line is not a JSON object."""


def json_rows(
    blocks: Iterator[LineBlock],
    columns: Mapping[str, str],
    tally: Tally,
    parse: Callable[[bytes], Mapping[str, Any]] | None = None,
) -> Iterator[RawRows]:
    """Yield the objects' mapped fields.

    Args:
        blocks: the file's lines.
        columns: column of the reviews table → field; ``a.b`` is field b of the object in field a,
            and ``a.0`` the first item of the list in it.
        tally: where bad lines go, and where fields that hold lists or objects are counted.
        parse: makes an object of a line and raises as ``parse_object`` does, which is the default.
    """
    groups = (numbered_lines([block]) for block in blocks)
    yield from object_rows(groups, columns, tally, parse or parse_object)


class Fields(Protocol):
    """Which fields of objects are read, where they may come late."""

    @property
    def columns(self) -> Mapping[str, str]:
        """Column of the reviews table → field; later ones come last."""

    def see(self, found: Mapping[str, Any], line: int) -> str:
        """Take in an object; return a sentence if columns have come with it."""


def object_rows(
    groups: Iterable[Iterable[tuple[int, bytes]]],
    columns: Mapping[str, str] | Fields,
    tally: Tally,
    parse: Callable[[bytes], Mapping[str, Any]],
) -> Iterator[RawRows]:
    """Yield the mapped fields of objects that come with the line each begins on, as ``json_rows``.

    Args:
        groups: rows are yielded at the end of each, if not before.
        columns: as for ``json_rows``, or fields that are learnt as the objects come.
        tally: as for ``json_rows``; also takes the note about columns that come late.
        parse: as for ``json_rows``.
    """
    late = None if isinstance(columns, Mapping) else columns
    fields = list((columns if isinstance(columns, Mapping) else columns.columns).items())
    builder = RowBuilder([name for name, _ in fields])
    for group in groups:
        for line, raw, row in _parsed(group, parse, tally):
            if late is not None and (came := late.see(row, line)):
                tally.notes.append(f"{tally.file} has fields from line {line} on only: {came}")
                yield builder.take()
                fields = list(late.columns.items())
                builder = RowBuilder([name for name, _ in fields])
            values = [_text(lookup(row, field), name, tally) for name, field in fields]
            builder.add(values, raw, line)
            if builder.full:
                yield builder.take()
        yield builder.take()


def _parsed(
    group: Iterable[tuple[int, bytes]], parse: Callable[[bytes], Mapping[str, Any]], tally: Tally
) -> Iterator[tuple[int, bytes, Mapping[str, Any]]]:
    """Yield the objects of a group with their lines and bytes, and reject what is none."""
    for line, raw in group:
        if not raw.strip():
            continue
        try:
            row = parse(raw)
        except UnicodeDecodeError:
            tally.rejects.add(line, "bad_utf8", raw)
        except NotAnObject:
            # Inside an object a return is blank or escaped, so that it may end a line as well.
            pieces = records_at_returns(raw, lambda piece: piece.lstrip().startswith(b"{"))
            if pieces:
                yield from _parsed(((line, piece) for piece in pieces), parse, tally)
            else:
                tally.rejects.add(line, "bad_json", raw)
        else:
            yield line, raw, row


def parse_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object on a line.

    Raises:
        NotAnObject: it is none.
        UnicodeDecodeError: it is not UTF-8.
    """
    text = raw.decode()
    try:
        value = json.loads(text.rstrip(", \t\r") if text.rstrip().endswith(",") else text)
    except (ValueError, RecursionError) as error:
        raise NotAnObject("the line is not JSON") from error
    if not isinstance(value, dict):
        raise NotAnObject("the line is not a JSON object")
    return value


def lookup(row: Mapping[str, Any], field: str) -> Any:
    """Return a field's value, or that of one inside an object or list; None if it is not there."""
    if field in row or "." not in field:
        return row if field == WHOLE_OBJECT else row.get(field)
    outer, _, inner = field.partition(".")
    value = row.get(outer)
    if isinstance(value, list) and inner.isdecimal() and inner.isascii():
        place = int(inner) if len(inner) < 10 else len(value)
        return value[place] if place < len(value) else None
    return lookup(value, inner) if isinstance(value, dict) else None


def parse_loose(raw: bytes) -> dict[str, Any]:
    """Return the object on a line that is JSON, or the same as Python writes it.

    Raises:
        NotAnObject: it is neither.
        UnicodeDecodeError: it is not UTF-8.
    """
    try:
        return parse_object(raw)
    except NotAnObject:
        if len(raw) > LONGEST_LITERAL:
            raise
    try:
        with warnings.catch_warnings(action="ignore"):  # about odd escapes in the text
            value = ast.literal_eval(raw.decode().strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise NotAnObject("the line is neither JSON nor a Python literal") from error
    if not isinstance(value, dict):
        raise NotAnObject("the line is not an object")
    return value


@lru_cache(maxsize=4)  # every source asks about the same file
def first_fields(start: bytes) -> frozenset[str]:
    """Return the names of the fields of the first objects in a file's first bytes."""
    names: set[str] = set()
    for line in (
        in_characters(start).removeprefix(BOM).split(b"\n", LINES_LOOKED_AT)[:LINES_LOOKED_AT]
    ):
        if line.lstrip().startswith(b"{"):
            try:
                found = parse_loose(line)
            except (NotAnObject, UnicodeDecodeError):
                continue
            if not all(isinstance(value, dict | list) for value in found.values()):
                names.update(found)  # else it is a table as one object
    return frozenset(names)


def field_names(row: Mapping[str, Any]) -> list[str]:
    """Return the names of an object's fields; of those that are objects, ``outer.inner`` each.

    Two levels of inner objects are looked at.

    Lists are no values that a column could hold.
    """
    names: list[str] = []
    for outer, value in row.items():
        if isinstance(value, dict):
            for inner, held in value.items():
                deeper = held if isinstance(held, dict) else ()
                names.extend(f"{outer}.{inner}.{one}" for one in deeper)
                if not deeper:
                    names.append(f"{outer}.{inner}")
        else:
            names.append(outer)
    return names


def whole_characters(text: str) -> str:
    """Return a text that UTF-8 can hold: JSON can escape half an emoji, which loses no review."""
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)


def _text(value: Any, name: str, tally: Tally) -> str | None:
    """Return a value as text: what is neither text, number nor truth value is counted and null."""
    if isinstance(value, dict | list):
        return _nested(value, name, tally)
    return plain_text(value)


def plain_text(value: Any) -> str | None:
    """Return a value as text; None for what is neither text, number nor truth value."""
    if isinstance(value, str):
        return whole_characters(value)
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # an id that a program knew as a float
    return repr(value) if isinstance(value, int | float) else None


def _nested(value: Any, name: str, tally: Tally) -> str | None:
    """Return a list or an object as JSON where it is kept; elsewhere it is counted and null."""
    if is_kept(name):
        return whole_characters(nested_text(value))
    tally.unreadable[name] += 1
    return None
