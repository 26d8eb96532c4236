"""Arrow columns of any type as text: numbers as people write them, ids of bytes in hex."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_TEXT: Final = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_BYTES: Final = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
_LISTS: Final = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
_NO_TEXT: Final = (pa.types.is_nested, pa.types.is_interval, pa.types.is_run_end_encoded)
_EXACT: Final = 2.0**63
_PRINTABLE: Final = range(0x20, 0x7F)


def leaves(field: pa.Field) -> list[str]:
    """Return the names of the values in a column that can be text.

    Args:
        field: a column; the parts of a struct are ``outer.inner``, the first item of a list is
            ``outer.0``.

    Returns:
        Nothing where none can.
    """
    kind = _stored(field.type)
    if pa.types.is_struct(kind):
        return [f"{field.name}.{name}" for part in kind for name in leaves(part)]
    if any(is_a(kind) for is_a in _LISTS):
        return [f"{field.name}.{name}" for name in leaves(kind.value_field.with_name("0"))]
    return [] if any(is_a(kind) for is_a in _NO_TEXT) else [field.name]


def without_leaves(field: pa.Field) -> bool:
    """Say whether a column holds values of which none can be text, such as a map's."""
    return not leaves(field) and not pa.types.is_null(field.type)


def lost_items(values: pa.Array, path: str) -> int:
    """Return how many rows of a column have a list with more items than the one that is read.

    Args:
        values: the column.
        path: inside it, as for ``inside``.
    """
    parts = path.split(".")
    lost = np.zeros(len(values), np.bool_)
    for place in [place for place, part in enumerate(parts) if part.isdecimal()]:
        outer = inside(values, ".".join(parts[:place]))
        if any(is_a(outer.type) for is_a in _LISTS):
            lengths = pc.fill_null(pc.list_value_length(outer), 0)
            lost |= lengths.to_numpy(zero_copy_only=False) > 1
    return int(lost.sum())


def inside(values: pa.Array, path: str) -> pa.Array:
    """Return the values that ``leaves`` names inside a column.

    Args:
        values: the column.
        path: ``inner``, ``0``, ``inner.0`` and so on; empty for the column itself.
    """
    values = values.storage if isinstance(values, pa.ExtensionArray) else values
    if not path:
        return values
    if pa.types.is_struct(values.type):
        names = [field.name for field in values.type]
        name = max((one for one in names if f"{path}.".startswith(f"{one}.")), key=len)
        return inside(pc.struct_field(values, name), path.removeprefix(name).removeprefix("."))
    number, _, rest = path.partition(".")
    lengths = pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(lengths > int(number))
    items = pc.list_element(values.take(pa.array(rows)), int(number))
    places = np.full(len(values), -1)
    places[rows] = np.arange(len(rows))
    return inside(items.take(pa.array(places, mask=places < 0)), rest)


def as_bytes(values: pa.Array, *, identifier: bool = False) -> pa.Array:
    """Return values as text, in bytes that are UTF-8 unless the column holds other bytes.

    Args:
        values: of a type that ``leaves`` names.
        identifier: whether bytes that are no text are to be written in hex.

    Returns:
        Type binary.
    """
    if isinstance(values, pa.ExtensionArray):
        if isinstance(values.type, pa.UuidType):
            return _mapped(values.storage, lambda value: str(UUID(bytes=value)).encode())
        values = values.storage
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    kind = values.type
    if pa.types.is_fixed_size_binary(kind):
        return _mapped(values, _plain_or_hex)
    if any(is_a(kind) for is_a in _BYTES) and identifier:
        return _mapped(values, _text_or_hex)
    if any(is_a(kind) for is_a in (*_TEXT, *_BYTES)):
        return values.cast(pa.large_binary()).cast(pa.binary())
    return _written(values).cast(pa.string()).cast(pa.binary())


def _written(values: pa.Array) -> pa.Array:
    """Return numbers without a point where they are whole, and all else as Arrow writes it."""
    kind = values.type
    if pa.types.is_floating(kind):
        return _without_point(values.cast(pa.float64()))
    if pa.types.is_decimal(kind):
        return pc.replace_substring_regex(values.cast(pa.string()), r"\.0+$", "")
    if pa.types.is_duration(kind):
        return values.cast(pa.int64())
    return values


def _without_point(values: pa.Array) -> pa.Array:
    numbers = values.to_numpy(zero_copy_only=False)  # null is NaN
    whole = np.isfinite(numbers) & (np.trunc(numbers) == numbers) & (np.abs(numbers) < _EXACT)
    texts = pc.if_else(pc.is_nan(values), None, values).cast(pa.string())
    if not whole.any():
        return texts
    integers = pa.array(np.where(whole, numbers, 0).astype(np.int64)).cast(pa.string())
    return pc.if_else(pa.array(whole), integers, texts)


def _mapped(values: pa.Array, write: Callable[[bytes], bytes]) -> pa.Array:
    texts = [None if value is None else write(value) for value in values.to_pylist()]
    return pa.array(texts, pa.binary())


def _plain_or_hex(value: bytes) -> bytes:
    plain = value.rstrip(b"\0 ")  # as columns of fixed width are filled
    printable = plain and all(byte in _PRINTABLE for byte in plain)
    return plain if printable else value.hex().encode()


def _text_or_hex(value: bytes) -> bytes:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value.hex().encode()
    return value if text.isprintable() else value.hex().encode()


def _stored(kind: pa.DataType) -> pa.DataType:
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
