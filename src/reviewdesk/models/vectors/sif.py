"""Vectors of texts from those of words: a mean in which frequent words count little.

Source: Arora, Liang and Ma 2017, A simple but tough-to-beat baseline for sentence embeddings
(smooth inverse frequency; what all texts have in common is taken out).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.models.labelled import BODY, Texts, text_array, text_batch
from reviewdesk.models.vectors.review_lines import review_lines
from reviewdesk.models.vectors.text_rows import RowIndex, TextLines
from reviewdesk.models.vectors.words import WordIndex, word_keys
from reviewdesk.schema import require_columns
from reviewdesk.text.compiled import compiled

SMOOTHING: Final = 1e-3
"""A word of this share of all words counts half."""
MOST_TEXTS: Final = 20_000
"""What texts have in common is learnt from so many."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TextVectors:
    """What turns texts into vectors.

    Args:
        words: n words as UTF-8 bytes.
        weighted: (n, d) each word's vector times its weight.
        common: (d,) a direction of length one that is taken out of each text's vector; zeros for
            none.
        columns: the fields of reviews that are read.
    """

    words: list[bytes]
    weighted: Floats
    common: Floats
    columns: tuple[str, ...] = (BODY,)

    @classmethod
    def of(
        cls,
        words: list[bytes],
        vectors: Floats,
        counts: NDArray[np.int64],
        texts: TextLines,
        columns: tuple[str, ...] = (BODY,),
    ) -> Self:
        """Return what turns texts into vectors.

        Args:
            words: n words.
            vectors: (n, d).
            counts: (n,) how often each word occurs.
            texts: some from which what all have in common is learnt.
            columns: the fields of reviews that are read.
        """
        shares = counts / max(int(counts.sum()), 1)
        weights = (SMOOTHING / (SMOOTHING + shares)).astype(np.float32)
        first = cls(
            words, vectors * weights[:, None], np.zeros(vectors.shape[1], np.float32), columns
        )
        some = TextLines(texts.data, texts.starts[:MOST_TEXTS], texts.ends[:MOST_TEXTS])
        found = first.vectors(some).astype(np.float64)
        if not found.any():
            return first
        values, directions = np.linalg.eigh(found.T @ found)
        common = directions[:, values.argmax()].astype(np.float32)
        return cls(words, first.weighted, common, columns)

    def embed(self, batch: pa.RecordBatch | Texts) -> Floats:
        """Return a vector of each review or plain text, (n, d); see ``Embeds``.

        Raises:
            MissingColumn: the batch lacks a field that is read.
        """
        if not isinstance(batch, pa.RecordBatch):
            batch = text_batch(text_array(batch), self.columns)
        require_columns(batch.schema, self.columns, "vectors of texts")
        return self.vectors(review_lines(batch, self.columns))

    @cached_property
    def _index(self) -> RowIndex:
        return RowIndex(WordIndex.of_keys(word_keys(self.words)), len(self.words), line_ends=False)

    def vectors(self, lines: TextLines) -> Floats:
        """Return a vector of each text, (n, d); zeros where no word has one."""
        rows = self._index.rows(lines)
        means = np.zeros((len(lines), self.weighted.shape[1]), np.float32)
        _means(self.weighted, rows.rows, rows.ends, means)
        result: Floats = means - np.outer(means @ self.common, self.common)
        return result


@compiled
def _means(matrix: Floats, rows: NDArray[np.int32], ends: NDArray[np.int64], means: Floats) -> None:
    for text in range(means.shape[0]):
        count = ends[text + 1] - ends[text]
        for place in range(ends[text], ends[text + 1]):
            for column in range(means.shape[1]):
                means[text, column] += matrix[rows[place], column]
        for column in range(means.shape[1]):
            means[text, column] /= np.float32(max(count, 1))
