"""Word n-grams of one text column: a vocabulary learnt in one pass, and counts as sparse rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from reviewdesk.errors import BundleError
from reviewdesk.formats.weights import pack_strings, unpack_strings
from reviewdesk.text.tokens import tokenize

UNKNOWN: Final = -1
Numbers = NDArray[np.int64]


class Tokens(NamedTuple):
    """The words of some texts, one after the other."""

    words: Numbers  # (t,) each word's number; -1 where it has none
    texts: Numbers  # (t,) the text it stands in, ascending
    size: int  # how many texts there are


class WordStream:
    """Collects the words of texts batch by batch and numbers them in order of appearance."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self._words: list[NDArray[np.int32]] = [np.empty(0, np.int32)]
        self._lengths: list[int] = []

    def add(self, texts: pa.Array) -> None:
        """Take one batch's texts; null is a text without words."""
        numbers = self.numbers
        for text in texts.to_pylist():
            words = tokenize(text) if text else []
            found = (numbers.setdefault(word, len(numbers)) for word in words)
            self._words.append(np.fromiter(found, np.int32, len(words)))
            self._lengths.append(len(words))

    def tokens(self) -> Tokens:
        """Return all words so far."""
        texts = np.repeat(np.arange(len(self._lengths)), self._lengths)
        return Tokens(np.concatenate(self._words).astype(np.int64), texts, len(self._lengths))


@dataclass
class Ngrams:
    """A vocabulary of word n-grams.

    An n-gram of two words or more is known by the pair of the shorter n-gram that it begins with
    and its last word, both as numbers: ``shorter * len(words) + last``.

    Args:
        words: the words.
        longer: for each further n, the sorted int64 pairs.
    """

    words: list[str]
    longer: list[Numbers]
    numbers: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.numbers = {word: number for number, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words) + sum(map(len, self.longer))

    @classmethod
    def learn(cls, stream: WordStream, longest: int, min_df: int) -> tuple[Self, sparse.csr_matrix]:
        """Return the n-grams of up to ``longest`` words that stand in ``min_df`` texts or more.

        Returns:
            The vocabulary, and the counts of the texts that it was learnt from, (texts, n-grams).
        """
        tokens = stream.tokens()
        names = np.array([*stream.numbers], object)
        kept, ngrams, counts = _frequent(tokens.words, tokens, len(names), min_df)
        tokens = tokens._replace(words=ngrams)
        width, blocks, longer = len(kept), [counts], []
        for length in range(2, longest + 1):
            pairs, there = _pairs(ngrams, tokens, length, width)
            unique, places = np.unique(pairs[there], return_inverse=True)
            grams = np.full(len(tokens.words), UNKNOWN)
            grams[: len(pairs)][there] = places
            kept_pairs, ngrams, counts = _frequent(grams, tokens, len(unique), min_df)
            longer.append(unique[kept_pairs])
            blocks.append(counts)
        return cls(names[kept].tolist(), longer), sparse.hstack(blocks, "csr")

    def counts(self, texts: pa.Array) -> sparse.csr_matrix:
        """Return how often each text has each n-gram.

        Returns:
            (texts, n-grams) float64, the columns of each row ascending.
        """
        tokens = self._tokens(texts)
        ngrams, blocks = tokens.words, [_counts(tokens.words, tokens, len(self.words))]
        for length, known in enumerate(self.longer, start=2):
            pairs, there = _pairs(ngrams, tokens, length, len(self.words))
            ngrams = np.full(len(tokens.words), UNKNOWN)
            ngrams[: len(pairs)][there] = _find(pairs[there], known)
            blocks.append(_counts(ngrams, tokens, len(known)))
        return sparse.hstack(blocks, "csr")

    def name(self, feature: int) -> str:
        """Return an n-gram's words, divided by spaces."""
        if feature < len(self.words):
            return self.words[feature]
        index, length = feature - len(self.words), 0
        while index >= len(self.longer[length]):
            index -= len(self.longer[length])
            length += 1
        names: list[str] = []
        while length >= 0:
            index, last = divmod(int(self.longer[length][index]), len(self.words))
            names.insert(0, self.words[last])
            length -= 1
        return " ".join([self.words[index], *names])

    def to_arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return the vocabulary as arrays of numbers, their names beginning with ``prefix``."""
        data, offsets = pack_strings(self.words)
        pairs = {f"{prefix}.{n}grams": pairs for n, pairs in enumerate(self.longer, start=2)}
        return {f"{prefix}.words": data, f"{prefix}.offsets": offsets, **pairs}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str, longest: int) -> Self:
        """Return the vocabulary that ``to_arrays`` made arrays of.

        Raises:
            BundleError: an array is missing or damaged.
        """
        try:
            words = unpack_strings(arrays[f"{prefix}.words"], arrays[f"{prefix}.offsets"])
            longer = [arrays[f"{prefix}.{n}grams"] for n in range(2, longest + 1)]
        except KeyError as error:
            raise BundleError("the weights lack a part of the vocabulary") from error
        shorter = len(words)
        for pairs in longer:
            if not _is_sorted_below(pairs, shorter * len(words)):
                raise BundleError("the weights hold n-grams of words that are not there")
            shorter = len(pairs)
        return cls(words, longer)

    def _tokens(self, texts: pa.Array) -> Tokens:
        numbers = self.numbers
        words, lengths = [np.empty(0, np.int64)], []
        for text in texts.to_pylist():
            found = tokenize(text) if text else []
            lengths.append(len(found))
            words.append(np.fromiter((numbers.get(w, UNKNOWN) for w in found), np.int64))
        place = np.repeat(np.arange(len(lengths)), lengths)
        return Tokens(np.concatenate(words), place, len(lengths))


def _pairs(
    shorter: Numbers, tokens: Tokens, length: int, width: int
) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return the n-gram that begins at each word as a pair, and where there is one."""
    starts = max(len(tokens.words) - length + 1, 0)
    begin, last = shorter[:starts], tokens.words[length - 1 :]
    same_text = tokens.texts[:starts] == tokens.texts[length - 1 :]
    there = same_text & (begin != UNKNOWN) & (last != UNKNOWN)
    return begin * width + last, there


