"""Vectors of n-grams and texts learnt together, and those of new texts from fixed n-grams."""

import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import BundleError
from reviewdesk.models.vectors.document_kernels import BATCH, infer_documents, learn_documents
from reviewdesk.models.vectors.supervised import aligned
from reviewdesk.models.vectors.text_rows import TextRows
from reviewdesk.storage import storage_errors

COUNTERS: Final = 128
"""So many n-grams, drawn by how often they occur, stand for all others in inference."""
STEPS: Final = 7
NONE: Final = -1
BLOCK: Final = 1 << 14
LARGEST: Final = 2.0
"""No number of a vector of unit length is larger."""

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class DocumentSchedule:
    """How vectors are learnt.

    Args:
        dim: numbers a vector, a multiple of 16.
        epochs: how often each text is read.
        rate: the rate of learning at first; it falls to 0 in a straight line.
        threads: how many learn at once; with more than one, chance decides the result.
        seed: another seed gives another order and other beginnings.
    """

    dim: int
    epochs: int
    rate: float
    threads: int
    seed: int


@dataclass(frozen=True, eq=False)
class NgramVectors:
    """Vectors of n-grams, which stay what they are.

    Args:
        numbers: (rows,) int32, the vector of each row of a vocabulary; ``NONE`` where it has none.
        vectors: (m, dim) float32 of unit length, as exact as two bytes a number are.
        counters: (c,) int64, the vectors that stand for all others.
    """

    numbers: NDArray[np.int32]
    vectors: Floats
    counters: Ints

    @property
    def dim(self) -> int:
        """How many numbers a vector has."""
        return int(self.vectors.shape[1])

    def infer(self, texts: TextRows) -> Floats:
        """Return the vector of each text, (n, dim); zeros for one of which no n-gram has one.

        Args:
            texts: rows of the vocabulary, each once a text.
        """
        return self._inferred(self.ngrams(texts))[0]

    def shares(self, texts: TextRows) -> Floats:
        """Return what each row of one text adds to its vector, (rows, dim); see ``infer``.

        What is missing to the vector is what stands for all other n-grams, subtracted.
        """
        own = self.numbers[texts.rows]
        pulls = self._inferred(self.ngrams(texts))[1]
        found = np.zeros((len(own), self.dim), np.float32)
        found[own != NONE] = pulls[:, None] * self.vectors[own[own != NONE]]
        return found

    def ngrams(self, texts: TextRows) -> TextRows:
        """Return the numbers of the vectors of texts."""
        return with_vectors(texts, self.numbers)

    def _inferred(self, texts: TextRows) -> tuple[Floats, Floats]:
        found = np.empty((len(texts), self.dim), np.float32)
        pulls = np.empty(len(texts.rows), np.float32)
        infer_documents(
            texts.rows,
            texts.ends,
            self.vectors.ravel(),
            self.dim,
            self.vectors[self.counters].ravel(),
            STEPS,
            found,
            pulls,
        )
        return found, pulls

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the vectors as arrays of numbers."""
        return {
            "ngrams.numbers": self.numbers,
            "ngrams.vectors": self.vectors.astype(np.float16),
            "ngrams.counters": self.counters,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], rows: int) -> Self:
        """Return the vectors that ``to_arrays`` made arrays of.

        Raises:
            BundleError: an array is missing or damaged.
        """
        numbers, vectors = arrays.get("ngrams.numbers"), arrays.get("ngrams.vectors")
        counters = arrays.get("ngrams.counters")
        if vectors is None or vectors.dtype != np.float16 or vectors.ndim != 2:
            raise BundleError("the weights lack the vectors of n-grams")
        if not vectors.shape[1] or not (np.abs(vectors) <= LARGEST).all():
            raise BundleError("the vectors of n-grams are damaged")
        if numbers is None or numbers.dtype != np.int32 or numbers.shape != (rows,):
            raise BundleError("the vectors of n-grams do not fit the vocabulary")
        if rows and (numbers.min() < NONE or numbers.max() >= len(vectors)):
            raise BundleError("the vectors of n-grams do not fit the vocabulary")
        if counters is None or counters.dtype != np.int64 or counters.ndim != 1:
            raise BundleError("the weights do not say which n-grams stand for all others")
        if bool(len(counters)) != bool(len(vectors)) or (
            len(counters) and (counters.min() < 0 or counters.max() >= len(vectors))
        ):
            raise BundleError("the weights do not say which n-grams stand for all others")
        return cls(numbers, vectors.astype(np.float32), counters)


def with_vectors(texts: TextRows, numbers: NDArray[np.int32]) -> TextRows:
    """Return texts as the vectors of those of their rows that have one."""
    own = numbers[texts.rows]
    kept = np.concatenate([[0], np.cumsum(own != NONE)])
    return TextRows(own[own != NONE], kept[texts.ends])


def learn_ngram_vectors(
    texts: TextRows, numbers: NDArray[np.int32], schedule: DocumentSchedule
) -> NgramVectors:
    """Learn the vectors of n-grams, together with those of texts, which are forgotten.

    Args:
        texts: n texts as vectors' numbers, each once a text.
        numbers: (rows,) the vector of each row of the vocabulary.
        schedule: how to learn.
    """
    count, dim = int(numbers.max(initial=NONE)) + 1, schedule.dim
    random = np.random.default_rng(schedule.seed)
    vectors = aligned(count * dim)
    _fill(vectors.reshape(count, dim), random)
    lengths = np.sort(np.diff(texts.ends))[-BATCH:]
    with scratch_array(len(texts) * dim) as documents:
        _fill(documents.reshape(len(texts), dim), random)
        learnable = np.flatnonzero(np.diff(texts.ends))
        for epoch in range(schedule.epochs if len(learnable) else 0):
            order = random.permutation(learnable)
            threads = max(1, min(schedule.threads, len(order) // BATCH))
            seeds = random.integers(1, 1 << 62, threads).astype(np.uint64)
            rates = (
                np.array([1 - epoch / schedule.epochs, 1 - (epoch + 1) / schedule.epochs])
                * schedule.rate
            ).astype(np.float32)

            def learn(part: Ints, seed: np.uint64, rates: Floats = rates) -> None:
                learn_documents(
                    part,
                    texts.rows,
                    texts.ends,
                    vectors,
                    documents,
                    np.uint64(dim),
                    rates,
                    seed,
                    aligned(BATCH * dim),
                    np.empty(int(lengths.sum()), np.int32),
                    np.empty(int(lengths.sum()), np.int32),
                )

            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(learn, np.array_split(order, threads), seeds))
    shares = np.bincount(texts.rows, minlength=count).astype(np.float64)
    drawn = np.empty(0, np.int64)
    if shares.sum():
        drawn = random.choice(count, COUNTERS, p=shares / shares.sum())
    table = vectors.reshape(count, dim).astype(np.float16).astype(np.float32)
    table.flags.writeable = False
    return NgramVectors(numbers, table, drawn.astype(np.int64))


@contextmanager
def scratch_array(size: int) -> Iterator[Floats]:
    """Yield zeros in a file that is gone afterwards, so that they may be more than memory holds."""
    if not size:
        yield np.zeros(0, np.float32)
        return
    with (
        storage_errors("the temporary directory"),
        tempfile.NamedTemporaryFile(
            prefix="reviewdesk-vectors-", dir=Path(tempfile.gettempdir())
        ) as file,
    ):
        file.truncate(size * 4)
        yield np.asarray(np.memmap(file.name, np.float32, "r+", shape=(size,)))


def _fill(table: Floats, random: np.random.Generator) -> None:
    """Fill a table with random directions."""
    for start in range(0, len(table), BLOCK):
        block = random.standard_normal((min(BLOCK, len(table) - start), table.shape[1]), np.float32)
        table[start : start + BLOCK] = block / np.linalg.norm(block, axis=1, keepdims=True)
