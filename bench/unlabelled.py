"""Sentiment of reviews whose labels are hidden, beside VADER, and what fifty answers say of it.

    REVIEWDESK_DATA=... python -m bench.unlabelled [DATA...] [--rows N]

The texts of a set go to a file without stars or labels, and ``run`` answers; then its answers are
compared with the labels that it has not seen: four and five stars are positive, all others
negative. VADER (vaderSentiment, for English) calls positive what it scores .05 and above, as its
README says. Fifty answers to the questions of ``--audit`` are given by the hidden labels.
"""

import argparse
import csv
import gzip
import json
import os
import tarfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

import reviewdesk
from bench.machine import data_folder, machine

Row = tuple[str, bool]
VADER_POSITIVE: Final = 0.05
MARK: Final = "bench"


def main() -> None:
    """Print a line for each data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*", default=[*DATA_SETS], metavar="DATA")
    parser.add_argument("--rows", type=int, default=0, help="so many at most, spread over the set")
    arguments = parser.parse_args()
    os.nice(10)
    print(machine())
    print("| data | reviews | positive | accuracy | balanced | VADER | fifty answers | CPU s |")
    print("|---|---|---|---|---|---|---|---|")
    for name in arguments.data:
        rows = list(dict(DATA_SETS[name]()).items())
        step = max(len(rows) // arguments.rows, 1) if arguments.rows else 1
        _show(name, rows[::step])


def _show(name: str, rows: list[Row]) -> None:
    texts, true = [text for text, _ in rows], np.array([label for _, label in rows])
    begin = time.process_time()
    with TemporaryDirectory(prefix="unlabelled-") as folder:
        said, judged = _said(Path(folder), texts, true)
    seconds = time.process_time() - begin
    vader = _vader(texts) if name in ENGLISH and find_spec("vaderSentiment") else None
    beside = (
        f"{_accuracy(vader, true):.3f} / {_balanced(vader, true):.3f}" if vader is not None else ""
    )
    print(
        f"| {name} | {len(rows):,} | {true.mean():.3f} | {_accuracy(said, true):.3f} | "
        f"{_balanced(said, true):.3f} | {beside} | {judged} | {seconds:.0f} |",
        flush=True,
    )


def _said(folder: Path, texts: list[str], true: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], str]:
    """Return what is said of each text (n,), and what fifty answers make of it."""
    place = folder / "reviews.csv"
    with place.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["review_id", "review_body"])
        writer.writerows([f"{MARK}{row}", text] for row, text in enumerate(texts))
    audit = folder / "answers.csv"
    reviewdesk.run(place, folder / "job", rows=False, audit=audit)
    _answer(audit, true)
    job = reviewdesk.run(place, folder / "job", rows=False, audit=audit)
    found = job.result.targets[0]
    right = found.measured["accuracy"]
    table = pq.read_table(found.predictions, columns=["review_id", "label"])
    said = np.full(len(texts), -1)
    for review, label in zip(
        *(table[name].to_pylist() for name in table.column_names), strict=True
    ):
        said[int(review.removeprefix(MARK))] = label == "positive"
    # What was dropped in preparing has no answer, and counts as wrong.
    answers = np.where(said < 0, ~true, said == 1)
    return answers, f"{right.value:.2f} ({right.low:.2f} to {right.high:.2f})"


def _answer(audit: Path, true: NDArray[np.bool_]) -> None:
    with audit.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        place = int(row["review_id"].removeprefix(MARK))
        row["answer"] = "positive" if true[place] else "negative"
    with audit.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _vader(texts: list[str]) -> NDArray[np.bool_]:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer  # noqa: PLC0415

    analyser = SentimentIntensityAnalyzer()
    scores = [analyser.polarity_scores(text)["compound"] for text in texts]
    return np.array(scores) >= VADER_POSITIVE


def _accuracy(said: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    return float((said == true).mean())


def _balanced(said: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """Return the mean of how many of each side are told."""
    right = said == true
    return float((right[true].mean() + right[~true].mean()) / 2)


def _imdb() -> Iterator[Row]:
    with tarfile.open(data_folder() / "imdb" / "aclImdb_train.tar.gz") as archive:
        for member in archive:
            side = member.name.split("/")[2:3]
            if side in (["pos"], ["neg"]) and member.isfile():
                file = archive.extractfile(member)
                yield (file.read().decode() if file else ""), side == ["pos"]


def _amazon() -> Iterator[Row]:
    for place in sorted((data_folder() / "amazon_us").glob("*.tsv.gz")):
        with gzip.open(place, "rt", encoding="utf-8") as lines:
            for line in islice(lines, 1, None):
                fields = line.rstrip("\n").split("\t")
                yield f"{fields[12]}\n{fields[13]}", int(fields[7]) >= 4


def _language(name: str) -> Callable[[], Iterator[Row]]:
    def read() -> Iterator[Row]:
        place = data_folder() / "languages" / f"{name}.jsonl.gz"
        with gzip.open(place, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                said = row.get("sentiment")
                yield row["text"], said == "positive" if said else int(row["stars"]) >= 4

    return read


DATA_SETS: Final[dict[str, Callable[[], Iterator[Row]]]] = {
    "imdb": _imdb,
    "amazon": _amazon,
    "german": _language("german"),
    "chinese": _language("chinese"),
    "indonesian": _language("indonesian"),
}
ENGLISH: Final = ("imdb", "amazon")

if __name__ == "__main__":
    main()
