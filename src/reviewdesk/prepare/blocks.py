"""Cutting a stream of rows into blocks whose bounds depend on the rows alone."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def blocks(tables: Iterable[pa.Table], max_rows: int, max_bytes: int) -> Iterator[pa.Table]:
    """Yield the same rows in blocks of one chunk each.

    However the rows arrive, the blocks are the same; so are the bytes of a file that is written
    from them.

    Args:
        tables: parts of one table, in order.
        max_rows: rows in a block at most.
        max_bytes: a block ends with the row whose text brings it to this many bytes or more.
    """
    waiting: list[pa.Table] = []
    rows = size = 0
    for table in tables:
        sizes = np.cumsum(text_bytes(table))
        start = 0
        while start < table.num_rows:
            before = int(sizes[start - 1]) if start else 0
            full = int(np.searchsorted(sizes, max_bytes - size + before)) + 1
            end = min(table.num_rows, start + max_rows - rows, full)
            waiting.append(table.slice(start, end - start))
            rows += end - start
            size += int(sizes[end - 1]) - before
            start = end
            if rows == max_rows or size >= max_bytes:
                yield pa.concat_tables(waiting).combine_chunks()
                waiting, rows, size = [], 0, 0
    if rows:
        yield pa.concat_tables(waiting).combine_chunks()


def text_bytes(table: pa.Table) -> NDArray[np.int64]:
    """Return how many bytes of text each row holds.

    Returns:
        (n,) int64.
    """
    total = np.zeros(table.num_rows, np.int64)
    for column in table.columns:
        if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
            total += pc.fill_null(pc.binary_length(column), 0).to_numpy()
    return total
