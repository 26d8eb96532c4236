"""Dialects of databases and engines, written by their published rules, and by DuckDB itself."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import duckdb

from bench.dialects.base import Dialect, csv_text, nullable_lines, put, text_rows
from bench.dialects.columnar import arrow_table
from bench.dialects.jsons import dumped, plain_objects
from bench.dialects.reviews import Reviews


def _joined(lines: Iterable[Iterable[str]], separator: str) -> str:
    return "".join(separator.join(line) + "\n" for line in lines)


def _spark_field(text: str) -> str:
    r"""Return a field as univocity's writer has it with Spark's options.

    What holds a separator, a quote or a line break is quoted, and in it ``\`` stands before quotes
    and backslashes.
    """
    if not any(character in text for character in ',"\n\r'):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _spark_folder(folder: Path, parts: list[str], suffix: str) -> Path:
    """Write parts as Spark names them, with the mark of success and checksums beside."""
    out = folder / "reviews"
    out.mkdir()
    for number, text in enumerate(parts):
        name = f"part-{number:05d}-2f6d1b1c-7d53-4f0c-9d4e-0d6f5f0c8f61-c000{suffix}"
        put(out / name, text)
        (out / f".{name}.crc").write_bytes(b"crc\0\0\0\2\0\x1f\x8b\x08\0")
    (out / "_SUCCESS").write_bytes(b"")
    (out / "._SUCCESS.crc").write_bytes(b"crc\0\0\0\2\0")
    return out


def _halves(rows: list[Any]) -> list[list[Any]]:
    middle = (len(rows) + 1) // 2
    return [half for half in (rows[:middle], rows[middle:]) if half]


def _spark_csv(reviews: Reviews, folder: Path) -> Path:
    rows = text_rows(reviews, flags=("false", "true"))
    parts = [
        _joined([[*map(_spark_field, line)] for line in [reviews.header, *half]], ",")
        for half in _halves(rows)
    ]
    return _spark_folder(folder, parts, ".csv")


def _spark_one_file(reviews: Reviews, folder: Path) -> Path:
    lines = [reviews.header, *text_rows(reviews, flags=("false", "true"))]
    text = _joined([[*map(_spark_field, line)] for line in lines], ",")
    return put(folder / "reviews.csv", text)


def _spark_kept(reviews: Reviews) -> Reviews:
    """Trim texts, as ``ignoreLeadingWhiteSpace`` does on writing."""
    blanks = "".join(map(chr, range(33)))
    return reviews.changed(lambda text: text.strip(blanks))


def _spark_json(reviews: Reviews, folder: Path) -> Path:
    objects = [
        {name: value for name, value in one.items() if value is not None}
        for one in plain_objects(reviews)
    ]
    parts = ["".join(dumped(one) + "\n" for one in half) for half in _halves(objects)]
    return _spark_folder(folder, parts, ".json")


def _outfile_field(text: str | None, separator: str, quote: str) -> str:
    r"""Return a field of MySQL's ``SELECT ... INTO OUTFILE``.

    Source: sql/sql_class.cc, ``NEED_ESCAPING``: a backslash stands before backslashes, line ends,
    the quote where fields are enclosed or else the separator; NULL is ``\N``.
    """
    if text is None:
        return "\\N"
    escaped = {"\\", "\n", quote or separator}
    inner = "".join("\\" + one if one in escaped else one for one in text)
    return quote + inner + quote


def _outfile(
    file: str, separator: str = "\t", quote: str = "", *, header: bool = True
) -> Callable[[Reviews, Path], Path]:
    """Return what writes as MySQL does, with names of columns by a UNION if at all."""

    def write(reviews: Reviews, folder: Path) -> Path:
        rows: list[list[str | None]] = [
            [
                None if row[name] is None else text
                for name, text in zip(reviews.columns, line, strict=True)
            ]
            for row, line in zip(reviews.rows, text_rows(reviews, flags=("0", "1")), strict=True)
        ]
        lines: list[list[str | None]] = [[*reviews.header], *rows] if header else rows
        fields = [[_outfile_field(text, separator, quote) for text in line] for line in lines]
        return put(folder / file, _joined(fields, separator))

    return write


def _mysql_batch(reviews: Reviews, folder: Path) -> Path:
    r"""Write as ``mysql --batch`` prints: ``\t``, ``\n`` and ``\\`` for those characters."""
    table = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n"})
    lines = [reviews.header, *text_rows(reviews, null="NULL", flags=("0", "1"))]
    return put(
        folder / "reviews.tsv",
        _joined([[one.translate(table) for one in line] for line in lines], "\t"),
    )


def _postgres_text(reviews: Reviews, folder: Path) -> Path:
    r"""Write as ``COPY ... (HEADER)`` does: letters behind a backslash, ``\N`` for NULL."""
    table = str.maketrans(
        {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\v": "\\v", "\f": "\\f"}
    )
    lines = [
        ["\\N" if text is None else text.translate(table) for text in line]
        for line in nullable_lines(reviews, flags=("f", "t"))
    ]
    return put(folder / "reviews.tsv", _joined(lines, "\t"))


def _postgres_csv(reviews: Reviews, folder: Path) -> Path:
    """Write as ``COPY ... (FORMAT csv, HEADER)`` does."""
    text = csv_text(reviews.header, text_rows(reviews, flags=("f", "t")), lineterminator="\n")
    return put(folder / "reviews.csv", text)


def _sqlite(reviews: Reviews, folder: Path) -> Path:
    """Write as SQLite's shell does in ``.mode csv``: what holds a blank or a quote is quoted."""

    def field(text: str) -> str:
        plain = text and all(33 <= ord(one) < 127 and one not in "\"',;" for one in text)
        return text if plain else '"' + text.replace('"', '""') + '"'

    lines = [
        ["" if text is None else field(text) for text in line]
        for line in nullable_lines(reviews, flags=("0", "1"))
    ]
    return put(folder / "reviews.csv", "".join(",".join(line) + "\r\n" for line in lines))


