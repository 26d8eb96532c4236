"""Learning labels: a text's vector is the mean of its rows, and labels are a linear model of it.

Rows lie in one flat array, each padded with zeros to a multiple of 16 numbers: a cache line.
Steps are bounded: what one text may change of an output or of its rows has a largest length, so
that values grow by sums and not by products, and never leave the range of numbers.

Source: Joulin, Grave, Bojanowski and Mikolov 2017, Bag of tricks for efficient text classification;
fastText at 1142dc4, ``src/loss.cc``, ``model.cc``.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.models.vectors.losses import huffman_tree
from reviewdesk.text.compiled import compiled_fast
from reviewdesk.text.prefetch import prefetch

LANES: Final = 16
"""Numbers a cache line; rows are a multiple of it."""
LONGEST_STEP: Final = np.float32(8.0)
HS: Final = 1
NS: Final = 2
SOFTMAX: Final = 3
OVA: Final = 4
NEGATIVE_TABLE: Final = 1 << 20
LABEL_POWER: Final = 0.5
"""Labels are drawn as counter-examples by this power of how often they occur."""
CHUNK_TEXTS: Final = 1 << 16

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TrainingTexts:
    """n texts as rows, with their labels.

    Args:
        rows: of all texts.
        ends: (n + 1,) where each text's rows begin and end.
        sizes: (n,) how many rows each text's vector is the mean of; those that are not among
            ``rows`` are zeros.
        labels: of all texts.
        label_ends: (n + 1,) where each text's labels begin and end.
        k: how many labels there are.
    """

    rows: NDArray[np.int32]
    ends: Ints
    sizes: Ints
    labels: NDArray[np.int32]
    label_ends: Ints
    k: int


@dataclass(frozen=True)
class Schedule:
    """How labels are learnt.

    Args:
        loss: a number of fastText's losses.
        epochs: how often each text is read.
        rate: the rate of learning at first; it falls to 0 in a straight line.
        negatives: drawn labels for each true one, under negative sampling.
        threads: how many learn at once; with more than one, chance decides the result.
        seed: another seed gives another order and other beginnings.
    """

    loss: int
    epochs: int
    rate: float
    negatives: int
    threads: int
    seed: int


class FirstRows(NamedTuple):
    """Where some rows begin: ``rows`` (m,) and their ``vectors`` (m, dim)."""

    rows: Ints
    vectors: Floats


class LabelLearner:
    """Learns from texts, epoch by epoch.

    Args:
        texts: the texts.
        rows: how many rows there are.
        dim: numbers a vector.
        schedule: how to learn.
        chosen: which texts to learn from; all by default.
        start: where some rows begin; the others begin at random.
    """

    def __init__(
        self,
        texts: TrainingTexts,
        rows: int,
        dim: int,
        schedule: Schedule,
        chosen: Ints | None = None,
        start: FirstRows | None = None,
    ) -> None:
        self.texts, self.schedule, self.dim = texts, schedule, dim
        self._chosen = np.arange(len(texts.sizes)) if chosen is None else chosen
        self.width = -(-dim // LANES) * LANES
        random = np.random.default_rng(schedule.seed)
        self.inputs = aligned(rows * self.width)
        table = self.inputs.reshape(rows, self.width)
        fill_random(table[:, :dim], random)
        if start is not None:
            table[start.rows, :dim] = start.vectors
        self.outputs = aligned(texts.k * self.width)
        counts = np.bincount(texts.labels, minlength=texts.k).astype(np.int64)
        self._negatives = np.zeros(1, np.int32)
        if schedule.loss == NS:
            self._negatives = negative_table(counts, LABEL_POWER, random)
        self._paths, self._turns, self._path_ends = label_paths(counts)
        self.bounded = 0
        """How many steps were cut to their largest length."""
        self.loss = 0.0
        """The mean loss of the last epoch."""
        self._random = random

    def epoch(self, number: int) -> None:
        """Read every text once.

        Args:
            number: which reading it is, from 0.
        """
        order = self._random.permutation(self._chosen)
        threads = max(1, min(self.schedule.threads, len(order)))
        seeds = self._random.integers(1, 1 << 62, threads).astype(np.uint64)
        parts = np.array_split(order, threads)
        epochs = self.schedule.epochs
        rates = np.array([1 - number / epochs, 1 - (number + 1) / epochs]) * self.schedule.rate
        with ThreadPoolExecutor(threads) as pool:
            found = list(pool.map(lambda part, seed: self._learn(part, seed, rates), parts, seeds))
        self.bounded += int(sum(bounded for _, bounded in found))
        self.loss = float(sum(loss for loss, _ in found)) / max(len(order), 1)

    def _learn(self, order: Ints, seed: np.uint64, rates: NDArray[np.float64]) -> tuple[float, int]:
        texts, schedule = self.texts, self.schedule
        scratch = np.zeros(2 * self.width + texts.k, np.float32)
        loss, bounded = learn_texts(
            order,
            texts.rows,
            texts.ends,
            texts.sizes,
            texts.labels,
            texts.label_ends,
            self.inputs,
            self.outputs,
            np.uint64(self.width),
            schedule.loss,
            schedule.negatives,
            self._negatives,
            self._paths,
            self._turns,
            self._path_ends,
            rates.astype(np.float32),
            seed,
            scratch,
        )
        return float(loss), int(bounded)

    def rows(self) -> Floats:
        """Return the rows, (rows, dim)."""
        return np.ascontiguousarray(self.inputs.reshape(-1, self.width)[:, : self.dim])

    def label_vectors(self) -> Floats:
        """Return the outputs, (k, dim)."""
        return np.ascontiguousarray(self.outputs.reshape(-1, self.width)[:, : self.dim])


def aligned(size: int) -> Floats:
    """Return zeros that begin at a cache line."""
    raw = np.zeros(size * 4 + 64, np.uint8)
    skip = -raw.ctypes.data % 64
    return raw[skip : skip + size * 4].view(np.float32)


def fill_random(table: Floats, random: np.random.Generator) -> None:
    """Fill a table with numbers from -1 / columns to 1 / columns."""
    reach = np.float32(1 / table.shape[1])
    for start in range(0, len(table), CHUNK_TEXTS):
        block = table[start : start + CHUNK_TEXTS]
        block[:] = (random.random(block.shape, np.float32) * 2 - 1) * reach


def negative_table(
    counts: Ints, power: float, random: np.random.Generator, size: int = NEGATIVE_TABLE
) -> NDArray[np.int32]:
    """Return numbers shuffled, each as often as its count to a power has it."""
    shares = np.maximum(counts, 0).astype(np.float64) ** power
    shares[counts == 0] = 0
    ends = np.cumsum(shares) / max(shares.sum(), 1e-300)
    table = np.searchsorted(ends, (np.arange(size) + 0.5) / size).astype(np.int32)
    random.shuffle(table)
    return np.minimum(table, np.int32(len(counts) - 1))


def label_paths(counts: Ints) -> tuple[NDArray[np.int32], NDArray[np.float32], Ints]:
    """Return the inner nodes on the way up from each label, and the turn at each.

    Args:
        counts: (k,) how often each label occurs, in any order.

    Returns:
        Nodes of all labels, 1 where the way goes to the right, and (k + 1,) where each label's
        begin and end. Nodes are those of the tree of labels in falling order of their counts.
    """
    k = len(counts)
    order = np.argsort(-counts, kind="stable")
    children = huffman_tree(counts[order])
    parent, turn = np.full(2 * k - 1, -1), np.zeros(2 * k - 1, np.float32)
    for side in range(2):
        parent[children[:, side]] = np.arange(k, 2 * k - 1)
        turn[children[:, side]] = side
    paths: list[list[int]] = [[] for _ in range(k)]
    turns: list[list[float]] = [[] for _ in range(k)]
    for place, label in enumerate(order.tolist()):
        node = place
        while parent[node] >= 0:
            paths[label].append(int(parent[node]) - k)
            turns[label].append(float(turn[node]))
            node = int(parent[node])
    ends = np.cumsum([0, *(len(path) for path in paths)])
    flat = [node for path in paths for node in path]
    return np.array(flat, np.int32), np.array([t for s in turns for t in s], np.float32), ends


@compiled_fast
def learn_texts(
    order: Ints,
    rows: NDArray[np.int32],
    ends: Ints,
    sizes: Ints,
    labels: NDArray[np.int32],
    label_ends: Ints,
    inputs: Floats,
    outputs: Floats,
    width: np.uint64,
    loss: int,
    negatives: int,
    table: NDArray[np.int32],
    paths: NDArray[np.int32],
    turns: Floats,
    path_ends: Ints,
    rates: Floats,
    seed: np.uint64,
    scratch: Floats,
) -> tuple[float, int]:
    """Learn from texts in an order; return the sum of their losses and how many steps were cut."""
    lines = width // np.uint64(16)
    hidden, gradient = scratch[: np.int64(width)], scratch[np.int64(width) : 2 * np.int64(width)]
    scores = scratch[2 * np.int64(width) :]
    state, total, bounded = seed, 0.0, 0
    fall = (rates[1] - rates[0]) / np.float32(max(len(order), 1))
    for step in range(len(order)):
        text = order[step]
        rate = rates[0] + fall * np.float32(step)
        if step + 1 < len(order):
            ahead = order[step + 1]
            _ask_for(rows, ends[ahead], ends[ahead + 1], inputs, width)
        share = np.float32(1) / np.float32(max(sizes[text], 1))
        label_count = label_ends[text + 1] - label_ends[text]
        if ends[text + 1] == ends[text] or (label_count == 0 and loss != 4):
            continue
        _mean(rows, ends[text], ends[text + 1], inputs, width, lines, share, hidden)
        gradient[:] = np.float32(0)
        if loss == 4:
            own = labels[label_ends[text] : label_ends[text + 1]]
            total += _every_label(hidden, outputs, width, lines, own, rate, gradient, len(scores))
        else:
            state = _next(state)
            chosen = np.int64((state >> np.uint64(33)) % np.uint64(label_count))
            label = np.int64(labels[label_ends[text] + chosen])
            if loss == 3:
                total += _softmax_step(hidden, outputs, width, lines, label, rate, gradient, scores)
            elif loss == 1:
                for place in range(path_ends[label], path_ends[label + 1]):
                    node = np.int64(paths[place])
                    total += _binary_step(
                        hidden, outputs, node, width, lines, turns[place], rate, gradient
                    )
            else:
                loss_of_drawn, state = _drawn_labels(
                    hidden, outputs, width, lines, label, negatives, table, state, rate, gradient
                )
                total += loss_of_drawn
        length = np.float32(0)
        for column in range(len(gradient)):
            length += gradient[column] * gradient[column]
        if length > LONGEST_STEP * LONGEST_STEP:
            share *= LONGEST_STEP / np.sqrt(length)
            bounded += 1
        _add_to_rows(rows, ends[text], ends[text + 1], inputs, width, lines, gradient, share)
    return total, bounded


@compiled_fast
def _every_label(
    hidden: Floats,
    outputs: Floats,
    width: np.uint64,
    lines: np.uint64,
    labels: NDArray[np.int32],
    rate: np.float32,
    gradient: Floats,
    k: int,
) -> float:
    total = 0.0
    for other in range(k):
        truth = np.float32(0)
        for place in range(len(labels)):
            if labels[place] == other:
                truth = np.float32(1)
        output = np.int64(other)
        total += _binary_step(hidden, outputs, output, width, lines, truth, rate, gradient)
    return total


@compiled_fast
def _drawn_labels(
    hidden: Floats,
    outputs: Floats,
    width: np.uint64,
    lines: np.uint64,
    label: np.int64,
    negatives: int,
    table: NDArray[np.int32],
    state: np.uint64,
    rate: np.float32,
    gradient: Floats,
) -> tuple[float, np.uint64]:
    yes, no = np.float32(1), np.float32(0)
    total = _binary_step(hidden, outputs, label, width, lines, yes, rate, gradient)
    for _ in range(negatives):
        state = _next(state)
        other = np.int64(table[(state >> np.uint64(33)) % np.uint64(len(table))])
        if other != label:
            total += _binary_step(hidden, outputs, other, width, lines, no, rate, gradient)
    return total, state


@compiled_fast
def _next(state: np.uint64) -> np.uint64:
    return state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)


@compiled_fast
def _ask_for(
    rows: NDArray[np.int32], start: int, end: int, inputs: Floats, width: np.uint64
) -> None:
    for place in range(start, end):
        begin = np.uint64(rows[place]) * width
        for line in range(np.uint64(0), width, np.uint64(16)):
            prefetch(inputs, np.int64(begin + line))


@compiled_fast
def _mean(
    rows: NDArray[np.int32],
    start: int,
    end: int,
    inputs: Floats,
    width: np.uint64,
    lines: np.uint64,
    share: np.float32,
    hidden: Floats,
) -> None:
    hidden[:] = np.float32(0)
    for place in range(start, end):
        begin = np.uint64(rows[place]) * width
        for line in range(lines):
            at = np.uint64(line) * np.uint64(16)
            for lane in range(16):
                hidden[at + np.uint64(lane)] += inputs[begin + at + np.uint64(lane)]
    for column in range(len(hidden)):
        hidden[column] *= share


@compiled_fast
def _add_to_rows(
    rows: NDArray[np.int32],
    start: int,
    end: int,
    inputs: Floats,
    width: np.uint64,
    lines: np.uint64,
    gradient: Floats,
    share: np.float32,
) -> None:
    for column in range(len(gradient)):
        gradient[column] *= share
    for place in range(start, end):
        begin = np.uint64(rows[place]) * width
        for line in range(lines):
            at = np.uint64(line) * np.uint64(16)
            for lane in range(16):
                inputs[begin + at + np.uint64(lane)] += gradient[at + np.uint64(lane)]


@compiled_fast
def _dot(hidden: Floats, outputs: Floats, begin: np.uint64, lines: np.uint64) -> np.float32:
    total = np.float32(0)
    for line in range(lines):
        at = np.uint64(line) * np.uint64(16)
        for lane in range(16):
            total += hidden[at + np.uint64(lane)] * outputs[begin + at + np.uint64(lane)]
    return total


@compiled_fast
def _change(
    hidden: Floats,
    outputs: Floats,
    begin: np.uint64,
    lines: np.uint64,
    step: np.float32,
    gradient: Floats,
) -> None:
    """Move the gradient by an output and the output by the text's vector, a bounded way."""
    length = np.float32(0)
    for column in range(len(hidden)):
        length += hidden[column] * hidden[column]
    own = step
    if length * step * step > LONGEST_STEP * LONGEST_STEP:
        own *= LONGEST_STEP / (np.sqrt(length) * abs(step))
    for line in range(lines):
        at = np.uint64(line) * np.uint64(16)
        for lane in range(16):
            here = at + np.uint64(lane)
            gradient[here] += step * outputs[begin + here]
            outputs[begin + here] += own * hidden[here]


