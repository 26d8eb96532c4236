"""The order of findings, and what filters leave and count."""

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.desk.actions import ASSIGN, DECIDE, SNOOZE
from reviewdesk.desk.decision_place import open_decisions
from reviewdesk.desk.worklist import ABSENT, FACETS, Filter, Worklist
from reviewdesk.findings.base import FinderInfo, Findings
from reviewdesk.findings.store import StoredFindings
from reviewdesk.schema import FINDINGS
from tests.findings.fakes import finding

WRITTEN = datetime.date(2013, 6, 30)


def stored(rows: list[dict[str, object]], finder: str = "odd") -> StoredFindings:
    table = pa.Table.from_pylist([{**row, "finder": finder} for row in rows], FINDINGS)
    found = Findings(finder, table, (), len(rows))
    return StoredFindings(Path(finder), found, FinderInfo("Odd", "Odd ones.", False), {})


def row(name: str, **values: object) -> dict[str, object]:
    return {**finding(name, **values), "finding_id": name}


def test_what_to_look_at_next(tmp_path: Path) -> None:
    rows = [
        row("over", state="recovered", score=1.0, new=True),
        row("unsure", score=0.5),
        row("sure", score=0.99),
        row("wide", score=0.99, reviews=50),
        row("strict", score=0.96, promise=0.95),
        row("going", score=0.4, state="going on"),
        row("new", score=0.3, new=True),
    ]
    worklist = Worklist([stored(rows)], open_decisions(tmp_path))
    assert worklist.ids == ["new", "going", "strict", "wide", "sure", "unsure", "over"]


def many(number: int) -> list[dict[str, object]]:
    rng = np.random.default_rng(1)
    return [
        row(
            f"f{n}",
            where=str(rng.choice(["Books", "Toys", "Garden"])),
            title=str(rng.choice(["A lamp", "A <b>chair</b>", f"Number {n}"])),
            promise=float(rng.choice([0.95, 0.9, 0.0])),
            state=rng.choice(np.array(["going on", "recovered", None], object)),
            new=bool(rng.random() < 0.1),
            since=datetime.date(int(rng.integers(2012, 2015)), 1, 1) if n % 3 else None,
        )
        for n in range(number)
    ]


def date_of(finding: dict[str, Any]) -> datetime.date | None:
    """Return a finding's date, read from its row: every seventh review was written that day."""
    if finding["since"]:
        return datetime.date.fromisoformat(str(finding["since"]))
    return WRITTEN if finding["what"][-1] == "7" else None


def written(ids: Sequence[str]) -> NDArray[np.datetime64]:
    days = [WRITTEN if name[-1] == "7" else None for name in ids]
    return np.array(days, "datetime64[D]")


def value_of(worklist: Worklist, name: str, facet: str) -> set[str]:
    """Return the values that a finding has of a facet, read from its row."""
    finding, current = worklist.row(name), worklist.current(name)
    assert finding is not None
    later = current.snoozed > "2026-11-30"
    values = {
        "status": {"decided" if current.verdict else "snoozed" if later else "open"},
        "finder": {finding["finder"]},
        "category": {finding["where"]},
        "product": {finding["title"]},
        "promise": {f"{finding['promise']:g}" if finding["promise"] else ABSENT},
        "state": {finding["state"] or ABSENT, *(["new"] if finding["new"] else [])},
        "year": {str(day.year) if (day := date_of(finding)) else ABSENT},
        "assignee": {current.assignee or ABSENT},
        "verdict": {current.verdict or ABSENT},
    }
    return values[facet]