def _bigquery(reviews: Reviews, folder: Path) -> Path:
    """Write as an export of BigQuery is: RFC 4180 with ``\\n``, flags in lower case."""
    text = csv_text(
        reviews.header, text_rows(reviews, flags=("false", "true")), lineterminator="\n"
    )
    return put(folder / "reviews-000000000000.csv", text)


def _redshift(reviews: Reviews, folder: Path) -> Path:
    r"""Write as ``UNLOAD ... HEADER ADDQUOTES ESCAPE`` does: pipes, all quoted, backslashes."""

    def field(text: str) -> str:
        escaped = "".join("\\" + one if one in '\\"|\n\r' else one for one in text)
        return f'"{escaped}"'

    lines = [reviews.header, *text_rows(reviews, flags=("f", "t"))]
    return put(folder / "reviews.csv", _joined([[*map(field, line)] for line in lines], "|"))


def _athena(reviews: Reviews, folder: Path) -> Path:
    """Write as Athena's results are: every value quoted, NULL bare and empty."""

    def field(text: str | None) -> str:
        return "" if text is None else '"' + text.replace('"', '""') + '"'

    lines = nullable_lines(reviews, flags=("false", "true"))
    return put(folder / "reviews.csv", _joined([[*map(field, line)] for line in lines], ","))


def _duckdb(file: str, options: str) -> Callable[[Reviews, Path], Path]:
    """Return what lets DuckDB write a file."""

    def write(reviews: Reviews, folder: Path) -> Path:
        table = arrow_table(reviews)
        with duckdb.connect() as connection:
            connection.register("reviews", table)
            connection.execute(f"COPY reviews TO '{folder / file}' ({options})")
        return folder / file

    return write


def _headerless(reviews: Reviews) -> Reviews:
    """Keep the rating and the text, as the sets have it whose columns have no names."""
    rows = [
        {"star_rating": row.get("star_rating") or 3, "review_body": row["review_body"]}
        for row in reviews.rows
    ]
    return Reviews(("star_rating", "review_body"), {}, frozenset(), rows)


DATABASES: Final = (
    Dialect("Spark: CSV, a folder of parts", _spark_csv, _spark_kept, gzip=False),
    Dialect("Spark: CSV, one file", _spark_one_file, _spark_kept),
    Dialect("Spark: JSON, a folder of parts", _spark_json, gzip=False),
    Dialect("MySQL: OUTFILE with names", _outfile("reviews.txt")),
    Dialect("MySQL: OUTFILE with names, .tsv", _outfile("reviews.tsv")),
    Dialect("MySQL: OUTFILE, enclosed", _outfile("reviews.csv", ",", '"')),
    Dialect("MySQL: OUTFILE without names", _outfile("reviews.tsv", header=False), _headerless),
    Dialect("MySQL: --batch", _mysql_batch),
    Dialect("PostgreSQL: COPY text", _postgres_text),
    Dialect("PostgreSQL: COPY CSV", _postgres_csv),
    Dialect("SQLite: .mode csv", _sqlite),
    Dialect("BigQuery: CSV", _bigquery),
    Dialect("Redshift: UNLOAD ADDQUOTES ESCAPE", _redshift),
    Dialect("Athena: results", _athena),
    Dialect("DuckDB: CSV", _duckdb("reviews.csv", "FORMAT csv, HEADER")),
    Dialect("DuckDB: CSV, tab", _duckdb("reviews.tsv", "FORMAT csv, HEADER, DELIMITER '\t'")),
    Dialect("DuckDB: CSV, all quoted", _duckdb("reviews.csv", "FORMAT csv, HEADER, FORCE_QUOTE *")),
    Dialect("DuckDB: JSON lines", _duckdb("reviews.json", "FORMAT json")),
    Dialect("DuckDB: JSON array", _duckdb("reviews.json", "FORMAT json, ARRAY true")),
    Dialect("DuckDB: Parquet", _duckdb("reviews.parquet", "FORMAT parquet"), gzip=False),
)
"""What databases write."""
