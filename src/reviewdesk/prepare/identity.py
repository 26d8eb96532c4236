"""What makes two rows the same review: columns of hashes beside each row.

See docs/decisions/0041-exact-duplicates.md for the rules and the figures behind them.
"""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.schema import REVIEWS
from reviewdesk.sources.ids import derived_ids
from reviewdesk.text.hashing import combine64, hash64

CHANCE_CHARS: Final = 50
"""Shorter texts are written by several people independently; longer equal ones are copies."""

KEYS: Final = pa.schema(
    [
        pa.field("id_hash", pa.int64(), False),
        pa.field("content_1", pa.int64(), False),  # two hashes, 128 bits together
        pa.field("content_2", pa.int64(), False),
        pa.field("may_repeat_id", pa.bool_(), False),  # equal ids are not copies: number them
        pa.field("may_repeat_content", pa.bool_(), False),  # equal contents are not copies
    ]
)

CONTENT_COLUMNS: Final = tuple(
    name for name in REVIEWS.names if name not in ("review_id", "helpful_votes", "total_votes")
)
"""Votes grow between two snapshots of one review, so they do not tell reviews apart."""

_SEEDS: Final = (3, 4)
_FAR: Final = 2**40
"""No number, flag or day is that far from 0."""


def keys(raw: pa.RecordBatch, cleaned: pa.RecordBatch, *, keep: bool) -> list[pa.Array]:
    """Return the columns of ``KEYS`` for rows of the reviews table.

    Args:
        raw: the rows as the source gave them; derived ids are those of their raw content.
        cleaned: the same rows, cleaned.
        keep: no row counts as a copy.
    """
    first, second = (_content_hashes(cleaned, seed) for seed in _SEEDS)
    if keep:
        chance = chance_id = np.ones(len(cleaned), np.bool_)
    else:
        chance = _by_chance(cleaned)
        chance_id = chance & _has_derived_id(raw, chance)
    hashes = [hash64(cleaned["review_id"]), first, second]
    return [
        *(pa.array(values.view(np.int64)) for values in hashes),
        pa.array(chance_id),
        pa.array(chance),
    ]


def _content_hashes(reviews: pa.RecordBatch, seed: int) -> NDArray[np.uint64]:
    total = np.full(len(reviews), seed, np.uint64)
    for name in CONTENT_COLUMNS:
        column = reviews[name]
        if column.null_count == len(column):
            hashes = np.zeros(len(column), np.uint64)
        elif pa.types.is_string(column.type):
            hashes = hash64(column, seed)
        else:
            hashes = _numbers(column)
        total = combine64(total, hashes)
    return total


def _numbers(column: pa.Array) -> NDArray[np.uint64]:
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    values = pc.add(pc.fill_null(column.cast(pa.int64()), -_FAR), _FAR)
    numbers: NDArray[np.uint64] = values.to_numpy().view(np.uint64)  # null is 0, as in hash64
    return numbers


def _by_chance(reviews: pa.RecordBatch) -> NDArray[np.bool_]:
    """Say which rows may equal others by chance: short, and not known to be by one customer."""
    unknown = pc.or_(reviews["customer_id"].is_null(), reviews["product_id"].is_null())
    short = pc.less(pc.utf8_length(reviews["review_body"]), CHANCE_CHARS)
    chance: NDArray[np.bool_] = pc.and_(unknown, short).to_numpy(zero_copy_only=False)
    return chance


def _has_derived_id(raw: pa.RecordBatch, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    derived = np.zeros(len(raw), np.bool_)
    if among.any():
        rows = raw.filter(pa.array(among))
        derived[among] = pc.equal(rows["review_id"], derived_ids(rows)).to_numpy(
            zero_copy_only=False
        )
    return derived
