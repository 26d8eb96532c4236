"""The project's one hash: XXH64 of a value's UTF-8 bytes.

Splits, samples, derived ids and text keys all come from it, so that they agree between engines,
runs and machines. Source: the xxHash specification, XXH64
(https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md).
"""

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.text.buffers import buffers
from reviewdesk.text.compiled import compiled

_P1: Final = np.uint64(0x9E3779B185EBCA87)
_P2: Final = np.uint64(0xC2B2AE3D27D4EB4F)
_P3: Final = np.uint64(0x165667B19E3779F9)
_P4: Final = np.uint64(0x85EBCA77C2B2AE63)
_P5: Final = np.uint64(0x27D4EB2F165667C5)
_BITS: Final = np.uint64(64)

Hashes = NDArray[np.uint64]


def hash64(values: pa.Array | pa.ChunkedArray, seed: int = 0) -> Hashes:
    """Return the XXH64 hash of each value's bytes; a null hashes to 0.

    Args:
        values: (n,) strings or binary, chunked or not.
        seed: 0 to 2**64 - 1; another seed gives unrelated hashes.

    Returns:
        (n,) uint64.

    Raises:
        TypeError: the values are not text or bytes.
    """
    chunks = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
    hashes = np.empty(len(values), np.uint64)
    start = 0
    for chunk in chunks:
        data, offsets, valid = buffers(chunk)
        _hash_values(data, offsets, valid, np.uint64(seed), hashes[start : start + len(chunk)])
        start += len(chunk)
    return hashes


def hash64_text(value: str, seed: int = 0) -> int:
    """Return the XXH64 hash of one text."""
    return int(hash64(pa.array([value], pa.large_string()), seed)[0])


def combine64(left: Hashes, right: Hashes) -> Hashes:
    """Return one hash for each pair: XXH64 of both as 16 little-endian bytes.

    Args:
        left: (n,) uint64.
        right: (n,) uint64; the order matters.

    Returns:
        (n,) uint64.

    Raises:
        ValueError: the two are not of the same length.
    """
    pairs = np.ascontiguousarray(np.stack([left, right], axis=1), "<u8")  # (n, 2)
    offsets = np.arange(len(pairs) + 1, dtype=np.int64) * 16
    data = np.frombuffer(pairs.tobytes(), np.uint8)
    hashes = np.empty(len(pairs), np.uint64)
    _hash_values(data, offsets, np.ones(len(pairs), np.bool_), np.uint64(0), hashes)
    return hashes


def unit_interval(hashes: Hashes) -> NDArray[np.float64]:
    """Return each hash as a number in [0, 1), from its upper 53 bits."""
    return (hashes >> np.uint64(11)).astype(np.float64) * 2.0**-53


@compiled
def _hash_values(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    valid: NDArray[np.bool_],
    seed: np.uint64,
    hashes: Hashes,
) -> None:
    for row in range(len(hashes)):
        if valid[row]:
            hashes[row] = xxh64(data, offsets[row], offsets[row + 1], seed)
        else:
            hashes[row] = 0


@compiled
def xxh64(data: NDArray[np.uint8], start: int, end: int, seed: np.uint64) -> np.uint64:
    """Return the XXH64 hash of ``data[start:end]``; other kernels call it."""
    at = start
    if end - start >= 32:
        a, b, c, d = seed + _P1 + _P2, seed + _P2, seed, seed - _P1
        while at + 32 <= end:
            a = _round(a, _word64(data, at))
            b = _round(b, _word64(data, at + 8))
            c = _round(c, _word64(data, at + 16))
            d = _round(d, _word64(data, at + 24))
            at += 32
        digest = _rotate(a, 1) + _rotate(b, 7) + _rotate(c, 12) + _rotate(d, 18)
        for lane in (a, b, c, d):
            digest = (digest ^ _round(np.uint64(0), lane)) * _P1 + _P4
    else:
        digest = seed + _P5
    digest += np.uint64(end - start)
    while at + 8 <= end:
        digest = _rotate(digest ^ _round(np.uint64(0), _word64(data, at)), 27) * _P1 + _P4
        at += 8
    if at + 4 <= end:
        digest = _rotate(digest ^ (_word32(data, at) * _P1), 23) * _P2 + _P3
        at += 4
    while at < end:
        digest = _rotate(digest ^ (np.uint64(data[at]) * _P5), 11) * _P1
        at += 1
    digest = (digest ^ (digest >> np.uint64(33))) * _P2
    digest = (digest ^ (digest >> np.uint64(29))) * _P3
    return digest ^ (digest >> np.uint64(32))


@compiled
def _round(lane: np.uint64, word: np.uint64) -> np.uint64:
    return _rotate(lane + word * _P2, 31) * _P1


@compiled
def _rotate(value: np.uint64, by: int) -> np.uint64:
    bits = np.uint64(by)
    return (value << bits) | (value >> (_BITS - bits))


@compiled
def _word32(data: NDArray[np.uint8], at: int) -> np.uint64:
    word = np.uint64(0)
    for place in range(4):
        word |= np.uint64(data[at + place]) << np.uint64(8 * place)
    return word


@compiled
def _word64(data: NDArray[np.uint8], at: int) -> np.uint64:
    return _word32(data, at) | (_word32(data, at + 4) << np.uint64(32))
