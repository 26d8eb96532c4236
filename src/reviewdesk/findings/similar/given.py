"""Vectors of products that the user brings: a Parquet file, checked before it is believed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.findings.products import NONE, Products
from reviewdesk.storage import storage_errors

ID: Final = "product_id"
PARQUET: Final = b"PAR1"
BATCH_ROWS: Final = 16_384

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class GivenVectors:
    """A vector for each of p products.

    Args:
        values: (p, d) rows of length one, or zeros where a product has no vector.
        has: (p,) whether it has one.
        zero: (p,) whether the file has one for it, which is all zeros.
        unknown: how many vectors of the file are of products that no review is about.
    """

    values: Floats
    has: NDArray[np.bool_]
    zero: NDArray[np.bool_]
    unknown: int


def read_vectors(path: Path, products: Products) -> GivenVectors:
    """Read one vector for each product.

    A vector of zeros points nowhere and counts as none.

    Args:
        path: a Parquet file with the column product_id and one column of lists of floating-point
            numbers, all of one length.
        products: those that vectors are looked up for.

    Raises:
        InputError: it is no such file; a number or an id is missing or not finite; a product has
            two vectors; or none is of these products.
        StorageError: it cannot be opened.
    """
    column = _vector_column(path)
    number_of = {name: number for number, name in enumerate(products.ids)}
    values: Floats | None = None
    seen: set[str] = set()
    for at, batch in _batches(path, column):
        ids, numbers = _ids(path, at, batch), _numbers(path, at, column, batch)
        if values is None:
            values = np.zeros((len(products), numbers.shape[1]), np.float32)
        if numbers.shape[1] != values.shape[1]:
            raise _of_two_lengths(path, column, values.shape[1], numbers.shape[1])
        if len(set(ids)) < len(ids) or not seen.isdisjoint(ids):
            raise InputError(f"{path} has two vectors of one product; keep one for each product_id")
        seen.update(ids)
        where = np.array([number_of.get(name, NONE) for name in ids], np.int64)
        values[where[where >= 0]] = numbers[where >= 0]
    unknown = len(seen - number_of.keys())
    if values is None or unknown == len(seen):
        raise InputError(f"none of the vectors in {path} is of a product of these reviews")
    has = np.any(values != 0, axis=1)
    listed = np.array([name in seen for name in products.ids], np.bool_)
    return GivenVectors(values, has, listed & ~has, unknown)


def _vector_column(path: Path) -> str:
    """Return the name of the column of vectors."""
    with storage_errors(str(path)), path.open("rb") as file:
        begins = file.read(len(PARQUET))
    if begins != PARQUET:
        raise InputError(f"{path} is not a Parquet file")
    with _damage(path):
        schema = pq.read_schema(path)
    if schema.names.count(ID) != 1 or not _is_text(schema.field(ID).type):
        raise InputError(f"{path} needs one column {ID} of text")
    lists = [field for field in schema if _is_list(field.type)]
    if len(lists) != 1 or schema.names.count(lists[0].name) != 1:
        raise InputError(
            f"{path} has {len(lists)} columns of lists beside {ID}; it needs one, which holds a "
            "vector for each product"
        )
    if not pa.types.is_floating(lists[0].type.value_type):
        raise InputError(
            f"the lists in column {lists[0].name} of {path} are not of floating-point numbers but "
            f"of {lists[0].type.value_type}"
        )
    return str(lists[0].name)


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Say in one sentence that a file cannot be read; Arrow calls some damage an OSError."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} is damaged") from error


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _batches(path: Path, column: str) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield the place of a batch's first row, and the batch."""
    at = 0
    with _damage(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH_ROWS, columns=[ID, column]):
            if len(batch):
                yield at, batch
            at += len(batch)


def _ids(path: Path, at: int, batch: pa.RecordBatch) -> list[str]:
    ids = batch.column(ID)
    if ids.null_count:
        row = at + int(np.argmax(pc.is_null(ids).to_numpy(zero_copy_only=False)))
        raise InputError(f"row {row:,} of {path}, counted from 0, has no {ID}")
    return [str(name) for name in ids.to_pylist()]


def _numbers(path: Path, at: int, column: str, batch: pa.RecordBatch) -> Floats:
    """Return the vectors of a batch, (n, d), each of length one or zeros."""
    lists = batch.column(column)
    if lists.null_count:
        row = at + int(np.argmax(pc.is_null(lists).to_numpy(zero_copy_only=False)))
        raise InputError(f"row {row:,} of {path}, counted from 0, has no {column}")
    lengths = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    shortest, longest = int(lengths.min()), int(lengths.max())
    if shortest != longest:
        raise _of_two_lengths(path, column, shortest, longest)
    if not longest:
        raise InputError(f"the lists in column {column} of {path} are empty")
    flat = pc.list_flatten(lists).cast(pa.float64())
    numbers = flat.to_numpy(zero_copy_only=False).reshape(len(lists), longest)  # null becomes NaN
    wrong = ~np.isfinite(numbers).all(axis=1)
    if wrong.any():
        row = at + int(np.argmax(wrong))
        raise InputError(
            f"row {row:,} of {path}, counted from 0, has a number in {column} that is missing, not "
            "a number or infinite"
        )
    numbers = numbers / np.maximum(
        np.abs(numbers).max(axis=1, keepdims=True), np.finfo(np.float64).tiny
    )
    lengths = np.linalg.norm(numbers, axis=1, keepdims=True)
    return np.asarray(numbers / np.where(lengths > 0, lengths, 1.0), np.float32)


def _of_two_lengths(path: Path, column: str, one: int, other: int) -> InputError:
    return InputError(
        f"the lists in column {column} of {path} have {one:,} numbers in one row and {other:,} in "
        "another; vectors are all of one length"
    )
