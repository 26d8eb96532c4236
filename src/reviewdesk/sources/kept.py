"""Columns of a file that are kept beside the reviews table, as they stand.

While rows are text, such a column is called by ``kept_name``, because a file may call one of its
own as the reviews table calls another.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from reviewdesk.sources.raw_rows import RawRows

_KEPT: Final = "kept:"

NOT_LABELLED: Final = "not_labelled_because"
"""The column by which tables that were written here with labels are known: in them cells that a
spreadsheet would run have an apostrophe."""

ALL_COLUMNS: Final = ("\0all",)
"""Kept in place of names: every column of a table of text, called by its place from 0."""
WHOLE_OBJECT: Final = "\0whole"
"""Kept in place of a name: each object as JSON, and of Parquet each row with its types."""


def kept_name(column: str) -> str:
    """Return what a kept column is called among the columns of raw rows."""
    return f"{_KEPT}{column}"


def is_kept(name: str) -> bool:
    """Say whether a column of raw rows is a kept one."""
    return name.startswith(_KEPT)


def with_kept(columns: Mapping[str, str], kept: Sequence[str]) -> dict[str, str]:
    """Return a map of columns, of the raw rows → of the file, with those that are kept."""
    return {**columns, **{kept_name(column): column for column in kept}}


def name_kept(
    names: Sequence[str | None], header: Sequence[str], kept: Sequence[str]
) -> list[str | None]:
    """Return what each field of a record is called, those that are kept among them.

    Args:
        names: for each field the column of the reviews table that it holds, or None.
        header: what the file calls them; the first of equal names counts.
        kept: the columns to keep.
    """
    if kept == ALL_COLUMNS:
        return [kept_name(str(place)) if name is None else name for place, name in enumerate(names)]
    return [
        kept_name(column)
        if name is None and column in kept and header.index(column) == place
        else name
        for place, (name, column) in enumerate(zip(names, header, strict=True))
    ]


def repeat_kept(
    parts: Iterator[RawRows],
    names: Sequence[str | None],
    header: Sequence[str],
    kept: Sequence[str],
) -> Iterator[RawRows]:
    """Yield rows in which kept columns that are read for the reviews table stand a second time.

    Args:
        parts: rows whose fields were called by ``name_kept``.
        names: for each field the column of the reviews table that it holds, or None.
        header: what the file calls them.
        kept: the columns to keep.
    """
    called = map(str, range(len(header))) if kept == ALL_COLUMNS else iter(header)
    read = {
        column: name
        for name, column in zip(names, called, strict=True)
        if name is not None and (kept == ALL_COLUMNS or column in kept)
    }
    for rows in parts:
        again = {
            kept_name(column): rows.columns[name]
            for column, name in read.items()
            if name in rows.columns
        }
        yield replace(rows, columns={**rows.columns, **again}) if again else rows


def nested_text(value: Any) -> str:
    """Return a list or an object of a kept field as JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
