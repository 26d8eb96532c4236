"""Learning vectors of words: skip-gram and continuous bags of words, as small matrix products.

All pairs of one centre are learnt at once: the vectors of the words around it, gathered in one
block, times those of the centre and of the negatives that they share. Source: Mikolov et al. 2013,
Distributed representations of words and phrases; Ji, Satish, Li and Dubey 2016, Parallelizing
word2vec in shared and distributed memory (shared negatives).
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled_fast
from reviewdesk.text.prefetch import prefetch

SIGMOID_STEPS: Final = 4096
SIGMOID_END: Final = 8.0

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def sigmoid_table() -> Floats:
    """Return the sigmoid from -8 to 8."""
    at = np.linspace(-SIGMOID_END, SIGMOID_END, SIGMOID_STEPS, dtype=np.float32)
    return (1 / (1 + np.exp(-at))).astype(np.float32)


@compiled_fast
def learn_words(
    order: Ints,
    words: NDArray[np.int32],
    ends: Ints,
    rows: NDArray[np.int32],
    row_ends: Ints,
    keep: Floats,
    inputs: Floats,
    outputs: Floats,
    width: np.uint64,
    cbow: bool,
    window: int,
    negatives: int,
    table: NDArray[np.int32],
    paths: NDArray[np.int32],
    turns: Floats,
    path_ends: Ints,
    sigmoid: Floats,
    rates: Floats,
    seed: np.uint64,
    line: NDArray[np.int32],
    block: Floats,
) -> int:
    """Learn from texts in an order.

    Args:
        order: the texts.
        words: of all texts.
        ends: where each text's words begin and end.
        rows: of each word, its own and those of its n-grams of characters.
        row_ends: where each word's rows begin and end.
        keep: the share of each word's places that count.
        inputs: rows, each ``width`` numbers.
        outputs: one for each word, or each inner node of the words' tree.
        width: numbers a row, a multiple of 16.
        cbow: whether the words around a centre are one bag.
        window: words on either side, at most.
        negatives: drawn words for each centre; 0 for hierarchical softmax.
        table: words to draw.
        paths: the inner nodes of each word, for hierarchical softmax.
        turns: the turn at each.
        path_ends: where each word's begin and end.
        sigmoid: from ``sigmoid_table``.
        rates: the rate of learning at first and at the end.
        seed: another seed draws otherwise.
        line: room for the longest text.
        block: room for the vectors around a centre, what they change by, the outputs and errors.

    Returns:
        How many words were centres.
    """
    state, centres = seed, 0
    most = 2 * window
    wide = np.int64(width)
    around = block[: most * wide]
    change = block[most * wide : 2 * most * wide]
    errors = block[2 * most * wide :]
    outs = np.empty(512, np.int32)
    truths = np.empty(512, np.float32)
    fall = (rates[1] - rates[0]) / np.float32(max(len(order), 1))
    for step in range(len(order)):
        text = order[step]
        rate = rates[0] + fall * np.float32(step)
        count = 0
        for word in range(ends[text], ends[text + 1]):
            state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
            if np.float32(state >> np.uint64(40)) * np.float32(5.9604645e-8) < keep[words[word]]:
                line[count] = words[word]
                count += 1
        for centre in range(count):
            if centre + 8 < count:
                _ask_for_word(line[centre + 8], row_ends, rows, inputs, outputs, width)
            state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
            reach = 1 + np.int64((state >> np.uint64(33)) % np.uint64(window))
            first, last = max(0, centre - reach), min(count - 1, centre + reach)
            if last == first:
                continue
            target = line[centre]
            chosen = 0
            if negatives > 0:
                outs[0] = target
                truths[0] = np.float32(1)
                chosen = 1
                for _ in range(negatives):
                    state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
                    other = table[(state >> np.uint64(33)) % np.uint64(len(table))]
                    if other != target:
                        outs[chosen] = other
                        truths[chosen] = np.float32(0)
                        chosen += 1
            else:
                for word in range(path_ends[target], path_ends[target + 1]):
                    outs[chosen] = paths[word]
                    truths[chosen] = turns[word]
                    chosen += 1
            bags = _gather(line, first, last, centre, cbow, rows, row_ends, inputs, width, around)
            _products(around, bags, outs, chosen, outputs, width, errors)
            for pair in range(bags * chosen):
                errors[pair] = _error(errors[pair], truths[pair % chosen], rate, sigmoid)
            _move(around, change, bags, outs, chosen, outputs, width, errors)
            _scatter(line, first, last, centre, cbow, rows, row_ends, inputs, width, change)
            centres += 1
    return centres


@compiled_fast
def _ask_for_word(
    word: int,
    row_ends: Ints,
    rows: NDArray[np.int32],
    inputs: Floats,
    outputs: Floats,
    width: np.uint64,
) -> None:
    start = np.uint64(word) * width
    for at in range(np.uint64(0), width, np.uint64(16)):
        prefetch(outputs, np.int64(start + at))
    for place in range(row_ends[word], row_ends[word + 1]):
        start = np.uint64(rows[place]) * width
        for at in range(np.uint64(0), width, np.uint64(16)):
            prefetch(inputs, np.int64(start + at))


@compiled_fast
def _error(score: np.float32, truth: np.float32, rate: np.float32, sigmoid: Floats) -> np.float32:
    scaled = (score + np.float32(8)) * np.float32((SIGMOID_STEPS - 1) / 16)
    step = min(max(scaled, np.float32(0)), np.float32(SIGMOID_STEPS - 1))
    return np.float32((truth - sigmoid[np.int64(step)]) * rate)


@compiled_fast
def _gather(
    line: NDArray[np.int32],
    first: Any,
    last: Any,
    centre: int,
    cbow: bool,
    rows: NDArray[np.int32],
    row_ends: Ints,
    inputs: Floats,
    width: np.uint64,
    around: Floats,
) -> int:
    """Copy the vectors around a centre, each the mean of its rows; a bag's are one mean."""
    bags = 0
    total = np.int64(0)
    for place in range(first, last + 1):
        if place == centre:
            continue
        word = line[place]
        to = np.uint64(0) if cbow else np.uint64(bags) * width
        size = row_ends[word + 1] - row_ends[word]
        for number in range(row_ends[word], row_ends[word + 1]):
            start = np.uint64(rows[number]) * width
            fresh = number == row_ends[word] and (bags == 0 or not cbow)
            if fresh:
                for column in range(width):
                    around[to + column] = inputs[start + column]
            else:
                for column in range(width):
                    around[to + column] += inputs[start + column]
        if not cbow and size > 1:
            share = np.float32(1) / np.float32(size)
            for column in range(width):
                around[to + column] *= share
        total += size
        bags += 1
    if not cbow:
        return bags
    share = np.float32(1) / np.float32(total)
    for column in range(width):
        around[column] *= share
    return 1


