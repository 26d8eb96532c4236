"""TF-IDF of word n-grams, each text column for itself.

Source: Salton and Buckley 1988, Term-weighting approaches in automatic text retrieval.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from reviewdesk.errors import BundleError
from reviewdesk.models.ngrams import Ngrams, WordStream


class Tfidf:
    """Turns reviews into sparse rows of unit length.

    A word in the headline and the same word in the body are two features. The n-grams of each
    column are weighted and brought to unit length, then the whole row.

    Args:
        columns: the text columns.
        ngrams: each column's vocabulary.
        idf: each column's weights, one an n-gram.
        sublinear: whether counts enter by ``1 + log(count)``.
    """

    def __init__(
        self,
        columns: Sequence[str],
        ngrams: Sequence[Ngrams],
        idf: Sequence[NDArray[np.float64]],
        sublinear: bool,
    ) -> None:
        self.columns = tuple(columns)
        self.ngrams = list(ngrams)
        self.idf = list(idf)
        self.sublinear = sublinear

    def __len__(self) -> int:
        return sum(map(len, self.ngrams))

    @classmethod
    def learn(
        cls,
        streams: Mapping[str, WordStream],
        *,
        longest: int,
        min_df: int,
        sublinear: bool,
        idf_power: float,
    ) -> tuple[Self, list[sparse.csr_matrix]]:
        """Return the features of the columns' words, and their counts in the texts, by column.

        Args:
            streams: each column's words.
            longest: the longest n-gram, in words.
            min_df: an n-gram counts when it stands in so many texts or more.
            sublinear: whether counts enter by ``1 + log(count)``.
            idf_power: the exponent of the inverse document frequency.
        """
        learnt = [Ngrams.learn(stream, longest, min_df) for stream in streams.values()]
        ngrams, counts = [one for one, _ in learnt], [one for _, one in learnt]
        idf = [_idf(block, min_df, idf_power) for block in counts]
        return cls([*streams], ngrams, idf, sublinear), counts

    def relearned(
        self, counts: Sequence[sparse.csr_matrix], *, min_df: int, idf_power: float
    ) -> Self:
        """Return the features as if only these texts had been there, by column.

        The vocabulary keeps its numbers; n-grams that stand in too few of the texts weigh nothing.
        """
        idf = [_idf(block, min_df, idf_power) for block in counts]
        return type(self)(self.columns, self.ngrams, idf, self.sublinear)

    def rows(self, batch: pa.RecordBatch) -> sparse.csr_matrix:
        """Return one row of features for each review, (n, features) float64."""
        return self.weigh(
            [
                ngrams.counts(batch.column(column))
                for column, ngrams in zip(self.columns, self.ngrams, strict=True)
            ]
        )

    def words(self) -> NDArray[np.int64]:
        """Return which features are words alone."""
        starts = np.cumsum([0, *map(len, self.ngrams)])[:-1]
        columns = zip(starts.tolist(), self.ngrams, strict=True)
        return np.concatenate([start + np.arange(len(one.words)) for start, one in columns])

    def name(self, feature: int) -> tuple[str, str]:
        """Return a feature's words and its column."""
        for column, ngrams in zip(self.columns, self.ngrams, strict=True):
            if feature < len(ngrams):
                return ngrams.name(feature), column
            feature -= len(ngrams)
        raise IndexError("no such feature")

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return vocabulary and weights as arrays of numbers."""
        arrays: dict[str, NDArray[Any]] = {}
        for column, ngrams, idf in zip(self.columns, self.ngrams, self.idf, strict=True):
            arrays |= {**ngrams.to_arrays(column), f"{column}.idf": idf}
        return arrays

    @classmethod
    def from_arrays(
        cls,
        arrays: Mapping[str, NDArray[Any]],
        columns: Sequence[str],
        longest: int,
        sublinear: bool,
    ) -> Self:
        """Return what ``to_arrays`` made arrays of.

        Raises:
            BundleError: an array is missing or does not fit the others.
        """
        ngrams = [Ngrams.from_arrays(arrays, column, longest) for column in columns]
        idf = [arrays.get(f"{column}.idf", np.empty(0)) for column in columns]
        for known, weights in zip(ngrams, idf, strict=True):
            if weights.shape != (len(known),) or weights.dtype != np.float64:
                raise BundleError("the weights of the words do not fit the vocabulary")
            if not np.isfinite(weights).all():
                raise BundleError("the weights hold something that is not a number")
        return cls(columns, ngrams, idf, sublinear)

    def shortened(
        self,
        counts: Sequence[sparse.csr_matrix],
        chosen: NDArray[np.int64],
        most: NDArray[np.int64],
        seed: int,
    ) -> list[sparse.csr_matrix]:
        """Return counts of some rows (m,) of which only so many words (m,) are left, in one column.

        Which words, the seed decides: a matrix does not know the order in which they stood.
        """
        random, cut = np.random.default_rng(seed), []
        longest = int(np.argmax([block.nnz for block in counts]))
        for number, (block, ngrams) in enumerate(zip(counts, self.ngrams, strict=True)):
            rows = block[chosen].tocoo()
            words = np.flatnonzero((rows.col < len(ngrams.words)) & (number == longest))
            words = words[np.lexsort((random.random(len(words)), rows.row[words]))]
            row = rows.row[words]
            place = np.arange(len(row)) - np.searchsorted(row, row)  # within its row
            words = words[place < most[row]]
            kept = rows.data[words], (rows.row[words], rows.col[words])
            cut.append(sparse.csr_matrix(kept, rows.shape))
        return cut

    def weigh(self, counts: Sequence[sparse.csr_matrix]) -> sparse.csr_matrix:
        """Return rows of features from counts of n-grams, by column; the counts stay as they are.

        Returns:
            (n, features) float64, each row of unit length or empty.
        """
        blocks = []
        for block, idf in zip(counts, self.idf, strict=True):
            values = 1 + np.log(block.data) if self.sublinear else block.data
            weighed = (values * idf[block.indices], block.indices, block.indptr)
            blocks.append(_to_unit_length(sparse.csr_matrix(weighed, block.shape)))
        return _to_unit_length(sparse.hstack(blocks, "csr"))


def _idf(counts: sparse.csr_matrix, min_df: int, power: float) -> NDArray[np.float64]:
    """Return ``(1 + log((1 + texts) / (1 + texts with the n-gram))) ** power``, one an n-gram."""
    texts, features = counts.shape
    with_it = np.bincount(counts.indices, minlength=features)
    idf: NDArray[np.float64] = (1 + np.log((1 + texts) / (1 + with_it))) ** power
    return np.where(with_it >= min_df, idf, 0.0)


def _to_unit_length(rows: sparse.csr_matrix) -> sparse.csr_matrix:
    entries = np.diff(rows.indptr)
    # bincount adds one row's squares in their order, so that a row alone is the row in a batch.
    row = np.repeat(np.arange(rows.shape[0]), entries)
    squares = np.bincount(row, weights=rows.data**2, minlength=rows.shape[0])
    lengths = np.where(squares > 0, np.sqrt(squares), 1.0)
    rows.data /= np.repeat(lengths, entries)
    return rows
