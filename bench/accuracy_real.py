"""Sentiment on IMDb (5,000 held out by movie) and category on categories25 (20 % held out).

Trains through the command line, and beside it scikit-learn's TF-IDF and LinearSVC as its users
write it, on the same rows in the same run.

    REVIEWDESK_DATA=... python -m bench.accuracy_real [MODEL]
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from bench.machine import REVIEWDESK, data_folder, machine, measured
from reviewdesk.examples.examples import load_examples
from reviewdesk.examples.splits import split
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import SplitSettings, TargetSettings, TextSettings

DEFAULT_MODEL = "linear"


class Task(NamedTuple):
    """One data set with what is predicted, what is held out, and the goals for it."""

    name: str
    place: str
    prepare: tuple[str, ...]
    target: str
    by: str
    goal: str


TASKS = (
    Task(
        "sentiment, IMDb, by movie",
        "imdb/aclImdb_train.tar.gz",
        ("--max-chars", "0"),
        "sentiment",
        "product",
        "accuracy 0.895, ROC-AUC 0.960",
    ),
    Task(
        "category, categories25, by text",
        "categories/categories25.jsonl.gz",
        ("--map", "review_body=text", "--map", "product_category=category"),
        "category",
        "review",
        "accuracy 0.755",
    ),
)


def main() -> None:
    """Print one table."""
    model = sys.argv[1] if len(sys.argv) > 1 else DEFAULT_MODEL
    print(f"{machine()}; model {model}\n")
    print("| task | held out | accuracy (95 % interval) | ROC-AUC | calibration error | goal |")
    print("|---|---|---|---|---|---|")
    for task in TASKS:
        with tempfile.TemporaryDirectory() as folder:
            print("\n".join(_rows(task, model, Path(folder))), flush=True)


def _rows(task: Task, model: str, folder: Path) -> list[str]:
    prepared, bundle = folder / "prepared", folder / "bundle"
    place = str(data_folder() / task.place)
    measured([*REVIEWDESK, "prepare", place, "--out", str(prepared), *task.prepare])
    options = ["--target", task.target, "--split-by", task.by, "--model", model]
    usage = measured([*REVIEWDESK, "train", str(prepared), "--out", str(bundle), *options])
    told = measured([*REVIEWDESK, "evaluate", str(bundle), str(prepared), "--json"])
    measures = json.loads(told.output)["measures"]
    right, area = measures["figures"]["accuracy"], measures["figures"]["roc_auc"]
    error, perfect = (measures["calibration"][name] for name in ("error", "perfect_error_95"))
    peer, seconds, rows = _peer(task, prepared)
    return [
        f"| {task.name}: ours, {usage.cpu:.0f} s CPU | {measures['rows']:,} "
        f"| {right['value']:.4f} ({right['low']:.4f} to {right['high']:.4f}) "
        f"| {area['value']:.4f} | {error:.4f} (a perfect model: up to {perfect:.4f}) "
        f"| {task.goal} |",
        f"| {task.name}: scikit-learn, {seconds:.0f} s CPU | {rows:,} | {peer:.4f} | | | |",
    ]


def _peer(task: Task, prepared: Path) -> tuple[float, float, int]:
    """Return accuracy and CPU seconds of scikit-learn on the same sides, and the rows held out."""
    data = PreparedData.open(prepared)
    examples = load_examples(data, TargetSettings(target=task.target), TextSettings())
    sides = split(examples, SplitSettings(by=task.by))
    table = data.table(["review_headline", "review_body"]).to_pylist()
    texts = [f"{row['review_headline'] or ''} {row['review_body']}" for row in table]
    train, test = np.flatnonzero(sides.train), np.flatnonzero(sides.test)
    begin = time.process_time()
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    features = vectorizer.fit_transform([texts[row] for row in train])
    machine_ = LinearSVC().fit(features, examples.label[train])
    seconds = time.process_time() - begin
    said = machine_.predict(vectorizer.transform([texts[row] for row in test]))
    return float(np.mean(said == examples.label[test])), seconds, len(test)


if __name__ == "__main__":
    main()
