"""How time, memory and spill of linear grow with the data, and what 145 million reviews would take.

    python -m bench.linear_growth [--reviews 20000000] [--memory-mb 2048] [--ngrams 1]

The reviews are generated while they are read: 25 words each under 30 labels, words drawn by a law
under which distinct words grow as they do in real reviews (about as the 0.6th power of the words).
Each size is learnt in a process of its own, under a limit on its memory (RLIMIT_DATA) that the
larger sizes' own data would not fit into. Generating is not counted.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.limits import Watch, limit_memory
from bench.machine import machine, measured
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.models.linear.classifier import Linear
from reviewdesk.text.compiled import compiled

HEAD_ROW: Final = (
    "reviews",
    "CPU s",
    "wall s",
    "CPU us a review",
    "peak MiB",
    "spill MiB",
    "features",
    "text MiB",
)
LABELS: Final = 30
WORDS: Final = 25
BATCH: Final = 65_536
LONGEST_WORD: Final = 16
HEAPS: Final = 0.6
HEAD: Final = 60.0  # the larger, the rarer the most frequent word
OWN: Final = 0.12  # share of words that only one label has
BESIDE_MIB: Final = 300  # a batch of reviews and what is made of it


def main() -> None:
    """Print one row a size, and the extrapolation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviews", type=int, default=20_000_000)
    parser.add_argument("--memory-mb", type=int, default=2048)
    parser.add_argument("--ngrams", type=int, default=1)
    parser.add_argument("--alone", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.alone:
        print(json.dumps(_measure(arguments.alone, arguments.memory_mb, arguments.ngrams)))
        return
    print(f"{machine()}; memory_mb {arguments.memory_mb}, n-grams up to {arguments.ngrams}\n")
    print(f"| {' | '.join(HEAD_ROW)} |\n{'|---' * len(HEAD_ROW)}|")
    sizes, cpu = [], []
    first = arguments.reviews // 8
    for size in (first // 8, first // 4, first // 2, first, 2 * first, 4 * first, 8 * first):
        command = [sys.executable, "-m", "bench.linear_growth", "--alone", str(size)]
        command += ["--memory-mb", str(arguments.memory_mb), "--ngrams", str(arguments.ngrams)]
        found = json.loads(measured(command).output.splitlines()[-1])
        sizes.append(size)
        cpu.append(found["cpu"])
        each = found["cpu"] / size * 1e6
        print(
            f"| {size:,} | {found['cpu']:.1f} | {found['wall']:.1f} | {each:.2f} "
            f"| {found['peak_mib']:,.0f} | {found['spill_mib']:,.0f} | {found['features']:,} "
            f"| {found['text_mib']:,.0f} |",
            flush=True,
        )
    power = np.polyfit(np.log(sizes[-3:]), np.log(cpu[-3:]), 1)[0]
    whole = cpu[-1] * (145e6 / sizes[-1]) ** power
    print(f"\nCPU grows as reviews ** {power:.2f}; 145 million: {whole / 60:.1f} minutes")


def _measure(reviews: int, memory_mb: int, ngrams: int) -> dict[str, Any]:
    """Learn from so many reviews in this process."""
    Linear(ngrams=ngrams, strength=1.0).fit(_labelled(4_000, [0.0], [0]))
    away, size = [0.0], [0]
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        watch = Watch(Path(folder))
        limit_memory(memory_mb + BESIDE_MIB)
        begin = time.process_time(), time.perf_counter()
        fitted = Linear(ngrams=ngrams, strength=1.0, memory_mb=memory_mb)
        fitted.fit(_labelled(reviews, away, size))
        cpu, wall = time.process_time() - begin[0], time.perf_counter() - begin[1]
        watch.done.set()
    return {
        "cpu": cpu - away[0],
        "wall": wall - away[0],
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "spill_mib": watch.largest / 2**20,
        "features": len(fitted.vocabulary_),
        "text_mib": size[0] / 2**20,
    }


def _labelled(reviews: int, away: list[float], size: list[int]) -> LabelledReviews:
    labels = [f"label {number}" for number in range(LABELS)]
    columns = ("review_body", "label")
    return LabelledReviews(labels, columns, False, lambda: _batches(reviews, away, size))


def _batches(reviews: int, away: list[float], size: list[int]) -> Iterator[pa.RecordBatch]:
    """Yield generated reviews, and keep the CPU seconds that they took and their bytes."""
    for start in range(0, reviews, BATCH):
        begin = time.process_time()
        rows = min(BATCH, reviews - start)
        random = np.random.default_rng([start, 7])
        labels = (random.random(rows) ** 2 * LABELS).astype(np.int32)
        drawn, own = random.random(rows * WORDS), random.random(rows * WORDS) < OWN
        data = np.empty(rows * WORDS * LONGEST_WORD, np.uint8)
        offsets = np.zeros(rows + 1, np.int64)
        used = _write(labels, drawn, own, data, offsets)
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data[:used])]
        bodies = pa.Array.from_buffers(pa.large_string(), rows, buffers)
        batch = pa.record_batch([bodies, pa.array(labels)], names=["review_body", "label"])
        size[0] += used
        away[0] += time.process_time() - begin
        yield batch


@compiled
def _write(
    labels: NDArray[np.int32],
    drawn: NDArray[np.float64],
    own: NDArray[np.bool_],
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
) -> int:
    """Write reviews as letters and return how many bytes they take."""
    at = 0
    for row in range(len(labels)):
        for word in range(WORDS):
            place = row * WORDS + word
            rank = int(HEAD * ((1 - drawn[place]) ** (-HEAPS / (1 - HEAPS)) - 1))
            rank = min(rank, 1 << 50)
            data[at] = 97 + labels[row] % 26 if own[place] else 122
            at += 1
            if own[place]:
                data[at] = 97 + labels[row] // 26
                at += 1
            while rank > 0:
                data[at] = 97 + rank % 25
                rank //= 25
                at += 1
            data[at] = 32
            at += 1
        offsets[row + 1] = at
    return at


if __name__ == "__main__":
    main()
