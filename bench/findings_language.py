"""Shifts of language: texts of another category mixed into real reviews from a month on.

REVIEWDESK_DATA=... python -m bench.findings_language --seeds 4

The texts are those of Digital_Software. Its products are dealt to made-up categories, and the dates
of its reviews are dealt anew among the reviews of a category, so that nothing changes but what is
planted: in half of the categories a share of the texts, from a month on, are replaced by texts of
another file. A call of a category that is planted, in that month or later, is right; any other is
wrong. With nothing planted every call is wrong.

Beside it stands the distance of Jensen and Shannon between the words of a month and those of the
eleven months before, with the threshold at which as few calls are wrong on these very seeds as are
promised at 0.9: it is told the truth, and told once a category, so that this flatters it.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.spatial.distance import jensenshannon

from bench.machine import data_folder, machine
from bench.trials import kept
from reviewdesk.findings.base import PROMISES
from reviewdesk.findings.language.alarms import raise_alarms
from reviewdesk.findings.language.looks import MONTHS
from reviewdesk.findings.language.units import Units, read_units
from reviewdesk.prepare.prepare import prepare
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources import open_inputs

CATEGORIES = 4
PLANTED = 2
FIRST_DAY, LAST_DAY = 15_706, 16_435  # 2013-01-01 and 2014-12-31
SHARES = (0.0, 0.05, 0.1, 0.2, 0.5)
ALPHA = 0.1


class Call(NamedTuple):
    """A category that was called in a month."""

    seed: int
    category: str
    month: int
    score: float  # higher is surer


def reviews_of(folder: Path, name: str) -> pa.Table:
    """Read one of the Amazon files."""
    place = str(folder / "amazon_us" / f"amazon_reviews_us_{name}_v1_00.tsv.gz")
    batches = [
        batch.reviews for one in open_inputs([place], SourceSettings()) for batch in one.read()
    ]
    return pa.Table.from_batches(batches)


def plant(
    real: pa.Table, foreign: list[str], share: float, seed: int
) -> tuple[pa.Table, dict[str, int]]:
    """Deal products and dates, and mix foreign texts in; return the reviews and since when."""
    random = np.random.default_rng(seed)
    rows = len(real)
    ids = real["product_id"].combine_chunks().dictionary_encode()
    category = random.integers(0, CATEGORIES, len(ids.dictionary))[ids.indices.to_numpy()]
    days = random.integers(FIRST_DAY, LAST_DAY + 1, rows)
    days[:CATEGORIES] = LAST_DAY  # so that the last month is over
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    bodies = np.array(real["review_body"].to_pylist(), object)
    since = {}
    for one in range(PLANTED if share else 0):
        since[f"C{one}"] = int(random.integers(month.min() + MONTHS + 1, month.max() - 4))
        late = np.flatnonzero((category == one) & (month >= since[f"C{one}"]))
        mixed = late[random.random(len(late)) < share]
        bodies[mixed] = random.choice(np.array(foreign, object), len(mixed))
    columns: dict[str, Any] = {
        "review_body": pa.array(bodies, pa.string()),
        "product_category": pa.array([f"C{one}" for one in category]),
        "review_date": pa.array(days.astype("datetime64[D]")),
    }
    for name, values in columns.items():
        place = real.schema.get_field_index(name)
        real = real.set_column(place, name, values)
    return real, since


def prepared(table: pa.Table, folder: Path) -> PreparedData:
    """Prepare a table of reviews."""
    pq.write_table(table, folder / "reviews.parquet")
    source = SourceSettings()
    return prepare(
        open_inputs([str(folder / "reviews.parquet")], source),
        folder / "prepared",
        prepare=PrepareSettings(duplicates="keep"),
        clean=CleanSettings(),
        source=source,
    )


def plain(units: Units) -> Iterator[tuple[str, int, float]]:
    """Yield category, month, and its distance from the eleven months before, where they are."""
    for number, name in enumerate(units.categories):
        here = units.category == number
        for month in np.unique(units.month[here])[MONTHS:].tolist():
            before = here & (units.month < month) & (units.month >= month - MONTHS)
            said = [
                np.asarray(units.terms[np.flatnonzero(one)].sum(axis=0), np.float64).ravel()
                for one in (before, here & (units.month == month))
            ]
            yield name, month, float(jensenshannon(*said))


class Tally(NamedTuple):
    """What calls are worth."""

    right: int
    wrong: int
    found: int
    delays: list[int]


def grade(calls: list[Call], since: dict[tuple[int, str], int]) -> Tally:
    """Count calls; of a planted category the first one since the shift is its finding."""
    right, wrong = 0, 0
    first: dict[tuple[int, str], int] = {}
    for call in calls:
        begun = since.get((call.seed, call.category))
        if begun is None or call.month < begun:
            wrong += 1
        else:
            right += 1
            key = (call.seed, call.category)
            first[key] = min(first.get(key, call.month), call.month)
    return Tally(right, wrong, len(first), [first[key] - since[key] for key in first])


def row(name: str, share: float, tally: Tally, planted: int) -> str:
    """Return a row of the table."""
    called = tally.right + tally.wrong
    delay = f"{np.median(tally.delays):.0f}" if tally.delays else ""
    precision = f"{tally.right / called:.3f}" if called else ""
    found = f"{tally.found} of {planted}"
    return f"| {name} | {share:.2f} | {called} | {precision} | {found} | {delay} |"


def told(calls: list[Call], since: dict[tuple[int, str], int]) -> Tally:
    """Return the first calls of each category with the best threshold that calls few wrongly."""
    best = Tally(0, 0, 0, [])
    for limit in sorted({call.score for call in calls}, reverse=True):
        first: dict[tuple[int, str], Call] = {}
        for call in calls:
            if call.score >= limit:
                first.setdefault((call.seed, call.category), call)
        tally = grade(list(first.values()), since)
        if tally.wrong <= ALPHA * len(first) and tally.found > best.found:
            best = tally
    return best


def tried(share: float, seed: int, reviews: int) -> dict[str, Any]:
    """Plant shifts, and return since when they are, what is called, and plain distances."""
    real, texts = files()
    some = np.random.default_rng(seed).permutation(len(real))[:reviews]
    table, since = plant(real.take(np.sort(some)), texts, share, seed)
    with tempfile.TemporaryDirectory() as folder:
        units = read_units(prepared(table, Path(folder)), SILENT).units
        calls = [
            (
                alarm.promise,
                units.categories[alarm.looked.category],
                alarm.looked.month,
                alarm.score,
            )
            for alarm in raise_alarms(units, SILENT).alarms
        ]
        return {"since": since, "calls": calls, "distances": list(plain(units))}


@cache
def files() -> tuple[pa.Table, list[str]]:
    """Read the reviews, and the texts that are mixed in."""
    foreign = reviews_of(data_folder(), "Digital_Video_Download")["review_body"]
    return reviews_of(data_folder(), "Digital_Software"), foreign.drop_null().to_pylist()


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--shares", nargs="+", type=float, default=list(SHARES))
    parser.add_argument("--reviews", type=int, default=100_000)
    given = parser.parse_args()
    print(machine())
    print("\n| finder | share mixed in | calls | right | shifts found | months late |")
    print("|---|---|---|---|---|---|", flush=True)
    for share in given.shares:
        since: dict[tuple[int, str], int] = {}
        calls: dict[float, list[Call]] = {one: [] for one in PROMISES}
        distances: list[Call] = []
        for seed in range(given.first_seed, given.first_seed + given.seeds):
            found = kept(__file__, tried, share=share, seed=seed, reviews=given.reviews)
            since |= {(seed, name): month for name, month in found["since"].items()}
            for promise, *call in found["calls"]:
                for one in PROMISES:
                    if promise >= one:
                        calls[one].append(Call(seed, *call))
            distances += [Call(seed, *call) for call in found["distances"]]
        for one in PROMISES:
            tally = grade(calls[one], since)
            print(row(f"promised {one}", share, tally, len(since)), flush=True)
        if share:
            print(row("Jensen-Shannon, told", share, told(distances, since), len(since)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
