"""``docvec`` on IMDb held out by movie: alone, beside n-grams, without unlabelled reviews.

The fifth of the movies that is held out is that of ``reviewdesk train``; unlabelled reviews may be
of these movies too, the texts that are held out are not read. Each run is a process of its own.

    REVIEWDESK_DATA=... python -m bench.document_vectors FOLDER [--runs RUN ...] [--epochs N]
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.machine import REVIEWDESK, data_folder, machine, measured
from reviewdesk.examples.examples import load_examples
from reviewdesk.examples.splits import split
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import SplitSettings, TargetSettings, TextSettings
from reviewdesk.training.family import new_classifier

RUNS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "linear": ("linear", {}),
    "docvec": ("docvec", {}),
    "alone": ("docvec", {"with_ngrams": False}),
    "labelled": ("docvec", {"unlabelled": False}),
}


def main() -> None:
    """Print a row for each run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", nargs="+", choices=[*RUNS], default=[*RUNS])
    parser.add_argument("--epochs", type=int, default=0)
    parser.add_argument("--run")
    given = parser.parse_args()
    if given.run:
        print(json.dumps(_run(given.folder, given.run, given.epochs)))
        return
    if not given.folder.exists():
        place = str(data_folder() / "imdb" / "aclImdb_train.tar.gz")
        out = str(given.folder)
        measured([*REVIEWDESK, "prepare", place, "--out", out, "--max-chars", "0"])
    print(f"{machine()}\n")
    print("| run | accuracy | calibration error | CPU s | of it learning | MiB |")
    print("|---|---|---|---|---|---|")
    for name in given.runs:
        command = [sys.executable, "-m", "bench.document_vectors", str(given.folder), "--run", name]
        usage = measured([*command, "--epochs", str(given.epochs)])
        figures = json.loads(usage.output.splitlines()[-1])
        print(
            f"| {name} | {figures['accuracy']:.4f} | {figures['error']:.4f} | {usage.cpu:.0f} "
            f"| {figures['learning']:.0f} | {usage.peak_mib:,.0f} |",
            flush=True,
        )


def _run(folder: Path, name: str, epochs: int) -> dict[str, float]:
    family, settings = RUNS[name]
    if epochs and family == "docvec":
        settings = {**settings, "epoch": epochs}
    data = PreparedData.open(folder)
    examples = load_examples(data, TargetSettings(target="sentiment"), TextSettings())
    sides = split(examples, SplitSettings())
    begin = time.process_time()
    train = LabelledReviews.of_examples(examples, sides.train)
    classifier = new_classifier(family, settings).fit(train)
    learning = time.process_time() - begin
    fields = list(examples.text.fields)
    shares = np.concatenate(
        [classifier.predict_proba(batch.select(fields)) for batch in examples.batches(sides.test)]
    )
    truth = examples.label[sides.test]
    right = shares.argmax(axis=1) == truth
    error = _error(shares.max(axis=1), right)
    return {"accuracy": float(right.mean()), "error": error, "learning": learning}


def _error(sure: NDArray[np.float32], right: NDArray[np.bool_]) -> float:
    """Return how far what is said is from how often it is right, in ten parts of equal size."""
    parts = np.array_split(np.argsort(sure), 10)
    return float(np.mean([abs(sure[part].mean() - right[part].mean()) for part in parts]))


if __name__ == "__main__":
    main()
