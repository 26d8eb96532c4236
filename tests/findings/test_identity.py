"""Findings keep their names from run to run, and what is new is told by them."""

import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from reviewdesk.findings.base import Findings
from reviewdesk.findings.identity import identified
from reviewdesk.findings.store import StoredFindings
from reviewdesk.schema import FINDINGS

from .fakes import OddFinder, finding
from .test_store import findings


def of(*rows: dict[str, Any]) -> Findings:
    return replace(findings(), table=pa.Table.from_pylist(list(rows), FINDINGS))


def stored(found: Findings, data: str) -> StoredFindings:
    return StoredFindings(Path("odd"), found, OddFinder.info(), {"data": data})


def new(found: Findings) -> list[bool | None]:
    return list(found.table.column("new").to_pylist())


def test_what_the_last_run_had_not_found_is_new() -> None:
    first = identified(of(finding("R1"), finding("R2")), None, "may")
    assert new(first) == [None, None]
    second = identified(of(finding("R2", score=0.5), finding("R3")), stored(first, "may"), "june")
    assert new(second) == [False, True]
    again = identified(of(finding("R3"), finding("R2")), stored(second, "june"), "june")
    assert new(again) == [True, False]  # in the same data nothing got older


def test_names_are_of_the_finder_the_subject_and_the_day() -> None:
    day = datetime.date(2015, 1, 3)
    rows = [finding("R1"), finding("R1", since=day), finding("R1", finder="other"), finding("R2")]
    names = identified(of(*rows), None, "may").table.column("finding_id").to_pylist()
    assert len(set(names)) == 4
    changed = finding("R1", score=0.1, suggested="Toys", promise=0.8, words=None)
    assert identified(of(changed), None, "june").table.column("finding_id")[0].as_py() == names[0]
