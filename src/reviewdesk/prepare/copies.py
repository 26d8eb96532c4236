"""Finding copies of one review over variants of a product, which stay and are marked.

Shops show one review under every colour and size of a product, and some data sets hold it once for
each. Rows are copies when customer, text, day and stars are equal and the products are not; texts
that may be equal by chance only when headline and parent product are equal too (``identity``). All
but the one with the smallest id are copies of that one.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.engines.base import Engine
from reviewdesk.prepare.duplicates import (
    DECIDED,
    ID_AS_WRITTEN,
    PlacedRun,
    RowNumbers,
    Verdicts,
    add_keys,
)
from reviewdesk.prepare.layout import are_files, files_sha256
from reviewdesk.schema import COPY_OF
from reviewdesk.storage import left_record, storage_errors, write_record, write_then_rename

MARKER: Final = "copies.json"
COPIES_FILE: Final = "copies.arrow"

_SCHEMA: Final = pa.schema(
    [pa.field("row", pa.int64(), False), pa.field("original", pa.string(), False)]
)

COPIES_QUERY: Final = f"""
WITH repeated AS (
    SELECT copy_1, copy_2 FROM keys WHERE may_be_copy
    GROUP BY copy_1, copy_2 HAVING min(product_hash) < max(product_hash)
), staying AS (
    SELECT keys.place, keys.copy_1, keys.copy_2, keys.product_hash,
        {ID_AS_WRITTEN} AS id
    FROM keys
    JOIN repeated ON keys.copy_1 = repeated.copy_1 AND keys.copy_2 = repeated.copy_2
    LEFT JOIN {DECIDED} ON keys.place = {DECIDED}.place
    WHERE keys.may_be_copy AND ({DECIDED}.verdict IS NULL OR {DECIDED}.verdict > 0)
), originals AS (
    SELECT copy_1, copy_2, min(id) AS original FROM staying
    GROUP BY copy_1, copy_2 HAVING min(product_hash) < max(product_hash)
)
SELECT staying.place, originals.original
FROM staying
JOIN originals ON staying.copy_1 = originals.copy_1 AND staying.copy_2 = originals.copy_2
WHERE staying.id <> originals.original
ORDER BY staying.place
"""
"""SQL for place and original's id of all rows of ``keys`` that are copies and stay."""


class Copies:
    """Which rows of all runs are copies of which reviews.

    The file is mapped into memory and not read, so that any number of copies takes no more of it
    than there is.

    Args:
        path: written by ``find_copies``.
    """

    def __init__(self, path: Path) -> None:
        with storage_errors(str(path)), pa.memory_map(str(path)) as file:
            table = pa.ipc.open_file(file).read_all()
        self._rows = [chunk.to_numpy() for chunk in table["row"].chunks]
        self._originals = table["original"].chunks
        self._first = [int(rows[0]) for rows in self._rows]

    def of(self, run: PlacedRun, start: int, rows: int) -> pa.Array:
        """Return the original's id for each of some rows of a run, (rows,) strings or null."""
        first = run.offset + start
        is_copy = np.zeros(rows, np.bool_)
        originals = []
        begin = max(0, bisect_right(self._first, first) - 1)
        for chunk in range(begin, bisect_left(self._first, first + rows)):
            low, high = np.searchsorted(self._rows[chunk], [first, first + rows])
            is_copy[self._rows[chunk][low:high] - first] = True
            originals.append(self._originals[chunk].slice(low, high - low))
        nothing = pa.nulls(rows, COPY_OF.type)
        if not is_copy.any():
            return nothing
        return pc.replace_with_mask(nothing, pa.array(is_copy), pa.concat_arrays(originals))


def find_copies(
    runs: Sequence[PlacedRun], verdicts: Verdicts, directory: Path, engine: Engine
) -> Copies:
    """Find the copies over variants among the rows that stay.

    Args:
        runs: all runs, in order.
        verdicts: what became of their rows.
        directory: where the copies are written; those of an earlier run are taken up.
        engine: does the counting.

    Raises:
        StorageError: the disk is full.
    """
    path = directory / COPIES_FILE
    found = left_record(directory / MARKER)
    if found is None or not are_files(found["sha256"], path):
        with write_then_rename(path) as file, pa.ipc.new_file(file, _SCHEMA) as writer:
            if runs:
                add_keys(runs, engine)
                engine.add_table(DECIDED, [verdicts.decided])
                numbers = RowNumbers(runs)
                for batch in engine.query(COPIES_QUERY):
                    if len(batch):
                        rows = pa.array(numbers.of(batch["place"].to_numpy()))
                        writer.write(pa.record_batch([rows, batch["original"]], schema=_SCHEMA))
        write_record(directory / MARKER, {"sha256": files_sha256(path)})
    return Copies(path)
