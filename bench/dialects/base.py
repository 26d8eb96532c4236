"""What a dialect is, and the steps that many share."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bench.dialects.reviews import Reviews


def as_it_is(reviews: Reviews) -> Reviews:
    """Change nothing."""
    return reviews


@dataclass(frozen=True)
class Dialect:
    """One way to write reviews down.

    Args:
        name: the program and its options.
        write: writes reviews into an empty folder and returns the file or folder to read.
        kept: what the program makes of reviews before it writes them, such as text without tabs;
            what is right to read back.
        gzip: whether people compress such files.
    """

    name: str
    write: Callable[[Reviews, Path], Path]
    kept: Callable[[Reviews], Reviews] = as_it_is
    gzip: bool = True


def text_rows(
    reviews: Reviews,
    *,
    null: str = "",
    flags: tuple[str, str] = ("False", "True"),
    day: Callable[[date], str] = date.isoformat,
) -> list[list[str]]:
    """Return every value as text.

    Args:
        reviews: to be written.
        null: what stands for nothing.
        flags: no and yes.
        day: writes a date.
    """

    def text(value: Any) -> str:
        if value is None:
            return null
        if isinstance(value, bool):
            return flags[value]
        return day(value) if isinstance(value, date) else str(value)

    return [[text(row[column]) for column in reviews.columns] for row in reviews.rows]


def nullable_lines(
    reviews: Reviews, *, flags: tuple[str, str], header: bool = True
) -> list[list[str | None]]:
    """Return the header and every value as text, and None for nothing.

    Args:
        reviews: to be written.
        flags: no and yes.
        header: whether there is one.
    """
    lines: list[list[str | None]] = [[*reviews.header]] if header else []
    for row, line in zip(reviews.rows, text_rows(reviews, flags=flags), strict=True):
        texts = zip(reviews.columns, line, strict=True)
        lines.append([None if row[name] is None else text for name, text in texts])
    return lines


def csv_text(header: Sequence[str] | None, rows: Iterable[Sequence[Any]], **options: Any) -> str:
    """Return rows as Python's own module writes them."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, **options)
    if header is not None:
        writer.writerow(header)
    writer.writerows(rows)
    return file.getvalue()


def put(path: Path, text: str, encoding: str = "utf-8") -> Path:
    """Write a file as it is, line ends and all; return its path."""
    path.write_bytes(text.encode(encoding))
    return path


def without(characters: str) -> Callable[[Reviews], Reviews]:
    """Return a step that puts a blank where a text has one of some characters."""
    table = {ord(character): " " for character in characters}
    return lambda reviews: reviews.changed(lambda text: text.translate(table))


def encodable(encoding: str) -> Callable[[Reviews], Reviews]:
    """Return a step that puts ``?`` where an encoding lacks a character."""
    return lambda reviews: reviews.changed(
        lambda text: text.encode(encoding, "replace").decode(encoding)
    )
