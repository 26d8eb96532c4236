"""Texts read once: words numbered and counted, and every text put down as codes.

A code of 0 or more is a word's number in the order of first sight; one below 0 is the bucket of an
n-gram, ``-1 - bucket``. Codes go to a file that is mapped into memory, so that texts may be more
than memory holds.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import UsageError
from reviewdesk.models.vectors.text_rows import TextLines, line_parts
from reviewdesk.models.vectors.tokens import (
    END,
    END_START,
    character_buckets,
    longer_ngram,
    signed,
    split_line,
    word_hash,
    word_key,
)
from reviewdesk.models.vectors.words import UNKNOWN, WordIndex, fill_index, find_word
from reviewdesk.storage import storage_errors
from reviewdesk.text.compiled import compiled

MOST_BUCKETS: Final = 1 << 30
FEW_CUSTOMERS: Final = 5
"""Words of fewer customers may say who wrote them."""

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class VectorShape:
    """Which n-grams are read beside words.

    Args:
        word_ngrams: the longest n-gram of words; 1 for none.
        shortest: the shortest n-gram of characters.
        longest: the longest; 0 for none.
        bucket: how many buckets n-grams are hashed to.
        line_ends: whether the end of a line is a word.
    """

    word_ngrams: int = 1
    shortest: int = 0
    longest: int = 0
    bucket: int = 0
    line_ends: bool = True

    def numbers(self) -> Ints:
        """Return the same as the kernel takes it."""
        bucket = self.bucket if self.word_ngrams > 1 or self.longest > 0 else 0
        return np.array(
            [self.word_ngrams, self.shortest, self.longest, bucket, self.line_ends], np.int64
        )


class LineReader:
    """Numbers words as it reads them, and writes codes to a file.

    Args:
        shape: which n-grams are read.
        file: where codes go.
    """

    def __init__(self, shape: VectorShape, file: IO[bytes]) -> None:
        self.shape = shape
        self._file = file
        self._numbers = shape.numbers()
        self._index = WordIndex.of_keys(np.empty(0, np.uint64))
        self._keys = np.empty(1024, np.uint64)
        self._counts = np.zeros(1024, np.int64)
        self._customers = np.zeros((1024, FEW_CUSTOMERS), np.uint64)
        self._spelling: list[bytes] = []
        self._sizes: list[NDArray[np.int64]] = []
        self.texts = 0
        """How many were read."""
        self.bucket_counts = np.zeros(int(self._numbers[3]), np.int32)

    def add(self, lines: TextLines, customers: NDArray[np.uint64]) -> None:
        """Read texts.

        Args:
            lines: n texts.
            customers: (n,) who wrote each, as a hash; 0 for nobody in particular.
        """
        for part in line_parts(lines):
            self._add(lines.data, lines.starts[part], lines.ends[part], customers[part])

    def _add(self, data: Bytes, starts: Ints, ends: Ints, customers: NDArray[np.uint64]) -> None:
        size = int((ends - starts).sum())
        words = size // 2 + 2 * len(starts) + 1
        self._make_room(words)
        lengths = max(0, self.shape.longest - max(self.shape.shortest, 1) + 1)
        ngrams = (size + 2 * words) * lengths if self._numbers[3] else 0
        out = np.empty(words * max(1, self.shape.word_ngrams) + ngrams, np.int64)
        spans = np.empty((int((ends - starts).max(initial=0)) // 2 + 2, 3), np.int64)
        text_ends = np.zeros(len(starts) + 1, np.int64)
        fresh = np.empty((words, 2), np.int64)
        known = len(self._spelling)
        after = _read_texts(
            data,
            starts,
            ends,
            customers,
            spans,
            self._numbers,
            self._index.keys,
            self._index.values,
            self._keys,
            self._counts,
            self._customers,
            known,
            fresh,
            self.bucket_counts,
            out,
            text_ends,
        )
        raw = data.tobytes() if after > known and len(data) < 4 * size else None
        for start, end in fresh[: after - known].tolist():
            if start == END_START:
                self._spelling.append(END)
            else:
                self._spelling.append(
                    raw[start:end] if raw is not None else data[start:end].tobytes()
                )
        self._file.write(out[: text_ends[-1]].astype(np.int32).tobytes())
        self._sizes.append(np.diff(text_ends))
        self.texts += len(starts)

    def _make_room(self, words: int) -> None:
        """Make the tables large enough for so many more words."""
        known = len(self._spelling)
        needed = known + words
        if needed > len(self._keys):
            room = max(needed, 2 * len(self._keys))
            self._keys = np.resize(self._keys, room)
            self._counts = np.concatenate([self._counts, np.zeros(room - len(self._counts), int)])
            more = np.zeros((room - len(self._customers), FEW_CUSTOMERS), np.uint64)
            self._customers = np.concatenate([self._customers, more])
        if needed * 2 > len(self._index.keys):
            size = 1 << int(np.ceil(np.log2(needed * 3)))
            self._index = WordIndex(np.zeros(size, np.uint64), np.zeros(size, np.int32))
            fill_index(self._index.keys, self._index.values, self._keys, 0, known)

    def finish(self) -> "ReadTexts":
        """Return what was read."""
        known = len(self._spelling)
        self._file.flush()
        sizes = np.concatenate([np.empty(0, np.int64), *self._sizes])
        ends = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        codes = (
            np.memmap(self._file.name, np.int32, "r+", shape=(int(ends[-1]),))
            if ends[-1]
            else np.empty(0, np.int32)
        )
        return ReadTexts(
            shape=self.shape,
            spelling=self._spelling,
            keys=self._keys[:known],
            counts=self._counts[:known],
            customers=(self._customers[:known] != 0).sum(axis=1),
            bucket_counts=self.bucket_counts,
            codes=codes,
            ends=ends,
        )


@dataclass(frozen=True, eq=False)
class ReadTexts:
    """Texts as codes.

    Args:
        shape: which n-grams were read.
        spelling: each word's UTF-8 bytes.
        keys: (words,) what each word is known by.
        counts: (words,) how often it occurs.
        customers: (words,) by how many it was written, counted up to ``FEW_CUSTOMERS``.
        bucket_counts: (buckets,) how often n-grams of each bucket occur.
        codes: of all texts.
        ends: (n + 1,) where each text's codes begin and end.
    """

    shape: VectorShape
    spelling: list[bytes]
    keys: NDArray[np.uint64]
    counts: Ints
    customers: Ints
    bucket_counts: NDArray[np.int32]
    codes: NDArray[np.int32]
    ends: Ints

    def __len__(self) -> int:
        return len(self.ends) - 1


@contextmanager
def reading(shape: VectorShape) -> Iterator[LineReader]:
    """Yield a reader whose file is gone afterwards.

    Raises:
        UsageError: there are too many buckets.
    """
    if not 0 <= shape.bucket < MOST_BUCKETS:
        raise UsageError(f"setting bucket must be below {MOST_BUCKETS:,}")
    with (
        storage_errors("the temporary directory"),
        tempfile.NamedTemporaryFile(
            prefix="reviewdesk-codes-", dir=Path(tempfile.gettempdir())
        ) as file,
    ):
        yield LineReader(shape, file)


@compiled
def _read_texts(
    data: Bytes,
    starts: Ints,
    ends: Ints,
    customers: NDArray[np.uint64],
    spans: Ints,
    numbers: Ints,
    slots: NDArray[np.uint64],
    values: NDArray[np.int32],
    keys: NDArray[np.uint64],
    counts: Ints,
    writers: NDArray[np.uint64],
    known: int,
    fresh: Ints,
    bucket_counts: NDArray[np.int32],
    out: Ints,
    text_ends: Ints,
) -> int:
    """Write the codes of texts, number new words, and return how many words there are then."""
    at, first_new = 0, known
    bucket = np.uint64(numbers[3])
    for text in range(len(starts)):
        count = split_line(data, starts[text], ends[text], spans, 0)
        if numbers[4]:
            spans[count, 0] = END_START
            spans[count, 1] = END_START
            count += 1
        for word in range(count):
            start, end = spans[word, 0], spans[word, 1]
            key = word_key(data, start, end)
            number = find_word(slots, values, key)
            if number == UNKNOWN:
                number = np.int64(known)
                keys[known] = key
                fill_index(slots, values, keys, known, known + 1)
                fresh[known - first_new, 0] = start
                fresh[known - first_new, 1] = end
                known += 1
            counts[number] += 1
            _add_writer(writers, number, customers[text])
            out[at] = number
            at += 1
            if bucket > np.uint64(0):
                spans[word, 2] = np.int64(word_hash(data, start, end))
                if numbers[2] > 0 and start != END_START:
                    first = at
                    at = character_buckets(
                        data, start, end, numbers[1], numbers[2], np.uint32(bucket), out, at
                    )
                    _code_buckets(out, first, at, bucket_counts)
        if numbers[0] > 1 and bucket > np.uint64(0):
            first = at
            for word in range(count):
                state = signed(np.uint32(spans[word, 2]))
                for other in range(word + 1, min(count, word + numbers[0])):
                    state = longer_ngram(state, np.uint32(spans[other, 2]))
                    out[at] = np.int64(state % bucket)
                    at += 1
            _code_buckets(out, first, at, bucket_counts)
        text_ends[text + 1] = at
    return known


@compiled
def _add_writer(writers: NDArray[np.uint64], number: np.int64, customer: np.uint64) -> None:
    for place in range(writers.shape[1]):
        if writers[number, place] == customer:
            return
        if writers[number, place] == np.uint64(0):
            writers[number, place] = customer
            return


@compiled
def _code_buckets(out: Ints, first: int, end: int, bucket_counts: NDArray[np.int32]) -> None:
    for place in range(first, end):
        bucket_counts[out[place]] += np.int32(1)
        out[place] = -1 - out[place]
