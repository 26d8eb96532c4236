"""How fast the container's entry points start, and what pipe mode costs beside files.

python -m bench.aws_bench [--reviews 50000] [--times 5]

A start is measured from the start of the process to the first good answer to ``/ping``, with
kernels compiled before. Training is measured in CPU seconds of the container alone: what feeds the
pipe is the platform's.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from bench.machine import REVIEWDESK, machine
from reviewdesk.formats.recordio import record

FAMILIES: Final[dict[str, dict[str, str]]] = {
    "linear": {},
    "naive-bayes": {},
    "fasttext": {"epoch": "2", "bucket": "100000"},
    "cnn": {"epochs": "1", "vocabulary": "5000"},
}
RECORD_IO: Final = {"TrainingInputMode": "Pipe", "RecordWrapperType": "RecordIO"}


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviews", type=int, default=50_000)
    parser.add_argument("--times", type=int, default=5)
    given = parser.parse_args()
    print(f"{machine()}\n")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _starts(place, given.times)
        _pipes(place, given.reviews, given.times)


def _starts(place: Path, times: int) -> None:
    reviews = _generated(place / "few.tsv", 3_000)
    print(
        "| family | to the first /ping, s: fastest, median | CPU s: least, median |\n|---|---|---|"
    )
    for family, parameters in FAMILIES.items():
        base = _job(place / family, {"model": family, **parameters})
        (base / "input/data/train").mkdir()
        (base / "input/data/train/r.tsv").write_bytes(reviews)
        _train(base)
        runs = [_start(base) for _ in range(times + 1)][1:]  # the first may compile
        wall, cpu = (sorted(one) for one in zip(*runs, strict=True))
        print(
            f"| {family} | {wall[0]:.2f}, {wall[len(wall) // 2]:.2f} "
            f"| {cpu[0]:.2f}, {cpu[len(cpu) // 2]:.2f} |",
            flush=True,
        )


def _start(base: Path) -> tuple[float, float]:
    """Return wall and CPU seconds until a container serves."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    begun = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "reviewdesk.aws", "serve"],
        env={**_environment(base), "SAGEMAKER_BIND_TO_PORT": str(port)},
        stdout=subprocess.DEVNULL,
    )
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=2):
                break
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.005)
    wall = time.perf_counter() - begun
    user, system = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    cpu = (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    child.send_signal(signal.SIGTERM)
    child.wait()
    return wall, cpu


def _pipes(place: Path, reviews: int, times: int) -> None:
    tsv = _generated(place / "many.tsv", reviews)
    lines = [line.split("\t") for line in tsv.decode().splitlines()[1:]]
    pairs = [(one[7], " ".join(one[13].split())) for one in lines]  # star_rating, review_body
    labels = "".join(f"__label__{label} {text}\n" for label, text in pairs).encode()
    manifest = b"".join(record(text.encode()) + record(label.encode()) for label, text in pairs)
    print(f"\n| {reviews:,} reviews as | from files, CPU s | from a pipe, CPU s | speed kept |")
    print("|---|---|---|---|")
    for name, content, fed, channel in (
        ("TSV", tsv, tsv, {"TrainingInputMode": "Pipe"}),
        ("TSV, one RecordIO record", tsv, record(tsv), RECORD_IO),
        ("an augmented manifest (files: `__label__` lines)", labels, manifest, RECORD_IO),
    ):
        file = min(_timed(place, content, None, {}) for _ in range(times))
        piped = min(_timed(place, b"", fed, channel) for _ in range(times))
        print(f"| {name} | {file:.2f} | {piped:.2f} | {file / piped:.0%} |", flush=True)


def _timed(place: Path, content: bytes, fed: bytes | None, channel: dict[str, str]) -> float:
    """Return the CPU seconds of a training job on a file, or on what a pipe is fed."""
    with tempfile.TemporaryDirectory(dir=place) as folder:
        base = _job(Path(folder) / "ml", {"model": "linear"}, channel)
        if fed is None:
            (base / "input/data/train").mkdir()
            (base / "input/data/train/data").write_bytes(content)
            return _train(base)
        pipe = base / "input/data/train_0"
        os.mkfifo(pipe)
        feeder = threading.Thread(target=lambda: pipe.write_bytes(fed))
        feeder.start()
        cpu = _train(base)
        feeder.join()
        return cpu


def _job(base: Path, parameters: dict[str, str], channel: dict[str, str] | None = None) -> Path:
    config = base / "input" / "config"
    config.mkdir(parents=True)
    (base / "input" / "data").mkdir()
    (config / "hyperparameters.json").write_text(json.dumps(parameters))
    (config / "inputdataconfig.json").write_text(json.dumps({"train": channel or {}}))
    return base


def _train(base: Path) -> float:
    child = subprocess.Popen(
        [sys.executable, "-m", "reviewdesk.aws", "train"],
        env=_environment(base), stdout=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit((base / "output" / "failure").read_text())
    return usage.ru_utime + usage.ru_stime


def _environment(base: Path) -> dict[str, str]:
    return {**os.environ, "SAGEMAKER_BASE_DIR": str(base)}


def _generated(path: Path, reviews: int) -> bytes:
    command = [*REVIEWDESK, "demo-data", "--reviews", str(reviews), "--out", str(path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return path.read_bytes()


if __name__ == "__main__":
    main()