def test_filters_and_counts_are_those_of_a_plain_count(tmp_path: Path) -> None:
    decisions = open_decisions(tmp_path)
    kinds = [
        stored(many(60)),
        stored([{**x, "finding_id": f"g{n}"} for n, x in enumerate(many(40))], "other"),
    ]
    worklist = Worklist(kinds, decisions, lambda: datetime.date(2026, 11, 30), written)
    for kind, value, names in (
        (DECIDE, "right", [f"f{n}" for n in range(0, 30, 2)]),
        (DECIDE, "wrong", [f"f{n}" for n in range(0, 30, 6)]),
        (ASSIGN, "Bob", [f"f{n}" for n in range(0, 50, 5)]),
        (SNOOZE, "2026-12-01", [f"f{n}" for n in range(1, 50, 7)]),
        (SNOOZE, "2026-11-30", [f"f{n}" for n in range(2, 50, 7)]),
    ):
        decisions.record(worklist.subjects(names), kind, value, "Ada")
    for wanted in (
        Filter(),
        Filter(status=""),
        Filter(finder="odd", category="Books", status=""),
        Filter(status="decided", verdict="right"),
        Filter(assignee="Bob", promise="0.95"),
        Filter(state="new", year="2013", status=""),
        Filter(assignee=ABSENT, status="snoozed"),
        Filter(category="nowhere"),
        Filter(product="A lamp"),
        Filter(since="2013-01-01", until="2013-06-30", status=""),
        Filter(since="2013-01-02", status=""),
        Filter(until="2012-12-31", category="Toys", status=""),
    ):

        def fits(name: str, but: str = "", wanted: Filter = wanted) -> bool:
            finding = worklist.row(name)
            assert finding is not None
            day = str(date_of(finding) or "")
            if not (wanted.since <= day and (day or "x") <= (wanted.until or "z")):
                return False
            return all(
                facet == but or not getattr(wanted, facet)
                or getattr(wanted, facet) in value_of(worklist, name, facet)
                for facet in FACETS
            )  # fmt: skip

        left = [worklist.ids[place] for place in worklist.positions(wanted)]
        assert left == [name for name in worklist.ids if fits(name)]
        for facet, counted in worklist.facets(wanted).items():
            expected: dict[str, int] = {}
            for name in worklist.ids:
                if fits(name, facet):
                    for value in value_of(worklist, name, facet):
                        expected[value] = expected.get(value, 0) + 1
            if facet == "product":
                expected = {value: n for value, n in expected.items() if n > 1}
            assert {value: n for value, n in counted if n} == expected, facet


def test_undoing_brings_back_what_stood_before(tmp_path: Path) -> None:
    decisions = open_decisions(tmp_path)
    worklist = Worklist([stored([row("a")])], decisions)
    about = worklist.subjects(["a"])
    decisions.record(about, DECIDE, "right", "Ada")
    second = decisions.record(about, DECIDE, "wrong", "Bob")
    assert worklist.current("a").verdict == "wrong"
    decisions.undo(second, "Bob")
    assert (worklist.current("a").verdict, worklist.current("a").author) == ("right", "Ada")
    again = Worklist([stored([row("a")])], decisions)  # as after a restart
    assert again.current("a").verdict == "right"
    assert len(again.positions(Filter())) == 0


def test_decisions_outlive_a_new_run_by_the_name_of_the_finding(tmp_path: Path) -> None:
    decisions = open_decisions(tmp_path)
    before = Worklist([stored([row("a"), row("b")])], decisions)
    decisions.record(before.subjects(["a"]), DECIDE, "right", "Ada")
    after = Worklist([stored([row("a", score=0.1), row("c")])], decisions)
    assert [after.ids[place] for place in after.positions(Filter())] == ["c"]
    assert after.current("a").author == "Ada"


def test_text_finds_titles_and_ids_and_is_no_pattern(tmp_path: Path) -> None:
    worklist = Worklist(
        [stored([row("a", title="A (red) Lamp.*"), row("b", title="Chair")])],
        open_decisions(tmp_path),
    )
    assert worklist.positions(Filter(text="lamp RED")).tolist() == [0]
    assert worklist.positions(Filter(text="l.mp")).tolist() == []
    assert worklist.positions(Filter(text="(")).tolist() == [0]
