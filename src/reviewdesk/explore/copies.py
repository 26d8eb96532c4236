"""Long texts that were seen before: one review copied over the variants of a product.

A copied review would count its words once for each variant. What was seen is kept in a Bloom
filter with one hash: a text is never taken for new that was seen, and at its size about one new
text in sixty is taken for a copy.
"""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.text.hashing import hash64

LONG_BYTES: Final = 100
"""Shorter texts are written by several people in the same words, as in "Works as expected"."""

_BITS_A_TEXT: Final = 64
_MOST_BITS: Final = 1 << 30  # 128 MiB, enough for 16 million texts


class SeenTexts:
    """Tells new texts from copies.

    Args:
        texts: how many there will be, about.
    """

    def __init__(self, texts: int) -> None:
        bits = min(max(1 << (texts * _BITS_A_TEXT).bit_length(), 64), _MOST_BITS)
        self._shift = np.uint64(64 - (bits.bit_length() - 1))
        self._seen = np.zeros(bits // 8, np.uint8)

    def are_new(self, texts: pa.Array) -> NDArray[np.bool_]:
        """Say which texts are new or short, (n,); remember them."""
        new = np.ones(len(texts), np.bool_)
        long = np.flatnonzero(pc.binary_length(texts).fill_null(0).to_numpy() >= LONG_BYTES)
        places = hash64(texts.take(pa.array(long))) >> self._shift
        _, first = np.unique(places, return_index=True)
        fresh = np.zeros(len(long), np.bool_)
        fresh[first] = True
        byte, bit = places >> np.uint64(3), (places & np.uint64(7)).astype(np.uint8)
        fresh &= (self._seen[byte] >> bit) & 1 == 0
        np.bitwise_or.at(self._seen, byte, np.uint8(1) << bit)
        new[long] = fresh
        return new
