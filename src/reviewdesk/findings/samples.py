"""Telling reviews to show with each finding: sure, of a length one reads, no two alike."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.text.hashing import hash64
from reviewdesk.text.tokens import normalised_key

MOST_SAMPLES: Final = 3
MOST_CANDIDATES: Final = 24
READABLE: Final = (40, 1_500)
"""Characters of a body that says something and is read to its end."""


def telling_samples(
    data: PreparedData,
    rows: Sequence[NDArray[np.int64]],
    scores: Sequence[NDArray[np.float64]],
    *,
    most: int = MOST_SAMPLES,
    progress: Progress = SILENT,
) -> list[list[str]]:
    """Return the ids of up to three telling reviews for each finding.

    The reviews with the highest scores come first; those too short or too long to read come after
    all others, and of reviews with the same text only one comes.

    Args:
        data: the reviews.
        rows: for each finding (m,) the places of its reviews in the data.
        scores: for each finding (m,) how telling each of them is.
        most: how many to return at most.
        progress: is shown how far it has come.
    """
    candidates = [
        np.asarray(of, np.int64)[np.argsort(-np.asarray(score), kind="stable")[:MOST_CANDIDATES]]
        for of, score in zip(rows, scores, strict=True)
    ]
    looked_at = np.unique(np.concatenate([np.empty(0, np.int64), *candidates]))
    ids, lengths, keys = _look(data, looked_at, progress)
    samples = []
    for of in candidates:
        places = np.searchsorted(looked_at, of)
        chosen = choose(lengths[places], keys[places], most)
        samples.append([ids[place] for place in places[chosen]])
    return samples


def choose(
    lengths: NDArray[np.int64], keys: NDArray[np.uint64], most: int = MOST_SAMPLES
) -> NDArray[np.int64]:
    """Choose among reviews that are given the most telling first.

    Args:
        lengths: (m,) characters of each body.
        keys: (m,) equal for bodies that count as the same text.
        most: how many to choose at most.

    Returns:
        Their places, the first to show first.
    """
    _, first = np.unique(keys, return_index=True)
    first = np.sort(first).astype(np.int64)
    readable = (lengths[first] >= READABLE[0]) & (lengths[first] <= READABLE[1])
    return np.concatenate([first[readable], first[~readable]])[:most]


def _look(
    data: PreparedData, rows: NDArray[np.int64], progress: Progress
) -> tuple[list[str], NDArray[np.int64], NDArray[np.uint64]]:
    """Return id, length and text key of some reviews; ``rows`` (r,) are ascending."""
    ids: list[str] = []
    lengths, keys, at = [np.empty(0, np.int64)], [np.empty(0, np.uint64)], 0
    with progress.task("Choosing samples", data.rows, "reviews") as task:
        for batch in data.batches(["review_id", "review_body"]):
            first, last = np.searchsorted(rows, (at, at + len(batch)))
            some = batch.take(pa.array(rows[first:last] - at))
            ids += some.column("review_id").to_pylist()
            bodies = some.column("review_body")
            lengths.append(np.array([len(one) for one in bodies.to_pylist()], np.int64))
            keys.append(hash64(normalised_key(bodies)))
            at += len(batch)
            task.advance(len(batch))
    return ids, np.concatenate(lengths), np.concatenate(keys)
