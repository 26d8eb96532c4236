"""Running one system of the linear bench, in a process of its own."""

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.linear_data import DataSet
from bench.machine import measured

Settings = dict[str, Any]


class Run(NamedTuple):
    """What one run took (see ``linear_systems``), and the scores (rows, k) it gave."""

    figures: dict[str, float]
    scores: NDArray[np.float32]


def write_sides(
    data: DataSet, train: NDArray[np.bool_], test: NDArray[np.bool_], folder: Path
) -> None:
    """Write what systems learn from, in random order as some need it, and what they predict."""
    table = data.table(train)
    table = table.take(np.random.default_rng(0).permutation(len(table)))
    pq.write_table(table, folder / "train.parquet")
    pq.write_table(data.table(test), folder / "test.parquet")


def run_system(system: str, settings: Settings, folder: Path) -> Run:
    """Learn from and predict what ``write_sides`` wrote."""
    job: dict[str, Any] = {"system": system, "settings": settings}
    for name, file in (("train", "train.parquet"), ("test", "test.parquet")):
        job[name] = str(folder / file)
    job["scores"] = str(folder / "scores.npy")
    path = folder / "job.json"
    path.write_text(json.dumps(job))
    usage = measured([sys.executable, "-m", "bench.linear_systems", str(path)])
    figures: dict[str, float] = json.loads(usage.output.splitlines()[-1])
    scores: NDArray[np.float32] = np.load(job["scores"])
    return Run(figures, scores)
