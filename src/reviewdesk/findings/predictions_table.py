"""One predictions table: a Parquet file of anybody's making, checked before it is believed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.examples.folds import NO_FOLD
from reviewdesk.report.numbers import plural
from reviewdesk.schema import prediction_labels
from reviewdesk.seal import opened

_AGAIN: Final = "make the predictions again"


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_floats(kind: pa.DataType) -> bool:
    types = pa.types
    lists = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return bool(lists and types.is_floating(kind.value_type))


def _is_fold(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_null(kind))


class _Kind(NamedTuple):
    fits: Callable[[pa.DataType], bool]
    words: str
    needed: bool


_COLUMNS: Final[Mapping[str, _Kind]] = {
    "review_id": _Kind(_is_text, "text", needed=True),
    "probabilities": _Kind(_is_floats, "lists of floating-point numbers", needed=True),
    "model_id": _Kind(_is_text, "text", needed=False),
    "fold": _Kind(_is_fold, "whole numbers", needed=False),
}
"""What is read, and of which kind it is."""


@dataclass(frozen=True)
class PredictionsTable:
    """A predictions table whose columns and labels are known to fit; rows are checked when read.

    Args:
        path: the Parquet file.
        target: what it predicts, as in ``"category"``.
        labels: the k labels, in the order of its probabilities.
        columns: the columns that it has of those that are read; only ``review_id`` and
            ``probabilities`` are always there.
    """

    path: Path
    target: str
    labels: list[str]
    columns: frozenset[str]

    @classmethod
    def open(cls, path: Path) -> Self:
        """Check a table's schema and metadata.

        Raises:
            InputError: it is no Parquet file, or does not say what was predicted, or a column is
                missing or of another kind.
            MissingColumn: it is not a predictions table.
            StorageError: it cannot be read.
        """
        schema = _schema(path)
        labels = prediction_labels(schema, str(path))
        target = schema.metadata.get(b"target", b"").decode(errors="replace")
        if not target:
            raise InputError(f"{path} does not say what it predicts: its metadata has no target")
        columns = frozenset(name for name in _COLUMNS if _has(schema, name, path))
        kind = schema.field("probabilities").type
        if pa.types.is_fixed_size_list(kind) and kind.list_size != len(labels):
            raise InputError(
                f"{path} has {kind.list_size} probabilities a review for {len(labels)} labels; "
                "the labels in its metadata have to be those of its probabilities, in their order"
            )
        return cls(path, target, labels, columns)

    def ids(self) -> pa.ChunkedArray:
        """Return the review_ids of all rows.

        Raises:
            InputError: one is missing, or the file is damaged.
            StorageError: it cannot be read.
        """
        parts, at = [], 0
        for batch in self._read(["review_id"]):
            self._check_filled(batch, "review_id", at)
            parts.append(batch.column(0).cast(pa.string()))
            at += len(batch)
        return pa.chunked_array(parts, pa.string())

    def batches(self) -> Iterator["Predicted"]:
        """Yield what all rows say, in the order of ``ids``.

        Raises:
            InputError: a row has not one number for each label, or the file is damaged.
            StorageError: it cannot be read.
        """
        at = 0
        for batch in self._read(sorted(self.columns - {"review_id"})):
            empty = pa.nulls(len(batch), pa.string())
            yield Predicted(
                self._matrix(batch, at),
                self._folds(batch) if "fold" in self.columns else np.full(len(batch), NO_FOLD),
                batch.column("model_id") if "model_id" in self.columns else empty,
            )
            at += len(batch)

    def _matrix(self, batch: pa.RecordBatch, at: int) -> NDArray[np.floating]:
        self._check_filled(batch, "probabilities", at)
        column, k = batch.column("probabilities"), len(self.labels)
        lengths = pc.list_value_length(column).to_numpy()
        if (lengths != k).any():
            row = int(np.flatnonzero(lengths != k)[0])
            raise InputError(
                f"row {at + row} of {self.path}, counted from 0, has "
                f"{plural(int(lengths[row]), 'probability', 'probabilities')} for {k} labels; "
                "every review needs one for each label"
            )
        flat: NDArray[np.floating] = column.flatten().to_numpy(zero_copy_only=False)
        return flat.reshape(len(batch), k)

    def _folds(self, batch: pa.RecordBatch) -> NDArray[np.int16]:
        try:
            small = batch.column("fold").cast(pa.int16())
        except pa.ArrowInvalid as error:
            raise InputError(f"{self.path} has numbers in fold that are none of folds") from error
        folds: NDArray[np.int16] = pc.fill_null(small, NO_FOLD).to_numpy(zero_copy_only=False)
        return folds

    def _check_filled(self, batch: pa.RecordBatch, name: str, at: int) -> None:
        column = batch.column(name)
        if column.null_count:
            row = at + int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
            raise InputError(
                f"row {row} of {self.path}, counted from 0, has no {name}; make the "
                "predictions again"
            )

    def _read(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        with opened(self.path, _AGAIN) as file:
            yield from file.iter_batches(columns=columns)


class Predicted(NamedTuple):
    """What m rows of a predictions table say.

    Args:
        probabilities: (m, k) in the order of the table's labels.
        fold: (m,) in which fold each review was; -1 for none.
        models: (m) ids of the classifiers that say it, null where it is not told.
    """

    probabilities: NDArray[np.floating]
    fold: NDArray[np.integer]
    models: pa.Array


def _schema(path: Path) -> pa.Schema:
    with opened(path, _AGAIN) as file:
        return file.schema_arrow


def _has(schema: pa.Schema, name: str, path: Path) -> bool:
    """Return whether there is a column, which then is of the right kind.

    Raises:
        InputError: it is not there and is needed, or there are two, or it is of another kind.
    """
    kind, indices = _COLUMNS[name], schema.get_all_field_indices(name)
    if not indices and kind.needed:
        raise InputError(f"{path} has no column {name}; predictions need one")
    if len(indices) > 1:
        raise InputError(f"{path} has {len(indices)} columns {name}; it needs one")
    if indices and not kind.fits(schema.field(indices[0]).type):
        raise InputError(
            f"the column {name} of {path} is of {schema.field(indices[0]).type}; it has to be of "
            f"{kind.words}"
        )
    return bool(indices)
