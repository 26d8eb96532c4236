"""Which shape a JSON file has, and its objects, one after the other.

Four shapes are read: objects one a line; objects over lines or in an array; pages, which are
objects that hold their reviews in an array, as the answers of web services do; and the tables that
pandas writes as one object (its orients ``columns``, ``split`` and ``index``). Source: RFC 8259;
pandas, ``DataFrame.to_json``.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import Any, Final, Literal

from reviewdesk.errors import InputError
from reviewdesk.sources.base import Tally
from reviewdesk.sources.encoding import in_characters
from reviewdesk.sources.files import SourceFile
from reviewdesk.sources.jsonlines import NotAnObject, field_names, lookup, parse_object
from reviewdesk.sources.jsonobjects import ObjectScan
from reviewdesk.sources.lines import BOM, MAX_LINE
from reviewdesk.sources.mapping import holds_a_review, known_names
from reviewdesk.sources.pages import Groups, Pages
from reviewdesk.sources.stream import HEAD, text

Shape = Literal["lines", "objects", "pages", "frame", ""]

MAX_FRAME: Final = MAX_LINE
"""A table that is one object is read whole, so it is no longer than an object may be."""

OBJECTS_LOOKED_AT: Final = 20

_OPEN_TABLE: Final = re.compile(rb'\{\s*"(?:[^"\\]|\\.)*"\s*:\s*[\[{]')
_ARRAY: Final = re.compile(rb'"((?:[^"\\]|\\.){1,64})"\s*:\s*\[\s*(?=\{)')


@lru_cache(maxsize=4)  # asked again while a file is opened
def shape_of(start: bytes) -> Shape:
    """Return the shape of a JSON file from its first bytes; empty if it is none of the four."""
    start = in_characters(start)
    begin = start.removeprefix(BOM).lstrip()
    if not begin.startswith((b"{", b"[")):
        return ""
    line, newline, _ = begin.partition(b"\n")
    if newline and any(map(_holds_a_review, _parsed([line]))):
        return "lines"  # most files; no need to look further
    first = first_objects(start)
    if not any(map(_holds_a_review, first)):
        if page_key(start):
            return "pages"
        if first and _is_frame(first[0]):
            return "frame"
    if begin.startswith(b"["):
        return "objects" if first else ""
    return _shape_of_object(start, begin, any_object=bool(first))


def _shape_of_object(start: bytes, begin: bytes, *, any_object: bool) -> Shape:
    lines = first_lines(start)
    if any(map(_is_object, lines[:OBJECTS_LOOKED_AT])):
        return "lines"
    if any_object or _OPEN_TABLE.match(begin):
        return "objects" if any_object else "frame"
    return "lines" if len(start) >= HEAD and len(lines) == 1 else ""


def first_objects(start: bytes) -> list[dict[str, Any]]:
    """Return the first objects in a file's first bytes that can be read."""
    scanned = islice(ObjectScan(Tally("")).feed(start), OBJECTS_LOOKED_AT)
    return _parsed(raw for _, raw in scanned)


def first_rows_of(start: bytes) -> list[dict[str, Any]]:
    """Return the rows in a JSON file's first bytes, whatever its shape."""
    start = in_characters(start)
    shape = shape_of(start)
    if shape == "lines":
        rows = _parsed(first_lines(start))
    elif shape == "pages":
        pages = Pages(Tally(""), page_key(start))
        objects = islice(chain(pages.feed(start), pages.last()), OBJECTS_LOOKED_AT)
        rows = _parsed(raw for _, raw in objects)
    else:
        rows = first_objects(start)
        if shape == "frame":
            rows = (frame_rows(rows[0]) or []) if rows else []
    return rows


def _parsed(raw: Iterable[bytes]) -> list[dict[str, Any]]:
    rows = []
    for one in raw:
        try:
            rows.append(parse_object(one))
        except (NotAnObject, UnicodeDecodeError):
            continue
    return rows


def first_lines(start: bytes) -> list[bytes]:
    """Return the whole lines of a file's start; its first part where no line is whole."""
    lines = start.removeprefix(BOM).split(b"\n")
    return lines[:-1] if len(lines) > 1 and len(start) >= HEAD else lines


def page_key(start: bytes) -> str:
    """Return the name of the array, inside the first objects, that holds reviews; empty if none."""
    found = _page(start)
    return str(json.loads(b'"' + found[1] + b'"')) if found else ""


def _page(start: bytes) -> re.Match[bytes] | None:
    """Find where the array of reviews begins in the first object."""
    for found in _ARRAY.finditer(start):
        objects = first_objects(start[found.end() :])
        if objects and _holds_a_review(objects[0]):
            return found
    return None


def frame_objects(file: SourceFile, tally: Tally) -> Groups:
    """Yield the rows of a table that is one object, as objects.

    Raises:
        InputError: it is longer than an object may be, or no such table.
    """
    data = bytearray()
    for piece in text(file, tally):
        data += piece
        if len(data) > MAX_FRAME:
            raise InputError(
                f"{tally.file} is one JSON object of more than {MAX_FRAME // 2**20} MiB; write it "
                'as JSON lines: to_json(orient="records", lines=True) in pandas'
            )
    try:
        rows = frame_rows(parse_object(bytes(data).removeprefix(BOM)))
    except (NotAnObject, UnicodeDecodeError):
        rows = None
    if rows is None:
        raise InputError(f"{tally.file} is one JSON object, but its columns are not equally long")
    yield [(1, json.dumps(row, ensure_ascii=False).encode(errors="replace")) for row in rows]


def frame_rows(table: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return the rows of a table that is one object; None if it is no table."""
    columns, data = table.get("columns"), table.get("data")
    if isinstance(columns, list) and isinstance(data, list):
        return _rows(list(map(str, columns)), data)
    values = list(table.values())
    if values and all(isinstance(value, list) for value in values):
        even = len(set(map(len, values))) == 1
        return _rows(list(table), list(zip(*values, strict=True))) if even else None
    if not values or not all(isinstance(value, dict) for value in values):
        return None
    if _holds_a_review(values[0]):
        return values
    keys = list(dict.fromkeys(key for value in values for key in value))
    return [{name: value.get(key) for name, value in table.items()} for key in keys]


def _rows(names: Sequence[str], data: Sequence[Sequence[Any]]) -> list[dict[str, Any]] | None:
    whole = all(isinstance(row, list | tuple) and len(row) == len(names) for row in data)
    return [dict(zip(names, row, strict=True)) for row in data] if whole else None


def _is_frame(first: Mapping[str, Any]) -> bool:
    rows = frame_rows(first) or []
    return any(map(_holds_a_review, rows[:1]))


def _holds_a_review(found: Mapping[str, Any]) -> bool:
    """Say whether an object has a field that is known to hold a review's text, and is one value."""
    names = [
        name for name in field_names(found) if not isinstance(lookup(found, name), list | dict)
    ]
    return known_names(names) > 0 or holds_a_review(names)


def _is_object(line: bytes) -> bool:
    try:
        parse_object(line)
    except ValueError:
        return False
    return True
