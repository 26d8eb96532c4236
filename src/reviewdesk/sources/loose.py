"""Records whose quotes do not pair up, cut by what fits: as many fields as the header has.

A field is what stands between two separators, or what stands in quotes over several of them. A
quote that closes nothing is text.
"""

from collections.abc import Sequence
from typing import Final

MAX_LINES: Final = 50
"""Lines that a record with stray quotes is looked for in; a longer one is cut at its first line."""


def cut_loosely(text: str, delimiter: str, width: int) -> list[str] | None:
    """Return the fields of a record, or None where it cannot have so many.

    Args:
        text: the record, without the end of its last line.
        delimiter: what separates fields.
        width: how many fields it must have.
    """
    pieces = text.split(delimiter)
    spare = len(pieces) - width
    if spare < 0:
        return None
    fields: list[str] = []
    at = 0
    while at < len(pieces):
        end = _end_of_field(pieces, at, spare)
        field = delimiter.join(pieces[at:end])
        if "\n" in field and not (len(field) > 1 and field[0] == field[-1] == '"'):
            return None  # only quotes hold lines together
        fields.append(_unquoted(field))
        spare -= end - at - 1
        at = end
    return fields if len(fields) == width else None


def _end_of_field(pieces: Sequence[str], at: int, spare: int) -> int:
    """Return behind which piece a field ends that may take some more than its first."""
    if not pieces[at].startswith('"') or _is_quoted(pieces[at]):
        return at + 1
    quotes, likely = 0, 0
    for end in range(at + 1, min(at + 1 + spare, len(pieces)) + 1):
        quotes += pieces[end - 1].count('"')
        if end > at + 1 and pieces[end - 1].endswith('"'):
            if quotes % 2 == 0:
                return end
            likely = likely or end
    return likely or at + 1


def _is_quoted(field: str) -> bool:
    return len(field) > 1 and field[0] == field[-1] == '"' and field.count('"') % 2 == 0


def _unquoted(field: str) -> str:
    """Return a field without the quotes around it, where one begins it and one ends it."""
    if len(field) > 1 and field[0] == field[-1] == '"':
        return field[1:-1].replace('""', '"')
    return field
