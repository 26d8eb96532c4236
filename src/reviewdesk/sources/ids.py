"""Review ids for rows that have none, derived from what the row says."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.schema import REVIEWS
from reviewdesk.text.buffers import buffers
from reviewdesk.text.hashing import Hashes, combine64, hash64

ID_COLUMNS: Final = ("customer_id", "review_id", "product_id", "product_parent")

_DOT: Final = ord(".")
_ASCII_ENDS: Final = 0x80

SEEDS: Final = (1, 2)
"""One for the upper, one for the lower 64 bits."""


def plain_ids(values: pa.Array) -> pa.Array:
    """Return ids as they are compared: whole numbers without ``.0``, and texts in Unicode's NFC.

    Programs that know numbers with gaps only as floats write 12345678 as ``12345678.0``.

    Args:
        values: (n,) strings.
    """
    held = _bytes(values)
    if (held >= _ASCII_ENDS).any():
        values = pc.utf8_normalize(values, "NFC")
    if (held == _DOT).any():
        values = pc.replace_substring_regex(values, r"^(-?\d+)\.0+$", r"\1")
    return values


def _bytes(values: pa.Array) -> NDArray[np.uint8]:
    """Return the bytes of all texts, one after the other."""
    data, offsets, _ = buffers(values)
    return data[offsets[0] : offsets[-1]]


def derived_ids(reviews: pa.RecordBatch) -> pa.Array:
    """Return 32 hex digits for each row: a 128-bit hash of its columns but the id.

    The same content gets the same id in any order, file and run; rows that differ in any column
    get different ones.

    Args:
        reviews: schema ``REVIEWS``; ``review_id`` is not looked at.

    Returns:
        (n,) strings.
    """
    halves = [_hash_rows(reviews, seed).astype(">u8") for seed in SEEDS]
    digits = np.stack(halves, axis=1).tobytes().hex()  # 32 a row
    return pa.array(
        [digits[start : start + 32] for start in range(0, len(digits), 32)], pa.string()
    )


def fill_ids(reviews: pa.RecordBatch) -> pa.RecordBatch:
    """Return the rows with derived ids where they have none."""
    column = reviews.schema.get_field_index("review_id")
    missing = reviews.column(column).is_null()
    if not pc.any(missing).as_py():
        return reviews
    ids = pc.replace_with_mask(
        reviews.column(column), missing, derived_ids(reviews.filter(missing))
    )
    return reviews.set_column(column, REVIEWS.field("review_id"), ids)


def _hash_rows(reviews: pa.RecordBatch, seed: int) -> Hashes:
    total = np.zeros(len(reviews), np.uint64)
    for field in REVIEWS:
        if field.name != "review_id":
            values = pc.cast(reviews.column(field.name), pa.string())
            total = combine64(total, hash64(values, seed))
    return total
