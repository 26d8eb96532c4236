"""Random numbers that are the same on every machine.

Only the raw stream of the Philox counter generator is used (NumPy keeps bit streams stable between
versions, but not what ``Generator`` makes of them), and only integer arithmetic turns it into
choices: powers and logarithms differ in their last bit between processors.

Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Bits = NDArray[np.uint64]

_LOW_HALF: Final = np.uint64(0xFFFFFFFF)
_HALF: Final = np.uint64(32)


class Rolls:
    """One stream of random numbers.

    Args:
        seed: what the whole corpus depends on.
        stream: which of its independent streams this is.
    """

    def __init__(self, seed: int, stream: int) -> None:
        key = np.array([seed % 2**64, stream % 2**64], dtype=np.uint64)
        self._bits = np.random.Philox(key=key)

    def raw(self, count: int) -> Bits:
        """Return so many numbers of 64 random bits."""
        return np.asarray(self._bits.random_raw(count), dtype=np.uint64)

    def halves(self, count: int) -> Bits:
        """Return so many numbers of 32 random bits."""
        raw = self.raw((count + 1) // 2)
        both = np.empty((len(raw), 2), dtype=np.uint64)
        both[:, 0] = raw & _LOW_HALF
        both[:, 1] = raw >> _HALF
        return both.reshape(-1)[:count]

    def below(self, bounds: Ints | int, count: int) -> Ints:
        """Return so many whole numbers, evenly from 0 up to but not including their bounds.

        Args:
            bounds: one bound for all, or one each; at most 2**31.
        """
        return scaled(self.halves(count), bounds)

    def chance(self, share: float | NDArray[np.float64], count: int) -> Flags:
        """Return so many flags, each true with the given probability."""
        threshold = np.asarray(np.asarray(share) * 2.0**32, dtype=np.uint64)
        return np.asarray(self.halves(count) < threshold)

    def weighted(self, cumulative: Ints, count: int) -> Ints:
        """Return so many places in a table, by the running sums of their whole-number weights."""
        drawn = self.raw(count) % np.uint64(cumulative[-1])
        return np.searchsorted(cumulative, drawn.astype(np.int64), side="right")


def scaled(halves: Bits, bounds: Ints | int) -> Ints:
    """Turn 32 random bits into whole numbers from 0 up to but not including their bounds."""
    return ((halves * np.asarray(bounds, dtype=np.uint64)) >> _HALF).astype(np.int64)


def squared(halves: Bits) -> Bits:
    """Turn 32 even random bits into 32 whose density falls as one over the square root."""
    return (halves * halves) >> _HALF


def cubed(halves: Bits) -> Bits:
    """Turn 32 even random bits into 32 whose density falls as the power of minus two thirds."""
    return (squared(halves) * halves) >> _HALF


def running_sums(weights: list[int] | Ints) -> Ints:
    """Return the running sums of whole-number weights, for `Rolls.weighted`."""
    return np.cumsum(np.asarray(weights, dtype=np.int64))


def scrambled(values: Ints | Bits, seed: int) -> Bits:
    """Turn numbers into unrelated ones, each into a different one (the finaliser of SplitMix64).

    Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    """
    mixed = values.astype(np.uint64) + np.uint64((seed * 0x9E3779B97F4A7C15 + 1) % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
