"""How long the command line takes to answer about one review, with compiled kernels kept.

python -m bench.one_review [--times 5]
"""

import argparse
import tempfile
from pathlib import Path
from typing import Final

from bench.machine import REVIEWDESK, machine, measured

COMMANDS: Final = ("predict", "explain", "doctor")


def main() -> None:
    """Print the fastest and the median run of each command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    times = parser.parse_args().times
    print(f"{machine()}\n\n| command | wall s, median (fastest) | CPU s | peak MiB |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _prepare(place)
        bundle = str(place / "bundle")
        words = {
            "predict": [bundle, str(place / "one.tsv"), "--overwrite", "--out",
                        str(place / "p.parquet"), "--evidence", "0"],
            "explain": [bundle, "It broke after a week."],
            "doctor": [],
        }  # fmt: skip
        for command in COMMANDS:
            runs = []
            for _ in range(times + 1):
                (place / "p.parquet").unlink(missing_ok=True)
                runs.append(measured([*REVIEWDESK, command, *words[command]]))
            walls = sorted(run.wall for run in runs[1:])  # the first may compile
            cpu = sorted(run.cpu for run in runs[1:])
            peak = max(run.peak_mib for run in runs)
            middle = len(walls) // 2
            print(
                f"| {command} | {walls[middle]:.2f} ({walls[0]:.2f}) | {cpu[middle]:.2f} "
                f"| {peak:.0f} |",
                flush=True,
            )


def _prepare(place: Path) -> None:
    reviews = place / "r.tsv"
    for command in (
        ("demo-data", "--reviews", "20000", "--out", str(reviews)),
        ("prepare", str(reviews), "--out", str(place / "prepared")),
        ("train", str(place / "prepared"), "--out", str(place / "bundle")),
    ):
        measured([*REVIEWDESK, *command])
    lines = reviews.read_bytes().split(b"\n", 2)
    (place / "one.tsv").write_bytes(b"\n".join(lines[:2]) + b"\n")


if __name__ == "__main__":
    main()
