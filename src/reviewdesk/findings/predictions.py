"""Predictions tables read for finders: all probabilities, in the order of the reviews."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.examples.examples import ReviewTable
from reviewdesk.examples.folds import NO_FOLD
from reviewdesk.findings.predictions_table import Predicted, PredictionsTable

NOWHERE: Final = -1
NOT_ONE: Final = 0.01  # a row of probabilities may miss one by so much

Order = NDArray[np.int64] | None


@dataclass(frozen=True, eq=False)
class BaseProbabilities:
    """What classifiers said of all reviews.

    Args:
        labels: the k labels.
        probabilities: for each base model (n, k) float32, rows in the order of the reviews.
        fold: (n,) int16, which fold each review was in when the first base model was fitted; -1
            where it was in none.
        models: the id of the classifier behind each base model; the table's name where it has none.
    """

    labels: list[str]
    probabilities: list[NDArray[np.float32]]
    fold: NDArray[np.int16]
    models: list[str]


def read_predictions(paths: Sequence[Path], data: ReviewTable) -> BaseProbabilities:
    """Read one predictions table a base model.

    A table may hold more reviews than the data and in another order; labels may stand in another
    order in each, and come back in that of the first. A table needs no ``model_id``; without
    ``fold`` it counts as not cross-fitted.

    Args:
        paths: the tables, at least one.
        data: the reviews that they have to be about.

    Raises:
        InputError: a table lacks a review or has it twice, or its values are no probabilities, or
            its labels are others than those of the first, or it is malformed.
        MissingColumn: it is not a predictions table.
        StorageError: it cannot be read.
    """
    ids = _ids(data)
    tables = [PredictionsTable.open(path) for path in paths]
    base_models = [_BaseModel(table, tables[0].labels, ids) for table in tables]
    return BaseProbabilities(
        tables[0].labels,
        [one.probabilities for one in base_models],
        base_models[0].fold,
        [one.model for one in base_models],
    )


def _ids(data: ReviewTable) -> pa.ChunkedArray:
    parts = [batch.column(0) for batch in data.batches(columns=["review_id"])]
    return pa.chunked_array(parts, pa.string())


class _BaseModel:
    """One predictions table in the order of the reviews and of the labels."""

    def __init__(self, table: PredictionsTable, labels: list[str], ids: pa.ChunkedArray) -> None:
        if sorted(table.labels) != sorted(labels):
            raise InputError(
                f"{table.path} is about other labels than the first table of predictions"
            )
        self.model = ""
        self.fold = np.full(len(ids), NO_FOLD, np.int16)
        self.probabilities = np.empty((len(ids), len(labels)), np.float32)
        columns = [table.labels.index(label) for label in labels]
        order, at = _order(table, ids), 0
        for batch in table.batches():
            rows = len(batch.fold)
            places = np.arange(at, at + rows) if order is None else order[at : at + rows]
            self._put(batch, columns, places)
            at += rows
        self.model = self.model or table.path.name
        _check(self.probabilities, table.path)

    def _put(self, predicted: Predicted, columns: list[int], places: NDArray[np.int64]) -> None:
        """Write a batch's rows to their places; those at -1 are of reviews that are not there."""
        kept = np.flatnonzero(places >= 0)
        if len(kept) and not self.model:
            self.model = predicted.models[int(kept[0])].as_py() or ""
        self.probabilities[places[kept]] = predicted.probabilities[kept][:, columns]
        self.fold[places[kept]] = predicted.fold[kept]


def _order(table: PredictionsTable, ids: pa.ChunkedArray) -> Order:
    """Return where each row of a table goes, -1 for nowhere; None when all stand there already."""
    table_ids = table.ids()
    if table_ids.equals(ids):
        return None
    missing = pc.sum(pc.invert(pc.is_in(ids, value_set=table_ids))).as_py() or 0
    if missing:
        raise InputError(
            f"{table.path} is about other reviews: it has nothing on {missing:,} of these "
            f"{len(ids):,}; make the predictions again from this data"
        )
    places = pc.index_in(table_ids, value_set=ids).fill_null(NOWHERE)
    order: NDArray[np.int64] = places.to_numpy().astype(np.int64)
    if (np.bincount(order[order >= 0], minlength=len(ids)) != 1).any():
        raise InputError(
            f"{table.path} has several rows on one review; it needs one for each review_id"
        )
    return order


def _check(probabilities: NDArray[np.float32], path: Path) -> None:
    sums = probabilities.sum(axis=1, dtype=np.float64)
    inside = not len(probabilities) or (probabilities.min() >= 0 and probabilities.max() <= 1)
    if not (inside and bool(np.all(np.abs(sums - 1) <= NOT_ONE))):
        raise InputError(f"{path} holds values that are no probabilities; make them again")
