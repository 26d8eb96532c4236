"""The table of rows that could not be read: written, and searched for a person."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.prepare.blocks import blocks
from reviewdesk.prepare.part_files import ROW_GROUP_BYTES, ROW_GROUP_ROWS, parquet_options
from reviewdesk.prepare.spellings import Spellings
from reviewdesk.schema import REJECTS
from reviewdesk.seal import sealed_writer
from reviewdesk.storage import write_then_rename


def write_rejects(path: Path, tables: Iterable[pa.Table]) -> None:
    """Write the rows that could not be read, whole or not at all.

    Args:
        path: the file's place.
        tables: schema ``REJECTS``, in order.

    Raises:
        StorageError: it cannot be written.
    """
    options = parquet_options(REJECTS)
    with write_then_rename(path) as file, sealed_writer(file, REJECTS, **options) as writer:
        for block in blocks(tables, ROW_GROUP_ROWS, ROW_GROUP_BYTES):
            writer.write_table(block, row_group_size=block.num_rows)


def names_customer(raw: pa.ChunkedArray, customer: str) -> NDArray[np.bool_]:
    """Say which raw rows name a customer: their id stands there as a word of its own.

    Args:
        raw: (n,) rows as they stood in their file: with quotes doubled, characters escaped, in
            another encoding.
        customer: the id.

    Returns:
        (n,) bool. A row whose bytes with the id are lost cannot be found.
    """
    spellings = Spellings(customer)
    theirs = [spellings.stand_in(row.as_py()) for row in raw]
    return np.array(theirs, np.bool_)
