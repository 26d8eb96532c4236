"""LIBSVM files on their way to a bundle that reads features: their lines, in their order."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa

from reviewdesk.models.sparse.lines import parse_lines
from reviewdesk.models.sparse.sparse_rows import FEATURES
from reviewdesk.sources.base import Tally
from reviewdesk.sources.catalog import Input
from reviewdesk.sources.ids import SEEDS
from reviewdesk.sources.lines import LineBlock, line_blocks
from reviewdesk.storage import storage_errors
from reviewdesk.text.hashing import hash64

SOURCE: Final = "libsvm"
"""The name of the source whose files hold features."""


def feature_batches(input_: Input) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch, int]]:
    """Yield the rows of a file, those that cannot be read, and how many bytes both took.

    A row's ``review_id`` is a hash of its line: equal lines have equal ones.

    Args:
        input_: a file of LIBSVM lines, with labels or without.

    Raises:
        StorageError: it cannot be read.
    """
    tally = Tally(input_.name)
    with storage_errors(input_.place):
        for block in line_blocks(input_.file, tally):
            yield _batch(block, tally), tally.rejects.take(), tally.bytes_read
            tally = Tally(input_.name)
    if tally.bytes_read or len(tally.rejects):
        empty = _batch(LineBlock(b"", 1), tally)
        yield empty, tally.rejects.take(), tally.bytes_read


def _batch(block: LineBlock, tally: Tally) -> pa.RecordBatch:
    lines = parse_lines(block.data, labelled=False)
    raw = block.data.split(b"\n")
    for number in lines.bad[:, 0].tolist():
        tally.rejects.add(block.first_line + number, "bad_record", raw[number])
    read = pa.array([raw[number] for number in lines.numbers.tolist()], pa.large_binary())
    halves = [hash64(read, seed).astype(">u8") for seed in SEEDS]
    digits = np.stack(halves, axis=1).tobytes().hex()  # 32 a row
    ids = [digits[start : start + 32] for start in range(0, len(digits), 32)]
    return pa.record_batch({"review_id": pa.array(ids, pa.string()), FEATURES: lines.rows.column()})
