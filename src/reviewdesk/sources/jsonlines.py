"""JSON lines: one object a line, whose fields may differ from line to line."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from reviewdesk.sources.base import Tally
from reviewdesk.sources.lines import LineBlock
from reviewdesk.sources.rows import RawRows, RowBuilder

_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class NotAnObject(ValueError):
    """A line is not a JSON object."""


def json_rows(
    blocks: Iterator[LineBlock], columns: Mapping[str, str], tally: Tally
) -> Iterator[RawRows]:
    """Yield the objects' mapped fields.

    Args:
        blocks: the file's lines.
        columns: column of the reviews table → field; ``a.b`` is field b of the object in field a.
        tally: where bad lines go, and where fields that hold lists or objects are counted.
    """
    builder = RowBuilder(list(columns))
    fields = list(columns.items())
    for block in blocks:
        for line, raw in enumerate(block.data[:-1].split(b"\n"), block.first_line):
            if not raw.strip():
                continue
            try:
                found = parse_object(raw)
            except UnicodeDecodeError:
                tally.rejects.add(line, "bad_utf8", raw)
                continue
            except NotAnObject:
                tally.rejects.add(line, "bad_json", raw)
                continue
            values = [_text(lookup(found, field), name, tally) for name, field in fields]
            builder.add(values, raw, line)
            if builder.full:
                yield builder.take()
        yield builder.take()


def parse_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object on a line.

    Raises:
        NotAnObject: it is none.
        UnicodeDecodeError: it is not UTF-8.
    """
    text = raw.decode()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotAnObject("the line is not JSON") from error
    if not isinstance(found, dict):
        raise NotAnObject("the line is not a JSON object")
    return found


def lookup(found: Mapping[str, Any], field: str) -> Any:
    """Return a field's value, or that of a field inside an object; None when it is not there."""
    if field in found or "." not in field:
        return found.get(field)
    outer, _, inner = field.partition(".")
    value = found.get(outer)
    return lookup(value, inner) if isinstance(value, dict) else None


def field_names(found: Mapping[str, Any]) -> list[str]:
    """Return the names of an object's fields, those inside its objects as ``outer.inner``."""
    names = list(found)
    for outer, value in found.items():
        if isinstance(value, dict):
            names.extend(f"{outer}.{inner}" for inner in value)
    return names


def _text(value: Any, name: str, tally: Tally) -> str | None:
    """Return a value as text: what is neither text, number nor truth value is counted and null."""
    if isinstance(value, str):
        # JSON can escape half a character; half an emoji is no reason to lose a review.
        return value if value.isascii() else _LONE_SURROGATE.sub("\ufffd", value)
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    tally.unreadable[name] += 1
    return None
