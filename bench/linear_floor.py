"""What bounds `linear`: bytes read and random accesses against what they cost at the least.

    REVIEWDESK_DATA=... python -m bench.linear_floor [--ngrams 2] [--repeats 3] DATA...

The floor of a step is 4 ns a byte of text (lower-casing, cutting and hashing words at 250 MB/s) and
11 ns a random access that was asked for ahead. Accesses counted are those to tables larger than the
fast caches: one for each n-gram of a text when counting and when predicting, one for each distinct
n-gram of a row when it gets its number, and one for each feature of a row in each visit of learning
(the second access of a visit finds the line in the cache). Seconds are the least of some repeats,
in one thread, of learning from all rows and predicting them.
"""

import argparse
import os
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from bench.linear_data import COLUMNS, DATA_SETS, DataSet  # noqa: E402
from bench.machine import machine  # noqa: E402
from reviewdesk.models.labelled import LabelledReviews  # noqa: E402
from reviewdesk.models.linear.classifier import (  # noqa: E402
    HINGE_EPOCHS,
    SOFTMAX_EPOCHS,
    Linear,
)
from reviewdesk.models.linear.solver import Solver  # noqa: E402
from reviewdesk.models.linear.spill import RowStore  # noqa: E402
from reviewdesk.models.linear.texts import field_seeds, field_texts  # noqa: E402
from reviewdesk.models.linear.validation import plan_for  # noqa: E402
from reviewdesk.models.linear.vocabulary import FeatureTotals, Grams, Vocabulary, bits_for  # noqa: E402
from reviewdesk.text.compiled import compiled  # noqa: E402
from reviewdesk.text.letters import letters  # noqa: E402
from reviewdesk.text.ngrams import row_slots  # noqa: E402

BYTE: Final = 4e-9
ACCESS: Final = 11e-9
MEMORY: Final = 1 << 32
HEAD: Final = ("step", "MB of text", "million accesses", "floor s", "CPU s", "times the floor")


class Step(NamedTuple):
    """One step of learning or predicting."""

    name: str
    text: int  # bytes
    accesses: int
    seconds: float

    @property
    def floor(self) -> float:
        """Return the least seconds that it could take."""
        return self.text * BYTE + self.accesses * ACCESS


def main() -> None:
    """Print a table for each data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="+", choices=[*DATA_SETS])
    parser.add_argument("--ngrams", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    print(f"{machine()}, load {os.getloadavg()[0]:.1f}; one thread\n")
    for name in arguments.data:
        data = DATA_SETS[name]()
        rounds = [_steps(data, Grams(arguments.ngrams)) for _ in range(arguments.repeats + 1)]
        steps = [
            own[0]._replace(seconds=min(one.seconds for one in own[1:]))
            for own in zip(*rounds, strict=True)
        ]
        print(f"### {name}, n-grams up to {arguments.ngrams}\n")
        print(f"| {' | '.join(HEAD)} |\n{'|---' * len(HEAD)}|")
        for one in steps:
            print(
                f"| {one.name} | {one.text / 1e6:.1f} | {one.accesses / 1e6:.1f} "
                f"| {one.floor:.2f} | {one.seconds:.2f} | {one.seconds / one.floor:.1f} |"
            )
        print(flush=True)


def _steps(data: DataSet, grams: Grams) -> list[Step]:
    """Return what each step does and took, and the same of all learning and all predicting."""
    batch = data.texts.combine_chunks().to_batches()[0]
    k = int(data.labels.max()) + 1
    texts = field_texts(batch, COLUMNS)
    size = int(texts.bytes.sum())
    bits = bits_for(size, grams, MEMORY // 4)
    found = _slots(texts.data, texts.bounds, field_seeds(COLUMNS), letters(), *grams[:2])
    counts, store = FeatureTotals(COLUMNS, grams, bits), RowStore(MEMORY, 0)
    steps = [_timed("count n-grams", size, found, lambda: _count(counts, store, batch, data))]
    kept = sum(len(stream) for stream, _ in store._held)
    made: list[Vocabulary] = []
    steps.append(_timed("number features", 0, kept, lambda: _number(counts, store, made, k)))
    rows = next(store.parts())
    epochs = HINGE_EPOCHS if k == 2 else SOFTMAX_EPOCHS
    solver = Solver(
        parts=lambda: iter([rows]),
        features=len(made[0]),
        k=k,
        costs=np.ones(k, np.float32),
        min_df=2,
        epochs=epochs,
        threads=1,
        seed=0,
    )
    everything = np.ones(len(rows), np.bool_)
    visits = len(rows.ids) * (epochs + 1)  # and once to count in which labels a feature stands
    steps.append(
        _timed("learn weights, once", 0, visits, lambda: solver.fit(lambda _: everything, 0.7))
    )
    plan = plan_for(len(rows), k)
    times = plan.folds * (1 - plan.share) + plan.learn_again
    model = Linear(ngrams=grams.words, strength=0.7, memory_mb=MEMORY >> 20)
    labelled = pa.Table.from_batches([batch]).append_column("label", pa.array(data.labels))
    labelled = labelled.append_column("group", pa.array(data.groups))
    names = [str(label) for label in range(k)]
    accesses = found + kept + int(visits * times)
    name = f"learn, in all ({times:.1f} times weights)"
    train = LabelledReviews.of_batches(labelled.to_batches(), names)
    steps.append(_timed(name, size, accesses, lambda: model.fit(train)))
    asked = found + len(rows.ids)
    return [*steps, _timed("predict", size, asked, lambda: model.predict_proba(batch))]


def _timed(name: str, text: int, accesses: int, work: Callable[[], Any]) -> Step:
    begin = time.process_time()
    work()
    return Step(name, text, accesses, time.process_time() - begin)


def _count(counts: FeatureTotals, store: RowStore, batch: pa.RecordBatch, data: DataSet) -> None:
    row = 0
    for stream, sizes in counts.add(batch):
        rows = slice(row, row + len(sizes))
        store.add(stream, sizes, data.labels[rows], np.zeros(len(sizes), np.uint32))
        row += len(sizes)


def _number(counts: FeatureTotals, store: RowStore, made: list[Vocabulary], k: int) -> None:
    made.append(counts.vocabulary(2, 1 << 40))
    store.finish(made[0].numbers, len(made[0]), np.arange(k, dtype=np.int32))


@compiled
def _slots(
    data: NDArray[np.uint8],
    bounds: NDArray[np.int64],
    seeds: NDArray[np.uint64],
    letters: NDArray[np.uint32],
    longest: int,
    characters: int,
) -> int:
    """Return how many n-grams the texts have, each as often as it stands there."""
    total = 0
    for row in range(len(bounds)):
        size = 1
        for field in range(len(seeds)):
            size += bounds[row, field, 1] - bounds[row, field, 0]
        words = np.empty(size * 4, np.uint64)
        slots = np.empty(size * 8, np.uint32)
        total += row_slots(
            data, bounds, row, seeds, letters, longest, characters, np.uint64(40), words, slots, 0
        )
    return total


if __name__ == "__main__":
    main()
