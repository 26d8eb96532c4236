"""fastText's models at work, without its library: labels of texts, vectors of words and texts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import InputError, UsageError
from reviewdesk.formats.archive import unpacked
from reviewdesk.formats.fasttext_model import FastTextModel, QuantisedMatrix, read_fasttext
from reviewdesk.models.vectors.losses import dot_products, huffman_tree, probabilities
from reviewdesk.models.vectors.text_rows import RowIndex, TextLines, TextRows
from reviewdesk.models.vectors.tokens import END
from reviewdesk.models.vectors.words import WordIndex, word_keys
from reviewdesk.text.compiled import compiled

ROWS_AT_ONCE: Final = 1 << 18
ARCHIVE_SUFFIX: Final = ".tar.gz"
ARCHIVED_MODELS: Final = ("model.bin", "vectors.bin")
"""What BlazingText calls its models: of labels, and of words."""

Floats = NDArray[np.float32]


class Guess(NamedTuple):
    """One label of a text and fastText's probability of it."""

    label: str
    probability: float


class FastTextUser:
    """A fastText model that gives labels and vectors.

    Args:
        model: what a file holds.
    """

    def __init__(self, model: FastTextModel) -> None:
        self.model = model
        self.labels = [label.decode(errors="replace") for label in model.labels]
        self.dim = model.options.dim

    @classmethod
    def open(cls, path: Path) -> "FastTextUser":
        """Read a ``.bin`` or ``.ftz`` file, or BlazingText's ``model.tar.gz`` with one in it.

        Raises:
            InputError: there is no such file, or it is damaged; see ``read_fasttext``.
            BundleError: the archive is damaged or hostile.
            StorageError: it cannot be opened.
        """
        if not path.name.endswith(ARCHIVE_SUFFIX):
            return cls(read_fasttext(path))
        with unpacked(path) as folder:
            for name in ARCHIVED_MODELS:
                if (folder / name).is_file():
                    return cls(read_fasttext(folder / name))
        raise InputError(f"{path} holds neither {' nor '.join(ARCHIVED_MODELS)}")

    @cached_property
    def index(self) -> RowIndex:
        """How words become rows."""
        model, options = self.model, self.model.options
        known = len(model.words)
        pruned = model.pruned
        return RowIndex(
            words=WordIndex.of_keys(word_keys([*model.words, *model.labels])),
            known=known,
            bucket=options.bucket,
            shortest=options.minn,
            longest=options.maxn,
            word_ngrams=options.word_ngrams if model.supervised else 1,
            left=None if pruned is None else np.ascontiguousarray(pruned[:, 0]),
            left_rows=None if pruned is None else pruned[:, 1] + known,
        )

    @cached_property
    def _outputs(self) -> tuple[Floats, Floats]:
        """The outputs turned over, (dim, k), and the length of each where those are apart, (k,)."""
        matrix = self.model.outputs
        if not isinstance(matrix, QuantisedMatrix):
            return np.ascontiguousarray(matrix.T), np.ones(len(matrix), np.float32)
        directions = matrix.quantiser.decode(matrix.codes)
        return np.ascontiguousarray(directions.T), matrix.norms

    @cached_property
    def _tree(self) -> NDArray[np.int64] | None:
        if self.model.loss != "hs":
            return None
        return huffman_tree(self.model.counts[len(self.model.words) :])

    def hidden(self, rows: TextRows) -> Floats:
        """Return the mean of the rows of each text, (n, dim); zeros where it has none."""
        hidden = np.zeros((len(rows), self.dim), np.float32)
        for part in _parts(rows):
            ids = rows.rows[rows.ends[part.start] : rows.ends[part.stop]]
            ends = rows.ends[part.start : part.stop + 1] - rows.ends[part.start]
            matrix = self.model.inputs
            if isinstance(matrix, QuantisedMatrix):
                used, places = np.unique(ids, return_inverse=True)
                mean_rows(_some_rows(matrix, used), places.astype(np.int32), ends, hidden[part])
            else:
                mean_rows(matrix, ids, ends, hidden[part])
        return hidden

    def scores(self, lines: TextLines) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the score of each label and whether a text has a row at all.

        Args:
            lines: n tokenised texts.

        Returns:
            (n, k) and (n,).

        Raises:
            UsageError: the model gives no labels.
        """
        if not self.model.supervised:
            raise UsageError("this fastText model holds vectors of words and gives no labels")
        rows = self.index.rows(lines)
        columns, lengths = self._outputs
        scores = np.zeros((len(lines), len(lengths)), np.float32)
        dot_products(self.hidden(rows), columns, scores)
        scores *= lengths
        return scores, np.diff(rows.ends) > 0

    def probabilities(self, lines: TextLines) -> tuple[Floats, NDArray[np.bool_]]:
        """Return fastText's own probability of each label, (n, k), and which texts have a row.

        With softmax they add up to 1 and a bit; with the other losses each label's is its own.
        """
        scores, has_rows = self.scores(lines)
        return probabilities(self.model.loss, scores, self._tree), has_rows

    def guesses(
        self, texts: Sequence[str], count: int = 1, threshold: float = 0.0
    ) -> list[list[Guess]]:
        """Return the most probable labels of each text, in falling order.

        A text none of whose words is known and a text none of whose labels reaches the threshold
        get an empty list, so that there is always one list a text.

        Args:
            texts: tokenised texts, of one line each.
            count: most labels a text; 0 for all.
            threshold: the smallest probability to give.
        """
        probabilities, has_rows = self.probabilities(
            TextLines.of([text.encode() for text in texts])
        )
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, : count or None]
        return [
            [
                Guess(self.labels[label], float(probabilities[text, label]))
                for label in order[text].tolist()
                if probabilities[text, label] >= threshold
            ]
            if has_rows[text]
            else []
            for text in range(len(texts))
        ]

    @cached_property
    def _word_index(self) -> RowIndex:
        return replace(self.index, word_ngrams=1, line_ends=False)

    def word_vectors(self, words: Sequence[str]) -> Floats:
        """Return the vector of each word, (n, dim); zeros where nothing of it is known.

        The vector of a word that is not in the vocabulary comes from its n-grams of characters.
        """
        encoded = [word.encode() for word in words]
        vectors = self.hidden(self._word_index.rows(TextLines.of(encoded)))
        if END in encoded and END in self.model.words:
            row = np.array([self.model.words.index(END)], np.int32)
            end = self.hidden(TextRows(row, np.array([0, 1])))
            vectors[[word == END for word in encoded]] = end
        return vectors

    def text_vectors(self, texts: Sequence[str]) -> Floats:
        """Return fastText's vector of each text, (n, dim); zeros where no word is known.

        A supervised model's is the mean over all rows; another's is the mean of the words' vectors,
        each at length one.
        """
        if self.model.supervised:
            return self.hidden(self.index.rows(TextLines.of([text.encode() for text in texts])))
        return np.array([self._mean_of_words(text.split()) for text in texts], np.float32).reshape(
            len(texts), self.dim
        )

    def _mean_of_words(self, words: list[str]) -> Floats:
        vectors = self.word_vectors(words)
        lengths = np.sqrt((vectors**2).sum(axis=1, keepdims=True))
        known = lengths[:, 0] > 0
        if not known.any():
            return np.zeros(self.dim, np.float32)
        mean: Floats = (vectors[known] / lengths[known]).mean(axis=0)
        return mean


def _some_rows(matrix: QuantisedMatrix, rows: NDArray[Any]) -> Floats:
    norms = None if matrix.norm_codes is None else matrix.norm_codes[rows]
    some = QuantisedMatrix(matrix.codes[rows], matrix.quantiser, norms, matrix.norm_quantiser)
    values = some.dense()
    values.flags.writeable = False  # as those that are mapped from a file: kernels need one type
    return values


def _parts(rows: TextRows) -> Iterator[slice]:
    """Yield runs of texts with at most ``ROWS_AT_ONCE`` rows, at least one text."""
    start = 0
    while start < len(rows):
        stop = int(np.searchsorted(rows.ends, rows.ends[start] + ROWS_AT_ONCE, "right")) - 1
        stop = max(stop, start + 1)
        yield slice(start, stop)
        start = stop


@compiled
def mean_rows(
    matrix: Floats, rows: NDArray[np.int32], ends: NDArray[np.int64], hidden: Floats
) -> None:
    """Add up the rows of each text and divide by how many there are.

    Args:
        matrix: (m, dim), read-only.
        rows: rows of all texts.
        ends: (n + 1,) where those of each text begin and end.
        hidden: (n, dim) zeros, gets the means.
    """
    for text in range(hidden.shape[0]):
        for place in range(ends[text], ends[text + 1]):
            row = rows[place]
            for column in range(hidden.shape[1]):
                hidden[text, column] += matrix[row, column]
        count = ends[text + 1] - ends[text]
        if count > 0:
            share = np.float32(1.0 / count)
            for column in range(hidden.shape[1]):
                hidden[text, column] *= share
