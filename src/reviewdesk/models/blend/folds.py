"""Out-of-fold probabilities of a blend's members, dealt out by product."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.examples.examples import GROUP, LABEL
from reviewdesk.examples.folds import deal_folds
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.text.hashing import combine64, hash64


class FoldRows(NamedTuple):
    """What is known of the rows that are learnt from.

    Args:
        labels: (n,) places of labels.
        groups: (n,) equal for rows that stay together: of one product, or with the same text.
        texts: (n,) equal for rows with the same text.
    """

    labels: NDArray[np.int32]
    groups: NDArray[np.uint64]
    texts: NDArray[np.uint64]

    @classmethod
    def of(cls, train: LabelledReviews, columns: tuple[str, ...]) -> "FoldRows":
        """Read all rows once."""
        labels: list[NDArray[np.int32]] = [np.empty(0, np.int32)]
        groups: list[NDArray[np.uint64]] = [np.empty(0, np.uint64)]
        texts: list[NDArray[np.uint64]] = [np.empty(0, np.uint64)]
        for batch in train.batches():
            text = _text_hashes(batch, columns)
            labels.append(batch.column(LABEL).to_numpy())
            grouped = GROUP in batch.schema.names
            groups.append(batch.column(GROUP).to_numpy() if grouped else text)
            texts.append(text)
        return cls(np.concatenate(labels), np.concatenate(groups), np.concatenate(texts))

    def folds(self, k: int, seed: int) -> NDArray[np.int16]:
        """Return the fold of each row (n,)."""
        return deal_folds(self.labels, self.groups, k, seed)

    def learnt(self, folds: NDArray[np.int16], fold: int) -> NDArray[np.bool_]:
        """Return which rows a member learns from that predicts one fold (n,)."""
        inside = folds == fold
        kept: NDArray[np.bool_] = ~inside & ~np.isin(self.texts, self.texts[inside])
        return kept


def chosen(train: LabelledReviews, rows: NDArray[np.bool_]) -> LabelledReviews:
    """Return some of the rows (n,), in their order."""

    def filtered(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        at = 0
        for batch in batches:
            kept = batch.filter(pa.array(rows[at : at + len(batch)]))
            at += len(batch)
            if len(kept):
                yield kept

    return train.through(filtered)


def selectable(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch of which rows can be taken: Arrow cannot yet take those of string views."""
    for place, field in enumerate(batch.schema):
        if pa.types.is_string_view(field.type):
            plain = batch.column(place).cast(pa.large_string())
            batch = batch.set_column(place, field.name, plain)
    return batch


def _text_hashes(batch: pa.RecordBatch, columns: tuple[str, ...]) -> NDArray[np.uint64]:
    hashes = np.zeros(len(batch), np.uint64)
    for name in columns:
        texts = pc.fill_null(pc.cast(batch.column(name), pa.large_string()), "")
        hashes = combine64(hashes, hash64(texts))
    return hashes
