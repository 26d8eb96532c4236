"""What ``train --model auto`` chooses with few labels, and what each family is right for.

    REVIEWDESK_DATA=... python -m bench.automatic [DATA...] [--labels 100] [--others 400] [--seed 0]

So many reviews are drawn to learn from and so many others, of other products, to measure on. The
choice sees the first ones only; every family is then measured on the others.
"""

import argparse
import csv
import gzip
import hashlib
import json
import os
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from bench.machine import data_folder, machine
from reviewdesk.prepare.prepare import prepare
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources.catalog import open_inputs
from reviewdesk.training.automatic import ALWAYS, AUTO, FEW_SHOT
from reviewdesk.training.train import train


class Row(NamedTuple):
    """A review: its text, whether it is positive, and what it is about."""

    text: str
    positive: bool
    product: str


def main() -> None:
    """Print a line for each data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*", default=[*DATA_SETS], metavar="DATA")
    parser.add_argument("--labels", type=int, default=100)
    parser.add_argument("--others", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    os.nice(10)
    print(machine())
    names = (*ALWAYS, FEW_SHOT)
    folds = " | ".join(f"{one}, folds" for one in names)
    print(f"| data | {' | '.join(names)} | chosen | {folds} |")
    print("|---|" + "---|" * (2 * len(names) + 1))
    for name in arguments.data:
        _show(name, arguments.labels, arguments.others, arguments.seed)


def _show(name: str, labels: int, others: int, seed: int) -> None:
    rows = sorted(dict.fromkeys(DATA_SETS[name]()), key=lambda row: draw(seed, *row[::2]))
    products = sorted({row.product for row in rows}, key=lambda one: draw(seed, "product", one))
    learnt_from = set(products[: len(products) // 2])
    first = [row for row in rows if row.product in learnt_from][:labels]
    second = [row for row in rows if row.product not in learnt_from][:others]
    with TemporaryDirectory(prefix="automatic-") as aside:
        folder = Path(aside)
        own, other = (_prepared(folder / n, some) for n, some in (("a", first), ("b", second)))
        begin = time.process_time()
        chosen = train(own, folder / AUTO, model=AUTO, validation=other).chosen
        seconds = time.process_time() - begin
        figures = {
            one: train(own, folder / one, model=one, validation=other).bundle.metrics["figures"]
            for one in (*ALWAYS, FEW_SHOT)
        }
    if chosen is None:
        sys.exit("nothing was chosen")
    right = " | ".join(
        "{value:.3f} ({low:.2f} to {high:.2f})".format(**one["accuracy"])
        if one["accuracy"]["low"] is not None
        else f"{one['accuracy']['value']:.3f}"
        for one in figures.values()
    )
    folds = " | ".join(f"{one:.2f}" for one in chosen.accuracies.values())
    print(f"| {name} | {right} | {chosen.model} ({seconds:.0f} s CPU) | {folds} |", flush=True)


def draw(seed: int, *names: str) -> bytes:
    """Return what sorts something at random, another way for each seed."""
    return hashlib.sha256("\n".join((str(seed), *names)).encode()).digest()


def _prepared(folder: Path, rows: list[Row]) -> PreparedData:
    place = folder.with_suffix(".csv")
    with place.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["review_body", "star_rating", "product_id"])
        writer.writerows([row.text, 5 if row.positive else 1, row.product] for row in rows)
    source = SourceSettings()
    inputs = open_inputs([str(place)], source)
    return prepare(inputs, folder, prepare=PrepareSettings(), clean=CleanSettings(), source=source)


def _imdb() -> Iterator[Row]:
    movies: dict[str, list[str]] = {}
    with tarfile.open(data_folder() / "imdb" / "aclImdb_train.tar.gz") as archive:
        for member in archive:
            name = Path(member.name)
            file = archive.extractfile(member)
            if file and name.name in ("urls_pos.txt", "urls_neg.txt"):
                movies[name.stem[5:]] = file.read().decode().split()
            side = name.parent.name
            if file and side in ("pos", "neg") and side in movies:
                movie = movies[side][int(name.stem.partition("_")[0])]
                yield Row(file.read().decode(), side == "pos", movie.split("/")[-2])


def _language(name: str) -> Callable[[], Iterator[Row]]:
    def read() -> Iterator[Row]:
        place = data_folder() / "languages" / f"{name}.jsonl.gz"
        with gzip.open(place, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                said = row.get("sentiment")
                positive = said == "positive" if said else int(row["stars"]) >= 4
                yield Row(row["text"], positive, str(row.get("product", row["text"])))

    return read


DATA_SETS: Final[dict[str, Callable[[], Iterator[Row]]]] = {
    "imdb": _imdb,
    "german": _language("german"),
    "indonesian": _language("indonesian"),
    "chinese": _language("chinese"),
}

if __name__ == "__main__":
    main()
