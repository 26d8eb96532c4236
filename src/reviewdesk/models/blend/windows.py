"""Long reviews in windows of words, each read as a review of its own."""

import itertools

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.models.labelled import BODY


def in_windows(batch: pa.RecordBatch, words: int) -> tuple[pa.RecordBatch, NDArray[np.int64]]:
    """Return reviews with long bodies cut into windows, and where each review begins.

    Windows of one review are about equally long and do not overlap; each has the review's headline.

    Args:
        batch: n reviews.
        words: most words of a window.

    Returns:
        n reviews or more; and (n,) the row of each review's first window.
    """
    bodies: list[str | None] = []
    rows: list[int] = []
    begins: list[int] = []
    for row, body in enumerate(batch.column(BODY).to_pylist()):
        begins.append(len(bodies))
        pieces = _pieces(body, words)
        bodies += pieces
        rows += [row] * len(pieces)
    place = batch.schema.get_field_index(BODY)
    taken = batch.take(pa.array(rows, pa.int64()))
    cut = pa.array(bodies, pa.large_string())
    return taken.set_column(place, BODY, cut), np.array(begins, np.int64)


def averaged(logs: NDArray[np.float32], begins: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the mean log-probabilities of each review's windows, (n, k)."""
    if not len(begins):
        return logs
    counts = np.diff(np.append(begins, len(logs)))
    means = np.add.reduceat(logs.astype(np.float64), begins, axis=0) / counts[:, None]
    return np.asarray(means, np.float32)


def _pieces(body: str | None, words: int) -> list[str | None]:
    told = (body or "").split()
    if len(told) <= words:
        return [body]
    ends = np.linspace(0, len(told), -(-len(told) // words) + 1).round().astype(int).tolist()
    return [" ".join(told[a:b]) for a, b in itertools.pairwise(ends)]
