"""Accuracy of linear and a peer on the same rows, and linear's calibration, over five folds.

    REVIEWDESK_DATA=... python -m bench.linear_paired DATA PEER [--peer-ngrams 2 1] [--ngrams 2]

Every row is predicted once, by what learnt from the other folds less texts that are in its own.
Settings are those of ``bench/linear_settings.json`` but for the lengths of n-grams given here. Of
several lengths, the peer's best one counts. Intervals draw whole groups.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.linear_bench import settings_of
from bench.linear_data import DATA_SETS, DataSet
from bench.linear_runs import Settings, run_system, write_sides
from bench.machine import machine
from reviewdesk.stats.calibration import perfect_error, reliability

FOLDS = 5
RESAMPLES = 2_000


def main() -> None:
    """Print accuracies, their paired difference, and how sure linear was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", choices=[*DATA_SETS])
    parser.add_argument("peer", nargs="?")
    parser.add_argument("--ngrams", type=int)
    parser.add_argument("--peer-ngrams", type=int, nargs="*", default=[2])
    arguments = parser.parse_args()
    data = DATA_SETS[arguments.data]()
    print(f"{arguments.data}, {len(data.labels):,} rows, {FOLDS} folds; {machine()}")
    settings = settings_of(arguments.data, "linear")
    if arguments.ngrams is not None:
        settings["ngrams"] = arguments.ngrams
    scores = _predicted("linear", settings, data)
    ours = scores.argmax(axis=1) == data.labels
    sure = scores.max(axis=1)
    error, perfect = reliability(sure, ours).error, perfect_error(sure)
    print(f"linear {settings}: accuracy {ours.mean():.4f}, calibration error {error:.4f},")
    print(f"  a perfect model: up to {perfect:.4f}; where groups stay together: up to", end=" ")
    print(f"{grouped_error(sure, ours, data.groups):.4f}", flush=True)
    if arguments.peer is None:
        return
    theirs = np.zeros(0, np.bool_)
    for ngrams in arguments.peer_ngrams:
        other = {**settings_of(arguments.data, arguments.peer), "ngrams": ngrams}
        right = _predicted(arguments.peer, other, data).argmax(axis=1) == data.labels
        print(f"{arguments.peer} {other}: accuracy {right.mean():.4f}", flush=True)
        theirs = right if not len(theirs) or right.mean() > theirs.mean() else theirs
    low, high = paired_interval(ours.astype(np.float64) - theirs, data.groups)
    points = (ours.mean() - theirs.mean()) * 100
    print(f"difference {points:.2f} points, 95 % interval {low * 100:.2f} to {high * 100:.2f}")


def grouped_error(
    sure: NDArray[Any], right: NDArray[np.bool_], groups: NDArray[Any], bins: int = 15
) -> float:
    """Return the 95th percentile of the calibration error of a model without any bias.

    Rows of a group are right and wrong together more often than others, so that an error remains
    that ``perfect_error`` does not expect of a perfect model. Here each group's surplus of right
    rows is kept in its size and given a random sign (a wild bootstrap).
    """
    order = np.argsort(sure, kind="stable")
    bin_of = np.empty(len(sure), np.int64)
    bin_of[order] = np.arange(len(sure)) * bins // len(sure)
    group = np.unique(groups, return_inverse=True)[1]
    surplus = np.zeros((group.max() + 1, bins))
    np.add.at(surplus, (group, bin_of), right - sure)
    random = np.random.default_rng(0)
    errors = [
        np.abs(random.choice((-1.0, 1.0), len(surplus)) @ surplus).sum() / len(sure)
        for _ in range(1_000)
    ]
    return float(np.quantile(errors, 0.95))


def _predicted(system: str, settings: Settings, data: DataSet) -> NDArray[np.float32]:
    """Return the scores (n, k) of all rows, each by what had not seen its fold."""
    fold_of = data.folds(FOLDS, 0)
    scores = np.zeros((len(data.labels), int(data.labels.max()) + 1), np.float32)
    for fold in range(FOLDS):
        test = fold_of == fold
        with tempfile.TemporaryDirectory() as folder:
            write_sides(data, data.without_texts_of(~test, test), test, Path(folder))
            scores[test] = run_system(system, settings, Path(folder)).scores
    return scores


def paired_interval(differences: NDArray[np.float64], groups: NDArray[Any]) -> tuple[float, float]:
    """Return the middle 95 % of mean differences when groups are drawn with replacement."""
    group = np.unique(groups, return_inverse=True)[1]
    sums, sizes = np.bincount(group, weights=differences), np.bincount(group)
    random = np.random.default_rng(0)
    means = []
    for _ in range(RESAMPLES):
        drawn = random.integers(0, len(sums), len(sums))
        means.append(sums[drawn].sum() / sizes[drawn].sum())
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


if __name__ == "__main__":
    main()
