"""What each word and n-gram of one review adds to the scores, from the review's own words."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.models.base import Explanation
from reviewdesk.models.linear.multilabel import MultilabelWeights
from reviewdesk.models.linear.texts import field_texts
from reviewdesk.models.linear.vocabulary import Vocabulary
from reviewdesk.models.linear.weights import Weights
from reviewdesk.text.characters import hash_characters
from reviewdesk.text.letters import letters
from reviewdesk.text.ngrams import character_seed, ngram
from reviewdesk.text.words import hash_words

GOES_ON: Final = "…"
"""Stands in the name of a run of characters where the word may go on."""


def explain_row(
    texts: Mapping[str, str | None], vocabulary: Vocabulary, weights: Weights | MultilabelWeights
) -> Explanation:
    """Return the contributions of a review's n-grams, those that matter most first.

    An n-gram that stands in the review more than once counts once. Two n-grams that share a slot
    are one feature, under the name of the first.
    """
    names: dict[int, tuple[str, str]] = {}
    for column, seed in zip(vocabulary.columns, vocabulary.seeds, strict=True):
        for feature, name in _named(texts.get(column) or "", seed, vocabulary):
            names.setdefault(feature, (name, column))
    ids = np.array([*names], np.uint32)
    parts, bias = weights.contributions(ids)
    order = np.argsort(-np.abs(parts).max(axis=1, initial=0), kind="stable")
    found = [names[int(feature)] for feature in ids[order]]
    return Explanation(
        words=[words for words, _ in found],
        columns=[column for _, column in found],
        weights=parts[order],
        bias=bias,
    )


def _named(text: str, seed: np.uint64, vocabulary: Vocabulary) -> list[tuple[int, str]]:
    """Return the features of a text, each with the words or characters that it stands for."""
    data = field_texts(
        pa.record_batch([pa.array([text], pa.large_string())], names=["text"]), ["text"]
    ).data
    words = np.empty(len(data) + 1, np.uint64)
    spans = np.empty((len(data) + 1, 2), np.int64)
    count = hash_words(data, 0, len(data), seed, letters(vocabulary.grams.marks), words, spans)
    named = []
    for length in range(1, vocabulary.grams.words + 1):
        for first in range(count - length + 1):
            feature = _feature(ngram(words, first, length), vocabulary)
            if feature is not None:
                named.append((feature, _name(data, spans[first : first + length])))
    return named + _named_runs(data, seed, vocabulary)


def _named_runs(
    data: NDArray[np.uint8], seed: np.uint64, vocabulary: Vocabulary
) -> list[tuple[int, str]]:
    """Return the runs of characters; an ellipsis stands where the word goes on."""
    longest = vocabulary.grams.characters
    if not longest:
        return []
    hashes = np.empty(len(data) * longest, np.uint64)
    spans = np.empty((len(hashes), 2), np.int64)
    seed = character_seed(seed)
    table = letters(vocabulary.grams.marks)
    count = hash_characters(data, 0, len(data), seed, table, longest, hashes, spans)
    named = []
    for run in range(count):
        feature = _feature(hashes[run], vocabulary)
        if feature is not None:
            start, end = spans[run].tolist()
            before, behind = "" if start < 0 else GOES_ON, "" if end < 0 else GOES_ON
            characters = _piece(data, start if start >= 0 else ~start, end if end >= 0 else ~end)
            named.append((feature, before + characters.replace("’", "'").lower() + behind))
    return named


def _feature(value: np.uint64, vocabulary: Vocabulary) -> int | None:
    feature = int(vocabulary.numbers[int(value) >> (64 - vocabulary.bits)])
    return feature if feature < len(vocabulary) else None


def _name(data: NDArray[np.uint8], spans: NDArray[np.int64]) -> str:
    """Return words in lower case with spaces between; overlapping ones are run together."""
    pieces: list[str] = []
    until = -1
    for start, end in spans.tolist():
        pieces.append(" " if pieces and start >= until else "")
        pieces.append(_piece(data, max(start, until), end))
        until = end
    return "".join(pieces).replace("’", "'").lower()


def _piece(data: NDArray[np.uint8], start: int, end: int) -> str:
    return data[start:end].tobytes().decode(errors="replace")
