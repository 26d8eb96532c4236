"""Headers that stand in a file again, where several files were joined to one."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.sources.raw_rows import RawRows
from reviewdesk.sources.tally import Tally

_FORMS: Final = ("{}", '"{}"', "\ufeff{}", '\ufeff"{}"')
"""How a name may stand there: each of the joined files may have begun with a mark."""


FEW: Final = 50
"""So few rows are looked at one by one."""


def without_headers(
    parts: Iterator[RawRows], names: Sequence[str | None], header: Sequence[str], tally: Tally
) -> Iterator[RawRows]:
    """Yield rows without those that are the header again, and note how many were.

    Such a line is no record, just as the first header is none. Of a table of one column it may be a
    text.

    Args:
        parts: the rows below the header.
        names: for each field the column of the reviews table that it holds, or None.
        header: what the file calls them.
        tally: takes the note.
    """
    called = {name: column for name, column in zip(names, header, strict=True) if name}
    repeated, first = 0, None
    for rows in parts:
        again = _headers(rows, called) if len(header) > 1 else np.empty(0, np.int64)
        if len(called) == 1:
            again = np.array([row for row in again if _holds(rows.raw(int(row)), header)], np.int64)
        if len(again):
            first = first if repeated else rows.line(int(again[0]))
            repeated += len(again)
        yield rows.without(again)
    if repeated:
        where = "" if first is None else f", the first at line {first}"
        tally.notes.append(
            f"{tally.file} has its header {repeated:,} more times{where}: such lines are no "
            "reviews and were left out"
        )


def _headers(rows: RawRows, header: Mapping[str, str]) -> NDArray[np.int64]:
    """Return which rows hold the columns' names, ascending."""
    rows_left = np.arange(rows.count)
    for name, column in header.items():
        if len(rows_left) and name in rows.columns:
            names = [form.format(column) for form in _FORMS]
            values = rows.columns[name]
            if len(rows_left) <= FEW:  # as in ten thousand small files
                rows_left = np.array(
                    [row for row in rows_left.tolist() if values[row].as_py() in names], np.int64
                )
                continue
            among = pc.is_in(values.take(pa.array(rows_left)), pa.array(names, values.type))
            rows_left = rows_left[among.to_numpy(zero_copy_only=False)]
    return rows_left


def _holds(line: bytes, header: Sequence[str]) -> bool:
    """Say whether a line holds all names of columns and nothing else but what separates them."""
    rest = line.decode(errors="replace")
    for name in sorted(header, key=len, reverse=True):
        if name not in rest:
            return False
        rest = rest.replace(name, "", 1)
    return not any(map(str.isalnum, rest))
