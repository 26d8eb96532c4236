"""CSV that a spreadsheet can open: every cell quoted, none of them run as a formula.

A cell that begins with ``=``, ``+``, ``-`` or ``@`` (also full-width, also behind spaces or control
characters) gets an apostrophe in front. The same goes for what follows a line break, a tab or a
semicolon inside a cell, unless a space or a bracket comes next: a spreadsheet that takes semicolons
for separators cuts cells there. Source: OWASP, CSV Injection; RFC 4180 for the quoting.
"""

import io
from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

_SIGNS: Final = "=+\\-@＝＋－＠"
# Apostrophes that are there already get one more, so that ``restore`` knows which to take away.
_START: Final = rf"'*[\s\x00-\x20\x{{feff}}]*[{_SIGNS}]"
_CUT: Final = r"[;\t\r\n][ \t\r\n]*"
_CELL: Final = rf"'*[{_SIGNS}][^\s);]"  # not a semicolon: the next cell begins behind it


def neutralise(values: pa.Array) -> pa.Array:
    """Return texts that no spreadsheet runs as a formula.

    Args:
        values: (n,) texts of any Arrow string type; null stays null.
    """
    begun = pc.replace_substring_regex(values, f"^({_START})", r"'\1")
    return pc.replace_substring_regex(begun, f"({_CUT})({_CELL})", r"\1'\2")


def restore(values: pa.Array) -> pa.Array:
    """Return texts as they were before ``neutralise``.

    Args:
        values: (n,) what it returned.
    """
    inside = pc.replace_substring_regex(values, f"({_CUT})'({_CELL})", r"\1\2")
    return pc.replace_substring_regex(inside, f"^'({_START})", r"\1")


def csv_header(names: Sequence[str], separator: str = ",") -> bytes:
    """Return the first line of a CSV file."""
    quoted = ('"' + name.replace('"', '""') + '"' for name in names)
    return (separator.join(quoted) + "\n").encode()


def csv_rows(rows: pa.RecordBatch, separator: str = ",") -> tuple[bytes, int]:
    """Return rows as CSV, null as nothing between two separators.

    Returns:
        The lines, and how many cells were neutralised.
    """
    columns, changed = [], 0
    for column in rows.columns:
        if pa.types.is_string(column.type):
            safe = neutralise(column)
            changed += pc.sum(pc.not_equal(safe, column)).as_py() or 0
            column = safe  # noqa: PLW2901
        columns.append(column)
    sink = io.BytesIO()
    options = pyarrow.csv.WriteOptions(
        include_header=False, quoting_style="all_valid", delimiter=separator
    )
    pyarrow.csv.write_csv(
        pa.RecordBatch.from_arrays(columns, names=rows.schema.names), sink, options
    )
    return sink.getvalue(), changed
