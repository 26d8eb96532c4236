"""The rows of an experiment as arrays, in the order in which they came."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.errors import InputError, MissingColumn, NotEnoughData
from reviewdesk.experiments.design import Design

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Observations:
    """What was observed; rows are in the order in which they came.

    Args:
        arm: each row's arm, by its place in the design (n,).
        unit: each row's unit, as a number from 0 on, in order of first appearance (n,).
        outcomes: by metric, each row's outcome; NaN where there is none (n,).
        request: each row's request, as a number from 0 on (n,); each row its own where arms
            are not paired.
        elsewhere: rows of arms that the design does not name.
    """

    arm: NDArray[np.int64]
    unit: NDArray[np.int64]
    outcomes: dict[str, Floats]
    request: NDArray[np.int64]
    elsewhere: int

    def __len__(self) -> int:
        return len(self.arm)


def observations(table: pa.Table, design: Design) -> Observations:
    """Return the rows of a table as an experiment needs them.

    Args:
        table: has the columns of the design; a row is one answer.
        design: what is compared.

    Raises:
        MissingColumn: a column is not there.
        InputError: an outcome is no number, or no row is of an arm.
    """
    settings = design.settings
    for name in design.columns:
        if name not in table.column_names:
            raise MissingColumn(
                f"there is no column {name!r}; there are: {', '.join(table.column_names)}"
            )
    table = pa.table({name: _whole(table[name]) for name in design.columns})
    if settings.time_column:
        order = pc.sort_indices(table, sort_keys=[(settings.time_column, "ascending")])
        table = table.take(order)
    arms = pc.index_in(
        table[settings.arm_column].cast(pa.string()), value_set=pa.array(design.arms, pa.string())
    )
    inside = pc.is_valid(arms)
    elsewhere = len(table) - (pc.sum(inside).as_py() or 0)
    table, arms = table.filter(inside), arms.filter(inside)
    if not len(table):
        raise NotEnoughData(
            f"no row is of {' or '.join(design.arms)} in the column {settings.arm_column!r}"
        )
    return Observations(
        arms.to_numpy().astype(np.int64),
        _numbered(table[settings.unit_column]),
        {metric.column: _outcome(table, metric.column) for metric in design.metrics},
        _numbered(table[settings.request_column]) if design.paired else np.arange(len(table)),
        elsewhere,
    )


def nameless(table: pa.Table, design: Design) -> pa.Table:
    """Return a table's columns of a design, with numbers in place of units and requests.

    They compare as before; nobody can be told from them.
    """
    named = {design.settings.unit_column, design.settings.request_column}
    return pa.table(
        {
            name: _numbered(_whole(table[name])) if name in named else _whole(table[name])
            for name in design.columns
        }
    )


def _whole(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of a type that Arrow can sort and filter: polars' texts are of another."""
    return column.cast(pa.string()) if pa.types.is_string_view(column.type) else column


def _numbered(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return a number for each distinct value; each row without a value is one of its own."""
    codes = column.combine_chunks().dictionary_encode()
    numbers = codes.indices.to_numpy(zero_copy_only=False)
    missing = np.asarray(pc.is_null(codes.indices).to_numpy(zero_copy_only=False))
    whole = np.where(missing, 0, numbers).astype(np.int64)
    whole[missing] = len(codes.dictionary) + np.arange(missing.sum())
    return np.asarray(np.unique(whole, return_inverse=True)[1]) if missing.any() else whole


def _outcome(table: pa.Table, name: str) -> Floats:
    column = table[name]
    numeric = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    if not (numeric or pa.types.is_boolean(column.type) or pa.types.is_null(column.type)):
        raise InputError(
            f"the outcomes in {name!r} are of type {column.type}; they must be numbers, or true "
            "and false"
        )
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.where(np.isfinite(values), values, np.nan)
