"""Predictions tables read for finders: all probabilities, in the order of the reviews."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.examples.examples import Reviews
from reviewdesk.schema import prediction_labels
from reviewdesk.storage import storage_errors

NO_FOLD: Final = -1
NOT_ONE: Final = 0.01  # a row of probabilities may miss one by so much

Order = NDArray[np.int64] | None


@dataclass(frozen=True, eq=False)
class HeadProbabilities:
    """What classifiers said of all reviews.

    Args:
        labels: the k labels.
        probabilities: for each head (n, k) float32, rows in the order of the reviews.
        fold: (n,) int16, which fold each review was in when the first head was fitted; -1 where
            it was in none.
        models: the id of the classifier behind each head.
    """

    labels: list[str]
    probabilities: list[NDArray[np.float32]]
    fold: NDArray[np.int16]
    models: list[str]


def read_predictions(paths: Sequence[Path], data: Reviews) -> HeadProbabilities:
    """Read one predictions table a head.

    A table may hold more reviews than the data and in another order; labels may stand in another
    order in each, and come back in that of the first.

    Args:
        paths: the tables, at least one.
        data: the reviews that they have to be about.

    Raises:
        InputError: a table lacks a review, or its values are no probabilities, or its labels are
            others than those of the first.
        MissingColumn: it is not a predictions table.
        StorageError: it cannot be read.
    """
    ids = _ids(data)
    labels = _labels(paths[0])
    heads = [_Head(path, labels, ids) for path in paths]
    return HeadProbabilities(
        labels, [one.probabilities for one in heads], heads[0].fold, [one.model for one in heads]
    )


def _ids(data: Reviews) -> pa.ChunkedArray:
    parts = [batch.column(0) for batch in data.batches(columns=["review_id"])]
    return pa.chunked_array(parts, pa.string())


def _labels(path: Path) -> list[str]:
    with storage_errors(str(path)):
        try:
            return prediction_labels(pq.read_schema(path))
        except pa.ArrowException as error:
            raise InputError(f"{path} is not a Parquet file") from error


class _Head:
    """One predictions table in the order of the reviews and of the labels."""

    def __init__(self, path: Path, labels: list[str], ids: pa.ChunkedArray) -> None:
        own = _labels(path)
        if sorted(own) != sorted(labels):
            raise InputError(f"{path} is about other labels than the first table of predictions")
        self.model = ""
        self.fold = np.full(len(ids), NO_FOLD, np.int16)
        self.probabilities = np.empty((len(ids), len(labels)), np.float32)
        columns = [own.index(label) for label in labels]
        order, at = _order(path, ids), 0
        for batch in _batches(path, ["model_id", "fold", "probabilities"]):
            self._put(batch, columns, _places(order, at, len(batch), len(ids)))
            at += len(batch)
        _check(self.probabilities, path)

    def _put(self, batch: pa.RecordBatch, columns: list[int], places: NDArray[np.int64]) -> None:
        """Write a batch's rows to their places; those at -1 are of reviews that are not there."""
        kept = np.flatnonzero(places >= 0)
        if len(kept) and not self.model:
            self.model = batch.column("model_id")[int(kept[0])].as_py()
        flat = batch.column("probabilities").flatten().to_numpy(zero_copy_only=False)
        matrix = flat.reshape(len(batch), len(columns))
        self.probabilities[places[kept]] = matrix[kept][:, columns]
        fold = pc.fill_null(batch.column("fold"), NO_FOLD).to_numpy(zero_copy_only=False)
        self.fold[places[kept]] = fold[kept]


def _order(path: Path, ids: pa.ChunkedArray) -> Order:
    """Return where each row of a table goes, -1 for nowhere; None when all stand there already."""
    parts = [batch.column(0) for batch in _batches(path, ["review_id"])]
    found = pa.chunked_array(parts, pa.string())
    if len(found) == len(ids) and pc.all(pc.equal(found, ids)).as_py() is not False:
        return None
    missing = pc.sum(pc.invert(pc.is_in(ids, value_set=found))).as_py() or 0
    if missing:
        raise InputError(
            f"{path} is about other reviews: it has nothing on {missing:,} of these {len(ids):,}; "
            "make the predictions again from this data"
        )
    places = pc.index_in(found, value_set=ids).fill_null(NO_FOLD)
    order: NDArray[np.int64] = places.to_numpy().astype(np.int64)
    return order


def _places(order: Order, at: int, rows: int, reviews: int) -> NDArray[np.int64]:
    if order is None:
        return np.arange(at, min(at + rows, reviews))
    return order[at : at + rows]


def _batches(path: Path, columns: list[str]) -> Iterator[pa.RecordBatch]:
    with storage_errors(str(path)):
        try:
            with pq.ParquetFile(path) as file:
                yield from file.iter_batches(columns=columns)
        except (pa.ArrowException, KeyError) as error:
            raise InputError(f"{path} is damaged; make the predictions again") from error


def _check(probabilities: NDArray[np.float32], path: Path) -> None:
    sums = probabilities.sum(axis=1, dtype=np.float64)
    inside = not len(probabilities) or (probabilities.min() >= 0 and probabilities.max() <= 1)
    if not (inside and bool(np.all(np.abs(sums - 1) <= NOT_ONE))):
        raise InputError(f"{path} holds values that are no probabilities; make them again")
