"""Reviews as ids of subwords, by a tokenizer that came with an encoder.

It has the part of ``words.Vocabulary`` that rows to learn from are written with.
"""

import itertools
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import BundleError
from reviewdesk.optional import require

EXTRA: Final = "transformers-serve"


class Subwords:
    """A tokenizer of subwords.

    Args:
        columns: the text columns, which are read as one text, a line each.
        data: the tokenizer, as ``tokenizer.json`` holds it.
        most: of a longer review, the beginning and the end are read, so many subwords.

    Raises:
        BundleError: it is no tokenizer.
        MissingExtra: tokenizers is not installed.
    """

    def __init__(self, columns: Sequence[str], data: bytes, most: int) -> None:
        self.columns, self.data, self.most = tuple(columns), data, most
        tokenizers = require("tokenizers", EXTRA)
        try:
            self._tokenizer: Any = tokenizers.Tokenizer.from_str(data.decode())
        except Exception as error:  # it raises Exception itself
            raise BundleError("the tokenizer is damaged") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        inner = self._tokenizer.encode("a", add_special_tokens=False).ids
        whole = self._tokenizer.encode("a").ids
        begin = next(n for n in range(len(whole)) if whole[n : n + len(inner)] == inner)
        self._first, self._last = whole[:begin], whole[begin + len(inner) :]

    def __len__(self) -> int:
        """Return how many ids there are."""
        return int(self._tokenizer.get_vocab_size(with_added_tokens=True))

    def ids(self, batch: pa.RecordBatch) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the ids of reviews, one after the other, and where each ends, (n + 1,)."""
        return self.ids_of_texts(texts_of(batch, self.columns))

    def ids_of_texts(self, texts: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the ids of texts, one after the other, and where each ends, (n + 1,)."""
        found = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        most = max(self.most - len(self._first) - len(self._last), 2)
        rows = [[*self._first, *_shortened(one.ids, most), *self._last] for one in found]
        ends = np.cumsum([0, *map(len, rows)]).astype(np.int64)
        return np.array([one for row in rows for one in row], np.int32), ends

    def windows(self, texts: Sequence[str], most: int) -> list[list[str]]:
        """Return each text in pieces that are read whole, about equally long, cut between words.

        Args:
            texts: n texts.
            most: of more pieces the first and the last are returned, so many.
        """
        room = max(self.most - len(self._first) - len(self._last), 2)
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [
            _pieces(text, one.offsets, one.word_ids, room, most)
            for text, one in zip(texts, encoded, strict=True)
        ]

    def known(self, ends: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many subwords of each review were read, (n,)."""
        marks = len(self._first) + len(self._last)
        known: NDArray[np.int64] = np.diff(ends) - marks
        return known


def texts_of(batch: pa.RecordBatch, columns: Sequence[str]) -> list[str]:
    """Return the text columns of reviews as one text each."""
    fields = [batch.column(name).to_pylist() for name in columns]
    return ["\n".join(one for one in texts if one) for texts in zip(*fields, strict=True)]


def _shortened(ids: list[int], most: int) -> list[int]:
    if len(ids) <= most:
        return ids
    return [*ids[: most // 2], *ids[len(ids) - (most - most // 2) :]]


def _pieces(
    text: str,
    offsets: Sequence[tuple[int, int]],
    words: Sequence[int | None],
    room: int,
    most: int,
) -> list[str]:
    """Return a text in pieces of at most ``room`` subwords.

    Args:
        text: the text.
        offsets: (n) where in it each subword begins and ends.
        words: (n) the number of the word that each subword is of.
        room: most subwords of a piece.
        most: most pieces.
    """
    size = len(offsets)
    if size <= room:
        return [text]
    cuts = [0]
    while size - cuts[-1] > room:
        left = -(-(size - cuts[-1]) // room)  # so many pieces at least
        cut = cuts[-1] + -(-(size - cuts[-1]) // left)
        begin = cut
        while begin > cuts[-1] and words[begin] is not None and words[begin] == words[begin - 1]:
            begin -= 1
        cuts.append(begin if begin > cuts[-1] else cut)  # a word may be longer than a piece
    cuts.append(size)
    pieces = [
        text[offsets[begin][0] : offsets[end - 1][1]] for begin, end in itertools.pairwise(cuts)
    ]
    if len(pieces) <= most:
        return pieces
    last = most // 2
    return [*pieces[: most - last], *pieces[len(pieces) - last :]]
