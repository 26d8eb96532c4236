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
    ) -> tuple[Self, sparse.csr_matrix]:
        """Return the features of the columns' words, and the rows of the texts they came from."""
        learnt = [Ngrams.learn(stream, longest, min_df) for stream in streams.values()]
        ngrams, counts = [one for one, _ in learnt], [one for _, one in learnt]
        tfidf = cls([*streams], ngrams, [_idf(one) ** idf_power for one in counts], sublinear)
        return tfidf, tfidf._weigh(counts)

    def rows(self, batch: pa.RecordBatch) -> sparse.csr_matrix:
        """Return one row of features for each review, (n, features) float64."""
        return self._weigh(
            [
                ngrams.counts(batch.column(column))
                for column, ngrams in zip(self.columns, self.ngrams, strict=True)
            ]
        )

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
        return cls(columns, ngrams, idf, sublinear)

    def _weigh(self, counts: Sequence[sparse.csr_matrix]) -> sparse.csr_matrix:
        blocks = []
        for block, idf in zip(counts, self.idf, strict=True):
            if self.sublinear:
                block.data = 1 + np.log(block.data)
            block.data *= idf[block.indices]
            blocks.append(_to_unit_length(block))
        return _to_unit_length(sparse.hstack(blocks, "csr"))


def _idf(counts: sparse.csr_matrix) -> NDArray[np.float64]:
    """Return ``1 + log((1 + texts) / (1 + texts with the n-gram))``, one an n-gram."""
    texts, features = counts.shape
    with_it = np.bincount(counts.indices, minlength=features)
    idf: NDArray[np.float64] = 1 + np.log((1 + texts) / (1 + with_it))
    return idf


def _to_unit_length(rows: sparse.csr_matrix) -> sparse.csr_matrix:
    entries = np.diff(rows.indptr)
    # bincount adds one row's squares in their order, so that a row alone is the row in a batch.
    row = np.repeat(np.arange(rows.shape[0]), entries)
    squares = np.bincount(row, weights=rows.data**2, minlength=rows.shape[0])
    lengths = np.where(squares > 0, np.sqrt(squares), 1.0)
    rows.data /= np.repeat(lengths, entries)
    return rows
