"""Columns of a file that are kept beside the reviews table, as they stand.

While rows are text, such a column is called by ``kept_name``, because a file may call one of its
own as the reviews table calls another.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from reviewdesk.sources.rows import RawRows

_KEPT: Final = "kept:"


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
    return [
        kept_name(column)
        if name is None and column in kept and header.index(column) == place
        else name
        for place, (name, column) in enumerate(zip(names, header, strict=True))
    ]


def repeat_kept(
    parts: Iterator[RawRows], columns: Mapping[str, str], kept: Sequence[str]
) -> Iterator[RawRows]:
    """Yield rows in which kept columns that are read for the reviews table stand a second time.

    Args:
        parts: rows whose fields were called by ``name_kept``.
        columns: column of the reviews table → column of the file.
        kept: the columns to keep.
    """
    read = {column: name for name, column in columns.items() if column in kept}
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
