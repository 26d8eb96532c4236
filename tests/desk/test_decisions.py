"""What was decided is kept: through kills, other processes, exports and imports."""

import io
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from reviewdesk.desk.actions import ASSIGN, COMMENT, DECIDE, SNOOZE, Subject
from reviewdesk.desk.decision_files import (
    export_decisions,
    import_decisions,
    write_corrections,
)
from reviewdesk.desk.decision_place import open_decisions
from reviewdesk.desk.decisions import DecisionLog
from reviewdesk.errors import InputError, StorageError, UsageError
from tests.desk.postgres import Cluster

Open = Callable[..., DecisionLog]


def subject(name: str, finder: str = "review-category") -> Subject:
    kind = "review" if finder == "review-category" else "product"
    title = '=1+1; <b>a title</b>\nand more, "quoted"'
    return Subject(name, finder, kind, f"R{name}", title, "Books", "Garden", 0.9, 0.9)


def test_a_decision_has_author_time_and_reason_and_can_be_undone(open_at: Open) -> None:
    decisions = open_at()
    batch = decisions.record([subject("a"), subject("b")], DECIDE, "right", "Ada", "plain")
    decisions.record([subject("a")], COMMENT, "look at this", "Bob")
    first = decisions.of_finding("a")[0]
    assert (first.author, first.value, first.reason) == ("Ada", "right", "plain")
    assert first.at.endswith("+00:00")
    assert decisions.undo(batch, "Bob") == ["a", "b"]
    assert decisions.undo(batch, "Bob") == []
    kinds = [(one.kind, one.author, one.undone is not None) for one in decisions.of_finding("a")]
    assert kinds == [("decide", "Ada", True), ("comment", "Bob", False), ("undo", "Bob", False)]
    with pytest.raises(UsageError):
        decisions.undo(decisions.of_finding("a")[-1].batch, "Bob")


@pytest.mark.parametrize(
    ("kind", "value", "author"),
    [
        (DECIDE, "maybe", "Ada"),
        (SNOOZE, "tomorrow", "Ada"),
        (COMMENT, " ", "Ada"),
        (DECIDE, "right", " "),
        (COMMENT, "x" * 2_001, "Ada"),
        (COMMENT, "\ud800", "Ada"),
        (COMMENT, "a\0b", "Ada"),
        ("drop", "right", "Ada"),
    ],
)
def test_what_is_no_action_is_refused(open_at: Open, kind: str, value: str, author: str) -> None:
    decisions = open_at()
    with pytest.raises(UsageError):
        decisions.record([subject("a")], kind, value, author)
    assert decisions.since(0) == []


@pytest.mark.parametrize(
    "number", [600, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(1_200)])]
)
def test_no_finding_is_claimed_twice_by_eight_clients(open_at: Open, number: int) -> None:
    names = [f"{n:05d}" for n in range(number)]
    claimed: dict[int, list[str]] = {client: [] for client in range(8)}
    open_at()

    def work(client: int) -> None:
        decisions = open_at()  # a connection of its own, as another process has
        start = 0
        while start < len(names):
            name = decisions.claim(names[start : start + 50], f"client {client}")
            if name is None:
                start += 50
                continue
            claimed[client].append(name)
            # what it holds it is offered again; a client that goes on passes it over
            start = max(start, names.index(name) + 1)

    threads = [threading.Thread(target=work, args=(client,)) for client in claimed]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = Counter(name for taken in claimed.values() for name in taken)
    assert max(counts.values()) == 1
    assert len(counts) == number


def test_a_claim_ends_and_decided_findings_are_not_claimed(open_at: Open) -> None:
    decisions = open_at()
    assert decisions.claim(["a", "b"], "Ada", seconds=0.0) == "a"
    assert decisions.claim(["a", "b"], "Bob") == "a"  # Ada's time is over
    assert decisions.claim(["a", "b"], "Ada") == "b"
    assert decisions.claim(["a", "b"], "Cid") is None
    decisions.record([subject("a")], DECIDE, "wrong", "Bob")
    decisions.release("Bob")
    assert decisions.claim(["a"], "Cid") is None
    decisions.undo(decisions.of_finding("a")[0].batch, "Bob")
    assert decisions.claim(["a"], "Cid") == "a"


WRITER = """
import sys
from pathlib import Path
from reviewdesk.desk.actions import Subject
from reviewdesk.desk.decision_place import open_decisions
decisions = open_decisions(Path(sys.argv[1]), sys.argv[2])
for n in range(100_000):
    about = Subject(f"f{n}", "review-category", "review", f"R{n}", None, None, None, 0.5, 0.0)
    decisions.record([about], "decide", "right", "Ada")
    print(n, flush=True)
"""


