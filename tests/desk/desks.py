"""A small job with findings of several kinds, and a real desk on it, for tests."""

import datetime
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from reviewdesk.cli.main import main
from reviewdesk.desk.actions import UNDO
from reviewdesk.desk.decision_place import open_decisions
from reviewdesk.desk.desk import FOLDER
from reviewdesk.findings.base import FinderInfo, Findings, PromisedList
from reviewdesk.findings.identity import identified
from reviewdesk.findings.store import write_findings
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.schema import FINDINGS

REVIEW_CATEGORY, PRODUCT_CATEGORY, DECLINING = 60, 12, 6
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def run_cli(*words: str | Path) -> None:
    """Run a command in this process."""
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    assert not stop.value.code, words


def make_job(folder: Path, reviews: int = 1_200) -> Path:
    """Make a job of generated reviews, with findings beside it that are quick to make."""
    run_cli("demo-data", "--reviews", str(reviews), "--out", folder / "reviews.tsv.gz")
    job = folder / "job"
    run_cli("run", folder / "reviews.tsv.gz", "--target", "sentiment", "--folds", "2", "--out", job)
    write_kinds(folder / "findings", PreparedData.open(job / "prepared"))
    return job


def write_kinds(
    place: Path, data: PreparedData, reviews: int = REVIEW_CATEGORY, last: Any = None
) -> None:
    """Write findings of three kinds about real reviews and products."""
    rows = data.table(["review_id", "product_id", "product_title", "product_category"]).to_pylist()
    products = {row["product_id"]: row for row in rows}
    kinds = {
        "review-category": [
            finding("review-category", row, n) for n, row in enumerate(rows[:reviews])
        ],
        "product-category": [
            finding("product-category", row, n)
            for n, row in enumerate([*products.values()][:PRODUCT_CATEGORY])
        ],
        "declining": [
            finding("declining", row, n) for n, row in enumerate([*products.values()][-DECLINING:])
        ],
    }
    titles = {
        "review-category": "Reviews in the wrong category",
        "product-category": "Products in the wrong category",
        "declining": "Declining products",
    }
    for name, found in kinds.items():
        promised = sum(row["promise"] >= 0.9 for row in found)
        lists = (PromisedList(0.95, 0, 0.0, "too little is known"),
                 PromisedList(0.9, promised, 0.1 * promised))  # fmt: skip
        what = Findings(name, pa.Table.from_pylist(found, FINDINGS), lists, len(rows))
        what = identified(what, last, data.fingerprint)
        write_findings(
            place / name, what, FinderInfo(titles[name], "What it looks for.", False),
            {"data": data.fingerprint, "files": ["reviews.tsv.gz"]},
        )  # fmt: skip


def finding(finder: str, row: dict[str, Any], number: int) -> dict[str, Any]:
    """Return one finding about a review's row."""
    about = {"review-category": ("review", row["review_id"])}.get(
        finder, ("product", row["product_id"])
    )
    changed = finder == "declining"
    return {
        "finder": finder,
        "kind": about[0],
        "what": about[1],
        "title": HOSTILE if number == 1 and finder == "review-category" else row["product_title"],
        "where": row["product_category"],
        "suggested": None if changed else "Garden",
        "reviews": 1 + number,
        "score": 0.99 - number / 1_000,
        "promise": 0.9 if number % 2 == 0 else 0.0,
        "since": datetime.date(2013 + number % 2, 3, 1) if changed else None,
        "action": "Move it to Garden.",
        "words": [{"word": "the", "weight": 1.5}, {"word": "and", "weight": -0.5}],
        "numbers": [{"name": "probability of Garden", "value": 0.97}],
        "chart": [{"name": "Garden", "value": 0.97}, {"name": "Books", "value": 0.03}],
        "samples": [row["review_id"]],
        "state": ("recovered" if number == 0 else "going on") if changed else None,
    }


@dataclass
class RunningDesk:
    """A desk's process, and where it answers."""

    process: "subprocess.Popen[str]"
    url: str
    job: Path


@contextmanager
def desk(job: Path, *words: str | Path) -> Iterator[RunningDesk]:
    """Start a desk and end it afterwards."""
    program = [sys.executable, "-m", "reviewdesk", "desk", str(job), "--port", "0"]
    with subprocess.Popen(
        [*program, *map(str, words)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    ) as process:
        try:
            yield RunningDesk(process, _url(process), job)
        finally:
            process.kill()


def put_back(job: Path) -> None:
    """Undo whatever was done at a desk, and give back what is held."""
    with closing(open_decisions(job / FOLDER)) as decisions:
        for holder in set(decisions.holders().values()):
            decisions.release(holder)
        for action in decisions.latest(1_000_000):
            if action.kind != UNDO and action.undone is None:
                decisions.undo(action.batch, "test")


def _url(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if found := re.search(r"the desk: (http://\S+?)/?$", line):
            return found[1]
    raise AssertionError(said)
