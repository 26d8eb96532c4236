"""Long texts that were seen before: one review copied over the variants of a product.

A copied review would count its words once for each variant. What was seen is kept in a Bloom
filter: a text that was seen is never taken for new, and of new texts about one in five thousand is
taken for a copy. Source: Bloom 1970, Space/time trade-offs in hash coding with allowable errors.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.text.hashing import Hashes, hash64

LONG_BYTES: Final = 100
"""Shorter texts are written by several people in the same words, as in "Works as expected"."""

_BITS_A_TEXT: Final = 64
_MOST_BITS: Final = 1 << 30  # 128 MiB, enough for 16 million texts
_SPREAD: Final = (1, 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)


def long_texts(texts: pa.Array) -> NDArray[np.int64]:
    """Return the places of texts that are long enough to be a copy."""
    lengths = pc.binary_length(texts).fill_null(0).to_numpy()
    return np.flatnonzero(lengths >= LONG_BYTES).astype(np.int64)


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
        long = long_texts(texts)
        new[long] = self.new_hashes(hash64(texts.take(pa.array(long))))
        return new

    def new_hashes(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Say which long texts are new, (n,), by their hashes; remember them."""
        new = np.zeros(len(hashes), np.bool_)
        _, first = np.unique(hashes, return_index=True)
        new[first] = ~self._has(hashes[first])
        self._put(hashes[first])
        return new

    def _has(self, hashes: Hashes) -> NDArray[np.bool_]:
        found = np.ones(len(hashes), np.bool_)
        for byte, bit in self._places(hashes):
            found &= (self._seen[byte] & bit) > 0
        return found

    def _put(self, hashes: Hashes) -> None:
        for byte, bit in self._places(hashes):
            np.bitwise_or.at(self._seen, byte, bit)

    def _places(self, hashes: Hashes) -> Iterator[tuple[Hashes, NDArray[np.uint8]]]:
        """Yield the byte and the bit of each hash in each of the filter's rounds."""
        for factor in _SPREAD:
            places = (hashes * np.uint64(factor)) >> self._shift
            yield places >> np.uint64(3), np.uint8(1) << (places & np.uint64(7)).astype(np.uint8)
