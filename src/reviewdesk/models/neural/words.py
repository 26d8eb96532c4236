"""Words of reviews as numbers: counted, chosen, and written as ids by kernels.

A word is known by the 64-bit hash of its lower case, so no word stands in a bundle in clear. Ids
begin with three kinds of marks: nothing, a word that is not known, and the beginning of each field.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.models.linear.texts import FieldTexts, field_texts
from reviewdesk.text.compiled import compiled
from reviewdesk.text.dull import Hashes, is_in, word_hashes
from reviewdesk.text.letters import letters
from reviewdesk.text.stop_words import NEGATIONS, STOP_WORDS
from reviewdesk.text.terms import NO_COLUMN, find_place
from reviewdesk.text.words import hash_words

PADDING: Final = 0
UNKNOWN: Final = 1
MARKS: Final = 2
"""Ids before those of the fields' beginnings."""

FIRST_PLACES: Final = 1 << 16
MOST_PLACES: Final = 1 << 24
"""Beyond half of so many different words, the rarest are forgotten while they are counted."""

Ids = NDArray[np.int32]
Ends = NDArray[np.int64]

_SEED: Final = np.uint64(0)
_NONE: Final = np.empty(0, np.uint64)


class WordCounts:
    """Counts in how many reviews each word stands.

    Args:
        columns: the text columns.
        most_places: the table's largest size, 16 bytes a place.
    """

    def __init__(self, columns: Sequence[str], most_places: int = MOST_PLACES) -> None:
        self.columns = tuple(columns)
        self._most = most_places
        self.rows = 0
        """How many reviews were counted."""
        self._keys = np.zeros(min(FIRST_PLACES, most_places), np.uint64)
        self._counts = np.full(len(self._keys), NO_COLUMN, np.int32)
        self._seen = np.zeros(len(self._keys), np.int32)  # the last row that had the word
        self._words = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Count the words of reviews, each once a review; a null is a text without words."""
        texts = field_texts(batch, self.columns)
        row = 0
        while True:
            row, self._words = count_words(
                *texts, letters(), row, self.rows, self._keys, self._counts, self._seen,
                self._words,
            )  # fmt: skip
            if row == len(batch):
                break
            self._make_room()
        self.rows += len(batch)

    def _make_room(self) -> None:
        """Double the table, or forget the rarest words where it may not grow."""
        there = self._counts != NO_COLUMN
        keys, counts, seen = self._keys[there], self._counts[there], self._seen[there]
        places = len(self._keys)
        if places < self._most:
            places *= 2
        else:
            kept = counts > np.median(counts)
            keys, counts, seen = keys[kept], counts[kept], seen[kept]
        self._keys, self._counts = np.zeros(places, np.uint64), np.full(places, NO_COLUMN, np.int32)
        self._seen = np.zeros(places, np.int32)
        self._words = len(keys)
        place_words(keys, counts, seen, self._keys, self._counts, self._seen)

    def vocabulary(
        self, most: int, min_df: int, most_words: int, stop_words: bool
    ) -> "WordVocabulary":
        """Return the words that stand in the most reviews.

        Args:
            most: how many words at most.
            min_df: in how many reviews a word must stand.
            most_words: see ``WordVocabulary``.
            stop_words: whether words that say little count.
        """
        kept = self._counts >= min_df
        keys, counts = self._keys[kept], self._counts[kept]
        order = np.lexsort((keys, -counts))
        hashes = keys[order]
        if not stop_words:
            hashes = hashes[~np.isin(hashes, _stop_hashes())]
        return WordVocabulary(self.columns, hashes[:most], most_words, stop_words)


class WordVocabulary:
    """The words that a network knows.

    Args:
        columns: the text columns.
        hashes: (v,) the hash of each word, the most frequent first.
        most_words: of a longer review, the first half and the second half of so many words count.
        stop_words: whether words that say little count; if not, they are left out of texts.
    """

    def __init__(
        self, columns: Sequence[str], hashes: Hashes, most_words: int, stop_words: bool = True
    ) -> None:
        self.columns = tuple(columns)
        self.hashes = hashes
        self.most_words = most_words
        self.stop_words = stop_words

    @property
    def first(self) -> int:
        """The id of the first word."""
        return MARKS + len(self.columns)

    def __len__(self) -> int:
        """Return how many ids there are, marks included."""
        return self.first + len(self.hashes)

    def ids(self, batch: pa.RecordBatch) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the ids of reviews, one after the other, and where each ends, (n + 1,)."""
        found = self._find(field_texts(batch, self.columns))
        return found.ids, found.ends

    def spans(self, batch: pa.RecordBatch) -> tuple[FieldTexts, "Found"]:
        """Return the texts of reviews, and ids with the places in the texts they stand for."""
        texts = field_texts(batch, self.columns)
        return texts, self._find(texts)

    def _find(self, texts: FieldTexts) -> "Found":
        n, fields = texts.bounds.shape[:2]
        room = int(np.minimum(texts.bytes + fields, self.most_words).sum())
        ids, spans = np.empty(room, np.int32), np.empty((room, 2), np.int64)
        ends = np.zeros(n + 1, np.int64)
        longest = int(texts.bytes.max(initial=0)) + fields
        dull = _NONE if self.stop_words else _stop_hashes()
        write_ids(
            *texts, letters(), dull, *self._places, self.first, self.most_words, longest, ids,
            spans, ends,
        )  # fmt: skip
        return Found(ids[: ends[-1]], spans[: ends[-1]], ends)

    @cached_property
    def _places(self) -> tuple[Hashes, NDArray[np.int32]]:
        places = 1 << (2 * len(self.hashes) + 1).bit_length()
        keys, numbers = np.zeros(places, np.uint64), np.full(places, NO_COLUMN, np.int32)
        own = np.arange(len(self.hashes), dtype=np.int32)
        place_words(self.hashes, own, own, keys, numbers, np.empty(places, np.int32))
        return keys, numbers


