"""Networks beside linear, fastText and the loop of the walk-throughs, on the same rows.

    REVIEWDESK_DATA=... python -m bench.networks_bench [--seeds 0 1 2] [--systems NAME...]
        [--rows N]

IMDb, a fifth held out by movie, another fifth for each seed; texts that are also held out are not
learnt from. Every run has a process and a thread of its own. Differences of accuracy to `linear`
are paired, with 95 % intervals from drawing movies. Then: what a step takes beside a bare PyTorch
loop of the same shapes, and what one review takes by onnxruntime and by torch.
"""

import argparse
import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bench.linear_bench import settings_of
from bench.linear_data import DataSet, imdb
from bench.linear_paired import paired_interval
from bench.linear_runs import Run, run_system, write_sides
from bench.machine import machine
from reviewdesk.models.neural.export import export
from reviewdesk.models.neural.families import Lstm
from reviewdesk.models.neural.graph import OnnxGraph
from reviewdesk.models.neural.learning import learn
from reviewdesk.models.neural.material import WordRows
from reviewdesk.models.neural.modules import Network
from reviewdesk.models.neural.plan import Shape, TrainingPlan
from reviewdesk.models.neural.settings import chosen, course_of, shape_of
from reviewdesk.models.neural.tokens import TokenFiles

SYSTEMS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "linear": ("linear", settings_of("imdb", "linear")),
    "fastText": ("fastText", settings_of("imdb", "fastText")),
    "PyTorch loop": ("PyTorch loop", {"epochs": 4}),
    "lstm classic": ("network", {"family": "lstm", "preset": "classic"}),
    "lstm": ("network", {"family": "lstm"}),
    "cnn": ("network", {"family": "cnn"}),
    "attention": ("network", {"family": "attention"}),
}
STEPS: Final = 30
ONE_BY_ONE: Final = 200


