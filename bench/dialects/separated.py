"""Dialects of Python's ``csv`` and of other languages' own CSV writers."""

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from bench.dialects.base import Dialect, csv_text, encodable, put, text_rows, without
from bench.dialects.reviews import AMAZON_COLUMNS, Reviews


def _module(
    file: str = "reviews.csv", encoding: str = "utf-8", **options: Any
) -> Callable[[Reviews, Path], Path]:
    """Return what writes with the ``csv`` module; the options are the module's own."""

    def write(reviews: Reviews, folder: Path) -> Path:
        text = csv_text(reviews.header, text_rows(reviews), **options)
        return put(folder / file, text, encoding)

    return write


def _non_numeric(reviews: Reviews, folder: Path) -> Path:
    """Write with QUOTE_NONNUMERIC, which tells numbers by their type."""
    texts = text_rows(reviews)
    rows = [
        [
            value if isinstance(value, int) and not isinstance(value, bool) else text
            for value, text in zip((row[name] for name in reviews.columns), line, strict=True)
        ]
        for row, line in zip(reviews.rows, texts, strict=True)
    ]
    text = csv_text(reviews.header, rows, quoting=csv.QUOTE_NONNUMERIC)
    return put(folder / "reviews.csv", text)


def _amazon(reviews: Reviews, folder: Path) -> Path:
    """Write as the Amazon Customer Reviews data set is: tabs, and nothing is quoted."""
    lines = [reviews.header, *text_rows(reviews, flags=("N", "Y"))]
    return put(folder / "reviews.tsv", "".join("\t".join(line) + "\n" for line in lines))


def _amazon_columns(reviews: Reviews) -> Reviews:
    rows = [{name: row.get(name) for name in AMAZON_COLUMNS} for row in reviews.rows]
    for number, row in enumerate(rows):
        row["review_id"] = row["review_id"] or f"R{number:013d}"
    whole = Reviews(AMAZON_COLUMNS, {}, frozenset(), rows)
    return without("\t\r\n")(whole)


def _php(reviews: Reviews, folder: Path) -> Path:
    """Write as PHP's ``fputcsv`` does.

    Source: ext/standard/file.c, ``php_fputcsv``: a quote behind a backslash is not doubled.
    """

    def field(text: str) -> str:
        if not any(character in text for character in ',"\\\n\r\t '):
            return text
        written, escaped = [], False
        for character in text:
            if character == "\\":
                escaped = True
            elif not escaped and character == '"':
                written.append('"')
            else:
                escaped = False
            written.append(character)
        return '"' + "".join(written) + '"'

    lines = [reviews.header, *text_rows(reviews, flags=("", "1"))]
    return put(folder / "reviews.csv", "".join(",".join(map(field, line)) + "\n" for line in lines))


def _php_kept(reviews: Reviews) -> Reviews:
    """Leave out what PHP itself cannot read back: a quote behind a backslash; no is empty."""
    rows = [
        {name: None if value is False else value for name, value in row.items()}
        for row in reviews.rows
    ]
    kept = replace(reviews, rows=rows)
    return kept.changed(lambda text: text.replace('\\"', "\\ ").removesuffix("\\"))


def _r(reviews: Reviews, folder: Path) -> Path:
    """Write as R's ``write.csv`` does: names of rows first, texts quoted, NA bare."""

    def field(value: Any, text: str) -> str:
        bare = value is None or not isinstance(value, str)
        return text if bare else '"' + text.replace('"', '""') + '"'

    lines = [",".join(f'"{name}"' for name in ("", *reviews.header))]
    texts = text_rows(reviews, null="NA", flags=("FALSE", "TRUE"))
    for number, (row, line) in enumerate(zip(reviews.rows, texts, strict=True), 1):
        values = (row[name] for name in reviews.columns)
        fields = [field(value, text) for value, text in zip(values, line, strict=True)]
        lines.append(",".join([f'"{number}"', *fields]))
    return put(folder / "reviews.csv", "\n".join(lines) + "\n")


def _powershell(reviews: Reviews, folder: Path) -> Path:
    """Write as Windows PowerShell's ``Export-Csv`` does: a line about types, all quoted, a BOM."""
    text = csv_text(reviews.header, text_rows(reviews), quoting=csv.QUOTE_ALL)
    return put(folder / "reviews.csv", "#TYPE Selected.System.Object\r\n" + text, "utf-8-sig")


_ESCAPED: Final[dict[str, Any]] = {"doublequote": False, "escapechar": "\\"}

SEPARATED: Final = (
    Dialect("csv: excel", _module()),
    Dialect("csv: unix, all quoted", _module(dialect="unix")),
    Dialect("csv: numbers not quoted", _non_numeric),
    Dialect("csv: excel-tab", _module("reviews.tsv", dialect="excel-tab")),
    Dialect("csv: tab, all quoted", _module("reviews.tsv", delimiter="\t", quoting=csv.QUOTE_ALL)),
    Dialect("csv: tab in a .txt", _module("reviews.txt", delimiter="\t")),
    Dialect("csv: semicolon", _module(delimiter=";")),
    Dialect("csv: pipe", _module(delimiter="|", lineterminator="\n")),
    Dialect("csv: escaped quotes", _module(**_ESCAPED)),
    Dialect("csv: escaped quotes, all quoted", _module(quoting=csv.QUOTE_ALL, **_ESCAPED)),
    Dialect(
        "csv: no quotes, escaped",
        _module("reviews.tsv", delimiter="\t", quoting=csv.QUOTE_NONE, escapechar="\\"),
    ),
    Dialect("csv: UTF-8 with a BOM", _module(encoding="utf-8-sig")),
    Dialect("csv: UTF-16", _module(encoding="utf-16")),
    Dialect("csv: UTF-16 without a BOM", _module(encoding="utf-16-le")),
    Dialect("csv: Windows-1252", _module(encoding="cp1252"), encodable("cp1252")),
    Dialect("Amazon's TSV", _amazon, _amazon_columns),
    Dialect("PHP: fputcsv", _php, _php_kept),
    Dialect("R: write.csv", _r),
    Dialect("PowerShell: Export-Csv", _powershell),
)
"""What writes text in columns."""
