"""What each word and n-gram of a review adds to the score of each label."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.models.base import Explanation
from reviewdesk.models.vectors.label_vectors import LabelVectors
from reviewdesk.models.vectors.review_lines import review_lines
from reviewdesk.models.vectors.text_rows import TextLines

LONG_TEXT: int = 100_000
"""Bytes of text of which words are told apart; the rest of a longer one counts as bias."""


def explain_review(
    texts: Mapping[str, str | None], columns: tuple[str, ...], model: LabelVectors
) -> Explanation:
    """Return the share of each word and n-gram in the scores.

    A text's vector is a mean, so that each row's product with an output, divided by how many rows
    the text has, adds up to the score; what the end of the line adds is the bias. Under
    hierarchical softmax scores are no such sums; the bias then takes what is missing.

    Args:
        texts: text column to text.
        columns: the text columns.
        model: what was learnt.
    """
    words, places = review_words(texts, columns)
    line = TextLines.of([b" ".join(words)])
    index = model.raw_index
    rows = index.rows(line).rows
    each = replace(index, word_ngrams=1, line_ends=False).rows(TextLines.of(words))
    share = np.float64(1 / max(int((rows < model.vocabulary.rows).sum()), 1))
    added = (model.inputs[rows].astype(np.float64) @ model.outputs.T.astype(np.float64)) * share
    names: list[str] = []
    where: list[str] = []
    starts: list[int] = []
    stops: list[int] = []
    for number, word in enumerate(words):
        names.append(word.decode(errors="replace"))
        where.append(places[number])
        starts.append(int(each.ends[number]))
        stops.append(int(each.ends[number + 1]))
    at = len(each.rows) + _end_rows(model)
    spelled = [*words, b""]
    longest = index.word_ngrams if index.bucket else 1
    for first in range(len(words)):
        for last in range(first + 1, min(len(spelled), first + longest)):
            part = [word.decode(errors="replace") for word in spelled[first : last + 1] if word]
            names.append(" ".join(part) if len(part) > 1 else f"{part[0]} (at the end)")
            where.append(places[first])
            starts.append(at)
            stops.append(at + 1)
            at += 1
    return _explanation(names, where, _sums(added, starts, stops), model.scores(line)[0])


def _explanation(
    names: list[str], where: list[str], weights: NDArray[np.float64], scores: NDArray[np.float32]
) -> Explanation:
    """Add up what stands in a text more than once, the weightiest first."""
    number_of: dict[tuple[str, str], int] = {}
    kept = [number_of.setdefault(pair, len(number_of)) for pair in zip(names, where, strict=True)]
    total = np.zeros((len(number_of), weights.shape[1]))
    np.add.at(total, np.array(kept, np.int64), weights)
    order = np.argsort(-np.abs(total).max(axis=1, initial=0), kind="stable")
    pairs = list(number_of)
    return Explanation(
        words=[pairs[number][0] for number in order.tolist()],
        columns=[pairs[number][1] for number in order.tolist()],
        weights=total[order],
        bias=scores.astype(np.float64) - total.sum(axis=0),
    )


def _sums(values: NDArray[np.float64], starts: list[int], stops: list[int]) -> NDArray[np.float64]:
    ends = np.concatenate([np.zeros((1, values.shape[1])), values.cumsum(axis=0)])
    sums: NDArray[np.float64] = ends[stops] - ends[starts] if starts else ends[:0]
    return sums


def _end_rows(model: LabelVectors) -> int:
    """Return how many rows the end of a line has."""
    return len(replace(model.raw_index, word_ngrams=1).rows(TextLines.of([b""])).rows)


def review_words(
    texts: Mapping[str, str | None], columns: tuple[str, ...]
) -> tuple[list[bytes], list[str]]:
    """Return the words of one review, all fields in a row, and the column in which each stands."""
    words: list[bytes] = []
    places: list[str] = []
    for column in columns:
        batch = pa.record_batch([pa.array([texts.get(column)], pa.large_string())], names=[column])
        own = review_lines(batch, [column]).data.tobytes().split()
        words += own
        places += [column] * len(own)
    return words, places
