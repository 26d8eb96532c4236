"""Texts that stand under several categories: copies and near-copies.

Which of the categories is right cannot be told from such a text, so it is no error but a fact to
know: a bundle, a product in two categories, or one customer's text for all that was bought.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.findings.review_category.sketches import alike_groups, sketch
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress

SHARED = pa.schema(
    [
        pa.field("review_id", pa.string(), False),
        pa.field("product_category", pa.string(), False),
        pa.field("categories", pa.string(), False),  # all that the text stands under
        pa.field("text", pa.int64(), False),  # equal for reviews whose texts are alike
    ]
)
"""Reviews whose text stands under several categories."""


def shared_texts(
    data: PreparedData, labels: NDArray[np.int32], *, progress: Progress = SILENT
) -> NDArray[np.int64]:
    """Return groups of alike texts that stand under several categories, (n,); -1 for all others.

    Args:
        data: n reviews.
        labels: (n,) their categories; -1 for none.
        progress: is shown how far it has come.
    """
    bands = [np.empty((0, 4), np.uint64)]
    with progress.task("Comparing texts", data.rows, "reviews") as task:
        for batch in data.batches(["review_body"]):
            bands.append(sketch(batch.column(0)))
            task.advance(len(batch))
    group = alike_groups(np.concatenate(bands))
    group[labels < 0] = -1
    return across(group, labels)


def across(group: NDArray[np.int64], labels: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the groups of which not all stand under one category, (n,); -1 for all others."""
    lowest = np.full(len(group) + 1, np.iinfo(np.int32).max)
    highest = np.full(len(group) + 1, -1)
    np.minimum.at(lowest, group, labels)
    np.maximum.at(highest, group, labels)
    several = (group >= 0) & (highest[group] > lowest[group])
    mixed: NDArray[np.int64] = np.where(several, group, -1)
    return mixed


def shared_table(
    ids: pa.ChunkedArray,
    labels: NDArray[np.int32],
    names: Sequence[str],
    group: NDArray[np.int64],
) -> pa.Table:
    """Return the reviews whose text stands under several categories, schema ``SHARED``.

    Args:
        ids: (n) review_ids.
        labels: (n,) their categories.
        names: the categories' names.
        group: (n,) what ``shared_texts`` returned.
    """
    rows = np.flatnonzero(group >= 0)
    rows = rows[np.lexsort((rows, group[rows]))]
    under: dict[int, set[int]] = {}
    for row in rows.tolist():
        under.setdefault(int(group[row]), set()).add(int(labels[row]))
    together = {one: ", ".join(names[label] for label in sorted(of)) for one, of in under.items()}
    columns = [
        ids.take(pa.array(rows)),
        pa.array([names[label] for label in labels[rows].tolist()], pa.string()),
        pa.array([together[one] for one in group[rows].tolist()], pa.string()),
        pa.array(group[rows], pa.int64()),
    ]
    return pa.Table.from_arrays(columns, schema=SHARED)