def main() -> None:
    """Print a table of systems, then the times of steps and of single reviews."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--rows", type=int, help="learn from so many only, drawn at random")
    parser.add_argument("--systems", nargs="*", default=[*SYSTEMS], choices=SYSTEMS)
    arguments = parser.parse_args()
    print(f"{machine()}, load {os.getloadavg()[0]:.1f}; one thread each\n", flush=True)
    print("| system | accuracy | to linear, 95 % | train CPU s (wall) | predict CPU s | peak MiB |")
    print("|---|---|---|---|---|---|", flush=True)
    data, right = imdb(), dict[tuple[str, int], NDArray[np.bool_]]()
    for system in arguments.systems:
        runs = []
        for seed in arguments.seeds:
            runs.append(_run(system, data, seed, arguments.rows))
            right[system, seed] = (
                runs[-1].scores.argmax(axis=1) == data.labels[_held_out(data, seed)]
            )
        print(_row(system, runs, right, data, arguments.seeds), flush=True)
    _print_steps()
    _print_single()


def _held_out(data: DataSet, seed: int) -> NDArray[np.bool_]:
    rows: NDArray[np.bool_] = data.folds(5, seed) == 0
    return rows


def _run(system: str, data: DataSet, seed: int, rows: int | None) -> Run:
    test = _held_out(data, seed)
    train = data.without_texts_of(~test, test)
    if rows is not None:
        order = np.random.default_rng(seed).permutation(np.flatnonzero(train))
        train = np.isin(np.arange(len(train)), order[:rows])
    name, settings = SYSTEMS[system]
    own = settings if name == "fastText" else {**settings, "seed": seed}
    with tempfile.TemporaryDirectory() as folder:
        write_sides(data, train, test, Path(folder))
        return run_system(name, own, Path(folder))


def _row(
    system: str,
    runs: list[Run],
    right: dict[tuple[str, int], NDArray[np.bool_]],
    data: DataSet,
    seeds: list[int],
) -> str:
    accuracy = [right[system, seed].mean() for seed in seeds]
    difference = ""
    if system != "linear" and ("linear", seeds[0]) in right:
        pairs = [right[system, s].astype(float) - right["linear", s] for s in seeds]
        groups = np.concatenate([data.groups[_held_out(data, seed)] for seed in seeds])
        low, high = paired_interval(np.concatenate(pairs), groups)
        mean = np.mean([one.mean() for one in pairs])
        difference = f"{100 * mean:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})"
    median = {
        name: statistics.median(run.figures[name] for run in runs) for name in runs[0].figures
    }
    return (
        f"| {system} | {np.mean(accuracy):.4f} ({min(accuracy):.4f} to {max(accuracy):.4f}) "
        f"| {difference} | {median['train_cpu']:.0f} ({median['train_wall']:.0f}) "
        f"| {median['predict_cpu']:.1f} | {median['peak_mib']:.0f} |"
    )


def _print_steps() -> None:
    """Print CPU milliseconds a step of our loop and of a bare one, of the same shapes and rows."""
    print("\n| lstm | our loop, CPU ms a step | bare loop | ratio |\n|---|---|---|---|")
    for preset in ("best", "classic"):
        plan, tokens = _made_up(preset)
        ours, bare = [], []
        for _ in range(3):
            with tempfile.TemporaryDirectory() as folder:
                ours.append(
                    _cpu(
                        partial(
                            learn, plan, WordRows(tokens, Path(folder) / "tokens"), Path(folder)
                        )
                    )
                    / STEPS
                )
            bare.append(_bare(plan, tokens) / STEPS)
        mine, theirs = 1e3 * min(ours), 1e3 * min(bare)
        print(f"| {preset} | {mine:.1f} | {theirs:.1f} | {mine / theirs:.3f} |", flush=True)


def _made_up(preset: str) -> tuple[TrainingPlan, TokenFiles]:
    """Return a plan and rows of 240 words each, for one epoch of some steps."""
    settings = Lstm(preset=preset, threads=1, epochs=1, clip=0.0).settings
    values = chosen("lstm", settings)
    ids = values["vocabulary"] + 3
    shape = shape_of("lstm", values, ids=ids, k=2, embedding=values["embedding"], objective="one")
    rows = STEPS * values["batch"]
    random = np.random.default_rng(0)
    ends = np.arange(rows + 1, dtype=np.int64) * 240
    everything = np.arange(rows, dtype=np.int64)
    tokens = TokenFiles(
        ids=random.integers(3, ids, rows * 240).astype(np.int32),
        ends=ends,
        labels=random.integers(0, 2, rows).astype(np.int32),
        present=np.arange(2),
        always=np.empty(0, np.int64),
        learnt=everything,
        validation=everything[:0],
    )
    return TrainingPlan(shape, course_of(values)), tokens


def _bare(plan: TrainingPlan, tokens: TokenFiles) -> float:
    """Return the CPU seconds of the same steps with nothing around them."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    network = Network(cast(Shape, plan.shape))
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
    size = plan.course.batch
    ids = torch.from_numpy(tokens.ids.reshape(-1, 240).astype(np.int64))
    labels = torch.from_numpy(tokens.labels.astype(np.int64))
    lengths = torch.full((size,), 240)

    def steps() -> None:
        for at in range(0, len(ids), size):
            optimizer.zero_grad()
            scores = network(ids[at : at + size], lengths)
            torch.autograd.backward(nn.functional.cross_entropy(scores, labels[at : at + size]))
            optimizer.step()

    return _cpu(steps)


def _cpu(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _print_single() -> None:
    """Print milliseconds for one review of 240 words, and the bytes of the graph."""
    torch.set_num_threads(1)
    plan, tokens = _made_up("best")
    network = Network(cast(Shape, plan.shape)).eval()
    data = export(plan.shape, network.state_dict())
    graph = OnnxGraph(data, plan.shape.k)
    weights = io.BytesIO()
    torch.save(network.state_dict(), weights)
    rows = range(ONE_BY_ONE)

    def by_graph() -> None:
        for row in rows:
            graph.scores(*tokens.ids_of(np.array([row])))

    def by_torch() -> None:
        with torch.no_grad():
            for row in rows:
                network(torch.from_numpy(tokens.padded(np.array([row]))), torch.tensor([240]))

    times = [1e3 * min(_cpu(one) for _ in range(3)) / ONE_BY_ONE for one in (by_graph, by_torch)]
    print(
        f"\none review of 240 words: onnxruntime {times[0]:.2f} CPU ms, torch {times[1]:.2f} "
        f"({times[1] / times[0]:.1f} times); graph {len(data) / 1e6:.1f} MB, as torch saves it "
        f"{weights.tell() / 1e6:.1f} MB"
    )


if __name__ == "__main__":
    main()
