"""Vectors of texts and n-grams learnt together, and vectors of new texts from fixed n-grams.

A text's vector should have a high cosine with those of its own n-grams, and a low one with those of
others. Texts are learnt in batches of six, whose n-grams are each other's counter-examples: an
n-gram is fetched once for one step towards its own text and five away from the others. All vectors
keep unit length, so that a product is a cosine.

Source: Thongtan and Phienthrakul 2019, Sentiment classification using document embeddings trained
with cosine similarity.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled, compiled_fast
from reviewdesk.text.prefetch import prefetch

BATCH: Final = 6
SHARPNESS: Final = 6.0
"""What cosines are multiplied by before the sigmoid."""
NEGATIVES: Final = BATCH - 1

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_SHARPNESS: Final = np.float32(SHARPNESS)
_NEGATIVES: Final = np.float32(NEGATIVES)
_TINY: Final = np.float32(1e-20)
_FACTOR: Final = np.uint64(6364136223846793005)
_ADDEND: Final = np.uint64(1442695040888963407)
_AHEAD: Final = 4
"""How many n-grams ahead memory is asked for."""
_STEPS_TO_UNIT: Final = 4
"""After so many steps vectors of texts, which each step changes a little, get unit length again."""


@compiled
def distinct_rows(rows: NDArray[np.int32], ends: Ints, distinct_ends: Ints) -> None:
    """Sort the rows of each text and keep each once, from the front of ``rows``.

    Args:
        rows: of all texts.
        ends: (n + 1,) where each text's rows begin and end.
        distinct_ends: (n + 1,) zeros, gets the same for what is kept.
    """
    at = 0
    for text in range(len(ends) - 1):
        own = np.sort(rows[ends[text] : ends[text + 1]])
        for place in range(len(own)):
            if place == 0 or own[place] != own[place - 1]:
                rows[at] = own[place]
                at += 1
        distinct_ends[text + 1] = at


@compiled_fast
def learn_documents(
    order: Ints,
    ngrams: NDArray[np.int32],
    ends: Ints,
    vectors: Floats,
    documents: Floats,
    width: np.uint64,
    rates: Floats,
    seed: np.uint64,
    tile: Floats,
    queue: NDArray[np.int32],
    owners: NDArray[np.int32],
) -> None:
    """Learn from texts in an order.

    Args:
        order: the texts.
        ngrams: of all texts, each once a text.
        ends: (n + 1,) where each text's n-grams begin and end.
        vectors: of n-grams, each ``width`` numbers of unit length.
        documents: of texts, the same.
        width: a multiple of 16.
        rates: the rate of learning at first and at the end.
        seed: another seed gives another order of the n-grams of a batch.
        tile: (6 * width,) room for the vectors of a batch.
        queue: room for the n-grams of the six longest texts.
        owners: room for their texts.
    """
    state, texts = seed, len(order)
    fall = (rates[1] - rates[0]) / np.float32(max(texts, 1))
    for first in range(0, texts, BATCH):
        real = min(BATCH, texts - first)
        rate = (rates[0] + fall * np.float32(first)) * _SHARPNESS
        count = 0
        for own in range(BATCH):
            # A last batch of fewer texts is filled up with others as counter-examples.
            text = order[first + own] if own < real else order[own % texts]
            begin, at = np.uint64(text) * width, np.uint64(own) * width
            for column in range(width):
                tile[at + column] = documents[begin + column]
            for place in range(ends[text], ends[text + 1] if own < real else ends[text]):
                queue[count] = ngrams[place]
                owners[count] = own
                count += 1
        state = _shuffle(queue, owners, count, state)
        for place in range(count):
            if place + _AHEAD < count:
                ahead = np.uint64(queue[place + _AHEAD]) * width
                for line in range(np.uint64(0), width, np.uint64(16)):
                    prefetch(vectors, np.int64(ahead + line))
            _learn_ngram(vectors, np.uint64(queue[place]) * width, tile, width, owners[place], rate)
            if place % _STEPS_TO_UNIT == _STEPS_TO_UNIT - 1:
                for own in range(BATCH):
                    _to_unit(tile, np.uint64(own) * width, width)
        for own in range(real):
            begin, at = np.uint64(order[first + own]) * width, np.uint64(own) * width
            _to_unit(tile, at, width)
            for column in range(width):
                documents[begin + column] = tile[at + column]


@compiled_fast
def _shuffle(
    queue: NDArray[np.int32], owners: NDArray[np.int32], count: int, state: np.uint64
) -> np.uint64:
    for last in range(count - 1, 0, -1):
        state = state * _FACTOR + _ADDEND
        other = np.int64((state >> np.uint64(33)) % np.uint64(last + 1))
        queue[last], queue[other] = queue[other], queue[last]
        owners[last], owners[other] = owners[other], owners[last]
    return state


@compiled_fast
def _learn_ngram(
    vectors: Floats, at: np.uint64, tile: Floats, width: np.uint64, owner: int, rate: np.float32
) -> None:
    """Move an n-gram's vector towards its own text and away from five others, and these likewise.

    Steps go along the sphere: what they add in the direction of a vector itself is taken away.
    """
    w1, w2, w3, w4, w5 = (
        width,
        width * np.uint64(2),
        width * np.uint64(3),
        width * np.uint64(4),
        width * np.uint64(5),
    )
    c0 = c1 = c2 = c3 = c4 = c5 = np.float32(0)
    for column in range(width):
        value = vectors[at + column]
        c0 += value * tile[column]
        c1 += value * tile[w1 + column]
        c2 += value * tile[w2 + column]
        c3 += value * tile[w3 + column]
        c4 += value * tile[w4 + column]
        c5 += value * tile[w5 + column]
    e0, e1, e2 = (
        _step(c0, owner == 0, rate),
        _step(c1, owner == 1, rate),
        _step(c2, owner == 2, rate),
    )
    e3, e4, e5 = (
        _step(c3, owner == 3, rate),
        _step(c4, owner == 4, rate),
        _step(c5, owner == 5, rate),
    )
    one = np.float32(1)
    stays = one - (e0 * c0 + e1 * c1 + e2 * c2 + e3 * c3 + e4 * c4 + e5 * c5)
    s0, s1, s2 = one - e0 * c0, one - e1 * c1, one - e2 * c2
    s3, s4, s5 = one - e3 * c3, one - e4 * c4, one - e5 * c5
    length = np.float32(0)
    for column in range(width):
        value = vectors[at + column]
        d0, d1, d2 = tile[column], tile[w1 + column], tile[w2 + column]
        d3, d4, d5 = tile[w3 + column], tile[w4 + column], tile[w5 + column]
        moved = stays * value + e0 * d0 + e1 * d1 + e2 * d2 + e3 * d3 + e4 * d4 + e5 * d5
        tile[column] = s0 * d0 + e0 * value
        tile[w1 + column] = s1 * d1 + e1 * value
        tile[w2 + column] = s2 * d2 + e2 * value
        tile[w3 + column] = s3 * d3 + e3 * value
        tile[w4 + column] = s4 * d4 + e4 * value
        tile[w5 + column] = s5 * d5 + e5 * value
        vectors[at + column] = moved
        length += moved * moved
    if length > np.float32(1.02) or length < np.float32(0.98):
        _to_unit(vectors, at, width)


@compiled_fast
def _step(cosine: np.float32, own: bool, rate: np.float32) -> np.float32:
    guess = np.float32(1) / (np.float32(1) + np.exp(-_SHARPNESS * cosine))
    return np.float32(rate * ((np.float32(1) if own else np.float32(0)) - guess))


@compiled_fast
def _to_unit(values: Floats, at: np.uint64, width: np.uint64) -> None:
    length = _TINY
    for column in range(width):
        length += values[at + column] * values[at + column]
    scale = np.float32(1) / np.sqrt(length)
    for column in range(width):
        values[at + column] *= scale


@compiled_fast
def infer_documents(
    ngrams: NDArray[np.int32],
    ends: Ints,
    vectors: Floats,
    width: int,
    counter: Floats,
    steps: int,
    documents: NDArray[np.float32],
    pulls: Floats,
) -> None:
    """Write the vector of each text for which fixed n-grams speak most.

    Where the objective is highest, a vector points along its own gradient, which is a sum of the
    vectors of n-grams; so it is found by going along the gradient again and again. What the last
    step adds up is the vector, with nothing left over to explain.

    Args:
        ngrams: of all texts, each once a text.
        ends: (n + 1,) where each text's n-grams begin and end.
        vectors: of n-grams, each ``width`` numbers of unit length.
        width: numbers a vector.
        counter: the same of n-grams that stand for all others, drawn once.
        steps: how often.
        documents: (n, width) gets the vectors; zeros where a text has no n-gram.
        pulls: (ngrams,) gets what each n-gram's vector was multiplied by.
    """
    gradient = np.zeros(width, np.float32)
    for text in range(len(ends) - 1):
        begin, end = ends[text], ends[text + 1]
        vector, own = documents[text], ngrams[begin:end]
        vector[:] = np.float32(0)
        for step in range(steps if end > begin else 0):
            _gradient(vector, own, vectors, counter, pulls[begin:end], gradient)
            if step < steps - 1:
                # The mean of the last vector and the new one does not swing from side to side.
                scale = _inverse_length(gradient)
                for column in range(width):
                    gradient[column] = gradient[column] * scale + vector[column]
            scale = _inverse_length(gradient)
            for column in range(width):
                vector[column] = gradient[column] * scale
            if step == steps - 1:
                for place in range(begin, end):
                    pulls[place] *= scale


@compiled_fast
def _gradient(
    vector: Floats,
    own: NDArray[np.int32],
    vectors: Floats,
    counter: Floats,
    pulls: Floats,
    gradient: Floats,
) -> None:
    """Write the gradient of one text's objective, and what each n-gram's vector counts in it."""
    width = len(vector)
    others = len(counter) // width
    share = _NEGATIVES * np.float32(len(own)) / np.float32(others)
    gradient[:] = np.float32(0)
    for place in range(len(own)):
        at = np.int64(own[place]) * width
        cosine = np.float32(0)
        for column in range(width):
            cosine += vector[column] * vectors[at + column]
        pulls[place] = np.float32(1) / (np.float32(1) + np.exp(_SHARPNESS * cosine))
        for column in range(width):
            gradient[column] += pulls[place] * vectors[at + column]
    for other in range(others):
        at = np.int64(other) * width
        cosine = np.float32(0)
        for column in range(width):
            cosine += vector[column] * counter[at + column]
        push = share / (np.float32(1) + np.exp(-_SHARPNESS * cosine))
        for column in range(width):
            gradient[column] -= push * counter[at + column]


@compiled_fast
def _inverse_length(vector: Floats) -> np.float32:
    square = _TINY
    for column in range(len(vector)):
        square += vector[column] * vector[column]
    return np.float32(np.float32(1) / np.sqrt(square))
