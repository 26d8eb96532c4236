"""From codes to rows: rare words and n-grams are left out, and what is used most lies together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reviewdesk.models.vectors.reading import ReadTexts
from reviewdesk.models.vectors.text_rows import NO_ROW, RowIndex
from reviewdesk.models.vectors.words import WordIndex
from reviewdesk.text.compiled import compiled

Ints = NDArray[np.int64]
DROPPED: int = -1


@dataclass(frozen=True, eq=False)
class VectorVocabulary:
    """Which words and n-grams have a row; words come first, each kind by how often it occurs.

    Args:
        keys: (words,) what each word is known by.
        counts: (words,) how often it occurs.
        spelling: (words) its UTF-8 bytes; empty where it is not stored in clear.
        buckets: (n-grams' rows,) the bucket of each row after those of words.
        shape: word_ngrams, shortest, longest and bucket.
        customers: (words,) by how many each was written, counted up to five; None where unknown.
    """

    keys: NDArray[np.uint64]
    counts: Ints
    spelling: list[bytes]
    buckets: Ints
    shape: tuple[int, int, int, int]
    customers: Ints | None = None

    @property
    def rows(self) -> int:
        """How many rows there are; one more, of zeros, is that of n-grams without one."""
        return len(self.keys) + len(self.buckets)

    def index(self, absent: int = NO_ROW) -> RowIndex:
        """Return what turns texts into rows.

        Args:
            absent: the row of n-grams without one; by default they count for nothing.
        """
        word_ngrams, shortest, longest, bucket = self.shape
        order = np.argsort(self.buckets)
        return RowIndex(
            words=WordIndex.of_keys(self.keys),
            known=len(self.keys),
            bucket=bucket,
            shortest=shortest,
            longest=longest,
            word_ngrams=word_ngrams,
            left=self.buckets[order],
            left_rows=len(self.keys) + order,
            absent=absent,
        )


@dataclass(frozen=True, eq=False)
class MappedTexts:
    """n texts as rows of a vocabulary.

    Args:
        rows: of all texts.
        ends: (n + 1,) where each text's rows begin and end.
        sizes: (n,) how many words and n-grams each text has, with or without a row; words that are
            not in the vocabulary do not count.
    """

    rows: NDArray[np.int32]
    ends: Ints
    sizes: Ints


def choose_rows(
    read: ReadTexts, min_count: int, min_bucket_count: int, fewest_customers: int
) -> tuple[VectorVocabulary, MappedTexts]:
    """Return the words and n-grams that occur often enough, and the texts as their rows.

    Args:
        read: the texts as codes; they are used up.
        min_count: how often a word occurs at least.
        min_bucket_count: how often n-grams of a bucket occur at least.
        fewest_customers: words of fewer are not stored in clear.
    """
    words = np.flatnonzero(read.counts >= min_count)
    words = words[np.argsort(-read.counts[words], kind="stable")]
    buckets = np.flatnonzero(read.bucket_counts >= min_bucket_count)
    buckets = buckets[np.argsort(-read.bucket_counts[buckets], kind="stable")]
    word_rows = np.full(max(len(read.counts), 1), DROPPED, np.int32)
    word_rows[words] = np.arange(len(words))
    bucket_rows = np.full(max(len(read.bucket_counts), 1), DROPPED, np.int32)
    bucket_rows[buckets] = len(words) + np.arange(len(buckets))
    clear = read.customers >= fewest_customers
    shape = read.shape
    vocabulary = VectorVocabulary(
        keys=read.keys[words],
        counts=read.counts[words],
        spelling=[read.spelling[word] if clear[word] else b"" for word in words.tolist()],
        buckets=buckets.astype(np.int64),
        shape=(shape.word_ngrams, shape.shortest, shape.longest, len(read.bucket_counts)),
        customers=read.customers[words],
    )
    sizes, ends = np.zeros(len(read), np.int64), np.zeros(len(read) + 1, np.int64)
    _to_rows(read.codes, read.ends, word_rows, bucket_rows, sizes, ends)
    return vocabulary, MappedTexts(read.codes[: ends[-1]], ends, sizes)


@compiled
def _to_rows(
    codes: NDArray[np.int32],
    code_ends: Ints,
    word_rows: NDArray[np.int32],
    bucket_rows: NDArray[np.int32],
    sizes: Ints,
    ends: Ints,
) -> None:
    """Put rows in the place of codes, from the front."""
    at = 0
    for text in range(len(sizes)):
        size = 0
        for place in range(code_ends[text], code_ends[text + 1]):
            code = codes[place]
            if code >= 0:
                row = word_rows[code]
                size += row >= 0
            else:
                row = bucket_rows[-1 - code]
                size += 1
            if row >= 0:
                codes[at] = row
                at += 1
        sizes[text] = size
        ends[text + 1] = at