@compiled_fast
def _binary_step(
    hidden: Floats,
    outputs: Floats,
    output: np.int64,
    width: np.uint64,
    lines: np.uint64,
    truth: np.float32,
    rate: np.float32,
    gradient: Floats,
) -> float:
    begin = np.uint64(output) * width
    score = min(max(_dot(hidden, outputs, begin, lines), np.float32(-30)), np.float32(30))
    guess = np.float32(1) / (np.float32(1) + np.exp(-score))
    _change(hidden, outputs, begin, lines, rate * (truth - guess), gradient)
    right = guess if truth > np.float32(0.5) else np.float32(1) - guess
    return float(-np.log(right + np.float32(1e-9)))


@compiled_fast
def _softmax_step(
    hidden: Floats,
    outputs: Floats,
    width: np.uint64,
    lines: np.uint64,
    label: np.int64,
    rate: np.float32,
    gradient: Floats,
    scores: Floats,
) -> float:
    highest = np.float32(-3e38)
    for other in range(len(scores)):
        scores[other] = _dot(hidden, outputs, np.uint64(other) * width, lines)
        highest = max(highest, scores[other])
    total = np.float32(0)
    for other in range(len(scores)):
        scores[other] = np.exp(scores[other] - highest)
        total += scores[other]
    for other in range(len(scores)):
        guess = scores[other] / total
        truth = np.float32(1) if other == label else np.float32(0)
        _change(hidden, outputs, np.uint64(other) * width, lines, rate * (truth - guess), gradient)
    return float(-np.log(scores[label] / total + np.float32(1e-9)))
