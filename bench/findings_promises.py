"""Promises of all finders, kept or not: generated reviews and real files, of all sizes and shares.

    python -m bench.findings_promises --sizes 2000 5000
    REVIEWDESK_DATA=... python -m bench.findings_promises --sizes 20000 100000 --real 3

One kind of error is planted at a time, as large a share as is asked for; the finder of that kind
looks. Where nothing is planted, all look. Generated reviews have their own errors taken back first
(declining products, which cannot be, count as known) and are planted with ``find plant``; real
files with ``planted_elsewhere``, which shares nothing with it. Pooled over seeds; the interval is
Clopper and Pearson's at 95 % over all cells together (Bonferroni). A cell fails when its interval
lies wholly more than two points under the promise, or, with nothing planted, when there is a list
in more than one run of twenty.

Each trial is kept (``bench.trials``), so that it goes on where it was stopped.
"""

import argparse
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow.parquet as pq
from scipy.stats import beta
from threadpoolctl import threadpool_limits

from bench import planted_elsewhere
from bench.findings_catalogue import exchanged, prepared
from bench.findings_data import generated_right
from bench.machine import data_folder, machine
from bench.trials import kept
from reviewdesk.errors import NotEnoughData
from reviewdesk.findings.base import PROMISES, FinderInputs
from reviewdesk.findings.catalog import FINDERS
from reviewdesk.job.base_models import Predictions
from reviewdesk.prepare.plant import plant
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import PlantSettings
from reviewdesk.sources.truth import read_truth

SHARES: Final = (0.0, 0.003, 0.01, 0.03, 0.1)
KINDS: Final = ("review-category", "review-product", "product-category", "declining")
SEEDS: Final[Mapping[int, int]] = {2_000: 30, 5_000: 30, 20_000: 10, 100_000: 3}
ALL: Final = (*KINDS, "improving", "language-shift")
LOADED: Final = tuple(FINDERS.load(name) for name in ALL)  # so that their code counts
FOLDS: Final = 2
OF_A_FILE: Final = 6_000
TOLERANCE: Final = 0.02
MOST_LISTS: Final = 0.05


class World(NamedTuple):
    """Reviews, what is wrong with them by id, and from when on where that matters."""

    data: PreparedData
    wrong: dict[str, str]


class Cell(NamedTuple):
    """What lists of one promise held in one trial."""

    listed: int
    hits: int
    planted: int


def generated(folder: Path, reviews: int, kind: str, share: float, seed: int) -> World:
    """Make reviews and plant errors of one kind with ``find plant``."""
    table, declining = generated_right(seed, reviews)
    pq.write_table(table, folder / "reviews.parquet")
    data = prepared(folder / "reviews.parquet", folder / "prepared")
    known = {name: str(day) for name, day in declining.items()}
    if not share:
        return World(data, known)
    if kind == "review-product":
        data, moved = exchanged(data, folder / "planted", share=share, fewest=2, seed=seed)
        return World(data, dict.fromkeys(moved, ""))
    entry = kind.replace("-", "_")
    shares: dict[str, Any] = {
        **dict.fromkeys(("review_category", "product_category", "declining"), 0.0)
    }
    plant(data, folder / "planted", PlantSettings(**{**shares, entry: share}, seed=seed))
    table = read_truth(folder / "planted.truth").tables()[entry]
    of = "review_id" if kind == "review-category" else "product_id"
    since = "declines_from" if kind == "declining" else of
    wrong = {row[of]: str(row[since]) for row in table.to_pylist()}
    if kind == "declining":
        wrong = {**known, **wrong}
    return World(PreparedData.open(folder / "planted"), wrong)


def real(folder: Path, kind: str, share: float, seed: int) -> World:
    """Plant errors of one kind in real files with ``planted_elsewhere``."""
    files = sorted((data_folder() / "amazon_us").glob("*.tsv.gz"))
    rows = planted_elsewhere.read(files, OF_A_FILE, seed)
    wrong = planted_elsewhere.plant(rows, kind, share, seed) if share else {}
    planted_elsewhere.write(rows, folder / "reviews.tsv")
    return World(prepared(folder / "reviews.tsv", folder / "prepared"), wrong)


