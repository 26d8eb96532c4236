"""Lines of tab-separated fields cut into columns: exact, and fast because nothing is parsed.

Quoting is off: a tab always ends a field and ``\\n`` always ends a line. The positions of both are
found by numpy and the fields are copied out by Arrow. ``pyarrow.csv`` is no choice here: it also
ends a line at a lone ``\\r`` and does not say on which line a bad row stood.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.sources.encoding import is_utf8
from reviewdesk.sources.lines import LineBlock, records_at_returns
from reviewdesk.sources.raw_rows import RawRows
from reviewdesk.sources.rejects import Rejects

_TAB: Final = 9
_NEWLINE: Final = 10
_RETURN: Final = 13


def split_block(
    block: LineBlock, names: Sequence[str | None], rejects: Rejects, separator: int = _TAB
) -> RawRows:
    """Cut a block of lines into columns.

    Args:
        block: whole lines.
        names: for each field of a line, the column of the reviews table that it holds, or None.
        rejects: where lines with another number of fields, or that are not UTF-8, go.
        separator: the byte that separates fields.

    Returns:
        The good lines; empty lines are no rows.
    """
    block, returns = _at_returns(block, len(names) - 1, bytes([separator]))
    data = np.frombuffer(block.data, np.uint8)
    ends = np.flatnonzero(data == _NEWLINE)  # (lines,)
    starts = np.concatenate([[0], ends + 1])[:-1].astype(np.int64)
    tabs = np.flatnonzero(data == separator)
    counts = np.diff(np.searchsorted(tabs, ends), prepend=0)  # tabs in each line
    text_ends = ends - ((ends > starts) & (data[ends - 1] == _RETURN))  # \r\n ends a line, too
    numbers = block.first_line + np.arange(len(ends)) - np.searchsorted(returns, starts)
    blank = text_ends == starts
    good = (counts == len(names) - 1) & ~blank
    bad_text = _not_utf8(block.data, starts, ends, good)
    for line in np.flatnonzero(bad_text | ~(good | blank)).tolist():
        reason = "bad_utf8" if bad_text[line] else "wrong_field_count"
        rejects.add(int(numbers[line]), reason, block.data[starts[line] : text_ends[line]])
    good &= ~bad_text

    inner = tabs[np.repeat(good, counts)].reshape(good.sum(), len(names) - 1)  # (rows, fields - 1)
    first = np.column_stack([starts[good], inner + 1])
    last = np.column_stack([inner, text_ends[good]])
    buffer = pa.py_buffer(block.data)
    columns = {
        name: _slices(buffer, first[:, place], last[:, place])
        for place, name in enumerate(names)
        if name is not None
    }
    lines = numbers[good].tolist()
    return RawRows(columns, len(first), lines, _raw(block.data, first[:, 0], last[:, -1]))


def _at_returns(
    block: LineBlock, separators: int, separator: bytes
) -> tuple[LineBlock, NDArray[np.int64]]:
    r"""Return a block whose lines also end at ``\r``, where records stand between, and where.

    Args:
        block: whole lines.
        separators: how many a record has.
        separator: the byte.
    """
    data = block.data
    if data.count(b"\r") == data.count(b"\r\n"):
        return block, np.empty(0, np.int64)

    def is_record(piece: bytes) -> bool:
        return piece.count(separator) == separators

    lines = data.split(b"\n")
    for place, line in enumerate(lines):
        if separators and not is_record(line) and records_at_returns(line, is_record):
            ended = line.rstrip(b"\r")
            lines[place] = ended.replace(b"\r", b"\n") + line[len(ended) :]
    divided = b"\n".join(lines)
    changed = np.frombuffer(divided, np.uint8) != np.frombuffer(data, np.uint8)
    return LineBlock(divided, block.first_line), np.flatnonzero(changed)


def _slices(buffer: pa.Buffer, first: NDArray[np.int64], last: NDArray[np.int64]) -> pa.Array:
    """Return the text from each first byte to before each last one.

    The buffer is read as alternating values, wanted and unwanted, of which every other is taken.
    """
    offsets = np.column_stack([first, last]).astype(np.int32).ravel()
    if not len(offsets):
        return pa.array([], pa.string())
    values = pa.Array.from_buffers(
        pa.string(), len(offsets) - 1, [None, pa.py_buffer(offsets), buffer]
    )
    return values.take(pa.array(np.arange(0, len(values), 2)))


def _not_utf8(
    data: bytes, starts: NDArray[np.int64], ends: NDArray[np.int64], good: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Say which good lines are not UTF-8: the block is looked at as one, lines only if need be."""
    bad = np.zeros(len(starts), np.bool_)
    if is_utf8(data):
        return bad
    for line in np.flatnonzero(good).tolist():
        bad[line] = not is_utf8(data[starts[line] : ends[line]])
    return bad


def _raw(data: bytes, first: NDArray[np.int64], last: NDArray[np.int64]) -> Callable[[int], bytes]:
    return lambda row: data[first[row] : last[row]]
