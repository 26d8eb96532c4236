"""Arrow's string and binary arrays as the plain arrays that kernels read."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class Buffers(NamedTuple):
    """The values of one array: value ``i`` is ``data[offsets[i]:offsets[i + 1]]``."""

    data: NDArray[np.uint8]  # (bytes,)
    offsets: NDArray[np.int64]  # (n + 1,)
    valid: NDArray[np.bool_]  # (n,) false where the value is null


_WIDE = (pa.large_string(), pa.large_binary())
_NARROW = (pa.string(), pa.binary())


def buffers(values: pa.Array) -> Buffers:
    """Return a string or binary array's values without copying their bytes.

    Args:
        values: of type string, large_string, binary or large_binary, sliced or not; other kinds
            of strings (views, dictionaries) are turned into these.

    Raises:
        TypeError: the values are not text or bytes.
    """
    values = _plain(values)
    count = len(values)
    width = np.int64 if values.type in _WIDE else np.int32
    _, offsets, data = values.buffers()
    if count == 0 or offsets is None:
        starts = np.zeros(count + 1, np.int64)
    else:
        first = values.offset
        starts = np.frombuffer(offsets, width)[first : first + count + 1].astype(np.int64)
    valid = np.ones(count, np.bool_)
    if values.null_count:
        valid = values.is_valid().to_numpy(zero_copy_only=False)
    content = np.frombuffer(b"" if data is None else data, np.uint8)
    content.flags.writeable = False  # Arrow's values never change, and kernels need one type
    return Buffers(content, starts, valid)


def _plain(values: pa.Array) -> pa.Array:
    if values.type in _NARROW or values.type in _WIDE:
        return values
    if isinstance(values, pa.DictionaryArray):
        return _plain(values.dictionary_decode())
    kind = values.type
    if pa.types.is_string_view(kind) or pa.types.is_null(kind):
        return values.cast(pa.large_string())
    if pa.types.is_binary_view(kind):
        return values.cast(pa.large_binary())
    raise TypeError(f"expected text or bytes, got an array of {kind}")
