"""Dialects of spreadsheets, which write as the country does that they are set to."""

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.dialects.base import Dialect, csv_text, encodable, put, text_rows
from bench.dialects.reviews import Reviews

LONGEST_CELL: Final = 32_767
"""Excel's limit of characters in a cell."""


class Locale(NamedTuple):
    """How a country writes lists, no and yes, and dates."""

    separator: str
    flags: tuple[str, str]
    day: Callable[[date], str]


US: Final = Locale(",", ("FALSE", "TRUE"), lambda day: f"{day.month}/{day.day}/{day.year}")
UK: Final = Locale(",", ("FALSE", "TRUE"), lambda day: f"{day:%d/%m/%Y}")
GERMANY: Final = Locale(";", ("FALSCH", "WAHR"), lambda day: f"{day:%d.%m.%Y}")
FRANCE: Final = Locale(";", ("FAUX", "VRAI"), lambda day: f"{day:%d/%m/%Y}")


def _cells(reviews: Reviews) -> Reviews:
    """Cut texts as a cell does, whose lines end in one character."""
    return reviews.changed(lambda text: text.replace("\r\n", "\n")[:LONGEST_CELL])


def _ascii_cells(reviews: Reviews) -> Reviews:
    return encodable("ascii")(_cells(reviews)).changed(lambda text: text.replace("\n", " "))


def _windows_cells(reviews: Reviews) -> Reviews:
    return encodable("cp1252")(_cells(reviews))


def _saved(
    locale: Locale,
    *,
    encoding: str = "utf-8-sig",
    before: str = "",
    extra: int = 0,
    **options: Any,
) -> Callable[[Reviews, Path], Path]:
    """Return what saves as a spreadsheet of a locale does.

    Args:
        locale: the country.
        encoding: of the text.
        before: what stands above the header.
        extra: how many empty columns a sheet has behind the last.
        options: of ``csv``.
    """

    def write(reviews: Reviews, folder: Path) -> Path:
        rows = text_rows(reviews, flags=locale.flags, day=locale.day)
        options.setdefault("delimiter", locale.separator)
        empty = [""] * extra
        text = csv_text([*reviews.header, *empty], [[*row, *empty] for row in rows], **options)
        return put(folder / "reviews.csv", before + text, encoding)

    return write


def _google(reviews: Reviews, folder: Path) -> Path:
    rows = text_rows(reviews, flags=("FALSE", "TRUE"))
    return put(folder / "reviews.csv", csv_text(reviews.header, rows).removesuffix("\r\n"))


_MAC: Final[dict[str, Any]] = {"lineterminator": "\r", "encoding": "ascii"}
_TITLE: Final = "Reviews of 2024\r\n\r\n"

SPREADSHEETS: Final = (
    Dialect("Excel, US: CSV UTF-8", _saved(US), _cells, gzip=False),
    Dialect("Excel, US: CSV", _saved(US, encoding="cp1252"), _windows_cells, gzip=False),
    Dialect("Excel, US: empty columns behind", _saved(US, extra=2), _cells, gzip=False),
    Dialect("Excel, US: CSV (Macintosh)", _saved(US, **_MAC), _ascii_cells, gzip=False),
    Dialect(
        "Excel, US: Unicode text",
        _saved(US, encoding="utf-16", delimiter="\t"),
        _cells,
        gzip=False,
    ),
    Dialect("Excel, UK: CSV UTF-8", _saved(UK), _cells, gzip=False),
    Dialect("Excel, Germany: CSV UTF-8", _saved(GERMANY), _cells, gzip=False),
    Dialect("Excel, Germany: CSV", _saved(GERMANY, encoding="cp1252"), _windows_cells, gzip=False),
    Dialect("Excel, Germany: sep=;", _saved(GERMANY, before="sep=;\r\n"), _cells, gzip=False),
    Dialect("Excel, France: CSV UTF-8", _saved(FRANCE), _cells, gzip=False),
    Dialect("Excel, US: a title above", _saved(US, before=_TITLE), _cells, gzip=False),
    Dialect(
        "LibreOffice, Germany: all quoted",
        _saved(GERMANY, encoding="utf-8", lineterminator="\n", quoting=csv.QUOTE_ALL),
        _cells,
        gzip=False,
    ),
    Dialect("Google Sheets: CSV", _google, _cells, gzip=False),
)
"""What spreadsheets save as text."""