def tried(reviews: int, kind: str, share: float, seed: int) -> list[list[Any]]:
    """Return for each finder and promise what was listed, was right, and could be found."""
    with tempfile.TemporaryDirectory() as name, threadpool_limits(limits=1):
        folder = Path(name)
        if reviews:
            world = generated(folder, reviews, kind, share, seed)
        else:
            world = real(folder, kind, share, seed)
        predictions = Predictions(world.data, folder / "predictions", folds=FOLDS, seed=seed)
        rows = []
        for finder in (kind,) if share else ALL:
            for promise, cell in zip(PROMISES, _decided(finder, world, predictions), strict=True):
                rows.append([finder, promise, *cell])
        return rows


def _decided(name: str, world: World, predictions: Predictions) -> Iterator[Cell]:
    finder = FINDERS.load(name)()
    try:
        tables = predictions.of(finder.targets)
        rows = finder.find(FinderInputs(world.data, tables)).table.to_pylist()
    except NotEnoughData:
        rows = []
    for promise in PROMISES:
        listed = [row for row in rows if row["promise"] >= promise - 1e-9]
        hits = sum(_right(row, world.wrong) for row in listed)
        yield Cell(len(listed), hits, len(world.wrong))


def _right(row: Mapping[str, Any], wrong: Mapping[str, str]) -> bool:
    if row["what"] not in wrong:
        return False
    return row["noticed"] is None or str(row["noticed"]) >= wrong[row["what"]]


def interval(hits: int, listed: int, level: float) -> tuple[float, float]:
    """Return Clopper and Pearson's interval."""
    low = beta.ppf((1 - level) / 2, hits, listed - hits + 1) if hits else 0.0
    high = beta.ppf((1 + level) / 2, hits + 1, listed - hits) if hits < listed else 1.0
    return float(low), float(high)


def main() -> None:
    """Try, and print a table of all cells."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="*", type=int, default=list(SEEDS))
    parser.add_argument("--real", type=int, default=0, help="seeds of the real files")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS))
    parser.add_argument("--shares", nargs="+", type=float, default=list(SHARES))
    parser.add_argument("--seeds", type=int, default=1000, help="at most so many of each size")
    given = parser.parse_args()
    os.nice(10)
    worlds = {size: min(SEEDS.get(size, 3), given.seeds) for size in given.sizes}
    if given.real:
        worlds[0] = given.real
    cells: dict[tuple[int, str, float, float], list[Cell]] = defaultdict(list)
    for size, seeds in worlds.items():
        for share in given.shares:
            for kind in given.kinds if share else given.kinds[:1]:
                for seed in range(seeds):
                    about = {"reviews": size, "kind": kind, "share": share, "seed": seed}
                    for finder, promise, *cell in kept(
                        __file__, tried, rooms="reviewdesk.findings", **about
                    ):
                        cells[size, finder, share, promise].append(Cell(*cell))
    _show(cells)


def _show(cells: Mapping[tuple[int, str, float, float], list[Cell]]) -> None:
    print(machine())
    print("| reviews | kind | planted | promise | lists | listed | right (interval) | recall | |")
    print("|---|---|---|---|---|---|---|---|---|")
    level = 1 - 0.05 / max(len(cells), 1)
    failed = 0
    for (size, finder, share, promise), trials in cells.items():
        listed, hits, planted = (sum(one[n] for one in trials) for n in range(3))
        lists = sum(one.listed > 0 for one in trials)
        low, high = interval(hits, listed, level) if listed else (0.0, 1.0)
        too_many = not share and lists > max(MOST_LISTS * len(trials), 0)
        wrong = bool(share) and high < promise - TOLERANCE
        failed += too_many or wrong
        right = f"{hits / listed:.3f} ({low:.2f}–{high:.2f})" if listed else "no list"
        recall = f"{hits / planted:.2f}" if planted and share else ""
        print(
            f"| {size or 'real'} | {finder} | {share:g} | {promise:g} | {lists} of {len(trials)} | "
            f"{listed} | {right} | {recall} | {'FAILS' if too_many or wrong else ''} |"
        )
    print(f"\n{failed} of {len(cells)} cells fail")


if __name__ == "__main__":
    main()
