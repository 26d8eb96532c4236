"""Kill -9 at any moment: what is there is whole, and the next run ends in the same bytes."""

import random
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from reviewdesk.findings.store import read_findings
from tests.findings.market import market, market_rows
from tests.findings.plugin import install
from tests.findings.shop import rows_of, shop
from tests.killing import Killer, everything

NEVER = 10_000


def check_whole(out: Path) -> int:
    """Check that all that has its final name can be read; return how many things that are."""
    found = [
        path for path in out.rglob("*") if not any(p.startswith(".") for p in inside(out, path))
    ]
    for path in found:
        if path.name == "findings.json":
            read_findings(path.parent)  # with the digests of its tables
        elif path.suffix == ".html":
            assert path.read_text().rstrip().endswith("</html>")
        elif path.suffix == ".parquet":
            pq.read_table(path)
        elif path.is_dir() and path.name != "predictions":
            assert (path / "findings.json").is_file()
    return len(found)


def inside(out: Path, path: Path) -> tuple[str, ...]:
    return path.relative_to(out).parts


def kill_finding(tmp_path: Path, kills: int) -> list[int]:
    """Kill this often, two times in a row before each run to the end; return what was there."""
    data = market(tmp_path / "market", market_rows(400))
    good, out = tmp_path / "good", tmp_path / "out"
    chance = random.Random(17)
    seen: list[int] = []
    with Killer("tests.job.steps:find_all") as killer:
        whole = killer.run(data.path, good)
        expected = everything(good)
        while len(seen) < kills:
            shutil.rmtree(out, ignore_errors=True)
            for _ in range(2):
                if killer.kill(data.path, out, after=(0.1 + 0.9 * chance.random()) * whole):
                    seen.append(check_whole(out) if out.exists() else 0)
            killer.run(data.path, out)
            assert everything(out) == expected
    return seen


def test_everything_killed_at_some_moments(tmp_path: Path) -> None:
    assert max(kill_finding(tmp_path, 2)) > 0


@pytest.mark.slow
def test_everything_killed_at_many_moments(tmp_path: Path) -> None:
    assert len(set(kill_finding(tmp_path, 12))) > 3


def how(out: Path) -> str:
    """Return whether something is replaced: only where other findings are."""
    if not (out / "odd" / "findings.json").exists():
        return "keep"
    return (
        "keep" if read_findings(out / "odd").findings.settings["word"] == "wombat" else "overwrite"
    )


@pytest.mark.parametrize("before", [pytest.param("", marks=pytest.mark.slow), "hose"])
def test_killed_before_every_step_on_the_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    """Where nothing was, and where other findings were: these are there until the new ones are."""
    plugin = tmp_path / "plugin"
    install(plugin, monkeypatch, odd="tests.findings.fakes:OddFinder")
    rows = rows_of(60)
    rows[7]["review_body"] += " It is a wombat."
    data = shop(tmp_path / "shop", rows)
    good, old, out = tmp_path / "good", tmp_path / "old", tmp_path / "out"
    with Killer("tests.job.steps:find_odd") as killer:
        killer.run(data.path, good, plugin, "wombat", "keep", NEVER)
        expected = everything(good)
        if before:
            killer.run(data.path, old, plugin, before, "keep", NEVER)
        step, killed = 0, True
        while killed:
            step += 1
            shutil.rmtree(out, ignore_errors=True)
            if before:
                shutil.copytree(old, out)
            killed = killer.kill(data.path, out, plugin, "wombat", how(out), step)
            check_whole(out)
            killer.run(data.path, out, plugin, "wombat", how(out), NEVER)
            assert everything(out) == expected, step
    assert step > 8
