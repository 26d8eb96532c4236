"""Long reviews in windows, each read as a review of its own, and what is said of them together."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.examples.examples import GROUP
from reviewdesk.models.neural.subwords import Subwords, texts_of
from reviewdesk.models.neural.tokens import REVIEW
from reviewdesk.text.hashing import hash64


def in_windows(
    batch: pa.RecordBatch, subwords: Subwords, columns: Sequence[str], most: int
) -> tuple[pa.RecordBatch, NDArray[np.int64]]:
    """Return reviews as windows, and where each review begins.

    A window has all that its review has, but for its text, which stands in the first text column.
    Windows of one review stay together when rows are set aside.

    Args:
        batch: n reviews.
        subwords: says how much a window holds.
        columns: the text columns.
        most: most windows of a review.

    Returns:
        n rows or more; and (n,) the row of each review's first window.
    """
    texts = texts_of(batch, columns)
    pieces = subwords.windows(texts, most)
    counts = np.array([len(one) for one in pieces], np.int64)
    begins = np.cumsum(counts) - counts
    reviews = pa.array(hash64(pa.array(texts, pa.large_string())))
    batch = batch.append_column(REVIEW, reviews)
    if GROUP not in batch.schema.names:
        batch = batch.append_column(GROUP, reviews)
    rows = batch.take(pa.array(np.repeat(np.arange(len(batch)), counts)))
    windows = pa.array([piece for one in pieces for piece in one], pa.string())
    empty = pa.nulls(len(rows), pa.string())
    for name in columns:
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, name, windows if name == columns[0] else empty)
    return rows, begins


def pooled(scores: NDArray[np.float32], begins: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the mean scores (n, k) of reviews whose windows have scores (m, k)."""
    if not len(begins):
        return scores[:0]
    counts = np.diff([*begins.tolist(), len(scores)])
    mean = np.add.reduceat(scores, begins, axis=0) / counts[:, None]
    return np.asarray(mean, np.float32)


def summed(known: NDArray[np.int64], begins: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the sum over each review's windows, (n,), of one number a window (m,)."""
    sums: NDArray[np.int64] = np.add.reduceat(known, begins) if len(begins) else known[:0]
    return sums
