"""What makes two rows the same review: columns of hashes beside each row.

See docs/decisions/0041-exact-duplicates.md and 0150-copies-over-variants.md for the rules and the
figures behind them.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.prepare.nobody import is_nobody
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
        pa.field("copy_1", pa.int64(), False),  # the same for copies over variants
        pa.field("copy_2", pa.int64(), False),
        pa.field("product_hash", pa.int64(), False),
        pa.field("customer_hash", pa.int64(), False),
        pa.field("body_hash", pa.int64(), False),
        pa.field("has_derived_id", pa.bool_(), False),  # only of short texts it is known
        pa.field("may_repeat_id", pa.bool_(), False),  # equal ids are not copies: number them
        pa.field("may_repeat_content", pa.bool_(), False),  # equal contents are not copies
        pa.field("may_be_copy", pa.bool_(), False),  # over variants, as copy_1 and copy_2 say
    ]
)

CONTENT_COLUMNS: Final = tuple(
    name for name in REVIEWS.names if name not in ("review_id", "helpful_votes", "total_votes")
)
"""Votes grow between two snapshots of one review, so they do not tell reviews apart."""

COPY_COLUMNS: Final = ("customer_id", "review_body", "review_date", "star_rating")
"""What a review has in common with its copies over variants of the product."""

SHORT_COPY_COLUMNS: Final = ("product_parent", "review_headline")
"""What a review in a few words has in common with them as well."""

_SEEDS: Final = (3, 4)
CONTENT_MASK: Final = 2**63 - 1
DERIVED_LENGTH: Final = 32
_FAR: Final = 2**40
"""No number, flag or day is that far from 0."""


def keys(
    raw: pa.RecordBatch,
    cleaned: pa.RecordBatch,
    *,
    keep: bool,
    derived: pa.Array | None = None,
) -> list[pa.Array]:
    """Return the columns of ``KEYS`` for rows of the reviews table.

    Args:
        raw: the rows as the source gave them; derived ids are those of their raw content.
        cleaned: the same rows, cleaned.
        keep: no row counts as a duplicate.
        derived: which short texts have a derived id, where that was told from other rows.
    """
    short = pc.less(pc.utf8_length(cleaned["review_body"]), CHANCE_CHARS).to_numpy(False)
    known = pc.and_(cleaned["customer_id"].is_valid(), cleaned["product_id"].is_valid())
    known = pc.and_not(known, is_nobody(cleaned["customer_id"])).to_numpy(zero_copy_only=False)
    first, second = (_hashes(cleaned, short, seed) for seed in _SEEDS)
    derived_ = _has_derived_id(raw, short) if derived is None else derived.to_numpy(False)
    chance = np.ones(len(cleaned), np.bool_) if keep else short & ~known
    chance_id = chance if keep else chance & derived_
    hashes = [
        hash64(cleaned["review_id"]),
        first.content,
        second.content,
        first.copy,
        second.copy,
        first.product,
        first.customer,
        first.body,
    ]
    return [
        *(pa.array(values.view(np.int64)) for values in hashes),
        pa.array(derived_),
        pa.array(chance_id),
        pa.array(chance),
        pa.array(known),
    ]


class _Hashes(NamedTuple):
    """Hashes of n rows, all (n,) uint64."""

    content: NDArray[np.uint64]
    copy: NDArray[np.uint64]
    product: NDArray[np.uint64]
    customer: NDArray[np.uint64]
    body: NDArray[np.uint64]


def _hashes(reviews: pa.RecordBatch, short: NDArray[np.bool_], seed: int) -> _Hashes:
    names = _content_columns(reviews.schema)
    columns = {name: _column_hashes(reviews[name], seed) for name in names}
    more = [np.where(short, columns[name], np.uint64(0)) for name in SHORT_COPY_COLUMNS]
    return _Hashes(
        content=_combined(seed, list(columns.values())),
        copy=_combined(seed, [*more, *(columns[name] for name in COPY_COLUMNS)]),
        product=columns["product_id"],
        customer=columns["customer_id"],
        body=columns["review_body"],
    )


def _content_columns(schema: pa.Schema) -> tuple[str, ...]:
    """Return the columns that tell reviews apart: also those kept beside the reviews table."""
    return (*CONTENT_COLUMNS, *(name for name in schema.names if name not in REVIEWS.names))


def _combined(seed: int, columns: Sequence[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    total = np.full(len(columns[0]), seed, np.uint64)
    for hashes in columns:
        total = combine64(total, hashes)
    return total


def _column_hashes(column: pa.Array, seed: int) -> NDArray[np.uint64]:
    if column.null_count == len(column):
        return np.zeros(len(column), np.uint64)
    return hash64(column, seed) if pa.types.is_string(column.type) else _numbers(column)


def _numbers(column: pa.Array) -> NDArray[np.uint64]:
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    values = pc.add(pc.fill_null(column.cast(pa.int64()), -_FAR), _FAR)
    numbers: NDArray[np.uint64] = values.to_numpy().view(np.uint64)  # null is 0, as in hash64
    return numbers


def content_numbers(reviews: pa.RecordBatch) -> pa.Array:
    """Return a number for each row that tells its content apart, as text: ``content_1`` from 0 on.

    Args:
        reviews: cleaned rows, schema ``reviews_schema``.
    """
    return pa.array(content_hashes(reviews) & CONTENT_MASK).cast(pa.string())


def content_hashes(reviews: pa.RecordBatch) -> NDArray[np.int64]:
    """Return ``content_1`` of each row, (n,).

    Args:
        reviews: cleaned rows, schema ``reviews_schema``.
    """
    seed = _SEEDS[0]
    names = _content_columns(reviews.schema)
    hashes: NDArray[np.int64] = _combined(
        seed, [_column_hashes(reviews[name], seed) for name in names]
    ).view(np.int64)
    return hashes


def _has_derived_id(raw: pa.RecordBatch, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    among = among & (pc.binary_length(raw["review_id"]).to_numpy() == DERIVED_LENGTH)
    derived = np.zeros(len(raw), np.bool_)
    if among.any():
        rows = raw.filter(pa.array(among))
        derived[among] = pc.equal(rows["review_id"], derived_ids(rows)).to_numpy(
            zero_copy_only=False
        )
    return derived
