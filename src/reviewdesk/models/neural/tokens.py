"""Reviews as ids in files that are mapped into memory, so that they may be larger than it.

tokens/
├── ids.bin        ids of all reviews, one after the other
├── ends.npy       (n + 1,) where each review begins and ends
├── labels.npy     (n,) places of labels; of several labels (n, k) zeros and ones
├── learnt.npy     rows that are learnt from
└── validation.npy rows that say when to stop, and how sure probabilities may be
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.examples.examples import GROUP, LABEL
from reviewdesk.examples.folds import deal_folds
from reviewdesk.exchange import replace_directory
from reviewdesk.models.few_texts import FEW
from reviewdesk.models.labelled import is_list
from reviewdesk.models.linear.hashed_rows import write_keys
from reviewdesk.models.linear.multilabel import LabelSets
from reviewdesk.models.neural.subwords import Subwords
from reviewdesk.models.neural.words import PADDING, WordVocabulary
from reviewdesk.storage import private_directory, storage_errors
from reviewdesk.text.hashing import combine64, hash64

Parts = Callable[[], Iterator[pa.RecordBatch]]

FEWEST_VALIDATION: Final = 2
MOST_VALIDATION: Final = 30_000
NARROW: Final = 1 << 16
REVIEW: Final = "review"
"""A column that is equal for rows of one review, where a review has several."""
_ARRAYS: Final = ("labels", "present", "always", "learnt", "validation")


@dataclass(frozen=True, eq=False)
class TokenFiles:
    """Reviews to learn from.

    Args:
        ids: of all reviews, mapped from a file.
        ends: (n + 1,) where each review begins and ends.
        labels: (n,) int32 among those present, or (n, present) float32 where a review may have
            several.
        present: labels that there is something to learn about.
        always: of several, labels that every row has.
        learnt: rows that are learnt from.
        validation: rows that are held out.
    """

    ids: NDArray[Any]
    ends: NDArray[np.int64]
    labels: NDArray[Any]
    present: NDArray[np.int64]
    always: NDArray[np.int64]
    learnt: NDArray[np.int64]
    validation: NDArray[np.int64]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map the files of a folder."""
        with storage_errors(str(folder)):
            ends = np.load(folder / "ends.npy", mmap_mode="r")
            kind = np.uint16 if (folder / "narrow").exists() else np.int32
            size = int(ends[-1])
            ids = np.memmap(folder / "ids.bin", kind, "r") if size else np.empty(0, kind)
            rest = [np.load(folder / f"{name}.npy") for name in _ARRAYS]
        return cls(ids, ends, *rest)

    def lengths(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many ids rows have, (m,)."""
        found: NDArray[np.int64] = np.asarray(self.ends[rows + 1] - self.ends[rows])
        return found

    def first_scores(self) -> NDArray[np.float32]:
        """Return scores that give each label its share of the rows to learn from, (present,)."""
        labels = self.labels[self.learnt]
        if labels.ndim == 2:
            shares = labels.mean(axis=0)
            return np.asarray(np.log(shares / (1 - shares)) / 2, np.float32)
        shares = np.bincount(labels, minlength=len(self.present)) / len(labels)
        return np.asarray(np.log(shares), np.float32)

    def ids_of(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the ids of rows, one after the other, and where each ends, (m + 1,)."""
        parts = [self.ids[self.ends[row] : self.ends[row + 1]] for row in rows.tolist()]
        ends = np.concatenate([[0], np.cumsum(self.lengths(rows))])
        return np.concatenate([np.empty(0, np.int32), *parts]).astype(np.int32), ends

    def padded(self, rows: NDArray[np.int64], width: int = 0) -> NDArray[np.int64]:
        """Return the ids of rows side by side, (m, longest), or as wide as asked for."""
        lengths = self.lengths(rows)
        ids = np.full((len(rows), width or max(int(lengths.max(initial=0)), 1)), PADDING, np.int64)
        for place, row in enumerate(rows.tolist()):
            ids[place, : lengths[place]] = self.ids[self.ends[row] : self.ends[row + 1]]
        return ids


def write_tokens(
    folder: Path,
    vocabulary: WordVocabulary | Subwords,
    train: Parts,
    validation: Parts | None,
    *,
    k: int,
    share: float,
    seed: int,
) -> TokenFiles:
    """Write reviews as ids, whole or not at all, and deal them to two sides.

    Args:
        folder: where.
        vocabulary: gives the ids.
        train: labelled reviews, read once more.
        validation: those to held out; None: a share of the others, by whole groups, and none of
            their texts is learnt from.
        k: how many labels there are.
        share: how much is held out.
        seed: another seed holds others out.
    """
    aside = private_directory(folder.with_name(f"{folder.name}.partial"))
    with storage_errors(str(aside)):
        narrow = len(vocabulary) <= NARROW
        if narrow:
            (aside / "narrow").touch()
        with (aside / "ids.bin").open("wb") as file:
            rows = RowSides(k, vocabulary.columns)
            for part in (train, *([validation] if validation else [])):
                for batch in part():
                    ids, ends = vocabulary.ids(batch)
                    file.write(ids.astype(np.uint16 if narrow else np.int32).tobytes())
                    rows.add(batch, ids, ends)
                rows.end_side()
        given = rows.sides[0] if validation else None
        np.save(aside / "ends.npy", np.concatenate([[0], *rows.ends]))
        for name, array in zip(_ARRAYS, rows.dealt(given, share, seed), strict=True):
            np.save(aside / f"{name}.npy", array)
    replace_directory(aside, folder)
    return TokenFiles.open(folder)


class RowSides:
    """What is known of each row beside its ids."""

    def __init__(self, k: int, columns: Sequence[str]) -> None:
        self.k = k
        self._columns = columns
        self.ends: list[NDArray[np.int64]] = []
        self.sides: list[int] = []
        self._sets: LabelSets | None = None
        self._labels: list[NDArray[np.int32]] = []
        self._groups: list[NDArray[np.uint64]] = []
        self._keys: list[NDArray[np.uint64]] = []
        self._reviews: list[NDArray[np.uint64]] = []
        self._size, self._rows = 0, 0

    def add(self, batch: pa.RecordBatch, ids: NDArray[np.int32], ends: NDArray[np.int64]) -> None:
        """Take in labelled reviews, and the ids of all their words with where each ends."""
        keys = np.empty(len(batch), np.uint64)
        write_keys(ids.astype(np.uint32), ends, keys)
        self._keys.append(keys)
        self.ends.append(ends[1:] + self._size)
        self._size += len(ids)
        if REVIEW in batch.schema.names:
            self._reviews.append(np.asarray(batch.column(REVIEW).to_numpy(), np.uint64))
        else:
            self._reviews.append(np.arange(self._rows, self._rows + len(batch), dtype=np.uint64))
        self._rows += len(batch)
        column = batch.column(LABEL)
        if is_list(column.type):
            self._sets = self._sets or LabelSets(self.k)
            self._labels.append(self._sets.add(column))
        else:
            self._labels.append(column.to_numpy().astype(np.int32))
        self._groups.append(self._group(batch))

    def _group(self, batch: pa.RecordBatch) -> NDArray[np.uint64]:
        """Return what keeps rows together: their group, or else their text."""
        if GROUP in batch.schema.names:
            return np.asarray(batch.column(GROUP).to_numpy(), np.uint64)
        groups = np.zeros(len(batch), np.uint64)
        for name in self._columns:
            groups = combine64(groups, hash64(batch.column(name)))
        return groups

    def end_side(self) -> None:
        """Say that what follows is given to be held out."""
        self.sides.append(self._rows)

    def dealt(self, given: int | None, share: float, seed: int) -> tuple[NDArray[Any], ...]:
        """Return the arrays of ``TokenFiles`` but for ids and ends; see ``deal``."""
        labels = np.concatenate(self._labels)
        learnt, aside = self.deal(given, share, seed)
        if self._sets is not None:
            answers = np.stack([self._sets.holding(one)[labels] for one in range(self.k)], axis=1)
            told = answers[learnt]
            present = np.flatnonzero(told.any(axis=0) & ~told.all(axis=0))
            if len(present):
                always = np.flatnonzero(told.all(axis=0))
                return answers[:, present].astype(np.float32), present, always, learnt, aside
        elif len(present := np.unique(labels[learnt]).astype(np.int64)) > 1:
            aside = aside[np.isin(labels[aside], present)]  # others could only be missed
            places = np.searchsorted(present, labels).astype(np.int32)
            return places, present, np.empty(0, np.int64), learnt, aside
        return self.dealt(None, 0, seed)  # too few rows to hold some out

    def deal(
        self, given: int | None, share: float, seed: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows that are learnt from and those that are held out.

        Args:
            given: how many rows come before those that were given to held out; None: a share is.
            share: how much, of at most ``MOST_VALIDATION`` rows.
            seed: another seed holds others out.
        """
        n = self._rows
        everything = np.arange(n, dtype=np.int64)
        aside = everything >= (n if given is None else given)
        share = min(share, MOST_VALIDATION / max(n, 1))
        keys = np.concatenate(self._keys)
        few = len(np.unique(keys)) < FEW  # no row could say when to stop
        if given is None and share and not few and n * share >= FEWEST_VALIDATION:
            labels, groups = np.concatenate(self._labels), np.concatenate(self._groups)
            folds = round(1 / share)
            if len(np.unique(groups)) < 2 * folds:
                groups = np.concatenate(self._reviews)
            aside = deal_folds(labels, groups, folds, seed) == 0
        learnt = ~aside & (~np.isin(keys, keys[aside]) | (keys == 0))
        if not learnt.any():  # all texts are the same
            learnt = ~aside
        return everything[learnt], everything[aside]
