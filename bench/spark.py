"""Prepare on one machine and on Spark, on the same cores: CPU, wall, memory, what is shuffled.

Usage: ``python -m bench.spark 100000 400000`` in the environment of ``make test-spark``.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

import psutil

from bench.machine import REVIEWDESK, machine

CORES: Final = 2
FILES: Final = 8
PAUSE: Final = 0.1


class Measured(NamedTuple):
    """What a command and all its children took.

    Args:
        wall: seconds.
        cpu: CPU seconds of all.
        java: CPU seconds of Java among them.
        driver: CPU seconds of the process that was started, among them.
        peak_mib: memory of all at most.
        driver_mib: memory of that process at most.
    """

    wall: float
    cpu: float
    java: float
    driver: float
    peak_mib: float
    driver_mib: float


def measured(command: list[str]) -> Measured:
    """Run a command to its end."""
    start = time.monotonic()
    process = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    cpu: dict[int, float] = {}
    java: set[int] = set()
    peak = driver = 0
    while process.poll() is None:
        resident = 0
        for one in [process, *children(process)]:
            try:
                times = one.cpu_times()
                cpu[one.pid] = times.user + times.system
                held = one.memory_info().rss
                resident += held
                if one.pid == process.pid:
                    driver = max(driver, held)
                elif one.name() == "java":
                    java.add(one.pid)
            except psutil.Error:
                continue  # it has just ended
        peak = max(peak, resident)
        time.sleep(PAUSE)
    if process.returncode:
        sys.exit(f"{command} failed with {process.returncode}")
    return Measured(
        time.monotonic() - start,
        sum(cpu.values()),
        sum(cpu[one] for one in java),
        cpu[process.pid],
        peak / 2**20,
        driver / 2**20,
    )


def children(process: psutil.Process) -> list[psutil.Process]:
    """Return all processes below one, as far as they are still there."""
    try:
        found: list[psutil.Process] = process.children(recursive=True)
    except psutil.Error:
        return []
    return found


def shuffled(events: Path) -> int:
    """Return how many bytes Spark's tasks wrote for others, from its log of events."""
    total = 0
    for path in events.rglob("*"):
        if path.is_file():
            for line in path.read_text(errors="replace").splitlines():
                if '"SparkListenerTaskEnd"' in line:
                    metrics = json.loads(line).get("Task Metrics") or {}
                    total += metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"]
    return total


def corpus(folder: Path, reviews: int) -> list[str]:
    """Generate reviews in several files."""
    files = []
    for number in range(FILES):
        file = folder / f"{number}.tsv.gz"
        count = str(reviews // FILES)
        command = [*REVIEWDESK, "demo-data", "--reviews", count, "--seed", str(number)]
        subprocess.run([*command, "--out", str(file)], check=True, capture_output=True)
        files.append(str(file))
    return files


def main() -> None:
    """Print a line for each size and engine."""
    print(machine())
    print(
        "reviews | engine | wall s | CPU s | of it Java | driver | reviews a CPU s | peak MiB | "
        "driver MiB | shuffled MiB"
    )
    for reviews in map(int, sys.argv[1:]):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            files = corpus(folder, reviews)
            events = folder / "events"
            events.mkdir()
            conf = {
                "spark.eventLog.enabled": "true",
                "spark.eventLog.dir": str(events),
                "spark.eventLog.compress": "false",
            }
            words = [word for pair in conf.items() for word in ("--conf", "=".join(pair))]
            engines = {
                "duckdb": [],
                "spark": ["--engine", "spark", "--master", f"local[{CORES}]", *words],
            }
            for engine, more in engines.items():
                out = str(folder / engine)
                took = measured([*REVIEWDESK, "prepare", *files, "--out", out, *more])
                speed = reviews / took.cpu
                moved = shuffled(events) / 2**20
                print(
                    f"{reviews:,} | {engine} | {took.wall:.0f} | {took.cpu:.0f} | "
                    f"{took.java:.0f} | {took.driver:.0f} | {speed:,.0f} | {took.peak_mib:,.0f} | "
                    f"{took.driver_mib:,.0f} | {moved:.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
