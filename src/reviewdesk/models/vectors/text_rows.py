"""Texts as rows of a matrix: those of their words, and of n-grams of characters and of words."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.models.vectors.tokens import (
    END_START,
    character_buckets,
    longer_ngram,
    signed,
    split_line,
    word_hash,
    word_key,
)
from reviewdesk.models.vectors.words import UNKNOWN, WordIndex, find_word
from reviewdesk.text.compiled import compiled

LABEL_PREFIX: Final = b"__label__"
NO_ROW: Final = -1
PART_BYTES: Final = 1 << 20

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TextLines:
    """Tokenised texts: words between blanks.

    Args:
        data: bytes of all texts.
        starts: (n,) where each begins.
        ends: (n,) where it ends.
    """

    data: Bytes
    starts: Ints
    ends: Ints

    def __len__(self) -> int:
        return len(self.starts)

    @classmethod
    def of(cls, texts: list[bytes]) -> "TextLines":
        """Return lines of texts in memory."""
        sizes = np.array([len(text) for text in texts], np.int64)
        ends = np.cumsum(sizes)
        data = np.frombuffer(b"".join(texts), np.uint8)
        return cls(data, ends - sizes, ends)


@dataclass(frozen=True, eq=False)
class TextRows:
    """The rows of n texts: text i has ``rows[ends[i] : ends[i + 1]]``."""

    rows: NDArray[np.int32]
    ends: Ints  # (n + 1,)

    def __len__(self) -> int:
        return len(self.ends) - 1


@dataclass(frozen=True, eq=False)
class RowIndex:
    """How words and n-grams become rows of a matrix.

    Args:
        words: row of each known word; words that are labels have rows from ``known`` on.
        known: how many words have a row.
        bucket: how many buckets n-grams are hashed to; 0 for none.
        shortest: the shortest n-gram of characters.
        longest: the longest; 0 for none.
        word_ngrams: the longest n-gram of words; 1 for none.
        left: (buckets that have a row,) int64, in order; None where bucket b has row known + b.
        left_rows: (the same,) int64, the row of each.
        absent: the row of buckets that have none; ``NO_ROW`` where they count for nothing.
        line_ends: whether the end of a line is a word of it.
    """

    words: WordIndex
    known: int
    bucket: int = 0
    shortest: int = 0
    longest: int = 0
    word_ngrams: int = 1
    left: Ints | None = None
    left_rows: Ints | None = None
    absent: int = NO_ROW
    line_ends: bool = True

    def rows(self, lines: TextLines) -> TextRows:
        """Return the rows of each text, in fastText's order."""
        ids, counts = [], []
        for part in line_parts(lines):
            rows, ends = self._part(lines, part)
            ids.append(rows)
            counts.append(np.diff(ends))
        ends = np.concatenate([[0], *counts]).cumsum()
        return TextRows(np.concatenate([np.empty(0, np.int32), *ids]), ends.astype(np.int64))

    def _part(self, lines: TextLines, part: slice) -> tuple[NDArray[np.int32], Ints]:
        starts, ends = lines.starts[part], lines.ends[part]
        longest_text = int((ends - starts).max(initial=0))
        spans = np.empty((longest_text // 2 + 2, 3), np.int64)
        room = self._room(int((ends - starts).sum()), len(starts))
        out = np.empty(room, np.int64)
        text_ends = np.zeros(len(starts) + 1, np.int64)
        keys, values, numbers, left, left_rows = self.arguments
        _line_rows(
            lines.data,
            starts,
            ends,
            spans,
            keys,
            values,
            numbers,
            left,
            left_rows,
            out,
            text_ends,
        )
        return out[: text_ends[-1]].astype(np.int32), text_ends

    def _room(self, size: int, texts: int) -> int:
        """Return how many rows texts of so many bytes have at most."""
        words = size // 2 + 2 * texts + 1
        lengths = max(0, self.longest - max(self.shortest, 1) + 1)
        return words * max(1, self.word_ngrams) + (size + 2 * words) * lengths

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The index as the kernels take it."""
        left = np.empty(0, np.int64) if self.left is None else self.left
        left_rows = np.empty(0, np.int64) if self.left_rows is None else self.left_rows
        numbers = np.array(
            [
                self.known,
                self.bucket,
                self.shortest,
                self.longest,
                self.word_ngrams,
                self.left is not None,
                self.absent,
                self.line_ends,
            ],
            np.int64,
        )
        return self.words.keys, self.words.values, numbers, left, left_rows


def line_parts(lines: TextLines) -> list[slice]:
    """Return runs of texts of about ``PART_BYTES`` each."""
    total = np.cumsum(lines.ends - lines.starts)
    if not len(total):
        return []
    cuts = np.searchsorted(total, np.arange(PART_BYTES, total[-1] + 1, PART_BYTES)) + 1
    edges = np.unique(np.concatenate([[0], np.minimum(cuts, len(total)), [len(total)]]))
    return [slice(a, b) for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]


@compiled
def _line_rows(
    data: Bytes,
    starts: Ints,
    ends: Ints,
    spans: Ints,
    keys: NDArray[np.uint64],
    values: NDArray[np.int32],
    numbers: Ints,
    left: Ints,
    left_rows: Ints,
    out: Ints,
    text_ends: Ints,
) -> None:
    at = 0
    for text in range(len(starts)):
        count = split_line(data, starts[text], ends[text], spans, 0)
        if numbers[7]:
            spans[count, 0] = END_START
            spans[count, 1] = END_START
            count += 1
        at = span_rows(data, spans, count, keys, values, numbers, left, left_rows, out, at)
        text_ends[text + 1] = at


@compiled
def span_rows(
    data: Bytes,
    spans: Ints,
    count: int,
    keys: NDArray[np.uint64],
    values: NDArray[np.int32],
    numbers: Ints,
    left: Ints,
    left_rows: Ints,
    out: Ints,
    at: int,
) -> int:
    """Write the rows of one text's words.

    Labels among the words count for nothing.

    Returns:
        The place in ``out`` after the last row.
    """
    known, bucket = numbers[0], numbers[1]
    shortest, longest = numbers[2], numbers[3]
    plain = 0  # words that are no labels
    for word in range(count):
        start, end = spans[word, 0], spans[word, 1]
        row = find_word(keys, values, word_key(data, start, end))
        if row >= known or (row == UNKNOWN and _is_label(data, start, end)):
            continue
        spans[plain, 0] = start
        spans[plain, 1] = end
        spans[plain, 2] = np.int64(word_hash(data, start, end))
        plain += 1
        if row != UNKNOWN:
            out[at] = row
            at += 1
        if longest > 0 and bucket > 0 and start != END_START:
            first = at
            at = character_buckets(
                data, start, end, shortest, longest, np.uint32(bucket), out, first
            )
            at = _bucket_rows(out, first, at, numbers, left, left_rows)
    if numbers[4] > 1 and bucket > 0:
        first = at
        at = _word_ngrams(spans, plain, numbers[4], np.uint64(bucket), out, first)
        at = _bucket_rows(out, first, at, numbers, left, left_rows)
    return at


@compiled
def _word_ngrams(
    spans: Ints, count: int, longest: int, bucket: np.uint64, out: Ints, at: int
) -> int:
    for word in range(count):
        state = signed(np.uint32(spans[word, 2]))
        for other in range(word + 1, min(count, word + longest)):
            state = longer_ngram(state, np.uint32(spans[other, 2]))
            out[at] = np.int64(state % bucket)
            at += 1
    return at


@compiled
def _bucket_rows(
    out: Ints, first: int, end: int, numbers: Ints, left: Ints, left_rows: Ints
) -> int:
    """Put rows in the place of buckets; those of buckets without one are ``absent`` or left out."""
    known, some_left, absent = numbers[0], numbers[5], numbers[6]
    at = first
    for bucket in range(first, end):
        row = known + out[bucket]
        if some_left:
            found = np.searchsorted(left, out[bucket])
            row = absent
            if found < len(left) and left[found] == out[bucket]:
                row = left_rows[found]
        if row >= 0:
            out[at] = row
            at += 1
    return at


@compiled
def _is_label(data: Bytes, start: int, end: int) -> bool:
    if start == END_START or end - start < 9:
        return False
    for place in range(9):  # noqa: SIM110  (kernels have no generators)
        if data[start + place] != LABEL_PREFIX[place]:
            return False
    return True