class Found(NamedTuple):
    """Ids of reviews; a mark of a field stands for no place in the text: -1."""

    ids: NDArray[np.int32]
    spans: NDArray[np.int64]  # (ids, 2)
    ends: NDArray[np.int64]  # (n + 1,)


def known_words(ids: Ids, ends: Ends, first: int) -> NDArray[np.int64]:
    """Return how many different words of each review are known, (n,); ids from ``first`` on are."""
    row_of = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
    words = ids >= first
    width = int(ids.max(initial=0)) + 1
    pairs = np.unique(row_of[words] * width + ids[words])
    return np.bincount(pairs // width, minlength=len(ends) - 1)


def shortened(
    ids: Ids, ends: Ends, chosen: NDArray[np.int64], most: NDArray[np.int64], first: int
) -> tuple[Ids, Ends]:
    """Return some reviews, each with its marks of fields and its first so many known words (m,)."""
    kept = []
    for row, words in zip(chosen.tolist(), most.tolist(), strict=True):
        own = ids[ends[row] : ends[row + 1]]
        is_word = own >= first
        kept.append(own[np.where(is_word, np.cumsum(is_word) <= words, own > UNKNOWN)])
    sizes = np.cumsum([0, *map(len, kept)]).astype(np.int64)
    return np.concatenate([np.empty(0, np.int32), *kept]), sizes


def hash_word(word: str) -> np.uint64 | None:
    """Return the hash that a word alone has in a text; None where it is not exactly one word."""
    data = np.frombuffer(word.encode(), np.uint8)
    hashes = np.empty(len(data) + 1, np.uint64)
    spans = np.empty((len(data) + 1, 2), np.int64)
    count = hash_words(data, 0, len(data), _SEED, letters(), hashes, spans)
    return hashes[0] if count == 1 else None


def _stop_hashes() -> Hashes:
    """Return the sorted hashes of words that say little; those that turn a meaning are not."""
    return word_hashes(STOP_WORDS - NEGATIONS)


@compiled
def count_words(
    data: NDArray[np.uint8],
    bounds: NDArray[np.int64],
    table: NDArray[np.uint32],
    row: int,
    first_row: int,
    keys: Hashes,
    counts: NDArray[np.int32],
    seen: NDArray[np.int32],
    words: int,
) -> tuple[int, int]:
    """Count words from a row on until the table is half full.

    Returns:
        The row that is next, and how many words the table has.
    """
    longest = 1
    for text in range(row, len(bounds)):
        for field in range(bounds.shape[1]):
            longest = max(longest, bounds[text, field, 1] - bounds[text, field, 0])
    hashes, none = np.empty(longest, np.uint64), np.empty((0, 2), np.int64)
    for text in range(row, len(bounds)):
        if 2 * words > len(keys):
            return text, words
        for field in range(bounds.shape[1]):
            start, end = bounds[text, field]
            found = hash_words(data, start, end, _SEED, table, hashes, none)
            for word in range(found):
                at = find_place(keys, counts, hashes[word])
                if counts[at] == NO_COLUMN:
                    if words + 1 >= len(keys):  # one endless text: its other words stay uncounted
                        continue
                    keys[at], counts[at], seen[at] = hashes[word], 0, 0
                    words += 1
                if seen[at] != first_row + text + 1:
                    seen[at] = first_row + text + 1
                    counts[at] += 1
    return len(bounds), words


@compiled
def place_words(
    keys: Hashes,
    values: NDArray[np.int32],
    others: NDArray[np.int32],
    new_keys: Hashes,
    new_values: NDArray[np.int32],
    new_others: NDArray[np.int32],
) -> None:
    """Put words with two values each into a table that has room for them."""
    for number in range(len(keys)):
        at = find_place(new_keys, new_values, keys[number])
        new_keys[at] = keys[number]
        new_values[at] = values[number]
        new_others[at] = others[number]


@compiled
def write_ids(
    data: NDArray[np.uint8],
    bounds: NDArray[np.int64],
    table: NDArray[np.uint32],
    dull: Hashes,
    keys: Hashes,
    numbers: NDArray[np.int32],
    first: int,
    most: int,
    longest: int,
    ids: NDArray[np.int32],
    spans: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> None:
    """Write the ids of each row; of a row longer than ``most``, its beginning and its end."""
    hashes, where = np.empty(longest, np.uint64), np.empty((longest, 2), np.int64)
    row_ids, row_spans = np.empty(longest, np.int32), np.empty((longest, 2), np.int64)
    done, fields = 0, bounds.shape[1]
    for text in range(len(bounds)):
        count = 0
        for field in range(fields):
            start, end = bounds[text, field]
            if fields > 1:
                row_ids[count], row_spans[count, 0], row_spans[count, 1] = MARKS + field, -1, -1
                count += 1
            found = hash_words(data, start, end, _SEED, table, hashes, where)
            for word in range(found):
                if is_in(dull, hashes[word]):
                    continue
                number = numbers[find_place(keys, numbers, hashes[word])]
                row_ids[count] = UNKNOWN if number == NO_COLUMN else first + number
                row_spans[count] = where[word]
                count += 1
        skipped = max(count - most, 0)
        head = min(count, most // 2 if skipped else count)
        for word in range(count):
            if head <= word < head + skipped:
                continue
            ids[done], spans[done] = row_ids[word], row_spans[word]
            done += 1
        ends[text + 1] = done
