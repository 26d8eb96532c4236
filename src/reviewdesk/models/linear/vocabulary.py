"""Which hashed n-grams are features: those in two rows or more, the most frequent first.

Only hashes are kept. No word of a customer's can be read from them; an explanation hashes the
words of the text that it explains.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import BundleError
from reviewdesk.models.linear.hashed_rows import row_ends
from reviewdesk.models.linear.texts import field_seeds, field_texts
from reviewdesk.text.compiled import compiled
from reviewdesk.text.letters import letters
from reviewdesk.text.ngrams import count_rows, find_rows, lengths

LEAST_BITS: Final = 16
MOST_BITS: Final = 30
CHARACTERS: Final = (0, 3, 4, 5, 6)
"""What the longest run of characters may be; 0 means that there are none."""
CHOOSE: Final = -1
"""Asks for the longest run of characters to be chosen."""
BYTES_A_SLOT: Final = 8  # of text, for each length of n-gram
_COUNT: Final = np.uint64(0xFFFFFFFF)


class Grams(NamedTuple):
    """Which n-grams are looked at.

    Args:
        words: the longest n-gram, in words.
        characters: the longest run of characters inside a word, 3 or more; 0 for none.
        marks: whether each mark of punctuation is a word by itself.
    """

    words: int
    characters: int = 0
    marks: bool = False

    @property
    def lengths(self) -> int:
        """How many lengths of n-grams there are, those of characters included."""
        return lengths(self.words, self.characters)


class FeatureTotals:
    """Counts in how many rows each n-gram stands.

    Args:
        columns: the text columns.
        grams: which n-grams.
        bits: the table has 2 ** bits slots, 8 bytes each.
    """

    def __init__(self, columns: Sequence[str], grams: Grams, bits: int) -> None:
        self.columns = tuple(columns)
        self.grams = grams
        self.bits = bits
        self.rows = 0
        self._seeds = field_seeds(columns)
        self._table = np.zeros(1 << bits, np.uint64)

    def add(self, batch: pa.RecordBatch) -> list[tuple[NDArray[np.uint32], NDArray[np.uint32]]]:
        """Count rows; return their n-grams part by part: slots, and how many each row has."""
        texts = field_texts(batch, self.columns)
        parts = []
        for part in texts.parts():
            bounds = texts.bounds[part]
            stream = np.empty(int(texts.bytes[part].sum()) * self.grams.lengths, np.uint32)
            sizes = np.empty(len(bounds), np.uint32)
            shift = np.uint64(64 - self.bits)
            done = count_rows(
                texts.data, bounds, self._seeds, letters(self.grams.marks), *self.grams[:2], shift,
                self.rows, self._table, stream, sizes,
            )  # fmt: skip
            parts.append((stream[:done].copy(), sizes))
            self.rows += len(bounds)
        return parts

    def vocabulary(self, min_df: int, most: int) -> "Vocabulary":
        """Return the n-grams that stand in ``min_df`` rows or more, at most so many."""
        slots, rows = frequent(self._table, np.uint64(min_df))
        order = np.argsort(~rows, kind="stable")[:most]
        return Vocabulary(self.columns, self.grams, self.bits, slots[order])


class Vocabulary:
    """The features of a classifier.

    Args:
        columns: the text columns.
        grams: which n-grams.
        bits: how many bits a slot has.
        slots: (features,) the slot of each feature.
    """

    def __init__(
        self, columns: Sequence[str], grams: Grams, bits: int, slots: NDArray[np.uint32]
    ) -> None:
        self.columns = tuple(columns)
        self.grams = grams
        self.bits = bits
        self.slots = slots
        self.seeds = field_seeds(columns)
        self._zeros: list[NDArray[np.uint32]] = []  # as many as threads have needed at a time

    def __len__(self) -> int:
        return len(self.slots)

    def words(self) -> "Vocabulary":
        """Return the same features, of which only words alone are looked for."""
        return Vocabulary(self.columns, Grams(1, marks=self.grams.marks), self.bits, self.slots)

    def extended(self, newer: "Vocabulary", most: int) -> "Vocabulary":
        """Return these features and behind them those of another vocabulary that are new."""
        new = newer.slots[~np.isin(newer.slots, self.slots)]
        slots = np.concatenate([self.slots, new[: max(most - len(self), 0)]])
        return Vocabulary(self.columns, self.grams, self.bits, slots)

    @cached_property
    def numbers(self) -> NDArray[np.uint32]:
        """The feature of each slot, (2 ** bits,); the largest number where there is none."""
        numbers = np.full(1 << self.bits, 0xFFFFFFFF, np.uint32)
        numbers[self.slots] = np.arange(len(self.slots), dtype=np.uint32)
        return numbers

    @classmethod
    def from_arrays(
        cls,
        arrays: Mapping[str, NDArray[Any]],
        columns: Sequence[str],
        grams: Grams,
        bits: int,
    ) -> Self:
        """Return the vocabulary of saved arrays.

        Raises:
            BundleError: the slots are missing or damaged.
        """
        slots = arrays.get("slots")
        if slots is None or slots.ndim != 1 or slots.dtype != np.uint32:
            raise BundleError("the weights lack the vocabulary")
        if len(slots) and (int(slots.max()) >> bits or len(np.unique(slots)) < len(slots)):
            raise BundleError("the weights hold a vocabulary that does not fit its size")
        return cls(columns, grams, bits, slots)

    def find(self, batch: pa.RecordBatch) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Return the features of rows, each once a row.

        Returns:
            The features, and where those of each row begin and end, (n + 1,).
        """
        texts = field_texts(batch, self.columns)
        seen = self._borrowed_zeros()
        sizes = np.empty(len(batch), np.uint32)
        stream = np.empty(int(texts.bytes.sum()) * self.grams.lengths, np.uint32)
        done = find_rows(
            texts.data, texts.bounds, self.seeds, letters(self.grams.marks), *self.grams[:2],
            np.uint64(64 - self.bits), self.numbers, seen, stream, sizes,
        )  # fmt: skip
        self._zeros.append(seen)
        return stream[:done], row_ends(sizes)

    def _borrowed_zeros(self) -> NDArray[np.uint32]:
        """Return zeros (features,) that no other thread has; new ones cost time."""
        try:
            return self._zeros.pop()
        except IndexError:
            return np.zeros(len(self), np.uint32)


@compiled
def frequent(
    table: NDArray[np.uint64], least: np.uint64
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the slots with the least number of rows or more, and how many rows they have."""
    found = 0
    for slot in range(len(table)):
        if table[slot] & _COUNT >= least:
            found += 1
    slots, rows = np.empty(found, np.uint32), np.empty(found, np.uint32)
    at = 0
    for slot in range(len(table)):
        if table[slot] & _COUNT >= least:
            slots[at], rows[at] = slot, table[slot] & _COUNT
            at += 1
    return slots, rows


def bits_for(text_bytes: int, grams: Grams, memory: int) -> int:
    """Return how many bits slots need so that few n-grams share one.

    Args:
        text_bytes: how much text there is.
        grams: which n-grams.
        memory: bytes that a table of 8 bytes a slot may take.
    """
    # Words share runs of characters, so that these need half the room of as many n-grams.
    each = grams.words + grams.lengths
    wanted = math.ceil(math.log2(max(text_bytes * each / 2 / BYTES_A_SLOT, 1)))
    allowed = int(math.log2(max(memory // 8, 2)))
    return max(min(wanted, allowed, MOST_BITS), min(LEAST_BITS, allowed))
