"""A month that comes into a watched folder: real processes, killed in between."""

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pandas as pd
import pytest

from reviewdesk.findings.store import read_findings
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.storage import read_record
from tests.desk.desks import RunningDesk, desk, run_cli

SECONDS = 240.0


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    """A job of a first month with findings, the second month beside, and an empty folder."""
    run_cli("demo-data", "--reviews", "400", "--out", tmp_path / "all.tsv")
    reviews = pd.read_csv(tmp_path / "all.tsv", sep="\t", quoting=3, dtype=str)
    for name, rows in (("first", slice(0, 300)), ("second", slice(300, None))):
        reviews[rows].to_csv(tmp_path / f"{name}.csv", index=False)
    run_cli("run", tmp_path / "first.csv", "--folds", "2", "--out", tmp_path / "job")
    run_cli("find", "similar", tmp_path / "job", "--k", "2", "--out", tmp_path / "findings")
    (tmp_path / "incoming").mkdir()
    return tmp_path


def until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def children(process: int) -> list[int]:
    """Return the processes that a process has started and that run."""
    found = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for path in found for child in path.read_text().split()]


def look(client: httpx.Client) -> str:
    """Ask the desk to look for files now; return its digest."""
    token = re.search(r'name="token" value="(\w+)"', client.get("/").text)
    assert token
    client.post("/take-in", data={"token": token[1]})
    return client.get("/digest").text


def asking(running: RunningDesk) -> httpx.Client:
    headers = {"accept": "text/html"}
    return httpx.Client(base_url=running.url, headers=headers, follow_redirects=True, timeout=60)


def check_told(watched: Path, client: httpx.Client, before: int) -> int:
    """Check that a desk knows of the second month; return how many reviews there are."""
    job = watched / "job"
    assert read_record(job / "job.json")["inputs"][-1].endswith("incoming/second.csv")
    now = PreparedData.open(job / "prepared").rows
    assert now > before
    new = read_findings(watched / "findings" / "similar").findings.table["new"].to_pylist()
    assert sum(new) > 0
    assert client.get("/digest.json").json()["_reviewdesk"]["new"] == sum(new)
    until(lambda: f"{now:,} reviews" in client.get("/reviews").text)
    return now


def test_a_new_file_is_taken_in_while_the_desk_goes_on(watched: Path) -> None:
    before = PreparedData.open(watched / "job" / "prepared").rows
    words = ("--watch", watched / "incoming", "--name", "Ada")
    with desk(watched / "job", *words) as running, asking(running) as client:
        (watched / "second.csv").rename(watched / "incoming" / "second.csv")
        until(lambda: "new reviews from 1 file" in look(client))
        check_told(watched, client, before)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_new_file_is_taken_in_and_told_through_kills(watched: Path) -> None:
    job, plan = watched / "job", watched / "job" / ".next" / "plan.json"
    before = PreparedData.open(job / "prepared").rows
    words = ("--watch", watched / "incoming", "--name", "Ada")
    with desk(job, *words) as running, asking(running) as client:
        (watched / "second.csv").rename(watched / "incoming" / "second.csv")
        until(lambda: look(client) and children(running.process.pid))
        until(plan.exists)
        (update,) = children(running.process.pid)
        os.kill(update, signal.SIGKILL)
        until(lambda: not children(running.process.pid))
        assert PreparedData.open(job / "prepared").rows == before
        assert "it goes on at the next look" in client.get("/digest").text
        until(lambda: look(client) and children(running.process.pid))  # it is tried again
        (update,) = children(running.process.pid)
        running.process.kill()  # the desk goes, and what it started goes on
        running.process.wait()
        until(lambda: not Path(f"/proc/{update}").exists())

    (watched / "incoming" / "third.parquet").write_text("no table")
    with desk(job, *words) as running, asking(running) as client:
        now = check_told(watched, client, before)
        until(lambda: "third.parquet" in look(client))  # what cannot be used is said
        assert PreparedData.open(job / "prepared").rows == now
