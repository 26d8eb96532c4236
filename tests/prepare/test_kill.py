"""Kill -9 at any moment: what is resumed ends in the same bytes as what was never disturbed."""

import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from reviewdesk.prepare.prepared import PreparedData

from .corpus import contents, mixed_corpus, prepared, review, write_lines

KILLS = 50
ENDLESS = 3_600.0


class Preparing:
    """The other side of ``preparing.py``."""

    def __init__(self, process: subprocess.Popen[str], out: Path) -> None:
        self.process = process
        self.out = out

    def run(self, how: str = "SIGKILL", amount: float = ENDLESS) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{how} {amount}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def state(self) -> str:
        """Say how far it had come, from what lies on disk."""
        aside = self.out.with_name(f".{self.out.name}.partial")
        if not (aside / "plan.json").exists():
            return "finished" if self.out.exists() else "begun"
        if not (aside / "result").exists():
            return "renamed"
        if (aside / "result" / "manifest.json").exists():
            return "finishing"
        if (aside / "duplicates" / "duplicates.json").exists():
            return "writing"
        staged = list((aside / "inputs").glob("*/staged.json"))
        return f"staged {len(staged)}"


@contextmanager
def preparing(
    out: Path,
    paths: list[Path],
    overwrite: bool = False,
    layout: str = "month",
    file_format: str = "parquet",
) -> Iterator[Preparing]:
    how = ("overwrite" if overwrite else "keep", layout, file_format)
    module = "tests.prepare.preparing"
    command = [sys.executable, "-m", module, str(out), *how, *map(str, paths)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield Preparing(process, out)
        process.stdin.close()


def remove(out: Path) -> None:
    for path in (out, out.with_name(f".{out.name}.partial")):
        shutil.rmtree(path, ignore_errors=True)


def nothing_beside(out: Path, *others: Path) -> bool:
    return set(out.parent.iterdir()) == {out, *others}


def kill_preparations(tmp_path: Path, layout: str, file_format: str, kills: int) -> Counter[str]:
    """Kill at random moments of the whole run; a resumed run may be killed as well."""
    paths = mixed_corpus(tmp_path, files=3, rows=1_500)
    out = tmp_path / "out"
    random = np.random.default_rng(20)
    seen: Counter[str] = Counter()
    with preparing(out, paths, layout=layout, file_format=file_format) as process:
        begin = time.monotonic()
        assert process.run() == 0
        whole = time.monotonic() - begin
        expected = contents(out)
        while seen.total() < kills:
            remove(out)
            for _ in range(int(random.integers(1, 4))):
                if process.run(amount=whole * random.random()) == -signal.SIGKILL:
                    seen[process.state()] += 1
            assert process.run() == 0
            assert contents(out) == expected
            assert nothing_beside(out, *paths)
    return seen


@pytest.mark.parametrize(
    ("layout", "file_format", "kills"),
    [("month", "parquet", 20), ("category", "csv", 15), ("both", "parquet", 15)],
)
def test_killed_at_fifty_random_moments(
    tmp_path: Path, layout: str, file_format: str, kills: int
) -> None:
    seen = kill_preparations(tmp_path, layout, file_format, kills)
    assert len(seen) >= 3, seen


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["month", "category", "both"])
@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_each_layout_killed_at_fifty_random_moments(
    tmp_path: Path, layout: str, file_format: str
) -> None:
    seen = kill_preparations(tmp_path, layout, file_format, KILLS)
    assert len(seen) >= 3, seen


@pytest.mark.parametrize("overwrite", [pytest.param(False, marks=pytest.mark.slow), True])
def test_killed_before_every_step_on_the_file_system(tmp_path: Path, overwrite: bool) -> None:
    """Before each rename, each new folder and each removal; so every state on disk is met."""
    others: list[dict[str, str]] = [{}, {"vine": "N"}]  # not staged together
    inputs = [
        write_lines(tmp_path / f"{name}.jsonl", [review(name, review_date="2015-01-01", **more)])
        for name, more in enumerate(others)
    ]
    older = write_lines(tmp_path / "older.jsonl", [review(1)])
    out = tmp_path / "out"
    prepared(tmp_path / "expected", *inputs)
    expected = contents(tmp_path / "expected")
    prepared(tmp_path / "old", older)
    before = contents(tmp_path / "old")
    seen = set()
    with preparing(out, inputs, overwrite) as process:
        step, killed = 0, True
        while killed:
            step += 1
            remove(out)
            if overwrite:
                shutil.copytree(tmp_path / "old", out)
            killed = process.run("step", step) == -signal.SIGKILL
            if killed:
                seen.add(process.state())
            if out.exists():
                PreparedData.open(out).verify()
                assert contents(out) in (before, expected)
            assert process.run() == 0
            assert contents(out) == expected
            assert nothing_beside(out, *inputs, older, tmp_path / "expected", tmp_path / "old")
    assert seen >= {
        "staged 0",
        "staged 1",
        "staged 2",
        "writing",
        "finishing",
        "renamed",
        "finished",
    }


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_interrupted_with_ctrl_c(tmp_path: Path, share: float) -> None:
    paths = mixed_corpus(tmp_path, files=2, rows=1_500)
    out = tmp_path / "out"
    with preparing(out, paths) as process:
        begin = time.monotonic()
        assert process.run() == 0
        whole = time.monotonic() - begin
        expected = contents(out)
        remove(out)
        assert process.run("SIGINT", whole * share) in (130, 0)
        assert process.run() == 0
        assert contents(out) == expected
        assert nothing_beside(out, *paths)
