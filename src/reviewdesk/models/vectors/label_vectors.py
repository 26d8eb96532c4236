"""What supervised learning leaves: rows of words and n-grams, and a vector of each label."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import BundleError, UsageError
from reviewdesk.formats.fasttext_model import (
    LOSS_NUMBERS,
    SUPERVISED,
    FastTextModel,
    FastTextOptions,
)
from reviewdesk.formats.weights import pack_strings, unpack_strings
from reviewdesk.models.vectors.fasttext_use import mean_rows
from reviewdesk.models.vectors.losses import dot_products, huffman_tree, probabilities
from reviewdesk.models.vectors.mapping import VectorVocabulary
from reviewdesk.models.vectors.text_rows import RowIndex, TextLines, TextRows
from reviewdesk.models.vectors.tokens import END
from reviewdesk.models.vectors.words import find_words, word_keys

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
LINES_AT_ONCE: Final = 4_096
_ARRAYS: Final = {
    "keys": (np.uint64, 1),
    "counts": (np.int64, 1),
    "buckets": (np.int64, 1),
    "inputs": (np.float32, 2),
    "outputs": (np.float32, 2),
    "label_counts": (np.int64, 1),
}


@dataclass(frozen=True, eq=False)
class LabelVectors:
    """A supervised model.

    Args:
        vocabulary: which words and n-grams have a row.
        inputs: (rows + 1, dim) float32, read-only; the last row is zeros.
        outputs: (k, dim) float32; of inner nodes of the labels' tree where the loss is ``hs``.
        label_counts: (k,) int64, how often each label occurred.
        loss: the loss's name.
    """

    vocabulary: VectorVocabulary
    inputs: Floats
    outputs: Floats
    label_counts: NDArray[np.int64]
    loss: str

    @cached_property
    def index(self) -> RowIndex:
        """What turns texts into rows; n-grams without a row count for nothing."""
        return self.vocabulary.index()

    @cached_property
    def raw_index(self) -> RowIndex:
        """What turns texts into rows; n-grams without a row count as zeros, as in learning."""
        return self.vocabulary.index(absent=self.vocabulary.rows)

    @cached_property
    def _columns(self) -> Floats:
        return np.ascontiguousarray(self.outputs.T)

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        """Labels by how often they occurred, as fastText's tree and files have them."""
        return np.argsort(-self.label_counts, kind="stable")

    @cached_property
    def _tree(self) -> NDArray[np.int64] | None:
        return huffman_tree(self.label_counts[self._order]) if self.loss == "hs" else None

    def hidden(self, rows: TextRows) -> Floats:
        """Return the vector of each text, (n, dim)."""
        hidden = np.zeros((len(rows), self.inputs.shape[1]), np.float32)
        mean_rows(self.inputs, rows.rows, rows.ends, hidden)
        return hidden

    def products(self, hidden: Floats) -> Floats:
        """Return the product of each text's vector with each output, (n, k)."""
        found = np.zeros((len(hidden), len(self.outputs)), np.float32)
        dot_products(hidden, self._columns, found)
        return found

    def vectors(self, lines: TextLines) -> Floats:
        """Return the vector of each line, (n, dim)."""
        return self.hidden(self.index.rows(lines))

    def scores(self, lines: TextLines) -> Floats:
        """Return the score of each label, (n, k): a product, or under ``hs`` a log-probability."""
        return self.scores_of(self.index.rows(lines))

    def scores_of(self, rows: TextRows) -> Floats:
        """Return the same for texts as rows."""
        products = self.products(self.hidden(rows))
        if self._tree is None:
            return products
        return np.log(self._from_tree(products))

    def known_words(self, rows: TextRows) -> NDArray[np.int64]:
        """Return how many different words of each text have a row, (n,)."""
        known = len(self.vocabulary.keys)
        text_of = np.repeat(np.arange(len(rows)), np.diff(rows.ends))
        words = (rows.rows < known) & (rows.rows != self._line_end)
        pairs = np.unique(text_of[words] * known + rows.rows[words])
        return np.bincount(pairs // max(known, 1), minlength=len(rows))

    def shortened(self, rows: TextRows, chosen: Ints, most: Ints) -> TextRows:
        """Return some texts, each cut to its first so many words (m,) and the line's end."""
        known, kept = len(self.vocabulary.keys), []
        for text, words in zip(chosen.tolist(), most.tolist(), strict=True):
            own = rows.rows[rows.ends[text] : rows.ends[text + 1]]
            own = own[own < known]
            kept.append(np.concatenate([own[own != self._line_end][:words], own[-1:]]))
        ends = np.cumsum([0, *map(len, kept)]).astype(np.int64)
        return TextRows(np.concatenate([np.empty(0, np.int32), *kept]), ends)

    def known_by_characters(self, lines: TextLines) -> NDArray[np.bool_]:
        """Say which texts are known by most of their n-grams, (n,).

        Some n-grams of any text fall into a bucket that others have filled.
        """
        rows = self.raw_index.rows(lines)
        text_of = np.repeat(np.arange(len(rows)), np.diff(rows.ends))
        ngrams = rows.rows >= len(self.vocabulary.keys)
        with_row = ngrams & (rows.rows < self.vocabulary.rows)
        there = np.bincount(text_of[ngrams], minlength=len(rows))
        return np.asarray(2 * np.bincount(text_of[with_row], minlength=len(rows)) > there)

    @cached_property
    def _line_end(self) -> int:
        """The row of the word at the end of each line; ``UNKNOWN`` where there is none."""
        return int(find_words(self.index.words, word_keys([END]))[0])

    def raw_probabilities(self, lines: TextLines) -> Floats:
        """Return the probabilities that fastText would give, (n, k), not calibrated."""
        products = self.products(self.hidden(self.raw_index.rows(lines)))
        return (
            self._from_tree(products)
            if self._tree is not None
            else probabilities(self.loss, products, None)
        )

    def _from_tree(self, products: Floats) -> Floats:
        ordered = probabilities(self.loss, products, self._tree)
        found = np.empty_like(ordered)
        found[:, self._order] = ordered
        return found

    def to_fasttext(self, labels: list[str], options: FastTextOptions) -> FastTextModel:
        """Return the model as fastText's files hold it.

        Words that are not stored in clear are left out; without them, and with everything else,
        fastText gives the same probabilities.

        Args:
            labels: (k) the labels' words, with their prefix.
            options: how it was trained.
        """
        vocabulary = self.vocabulary
        clear = np.array([bool(word) for word in vocabulary.spelling], np.bool_)
        if not clear.any():
            raise UsageError(
                "no word of this model is stored in clear, since none was written by five "
                "customers; learn with clear_words=true to store them all"
            )
        bucket = vocabulary.shape[3]
        known, kept = len(clear), int(clear.sum())
        inputs = np.zeros((kept + bucket, self.inputs.shape[1]), np.float32)
        inputs[:kept] = self.inputs[:known][clear]
        inputs[kept + vocabulary.buckets] = self.inputs[known : vocabulary.rows]
        order = self._order
        return FastTextModel(
            options=options,
            words=[word for word in vocabulary.spelling if word],
            labels=[labels[label].encode() for label in order.tolist()],
            counts=np.concatenate([vocabulary.counts[clear], self.label_counts[order]]),
            tokens=int(vocabulary.counts.sum() + self.label_counts.sum()),
            inputs=inputs,
            outputs=self.outputs if self.loss == "hs" else self.outputs[order],
        )

    def options(self, **rest: Any) -> FastTextOptions:
        """Return the options that a file needs to give the same probabilities."""
        word_ngrams, shortest, longest, bucket = self.vocabulary.shape
        return FastTextOptions(
            dim=self.inputs.shape[1],
            word_ngrams=word_ngrams,
            loss=LOSS_NUMBERS[self.loss],
            model=SUPERVISED,
            bucket=bucket,
            minn=shortest,
            maxn=longest,
            **rest,
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the model as arrays of numbers."""
        vocabulary = self.vocabulary
        letters, letter_ends = pack_strings([word.decode() for word in vocabulary.spelling])
        return {
            "keys": vocabulary.keys,
            "counts": vocabulary.counts,
            "buckets": vocabulary.buckets,
            "inputs": self.inputs[:-1],
            "outputs": self.outputs,
            "label_counts": self.label_counts,
            "letters": letters,
            "letter_ends": letter_ends,
        }

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], shape: tuple[int, int, int, int], loss: str
    ) -> Self:
        """Return the model that ``to_arrays`` made arrays of.

        Raises:
            BundleError: an array is missing or damaged, or they do not fit each other.
        """
        for name, (dtype, dimensions) in _ARRAYS.items():
            array = arrays.get(name)
            if array is None or array.dtype != dtype or array.ndim != dimensions:
                raise BundleError(f"the weights lack {name}")
        if not (np.isfinite(arrays["inputs"]).all() and np.isfinite(arrays["outputs"]).all()):
            raise BundleError("the weights hold numbers that are not finite")
        if "letters" not in arrays or "letter_ends" not in arrays:
            raise BundleError("the weights lack the words")
        words = unpack_strings(arrays["letters"], arrays["letter_ends"])
        vocabulary = VectorVocabulary(
            arrays["keys"],
            arrays["counts"],
            [word.encode() for word in words],
            arrays["buckets"],
            shape,
        )
        buckets = arrays["buckets"]
        fits = (
            len(arrays["keys"]) == len(arrays["counts"]) == len(words)
            and len(arrays["inputs"]) == vocabulary.rows
            and arrays["inputs"].shape[1] == arrays["outputs"].shape[1] > 0
            and len(arrays["outputs"]) == len(arrays["label_counts"])
            and (arrays["label_counts"] >= 0).all()
            and (arrays["keys"] != 0).all()
            and (not len(buckets) or (buckets.min() >= 0 and buckets.max() < shape[3]))
        )
        if not fits:
            raise BundleError("the weights do not fit each other")
        return cls(
            vocabulary,
            with_zeros(arrays["inputs"]),
            arrays["outputs"],
            arrays["label_counts"],
            loss,
        )


def with_zeros(rows: Floats) -> Floats:
    """Return rows with one more, of zeros, read-only."""
    padded = np.zeros((len(rows) + 1, rows.shape[1]), np.float32)
    padded[:-1] = rows
    padded.flags.writeable = False
    return padded
