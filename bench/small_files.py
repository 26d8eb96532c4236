"""What ten thousand small files cost beside one file of the same size: CPU seconds of `prepare`.

python -m bench.small_files --files 10000 --rows 100000

Each preparation is a process of its own that has imported and compiled before; the same generated
reviews are written by the standard library as CSV and JSON lines.
"""

import argparse
import csv
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from bench.machine import machine
from reviewdesk.prepare.prepare import prepare
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources.catalog import open_inputs

WORDS: Final = [
    "kettle",
    "lid",
    "spout",
    "boils",
    "quietly",
    "handle",
    "leaks",
    "rust",
    "lovely",
    "gift",
    "returned",
    "broke",
    "cable",
    "long",
    "short,",
    "“good”",
    "value",
    "and",
    "the",
    "box",
    "came",
    "dented",
    "but",
    "my",
    "mother",
    "says",
    "it's",
    "fine",
]


def main() -> int:
    """Print one table."""
    arguments = parsed(sys.argv[1:])
    print(f"{machine()}\n\n| format | rows | files | one file, CPU s | files, CPU s | factor |")
    print("|---|---|---|---|---|---|")
    for name, write in (("CSV", write_csv), ("JSON lines", write_lines)):
        if arguments.only and name != arguments.only:
            continue
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            one, many = Path(folder) / "one", Path(folder) / "many"
            for place, files in ((one, 1), (many, arguments.files)):
                place.mkdir()
                write(place, list(reviews(arguments.rows)), files)
            warm(one)
            alone, together = (
                cpu_seconds(one, arguments.profile),
                cpu_seconds(many, arguments.profile),
            )
        counts = f"{arguments.rows:,} | {arguments.files:,}"
        print(
            f"| {name} | {counts} | {alone:.2f} | {together:.2f} | {together / alone:.2f} |",
            flush=True,
        )
    return 0


def reviews(count: int) -> Iterator[dict[str, Any]]:
    """Yield generated reviews of about 300 bytes."""
    for number in range(count):
        words = [
            WORDS[(number * 7 + place * (number % 11 + 1)) % len(WORDS)] for place in range(40)
        ]
        yield {
            "review_id": f"R{number:08d}",
            "customer_id": f"C{number % 50_000}",
            "product_id": f"P{number % 900}",
            "star_rating": number % 5 + 1,
            "review_date": f"20{10 + number % 9}-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
            "review_body": " ".join(words),
        }


def shares(rows: Sequence[dict[str, Any]], files: int) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield a name and its share of rows for each file."""
    size = -(-len(rows) // files)
    for number in range(files):
        yield f"part-{number:05d}", rows[number * size : (number + 1) * size]


def write_csv(folder: Path, rows: Sequence[dict[str, Any]], files: int) -> None:
    """Write tables."""
    for name, some in shares(rows, files):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(some)


def write_lines(folder: Path, rows: Sequence[dict[str, Any]], files: int) -> None:
    """Write JSON lines."""
    for name, some in shares(rows, files):
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in some))


def warm(folder: Path) -> None:
    """Import, and compile or load the kernels, before anything is measured."""
    with tempfile.TemporaryDirectory() as out:
        prepared(folder, Path(out) / "out")


def prepared(folder: Path, out: Path) -> None:
    """Prepare a folder."""
    source = SourceSettings()
    prepare(
        open_inputs([str(folder)], source),
        out,
        prepare=PrepareSettings(),
        clean=CleanSettings(),
        source=source,
    )


def cpu_seconds(folder: Path, profile: bool) -> float:
    """Return what preparing a folder takes, in a fork."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        with tempfile.TemporaryDirectory() as out:
            begin = time.process_time()
            run(lambda: prepared(folder, Path(out) / "out"), profile)
            os.write(writing, f"{time.process_time() - begin}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as file:
        return float(file.read())


def run(work: Callable[[], None], profile: bool) -> None:
    """Do the work, and print where the time goes if asked."""
    if not profile:
        work()
        return
    import cProfile  # noqa: PLC0415
    import pstats  # noqa: PLC0415

    profiler = cProfile.Profile()
    profiler.runcall(work)
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(70)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(50)
    sys.stdout.flush()


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where files are written; a temporary folder")
    parser.add_argument("--only", help="one of the formats")
    parser.add_argument("--profile", action="store_true", help="say where the time goes")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