@compiled_fast
def _products(
    around: Floats,
    bags: int,
    outs: NDArray[np.int32],
    chosen: int,
    outputs: Floats,
    width: np.uint64,
    errors: Floats,
) -> None:
    """Write the product of each vector with each output, four vectors at a time."""
    for number in range(chosen):
        out = np.uint64(outs[number]) * width
        bag = 0
        while bag + 4 <= bags:
            first = np.uint64(bag) * width
            two, three, four = first + width, first + width + width, first + width + width + width
            a, b, c, d = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
            for column in range(width):
                value = outputs[out + column]
                a += around[first + column] * value
                b += around[two + column] * value
                c += around[three + column] * value
                d += around[four + column] * value
            errors[bag * chosen + number] = a
            errors[(bag + 1) * chosen + number] = b
            errors[(bag + 2) * chosen + number] = c
            errors[(bag + 3) * chosen + number] = d
            bag += 4
        while bag < bags:
            first = np.uint64(bag) * width
            a = np.float32(0)
            for column in range(width):
                a += around[first + column] * outputs[out + column]
            errors[bag * chosen + number] = a
            bag += 1


@compiled_fast
def _move(
    around: Floats,
    change: Floats,
    bags: int,
    outs: NDArray[np.int32],
    chosen: int,
    outputs: Floats,
    width: np.uint64,
    errors: Floats,
) -> None:
    """Write what each vector changes by, and change the outputs; both by the values before."""
    for bag in range(bags):
        to = np.uint64(bag) * width
        for column in range(width):
            change[to + column] = np.float32(0)
        number = 0
        while number + 3 <= chosen:
            e, f, g = (
                errors[bag * chosen + number],
                errors[bag * chosen + number + 1],
                errors[bag * chosen + number + 2],
            )
            first = np.uint64(outs[number]) * width
            two = np.uint64(outs[number + 1]) * width
            three = np.uint64(outs[number + 2]) * width
            for column in range(width):
                change[to + column] += (
                    e * outputs[first + column]
                    + f * outputs[two + column]
                    + g * outputs[three + column]
                )
            number += 3
        while number < chosen:
            e = errors[bag * chosen + number]
            first = np.uint64(outs[number]) * width
            for column in range(width):
                change[to + column] += e * outputs[first + column]
            number += 1
    for number in range(chosen):
        out = np.uint64(outs[number]) * width
        bag = 0
        while bag + 2 <= bags:
            e, f = errors[bag * chosen + number], errors[(bag + 1) * chosen + number]
            first = np.uint64(bag) * width
            two = first + width
            for column in range(width):
                outputs[out + column] += e * around[first + column] + f * around[two + column]
            bag += 2
        while bag < bags:
            e = errors[bag * chosen + number]
            first = np.uint64(bag) * width
            for column in range(width):
                outputs[out + column] += e * around[first + column]
            bag += 1


@compiled_fast
def _scatter(
    line: NDArray[np.int32],
    first: Any,
    last: Any,
    centre: int,
    cbow: bool,
    rows: NDArray[np.int32],
    row_ends: Ints,
    inputs: Floats,
    width: np.uint64,
    change: Floats,
) -> None:
    """Add the changes to the rows of the words around a centre."""
    bag = 0
    for place in range(first, last + 1):
        if place == centre:
            continue
        start = np.uint64(0) if cbow else np.uint64(bag) * width
        for number in range(row_ends[line[place]], row_ends[line[place] + 1]):
            to = np.uint64(rows[number]) * width
            for column in range(width):
                inputs[to + column] += change[start + column]
        bag += 1