def acknowledged(folder: Path, url: str, kill: Callable[[int], object]) -> set[str]:
    """Return the findings that a process says it decided about until it, or a server, is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), url],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(40)]
        kill(process.pid)
        lines += process.stdout.readlines()
    last = int([line for line in lines if line.endswith("\n")][-1])
    return {f"f{n}" for n in range(last + 1)}


def test_kill_9_loses_no_acknowledged_decision(
    open_at: Open, place: Callable[[str], str], tmp_path: Path
) -> None:
    for _ in range(3):
        said = acknowledged(
            tmp_path / "desk", place("desk"), lambda process: os.kill(process, signal.SIGKILL)
        )
        assert said <= {action.finding_id for action in open_at().since(0)}
    if not place("desk"):
        base = sqlite3.connect(tmp_path / "desk" / "decisions.sqlite")
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        base.close()


def test_a_server_that_is_killed_loses_no_acknowledged_decision(
    postgres: Cluster, tmp_path: Path
) -> None:
    url = postgres.url(postgres.schema())
    desk = open_decisions(tmp_path, url)
    said = acknowledged(tmp_path, url, lambda _: postgres.control("-m", "immediate", "stop"))
    with pytest.raises(StorageError, match="cannot use postgresql://"):
        desk.since(0)
    postgres.start()
    assert said <= {action.finding_id for action in desk.since(0)}  # and it is found again
    desk.close()


def written(decisions: DecisionLog, kind: str, path: Path) -> Path:
    sink = io.BytesIO()
    export_decisions(decisions, kind, sink)
    path.write_bytes(sink.getvalue())
    return path


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_decisions_go_to_another_desk_and_back(open_at: Open, tmp_path: Path, kind: str) -> None:
    one, other = open_at("one"), open_at("other")
    other.record([subject("z")], DECIDE, "unsure", "Zoe")  # so that numbers differ
    batch = one.record([subject("a"), subject("b")], DECIDE, "right", "Ada", "=cmd|'/c calc'!A1")
    one.record([subject("c", "declining")], SNOOZE, "2026-12-24", "Ada")
    one.record([subject("c", "declining")], COMMENT, "line one\nline two\u2028; \"x\", 'y'", "Bób")
    one.record([subject("d")], ASSIGN, "", "Ada")
    path = written(one, kind, tmp_path / f"out.{kind}")
    assert import_decisions(other, path) == 5
    assert import_decisions(other, path) == 0
    one.undo(batch, "Bob")
    path = written(one, kind, path)
    assert import_decisions(other, path) == 2
    for name in "abcd":
        left, right = one.of_finding(name), other.of_finding(name)
        assert [action[2:6] for action in left] == [action[2:6] for action in right]
        assert [action.reason for action in left] == [action.reason for action in right]
        undone = [action.undone is not None for action in left]
        assert undone == [action.undone is not None for action in right]
    assert set(one.subjects().values()) <= set(other.subjects().values())


def test_other_programs_read_the_files(tmp_path: Path) -> None:
    decisions = open_decisions(tmp_path)
    decisions.record([subject("a"), subject("b")], DECIDE, "right", "Ada")
    csv = pd.read_csv(written(decisions, "csv", tmp_path / "x.csv"))
    parquet = pd.read_parquet(written(decisions, "parquet", tmp_path / "x.parquet"))
    lines = pd.read_json(written(decisions, "jsonl", tmp_path / "x.jsonl"), lines=True)
    for table in (csv, parquet, lines):
        assert table["value"].tolist() == ["right", "right"]
        assert table["finding_id"].tolist() == ["a", "b"]
    assert csv["title"][0].startswith("'=1+1")  # no spreadsheet runs it


def test_corrections_hold_what_is_right_and_can_be_corrected(open_at: Open) -> None:
    decisions = open_at()
    decisions.record([subject("a"), subject("b", "product-category")], DECIDE, "right", "Ada")
    decisions.record([subject("c")], DECIDE, "right", "Ada")
    decisions.record([subject("c")], DECIDE, "wrong", "Bob")
    decisions.record([subject("d", "declining")], DECIDE, "right", "Ada")
    decisions.undo(decisions.record([subject("e")], DECIDE, "right", "Ada"), "Ada")
    sink = io.BytesIO()
    assert write_corrections(decisions, sink) == 2
    table = pd.read_csv(io.BytesIO(sink.getvalue()))
    assert table.columns.tolist() == ["id", "column", "old", "new"]
    assert table.to_numpy().tolist() == [
        ["Ra", "product_category", "Books", "Garden"],
        ["Rb", "product_category", "Books", "Garden"],
    ]


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PAR1xx", b"{]", b"\xff\xfe", b'{"a":1}'])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    decisions = open_decisions(tmp_path / "desk")
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(InputError):
        import_decisions(decisions, tmp_path / "file")
    assert decisions.since(0) == []


def test_another_program_s_database_is_refused(tmp_path: Path) -> None:
    base = sqlite3.connect(tmp_path / "decisions.sqlite")
    base.execute("CREATE TABLE mine (x)")
    base.commit()
    base.close()
    with pytest.raises(InputError, match="not a database of decisions"):
        open_decisions(tmp_path)
    (tmp_path / "decisions.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(InputError, match="damaged"):
        open_decisions(tmp_path)


@pytest.mark.parametrize(("version", "message"), [(1, "move it away"), (99, "later release")])
def test_another_release_s_database_is_refused(tmp_path: Path, version: int, message: str) -> None:
    open_decisions(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "decisions.sqlite")) as base:
        base.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(InputError, match=message):
        open_decisions(tmp_path)


def test_what_is_forgotten_is_in_no_file_any_more(tmp_path: Path) -> None:
    decisions = open_decisions(tmp_path)
    decisions.record([subject("secret-one")], COMMENT, "their telephone number", "Ada")
    decisions.record([subject("other")], DECIDE, "right", "Ada")
    assert decisions.forget(["secret-one"]) == 2
    decisions.close()
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"telephone" not in raw
    assert b"secret-one" not in raw
    assert [each.finding_id for each in open_decisions(tmp_path).since(0)] == ["other"]
    assert (tmp_path / "decisions.sqlite").stat().st_mode & 0o777 == 0o600
