"""Choosing the settings of every system of the linear bench, all in the same way.

    REVIEWDESK_DATA=... python -m bench.linear_tune [--rows 12000] [--folds 2] [DATA...]

One fold of five by group is what the bench predicts; it is not looked at here. From the rest, some
rows are taken by group and cross-validated (the first folds of five). Each setting of a system is
chosen in turn, the others staying as they are; the first value of each list is where it begins.
What was chosen, and how accurate each choice was, is kept in ``bench/linear_settings.json``.
"""

import argparse
import datetime
import json
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.linear_data import DATA_SETS, DataSet
from bench.linear_runs import Settings, run_system, write_sides
from bench.machine import machine

CHOSEN: Final = Path(__file__).with_name("linear_settings.json")
_NGRAMS: Final = [2, 1]
_MARKS: Final = [True, False]
GRIDS: Final[dict[str, dict[str, list[Any]]]] = {
    "linear": {"ngrams": [2, 1, 3], "marks": [False, True], "strength": [0.7, 0.3, 1.0, 2.0]},
    "fastText": {"wordNgrams": [2, 1], "lr": [0.5, 0.1, 0.25, 1.0], "epoch": [5, 10, 25]},
    "TF-IDF + LinearSVC": {"marks": _MARKS, "ngrams": [2, 3, 1], "C": [1.0, 0.1, 0.3, 3.0, 10.0]},
    "TF-IDF + logistic": {"marks": _MARKS, "ngrams": [1, 2], "C": [10.0, 3.0, 30.0]},
    "NB-SVM": {
        "marks": _MARKS,
        "unit": [True, False],
        "ngrams": [3, 2, 1],
        "C": [1.0, 0.01, 0.1, 10.0],
    },
    "VW": {"ngrams": _NGRAMS, "rate": [0.5, 1.5], "passes": [3, 8]},
}
FIXED: Final[dict[str, Settings]] = {"linear": {"memory_mb": 4096}, "fastText": {"dim": 10}}


def main() -> None:
    """Choose settings for some data sets, or for all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*", default=[*DATA_SETS], metavar="DATA")
    parser.add_argument("--rows", type=int, default=12_000)
    parser.add_argument("--folds", type=int, default=2)
    parser.add_argument("--systems", nargs="*", default=[*GRIDS], choices=[*GRIDS])
    arguments = parser.parse_args()
    for name in arguments.data:
        data = DATA_SETS[name]()
        for system in arguments.systems:
            found = _tune(system, data, arguments.rows, arguments.folds)
            kept = chosen_settings() if CHOSEN.exists() else {}
            kept.setdefault(name, {})[system] = found
            CHOSEN.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
            print(name, system, found["settings"], found["accuracy"], flush=True)


def chosen_settings() -> dict[str, dict[str, dict[str, Any]]]:
    """Return what was chosen: by data set and system, ``settings`` and how they were found."""
    kept: dict[str, dict[str, dict[str, Any]]] = json.loads(CHOSEN.read_text())
    return kept


def _tune(system: str, data: DataSet, rows: int, folds: int) -> dict[str, Any]:
    """Return the settings that label the most rows right, each setting chosen in turn."""
    grid = GRIDS[system]
    best = {name: values[0] for name, values in grid.items()}
    tried = {_key(best): _accuracy(system, best, data, rows, folds)}
    for name, values in grid.items():
        for value in values[1:]:
            other = {**best, name: value}
            tried[_key(other)] = _accuracy(system, other, data, rows, folds)
        best = json.loads(max((key for key in tried), key=tried.__getitem__))
    return {
        "settings": {**best, **FIXED.get(system, {})},
        "accuracy": tried[_key(best)],
        "tried": {key: round(value, 4) for key, value in tried.items()},
        "how": f"{folds} of 5 folds of {rows:,} training rows, one setting after the other",
        "when": datetime.date.today().isoformat(),
        "where": machine(),
    }


def _key(settings: Settings) -> str:
    return json.dumps(settings, sort_keys=True)


def _accuracy(system: str, settings: Settings, data: DataSet, rows: int, folds: int) -> float:
    """Return the share of rows that are labelled right, over folds inside the training share."""
    train = data.without_texts_of(data.folds(5, 0) != 0, data.folds(5, 0) == 0)
    some = train & (data.folds(1_000, 2) < 1_000 * rows // train.sum())
    fold_of = data.folds(5, 1)
    right = []
    for fold in range(folds):
        test = some & (fold_of == fold)
        learnt = data.without_texts_of(some & (fold_of != fold), test)
        with tempfile.TemporaryDirectory() as folder:
            write_sides(data, learnt, test, Path(folder))
            try:
                found = run_system(system, {**settings, **FIXED.get(system, {})}, Path(folder))
            except SystemExit:  # a rate that is too high makes fastText give up
                return 0.0
        right.append(found.scores.argmax(axis=1) == data.labels[test])
    return round(float(np.concatenate(right).mean()), 4)


if __name__ == "__main__":
    main()