def _frequent(
    grams: Numbers, tokens: Tokens, width: int, min_df: int
) -> tuple[Numbers, Numbers, sparse.csr_matrix]:
    """Keep the n-grams that stand in enough texts.

    Returns:
        The numbers of those kept, ascending; each word's n-gram renumbered among them; the counts.
    """
    counts = _counts(grams, tokens, width)
    kept = np.flatnonzero(np.bincount(counts.indices, minlength=width) >= min_df)
    renumbered = np.full(width + 1, UNKNOWN)  # the last place is where number -1 looks
    renumbered[kept] = np.arange(len(kept))
    return kept, renumbered[grams], counts[:, kept]


def _counts(grams: Numbers, tokens: Tokens, width: int) -> sparse.csr_matrix:
    known = grams != UNKNOWN
    places = (tokens.texts[known], grams[known])
    ones = np.ones(len(places[0]))
    # From coordinates to rows: repeated places are added up and columns sorted.
    return sparse.coo_matrix((ones, places), (tokens.size, width)).tocsr()


def _find(pairs: Numbers, known: Numbers) -> Numbers:
    if not len(known):
        return np.full(len(pairs), UNKNOWN)
    places = np.minimum(np.searchsorted(known, pairs), len(known) - 1)
    return np.where(known[places] == pairs, places, UNKNOWN)


def _is_sorted_below(pairs: NDArray[Any], limit: int) -> bool:
    if pairs.dtype != np.int64 or pairs.ndim != 1:
        return False
    if not len(pairs):
        return True
    return bool(pairs[0] >= 0 and pairs[-1] < limit and (np.diff(pairs) > 0).all())
