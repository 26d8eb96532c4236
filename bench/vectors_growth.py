"""What ``fasttext`` takes as reviews grow, and what that means for 145 million of them.

Texts are made of halves of two texts of one category, so that words and pairs of words go on being
new. Of each number of texts reading and one epoch are measured apart, in CPU seconds.

    REVIEWDESK_DATA=... python -m bench.vectors_growth [--texts 250000 1000000] [--dim 16]
"""

import argparse
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from bench.machine import machine
from bench.vectors_bench import write_categories
from reviewdesk.models.vectors.learning import Recipe
from reviewdesk.models.vectors.mapping import choose_rows
from reviewdesk.models.vectors.reading import VectorShape, reading
from reviewdesk.models.vectors.supervised import SOFTMAX, LabelLearner, Schedule, TrainingTexts
from reviewdesk.models.vectors.text_rows import TextLines

BUCKET: Final = 2_000_000
EPOCHS: Final = 5
PART: Final = 50_000
ALL_TEXTS: Final = 145e6
ALL_WORDS: Final = 3.7e9
"""What the largest published walk-through learns from."""
CORES: Final = 2


class Grown(NamedTuple):
    """What learning took: words, rows, and CPU seconds for reading them and for one epoch."""

    words: int
    rows: int
    reading: float
    epoch: float


def main() -> None:
    """Print a row for each number of texts, and an extrapolation from the largest."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", type=int, nargs="+", default=[250_000, 1_000_000, 4_000_000])
    parser.add_argument("--dim", type=int, default=16)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        write_categories(Path(place))
        lines = (Path(place) / "train.txt").read_bytes().splitlines()
    print(f"{machine()}; dim {given.dim}, word pairs\n")
    print("| texts | words | rows | reading, CPU s | an epoch, CPU s | words a CPU s, an epoch |")
    print("|---|---|---|---|---|---|")
    grown = _grown(lines, 10_000, given.dim)  # compiles the kernels
    for count in given.texts:
        grown = _grown(lines, count, given.dim)
        print(
            f"| {count:,} | {grown.words:,} | {grown.rows:,} | {grown.reading:.1f} "
            f"| {grown.epoch:.1f} | {grown.words / grown.epoch:,.0f} |",
            flush=True,
        )
    seconds = (grown.reading + EPOCHS * grown.epoch) / grown.words * ALL_WORDS
    hours, cpu = seconds / CORES / 3600, seconds / 3600
    print(
        f"\n{ALL_TEXTS:,.0f} texts of {ALL_WORDS:,.0f} words, {EPOCHS} epochs: {cpu:.1f} CPU "
        f"hours, {hours:.1f} hours on {CORES} cores that both learn"
    )


def _grown(lines: list[bytes], count: int, dim: int) -> Grown:
    labels, halves = _halves(lines)
    random = np.random.default_rng(count)
    recipe = Recipe(
        VectorShape(2, 0, 0, BUCKET), 1, 2, True, dim, Schedule(SOFTMAX, EPOCHS, 0.5, 5, 1, 0)
    )
    numbers, words, spent = [], 0, 0.0
    with reading(recipe.shape) as reader:
        for start in range(0, count, PART):
            own, texts = _made(halves, min(PART, count - start), random)
            numbers.append(own)
            words += sum(text.count(b" ") + 1 for text in texts)
            part = TextLines.of(texts)
            begin = time.process_time()
            reader.add(part, np.zeros(len(texts), np.uint64))
            spent += time.process_time() - begin
        begin = time.process_time()
        vocabulary, mapped = choose_rows(reader.finish(), recipe.min_count, 2, 0)
        training = TrainingTexts(
            mapped.rows, mapped.ends, mapped.sizes, np.concatenate(numbers), np.arange(count + 1),
            len(labels),
        )  # fmt: skip
        learner = LabelLearner(training, vocabulary.rows, dim, recipe.schedule)
        spent += time.process_time() - begin
        begin = time.process_time()
        learner.epoch(0)
        return Grown(words, vocabulary.rows, spent, time.process_time() - begin)


def _halves(lines: list[bytes]) -> tuple[list[bytes], list[list[list[bytes]]]]:
    """Return the labels, and of each the words of its texts."""
    texts: dict[bytes, list[list[bytes]]] = defaultdict(list)
    for line in lines:
        label, _, text = line.partition(b" ")
        texts[label].append(text.split())
    return list(texts), list(texts.values())


def _made(
    texts: list[list[list[bytes]]], count: int, random: np.random.Generator
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int32]], list[bytes]]:
    sizes = np.array([len(own) for own in texts])
    labels = random.choice(len(texts), count, p=sizes / sizes.sum()).astype(np.int32)
    first, other = (random.random(count) for _ in range(2))
    made = []
    for label, a, b in zip(labels.tolist(), first.tolist(), other.tolist(), strict=True):
        own = texts[label]
        one, two = own[int(a * len(own))], own[int(b * len(own))]
        made.append(b" ".join([*one[: len(one) // 2], *two[len(two) // 2 :]]))
    return labels, made


if __name__ == "__main__":
    main()
