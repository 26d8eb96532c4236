"""linear on very many generated reviews of 30 labels, and what 145 million of them would take.

    python -m bench.linear_scale [--reviews 20000000] [--memory-mb 2048] [--ngrams 0]

`demo-data` writes the reviews once, into a folder that is removed again (550 bytes of disk each).
A label is a category together with whether there are four stars or more. A sixteenth of them, then
an eighth, and all are learnt from, each in a process of its own under a limit on its memory
(RLIMIT_DATA) that the data would not fit into; what reading the file takes is not counted. The
first 20,000 reviews are held out. `--ngrams 0` lets the family choose, as it does by default.
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
import pyarrow.compute as pc
import pyarrow.csv

from bench.limits import Watch, limit_memory
from bench.machine import machine, measured
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.models.linear.classifier import Linear
from reviewdesk.settings import DemoSettings
from reviewdesk.sources.generated.corpus import generate

HEAD_ROW: Final = (
    "reviews",
    "CPU s",
    "wall s",
    "CPU us a review",
    "peak MiB",
    "spill MiB",
    "features",
    "text MiB",
    "n-grams",
    "accuracy held out",
)
TEXTS: Final = ["review_headline", "review_body"]
COLUMNS: Final = [*TEXTS, "product_category", "star_rating"]
HELD_OUT: Final = 20_000
GOOD: Final = 4
BLOCK: Final = 16 << 20
BESIDE_MIB: Final = 300  # a batch of reviews and what is made of it
WHOLE: Final = 145_000_000
SHARES: Final = (16, 8, 1)


def main() -> None:
    """Print one row a size, and the extrapolation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviews", type=int, default=20_000_000)
    parser.add_argument("--memory-mb", type=int, default=2048)
    parser.add_argument("--ngrams", type=int, default=0)
    parser.add_argument("--alone", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.alone:
        print(json.dumps(_measure(arguments)))
        return
    print(f"{machine()}; memory_mb {arguments.memory_mb}\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="linear-scale-") as folder:
        reviews = Path(folder) / "reviews.tsv"
        generate(reviews, DemoSettings(reviews=arguments.reviews + HELD_OUT))
        _table(arguments, reviews)


def _table(arguments: argparse.Namespace, reviews: Path) -> None:
    print(f"| {' | '.join(HEAD_ROW)} |\n{'|---' * len(HEAD_ROW)}|", flush=True)
    sizes = [arguments.reviews // share for share in SHARES]
    found = []
    for size in sizes:
        command = [sys.executable, "-m", "bench.linear_scale", "--alone", str(reviews)]
        command += ["--reviews", str(size), "--memory-mb", str(arguments.memory_mb)]
        command += ["--ngrams", str(arguments.ngrams)]
        one = json.loads(measured(command).output.splitlines()[-1])
        found.append(one)
        print(
            f"| {size:,} | {one['cpu']:.1f} | {one['wall']:.1f} | {one['cpu'] / size * 1e6:.2f} "
            f"| {one['peak_mib']:,.0f} | {one['spill_mib']:,.0f} | {one['features']:,} "
            f"| {one['text_mib']:,.0f} | {one['ngrams']} | {one['accuracy']:.4f} |",
            flush=True,
        )
    times = WHOLE / sizes[-1]
    print()
    print(f"spill: 145 million: {found[-1]['spill_mib'] * times / 1024:,.1f} GiB")
    for name in ("cpu", "wall", "features"):
        last = [one[name] for one in found[-3:]]
        power = float(np.polyfit(np.log(sizes[-3:]), np.log(last), 1)[0])
        print(
            f"{name} grows as reviews ** {power:.2f}; 145 million: {last[-1] * times**power:,.0f}"
        )


def _measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Learn from so many reviews in this process."""
    names = _labels(arguments.alone)
    columns = ("review_body", "label")

    def labelled(rows: slice, away: list[float], size: list[int]) -> LabelledReviews:
        def read() -> Iterator[pa.RecordBatch]:
            return _batches(arguments.alone, names, rows, away, size)

        return LabelledReviews(names, columns, False, read)

    Linear(ngrams=1, strength=1.0).fit(labelled(slice(0, 2_000), [0.0], [0]))  # compile
    away, size = [0.0], [0]
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        watch = Watch(Path(folder))
        limit_memory(arguments.memory_mb + BESIDE_MIB)
        begin = time.process_time(), time.perf_counter()
        learnt = slice(HELD_OUT, HELD_OUT + arguments.reviews)
        fitted = Linear(ngrams=arguments.ngrams, memory_mb=arguments.memory_mb)
        fitted.fit(labelled(learnt, away, size))
        cpu, wall = time.process_time() - begin[0], time.perf_counter() - begin[1]
        watch.done.set()
        tempfile.tempdir = None
    return {
        "cpu": cpu - away[0],
        "wall": wall - away[0],
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "spill_mib": watch.largest / 2**20,
        "features": len(fitted.vocabulary_),
        "text_mib": size[0] / 2**20,
        "ngrams": fitted.ngrams_,
        "accuracy": _accuracy(fitted, arguments.alone, names),
    }


def _batches(
    path: Path, names: list[str], rows: slice, away: list[float], size: list[int]
) -> Iterator[pa.RecordBatch]:
    """Yield some labelled reviews; keep the CPU seconds that reading took, and their bytes."""
    at, begin = 0, time.process_time()
    for batch in _read(path):
        labelled = batch.select(TEXTS).append_column("label", _numbers(batch, names))
        first = max(rows.start - at, 0)
        labelled = labelled.slice(first, max(rows.stop - at - first, 0))
        at += len(batch)
        size[0] += sum(labelled.column(name).nbytes for name in TEXTS)
        away[0] += time.process_time() - begin
        yield labelled
        if at >= rows.stop:
            return
        begin = time.process_time()


def _read(path: Path) -> Iterator[pa.RecordBatch]:
    texts = dict.fromkeys(TEXTS + COLUMNS[2:3], pa.string())
    reader = pa.csv.open_csv(
        path,
        pa.csv.ReadOptions(use_threads=False, block_size=BLOCK),
        pa.csv.ParseOptions(delimiter="\t", quote_char=False),
        pa.csv.ConvertOptions(column_types={**texts, "star_rating": pa.int8()},
                              include_columns=COLUMNS, strings_can_be_null=False),
    )  # fmt: skip
    with reader:
        yield from reader


def _labels(path: Path) -> list[str]:
    first = next(_read(path))
    categories = sorted(pc.unique(first.column("product_category")).to_pylist())
    return [f"{name}, {tone}" for name in categories for tone in ("bad", "good")]


def _numbers(batch: pa.RecordBatch, names: list[str]) -> pa.Array:
    good = pc.greater_equal(batch.column("star_rating"), GOOD)
    tone = pc.if_else(good, ", good", ", bad")
    label = pc.binary_join_element_wise(batch.column("product_category"), tone, "")
    return pc.index_in(label, pa.array(names)).fill_null(-1)


def _accuracy(fitted: Linear, path: Path, names: list[str]) -> float:
    """Return how right it is on the first reviews of the file."""
    right = 0
    for batch in _batches(path, names, slice(0, HELD_OUT), [0.0], [0]):
        said = fitted.predict_proba(batch).argmax(axis=1)
        right += int((said == batch.column("label").to_numpy()).sum())
    return right / HELD_OUT


if __name__ == "__main__":
    main()
