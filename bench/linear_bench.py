"""linear beside fastText, scikit-learn and Vowpal Wabbit, in turn, on the same rows.

    REVIEWDESK_DATA=... python -m bench.linear_bench [--rounds 3] [--folds 1] DATA...

Settings are chosen on a fifth of the training rows, by group, for every system alike; then each
round trains every system once, one after the other. CPU and wall seconds are medians, and ratios
are of CPU seconds within a round, with their range.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.linear_data import DATA_SETS, DataSet
from bench.machine import machine, measured
from reviewdesk.stats.calibration import perfect_error, reliability

Settings = dict[str, Any]

_C: Final = (0.1, 0.3, 1.0)
GRIDS: Final[dict[str, list[Settings]]] = {
    "linear": [
        {"ngrams": n, "strength": s, "memory_mb": 4096} for n in (1, 2, 3) for s in (0.3, 0.7, 1.0)
    ],
    "fastText": [
        {"dim": 10, "lr": lr, "epoch": epoch, "wordNgrams": 2}
        for lr in (0.2, 0.5)
        for epoch in (5, 10)
    ],
    "fastText-100": [],  # as dim 10
    "TF-IDF + LinearSVC": [{"C": c, "ngrams": 2} for c in _C],
    "TF-IDF + logistic": [{"C": c, "ngrams": 2} for c in (3.0, 10.0)],
    "NB-SVM": [{"C": c, "ngrams": 2} for c in (0.001, 0.01, 0.1)],
    "VW": [{"passes": p, "rate": r, "ngrams": 2} for p in (3, 8) for r in (0.5, 1.5)],
}
SLOW_WITH_MANY_LABELS: Final = ("TF-IDF + logistic", "fastText-100")
HEAD: Final = (
    "system",
    "settings",
    "accuracy",
    "calibration error (perfect: up to)",
    "train CPU s (wall)",
    "times ours",
    "predict CPU s (wall)",
    "times ours",
    "peak MiB",
)
PROBABILITIES: Final = ("linear", "fastText", "fastText-100", "TF-IDF + logistic")


def main() -> None:
    """Print a table for each data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="+", choices=[*DATA_SETS])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--systems", nargs="*", default=[*GRIDS], choices=[*GRIDS])
    arguments = parser.parse_args()
    print(f"{machine()}; one thread each\n", flush=True)
    for name in arguments.data:
        with tempfile.TemporaryDirectory() as folder:
            _bench(name, DATA_SETS[name](), arguments.systems, arguments.rounds, Path(folder))


def _bench(name: str, data: DataSet, systems: list[str], rounds: int, folder: Path) -> None:
    test = data.folds(5, 0) == 0
    inner = (data.folds(5, 1) == 0) & ~test
    k = int(data.labels.max()) + 1
    systems = [one for one in systems if k == 2 or one not in (*SLOW_WITH_MANY_LABELS, "NB-SVM")]
    chosen = {one: _tune(one, data, ~test & ~inner, inner, folder) for one in systems}
    if "fastText-100" in chosen:
        chosen["fastText-100"] = {**chosen["fastText"], "dim": 100}
    runs: dict[str, list[dict[str, float]]] = {one: [] for one in systems}
    scores = {}
    for _ in range(rounds):
        for one in systems:
            figures, scores[one] = _run(one, chosen[one], data, ~test, test, folder)
            runs[one].append(figures)
    _print(name, data, test, chosen, runs, scores)


def _tune(
    system: str,
    data: DataSet,
    train: NDArray[np.bool_],
    test: NDArray[np.bool_],
    folder: Path,
) -> Settings:
    """Return the settings of the grid that label the most rows right."""
    best, found = -1.0, {}
    for settings in GRIDS[system]:
        _, scores = _run(system, settings, data, train, test, folder)
        right = float((scores.argmax(axis=1) == data.labels[test]).mean())
        if right > best:
            best, found = right, settings
    return found


def _run(
    system: str,
    settings: Settings,
    data: DataSet,
    train: NDArray[np.bool_],
    test: NDArray[np.bool_],
    folder: Path,
) -> tuple[dict[str, float], NDArray[np.float32]]:
    """Train and predict in a process of its own."""
    job: dict[str, Any] = {"system": system, "settings": settings}
    for side, rows in (("train", train), ("test", test)):
        job[side] = str(folder / f"{side}.parquet")
        table = data.table(rows)
        if side == "train":  # some systems need rows in random order, and all get them so
            table = table.take(np.random.default_rng(0).permutation(len(table)))
        pq.write_table(table, job[side])
    job["scores"] = str(folder / "scores.npy")
    path = folder / "job.json"
    path.write_text(json.dumps(job))
    usage = measured([sys.executable, "-m", "bench.linear_systems", str(path)])
    figures = json.loads(usage.output.splitlines()[-1])
    scores: NDArray[np.float32] = np.load(job["scores"])
    return figures, scores


def _print(
    name: str,
    data: DataSet,
    test: NDArray[np.bool_],
    chosen: dict[str, Settings],
    runs: dict[str, list[dict[str, float]]],
    scores: dict[str, NDArray[np.float32]],
) -> None:
    print(f"### {name}: {(~test).sum():,} rows to learn from, {test.sum():,} held out\n")
    print(f"| {' | '.join(HEAD)} |")
    print("|---" * len(HEAD) + "|")
    for system, settings in chosen.items():
        right = scores[system].argmax(axis=1) == data.labels[test]
        cells = [system, _short(settings), f"{right.mean():.4f}"]
        cells.append(_calibration(system, scores[system], right))
        for step in ("train", "predict"):
            cpu, wall = (_median(runs[system], f"{step}_{kind}") for kind in ("cpu", "wall"))
            cells.append(f"{cpu:.2f} ({wall:.2f})")
            cells.append(_ratio(runs[system], runs["linear"], f"{step}_cpu"))
        cells.append(f"{_median(runs[system], 'peak_mib'):,.0f}")
        print(f"| {' | '.join(cells)} |")
    print(flush=True)


def _short(settings: Settings) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items() if name != "memory_mb")


def _calibration(system: str, scores: NDArray[np.float32], right: NDArray[np.bool_]) -> str:
    if system not in PROBABILITIES:
        return "no probabilities"
    sure = np.clip(scores.max(axis=1), 0, 1)
    return f"{reliability(sure, right).error:.4f} ({perfect_error(sure):.4f})"


def _median(runs: list[dict[str, float]], name: str) -> float:
    return float(np.median([run[name] for run in runs]))


def _ratio(runs: list[dict[str, float]], ours: list[dict[str, float]], name: str) -> str:
    ratios = [run[name] / own[name] for run, own in zip(runs, ours, strict=True)]
    return f"{np.median(ratios):.1f} ({min(ratios):.1f}-{max(ratios):.1f})"


if __name__ == "__main__":
    main()
