"""Identifiers that look like the real ones and differ for different numbers."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.sources.generated.rolls import Ints, scrambled

_DIGITS: Final = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", dtype=np.uint8)
_STEP: Final = 38_160_091_273  # prime, so that its multiples differ modulo what it does not divide
_MOST_PRODUCTS: Final = 10_000_000


def review_ids(numbers: Ints, seed: int) -> pa.StringArray:
    """Return the names of reviews: R and 13 digits or capitals."""
    return _written(b"R", scrambled(numbers, seed), 36, 13)


def product_ids(numbers: Ints) -> pa.StringArray:
    """Return the names of products: B00 and 7 digits or capitals."""
    return _written(b"B00", _spread(numbers, 36**7, 0), 36, 7)


def is_generated(products: pa.Array) -> NDArray[np.bool_]:
    """Say which product_ids ``product_ids`` has written, (n,).

    It writes those of small numbers; other ids of this form stand for a number that is small once
    in 7,800 times.
    """
    texts = pc.fill_null(products.cast(pa.string()), "")
    formed = pc.match_substring_regex(texts, "^B00[0-9A-Z]{7}$").to_numpy(zero_copy_only=False)
    distinct, inverse = np.unique(
        np.array(texts.filter(pa.array(formed)), "S10"), return_inverse=True
    )
    values = np.array([int(one[3:], 36) for one in distinct.tolist()], np.int64)
    back = pow(_STEP, -1, 36**7)
    numbers = np.array([(value - 12_345) * back % 36**7 for value in values.tolist()], np.int64)
    found = np.zeros(len(products), np.bool_)
    found[formed] = (numbers < _MOST_PRODUCTS)[inverse]
    return found


def parent_ids(families: Ints) -> pa.StringArray:
    """Return the names of product families: 9 digits."""
    return _written(b"", _spread(families, 9 * 10**8, 10**8), 10, 9)


def customer_ids(customers: Ints) -> pa.StringArray:
    """Return the names of customers: 8 digits."""
    return _written(b"", _spread(customers, 9 * 10**7, 10**7), 10, 8)


def _spread(numbers: Ints, size: int, first: int) -> NDArray[np.uint64]:
    """Scatter numbers below a size over all of it: different ones stay different."""
    step = np.uint64(_STEP % size)
    # Two halves, so that the product stays within 64 bits.
    low = numbers.astype(np.uint64) % np.uint64(2**20)
    high = numbers.astype(np.uint64) // np.uint64(2**20)
    wide = np.uint64(_STEP * 2**20 % size)
    return (low * step + high * wide + np.uint64(12_345)) % np.uint64(size) + np.uint64(first)


def _written(prefix: bytes, values: NDArray[np.uint64], base: int, width: int) -> pa.StringArray:
    """Write numbers in a base with leading zeros behind a prefix."""
    letters = np.empty((len(values), len(prefix) + width), dtype=np.uint8)
    letters[:, : len(prefix)] = np.frombuffer(prefix, dtype=np.uint8)
    rest = values.copy()
    for place in range(len(prefix) + width - 1, len(prefix) - 1, -1):
        letters[:, place] = _DIGITS[rest % np.uint64(base)]
        rest //= np.uint64(base)
    cuts = np.arange(len(values) + 1, dtype=np.int32) * np.int32(letters.shape[1])
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(cuts), pa.py_buffer(letters))
