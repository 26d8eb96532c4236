"""Reviews with several labels: the labels of each review, from one text that divides them."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.examples.targets import Labels, Values, counted
from reviewdesk.settings import TargetSettings


def label_sets(values: Values, settings: TargetSettings, labels: Sequence[str] | None) -> Labels:
    """Return the labels of every row: its place among the sets of labels that occur.

    Labels of too few reviews are left out of the sets; a review that has no others keeps its place
    and has none, which is known of it.

    Args:
        values: what the column of labels holds.
        settings: the target; says what divides labels.
        labels: the only labels to give, in their order; none is then too small.
    """
    rows = values.rows()
    divided = [_divided(text, settings.label_separator) for text in values.names]
    reviews = np.bincount(rows[rows >= 0], minlength=len(divided))
    counts: Counter[str] = Counter()
    for own, number in zip(divided, reviews.tolist(), strict=True):
        counts.update(dict.fromkeys(own, number))
    fewest = 1 if labels is not None else settings.min_reviews
    small = {name: count for name, count in sorted(counts.items()) if count < fewest}
    names = list(labels) if labels is not None else sorted(set(counts) - set(small))
    place = {name: number for number, name in enumerate(names)}
    sets = [[place[label] for label in own if label in place] for own in divided]
    left_out = {f"no_{name}": values.missing[name] for name in values.columns}
    column = pa.array(sets, pa.list_(pa.int32()))
    return Labels(rows, names, counted(left_out), small, column)


def indicators(sets: pa.ListArray, rows: NDArray[np.int32], k: int) -> NDArray[np.bool_]:
    """Return which of k labels each row has, (n, k).

    Args:
        sets: places of labels.
        rows: (n,) the set of each row.
        k: how many labels there are.
    """
    held = np.zeros((len(sets), k), np.bool_)
    sizes = sets.value_lengths().to_numpy()
    held[np.repeat(np.arange(len(sets)), sizes), sets.flatten().to_numpy()] = True
    found: NDArray[np.bool_] = held[rows]
    return found


def _divided(text: str, separator: str) -> list[str]:
    """Return the labels of a text, each once, in its order."""
    parts = text.split(separator) if separator else [text]
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))
