"""How long honest clients wait for small requests, alone and beside hostile clients.

python -m bench.serving_chaos [--seconds 20] [--honest 40] [--hostile 160]

A real bundle, learnt from generated reviews, is served by one process; honest clients are another,
hostile ones a third, all on this machine. Rounds alternate, so that both see the same machine.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from tests.serving.chaos import HOSTILE, Outcome, clients, honest

from bench.machine import REVIEWDESK, machine

ROUNDS = 3
SETTLES_SECONDS = 8
"""What hostile clients asked for last is worked off before honest ones are alone again."""

TARGET = "sentiment"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--honest", type=int, default=40)
    parser.add_argument("--hostile", type=int, default=160)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        job = _job(Path(folder))
        serve = [*REVIEWDESK, "serve", f"{TARGET}={job}", "--port", "0"]
        with subprocess.Popen(
            serve, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as one:
            port = _port(one)
            alone, beside = [], []
            for _ in range(ROUNDS):
                alone.append(asyncio.run(clients(port, asked.seconds, {honest: asked.honest})))
                beside.append(_beside(port, asked.seconds, asked.honest, asked.hostile))
                time.sleep(SETTLES_SECONDS)
            one.terminate()
    print(
        f"{machine()}\n\n"
        f"| {asked.honest} honest clients | answered | 503 | lost | p50 ms | p99 ms |"
    )
    print("|---|---|---|---|---|---|")
    print(_row("alone", alone))
    print(_row(f"beside {asked.hostile} hostile ones", beside))


def _job(folder: Path) -> Path:
    """Return a bundle that was learnt from generated reviews."""
    reviews = folder / "reviews.tsv.gz"
    run = [*REVIEWDESK, "demo-data", "--reviews", "5000", "--out", str(reviews)]
    subprocess.run(run, check=True, capture_output=True)
    prepared, bundle = folder / "prepared", folder / "bundle"
    for words in (
        ["prepare", str(reviews), "--out", str(prepared)],
        ["train", str(prepared), "--target", TARGET, "--out", str(bundle)],
    ):
        subprocess.run([*REVIEWDESK, *words], check=True, capture_output=True)
    return bundle


def _port(process: "subprocess.Popen[str]") -> int:
    """Return the port that the server says it listens on."""
    for line in process.stderr or ():
        if "/invocations" in line:
            return int(line.rpartition(":")[2].partition("/")[0])
    sys.exit("the server did not start")


def _beside(port: int, seconds: float, number: int, hostile: int) -> Outcome:
    each = [f"{kind.__name__}={hostile // len(HOSTILE)}" for kind in HOSTILE]
    words = [sys.executable, "-m", "tests.serving.chaos", str(port), str(seconds + 3), *each]
    with subprocess.Popen(words) as others:
        outcome = asyncio.run(clients(port, seconds, {honest: number}))
        others.kill()
    return outcome


def _row(name: str, outcomes: list[Outcome]) -> str:
    seconds = np.concatenate([one.seconds for one in outcomes])
    middle, high = (1000 * np.quantile(seconds, share) for share in (0.5, 0.99))
    answered, refused = (sum(one.statuses[code] for one in outcomes) for code in (200, 503))
    lost = sum(len(one.lost) for one in outcomes)
    return f"| {name} | {answered:,} | {refused:,} | {lost} | {middle:.1f} | {high:.1f} |"


if __name__ == "__main__":
    main()
