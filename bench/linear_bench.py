"""linear beside fastText, scikit-learn and Vowpal Wabbit, in turn, on the same rows.

    REVIEWDESK_DATA=... python -m bench.linear_bench [--rounds 3] [--rows N] [DATA...]

One fold of five by group is predicted; the rest is learnt from, but for texts that are also in
that fold. Settings are those of ``bench/linear_settings.json``, which ``bench.linear_tune``
chooses. Each round runs every system once, one after the other, in a process and a thread of its
own; slow systems take part in the first round only. CPU and wall seconds are medians; ratios are
of CPU seconds to those of `linear` within a round, with their range. `linear-pairs` is the same
with n-grams of two words at most, whatever was chosen, and `linear-marks` reads punctuation, as
peers do; `fastText-tutorial` has the last settings of fastText's own tutorial on classification.
With ``--rows``, about so many rows are learnt from. "Start" is the CPU time of a process before it
learns: imports, and compiled code loaded by learning from 1,000 rows.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.linear_data import DATA_SETS, DataSet
from bench.linear_runs import Run, Settings, run_system, write_sides
from bench.linear_tune import chosen_settings
from bench.machine import machine
from reviewdesk.stats.calibration import perfect_error, reliability

SLOW: Final = ("fastText-100", "fastText-tutorial", "TF-IDF + logistic", "NB-SVM")
OURS: Final = ("linear", "linear-pairs", "linear-marks")
SYSTEMS: Final = (*OURS, "fastText", "TF-IDF + LinearSVC", "VW", *SLOW)
SAME_SETTINGS: Final = {"stars-own-headlines": "stars"}
PROBABILITIES: Final = (*OURS, "fastText", "fastText-100", "fastText-tutorial", "TF-IDF + logistic")
TUTORIAL: Final = {"lr": 1.0, "epoch": 25, "wordNgrams": 2, "dim": 100}
"""fasttext.cc/docs/en/supervised-tutorial.html, less what trades accuracy for time."""
HEAD: Final = (
    "system",
    "settings",
    "accuracy",
    "calibration error (perfect: up to)",
    "start CPU s",
    "train CPU s (wall)",
    "times ours",
    "predict CPU s (wall)",
    "times ours",
    "peak MiB",
)


def main() -> None:
    """Print a table for each data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*", default=[*DATA_SETS], metavar="DATA")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=10**9, help="learnt from, at most")
    parser.add_argument("--systems", nargs="*", default=[*SYSTEMS], choices=SYSTEMS)
    arguments = parser.parse_args()
    print(f"{machine()}, load {os.getloadavg()[0]:.1f}; one thread each\n", flush=True)
    for name in arguments.data:
        with tempfile.TemporaryDirectory() as folder:
            data, sides = DATA_SETS[name](), Path(folder)
            _bench(name, data, arguments.systems, arguments.rounds, arguments.rows, sides)
    if arguments.rows == 10**9:
        print(_first_use())


def _bench(
    name: str, data: DataSet, systems: list[str], rounds: int, rows: int, folder: Path
) -> None:
    test = data.folds(5, 0) == 0
    train = data.without_texts_of(~test, test)
    if rows < train.sum():
        train &= data.folds(10_000, 2) < 10_000 * rows // train.sum()
    write_sides(data, train, test, folder)
    runs: dict[str, list[Run]] = {one: [] for one in systems}
    for number in range(rounds):
        for one in systems:
            if number == 0 or one not in SLOW:
                try:
                    runs[one].append(run_system(one, settings_of(name, one), folder))
                except SystemExit as error:  # fastText may end in NaN where it did not before
                    print(f"{one}, {name}: {error}", file=sys.stderr)
    print(f"### {name}: {train.sum():,} rows to learn from, {test.sum():,} held out\n")
    print(f"| {' | '.join(HEAD)} |\n{'|---' * len(HEAD)}|")
    for one, own in runs.items():
        if not own:
            print(f"| {one} | {_short(settings_of(name, one))} | ended in an error |", flush=True)
            continue
        cells = [one, _short(settings_of(name, one)), *_quality(one, own, data.labels[test])]
        cells.append(f"{_median(own, 'start_cpu'):.1f}")
        for step in ("train", "predict"):
            cpu, wall = (_median(own, f"{step}_{kind}") for kind in ("cpu", "wall"))
            ratio = _ratio(own, runs["linear"], f"{step}_cpu") if "linear" in runs else ""
            cells += [f"{cpu:.2f} ({wall:.2f})", ratio]
        cells.append(f"{_median(own, 'peak_mib'):,.0f}")
        print(f"| {' | '.join(cells)} |", flush=True)
    print(flush=True)


def settings_of(data: str, system: str) -> Settings:
    """Return the settings that were chosen for a system on a data set."""
    chosen = chosen_settings()[SAME_SETTINGS.get(data, data)]
    if system == "linear-pairs":
        return {**chosen["linear"]["settings"], "ngrams": 2}
    if system == "linear-marks":
        return {**chosen["linear"]["settings"], "marks": True}
    if system == "fastText-tutorial":
        return dict(TUTORIAL)
    if system == "fastText-100":
        return {**chosen["fastText"]["settings"], "dim": 100}
    return dict(chosen[system]["settings"])


def _first_use() -> str:
    """Say how long a process takes that must first compile the code."""
    name = "imdb"
    data = DATA_SETS[name]()
    some = data.folds(50, 0)
    kept = os.environ.get("XDG_CACHE_HOME")
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as cache:
        write_sides(data, some == 0, some == 1, Path(folder))
        os.environ["XDG_CACHE_HOME"] = cache
        first = run_system("linear", settings_of(name, "linear"), Path(folder)).figures
        second = run_system("linear", settings_of(name, "linear"), Path(folder)).figures
    if kept is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = kept
    return (
        f"Start of `linear` where its code was never compiled: {first['start_cpu']:.1f} s of CPU "
        f"time; from then on {second['start_cpu']:.1f} s."
    )


def _quality(system: str, runs: list[Run], labels: NDArray[np.int32]) -> tuple[str, str]:
    """Return accuracy and calibration error."""
    scores = runs[-1].scores
    right = scores.argmax(axis=1) == labels
    if system not in PROBABILITIES:
        return f"{right.mean():.4f}", "no probabilities"
    sure = np.clip(scores.max(axis=1), 0, 1)
    error, perfect = reliability(sure, right).error, perfect_error(sure)
    return f"{right.mean():.4f}", f"{error:.4f} ({perfect:.4f})"


def _short(settings: Settings) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items() if name != "memory_mb")


def _median(runs: list[Run], name: str) -> float:
    return float(np.median([run.figures[name] for run in runs]))


def _ratio(runs: list[Run], ours: list[Run], name: str) -> str:
    """Return the median ratio within a round, and the range where there were several rounds."""
    ratios = [a.figures[name] / b.figures[name] for a, b in zip(runs, ours, strict=False)]
    spread = f" ({min(ratios):.1f}-{max(ratios):.1f})" if len(ratios) > 1 else ""
    return f"{np.median(ratios):.1f}{spread}"


if __name__ == "__main__":
    main()
