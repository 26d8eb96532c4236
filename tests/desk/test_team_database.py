"""What only a team's database has: a URL, a password, schemas, other people's servers."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pandas as pd
import pytest

from reviewdesk.desk.actions import COMMENT, DECIDE, Subject
from reviewdesk.desk.decision_place import open_decisions
from reviewdesk.desk.decisions import DecisionLog
from reviewdesk.desk.erase import erase_from_desk
from reviewdesk.errors import InputError, StorageError, UsageError
from tests.desk.desks import desk, run_cli
from tests.desk.postgres import PASSWORD, Cluster

Open = Callable[..., DecisionLog]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Open decisions, and close them afterwards."""
    all_of_them: list[DecisionLog] = []

    def open_one(folder: Path, url: str = "") -> DecisionLog:
        all_of_them.append(open_decisions(folder, url))
        return all_of_them[-1]

    yield open_one
    for each in all_of_them:
        each.close()


def subject(name: str, title: str = "A lamp") -> Subject:
    return Subject(
        name, "review-category", "review", f"R{name}", title, "Books", "Garden", 0.9, 0.9
    )


def test_what_was_decided_before_moves_and_the_folder_remembers_where(
    postgres: Cluster, opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = postgres.schema()
    before = opened(tmp_path)
    before.record([subject("a"), subject("b")], DECIDE, "right", "Ada", "plain")
    assert [before.draw("review-category 0.9"), before.draw("review-category 0.9")] == [1, 2]
    team = opened(tmp_path, postgres.url(schema))
    assert [each.author for each in team.since(0)] == ["Ada", "Ada"]
    assert team.draw("review-category 0.9") == 3
    record = (tmp_path / "decisions.json").read_text()
    assert schema in record
    assert PASSWORD not in record
    assert PASSWORD not in team.place
    team.record([subject("c")], COMMENT, "look", "Bob")
    again = opened(tmp_path, postgres.url(schema))  # nothing comes in twice
    assert (len(again.since(0)), again.draws()) == (3, {"review-category 0.9": 3})

    with pytest.raises(StorageError, match="no password supplied"):
        opened(tmp_path)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert len(opened(tmp_path).since(0)) == 3


def test_two_schemas_know_nothing_of_each_other(
    postgres: Cluster, opened: Open, tmp_path: Path
) -> None:
    one, other = (opened(tmp_path / name, postgres.url(postgres.schema())) for name in ("x", "y"))
    one.record([subject("a", "a\0b")], DECIDE, "right", "Ada")
    assert one.subjects()["a"].title == "a\N{REPLACEMENT CHARACTER}b"
    assert other.since(0) == []


def test_erasing_reaches_the_server_and_what_lies_in_the_folder(
    postgres: Cluster, opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    before = opened(tmp_path)
    before.record([subject("telltale"), subject("other")], COMMENT, "telephone number", "Ada")
    opened(tmp_path, postgres.url(postgres.schema()))
    assert erase_from_desk(tmp_path, {"Rtelltale"}) == 4  # twice an action and what it is about
    assert [each.finding_id for each in opened(tmp_path).since(0)] == ["other"]
    postgres.psql("CHECKPOINT")
    raw = b"".join(
        path.read_bytes()
        for folder in (tmp_path, postgres.folder / "base")
        for path in folder.rglob("*")
        if path.is_file()
    )
    assert b"Rother" in raw
    assert b"Rtelltale" not in raw


@pytest.mark.parametrize(
    "url",
    [
        "postgresql",
        "mysql://ada@localhost/x",
        "sqlite:///x",
        "postgresql://ada@localhost/x?schema=a-b",
        "postgresql://ada@localhost/x?schema=pg_x",
        "postgresql://ada@localhost/x?schema=a&schema=b",
        "postgresql://ada@localhost:port/x",
    ],
)
def test_what_is_no_database_of_a_team_is_refused(opened: Open, tmp_path: Path, url: str) -> None:
    pytest.importorskip("sqlalchemy")
    with pytest.raises(UsageError):
        opened(tmp_path, url)
    assert not (tmp_path / "decisions.json").exists()


def test_errors_hold_no_password_and_no_values(
    postgres: Cluster, opened: Open, tmp_path: Path
) -> None:
    schema = postgres.schema()
    with pytest.raises(StorageError) as wrong:
        opened(tmp_path, postgres.url(schema, "not-the-password"))
    assert "not-the-password" not in str(wrong.value)
    decisions = opened(tmp_path, postgres.url(schema))
    postgres.psql(f"DROP TABLE {schema}.subjects")
    with pytest.raises(StorageError) as gone:
        decisions.record([subject("a", "private words")], DECIDE, "right", "Ada")
    assert "private" not in str(gone.value)
    assert "subjects" in str(gone.value)
    assert decisions.since(0) == []


@pytest.mark.parametrize(("version", "message"), [(1, "earlier release"), (99, "later release")])
def test_tables_of_another_release_are_refused(
    postgres: Cluster, opened: Open, tmp_path: Path, version: int, message: str
) -> None:
    schema = postgres.schema()
    opened(tmp_path, postgres.url(schema))
    postgres.psql(f"UPDATE {schema}.version SET number = {version}")
    with pytest.raises(InputError, match=message):
        opened(tmp_path, postgres.url(schema))


def test_a_database_that_loses_what_was_committed_is_told_to_keep_it(
    postgres: Cluster, opened: Open, tmp_path: Path
) -> None:
    decisions = opened(tmp_path, postgres.url(postgres.schema()))
    postgres.psql("ALTER ROLE desk SET synchronous_commit TO off")
    try:
        asked = "SELECT current_setting('synchronous_commit')"
        decisions.close()  # connections made from now on have the role's setting
        with decisions._base.writing() as writing:
            assert writing.rows(asked) == [("on",)]
        with decisions._base.writing(brief=True) as writing:
            assert writing.rows(asked) == [("off",)]
    finally:
        postgres.psql("ALTER ROLE desk RESET synchronous_commit")


def test_without_its_packages_the_command_is_named(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['sqlalchemy'] = None\n"
        "from pathlib import Path\n"
        "from reviewdesk.desk.decision_place import open_decisions\n"
        "open_decisions(Path(sys.argv[1])).close()\n"
        "open_decisions(Path(sys.argv[1]), 'postgresql://ada@localhost/x')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert "pip install '.[team]'" in done.stderr


def test_two_desks_on_one_server_see_each_other_s_decisions(
    postgres: Cluster, desk_job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = tmp_path / "job"
    shutil.copytree(desk_job, job, ignore=shutil.ignore_patterns("desk"))
    shutil.copytree(desk_job.parent / "findings", tmp_path / "findings")
    words = ("--audit-rate", "0", "--database", postgres.url(postgres.schema()))
    with (
        desk(job, *words, "--name", "Ada") as ada,
        desk(job, *words, "--name", "Bob") as bob,
        httpx.Client(base_url=ada.url) as one,
        httpx.Client(base_url=bob.url) as two,
    ):
        first = found_in(one.get("/").text, "data-finding")
        second = found_in(two.get("/").text, "data-finding")
        assert first != second  # what Ada looks at is not given to Bob
        token = found_in(two.get("/").text, 'name="token" value')
        sent = {"finding_id": second, "kind": "decide", "value": "right", "token": token}
        assert two.post("/decide", data=sent).status_code < 400
        assert "Bob" in one.get("/activity").text
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    run_cli("decisions", "export", job, "--out", tmp_path / "out.csv")
    assert pd.read_csv(tmp_path / "out.csv")["author"].tolist() == ["Bob"]


def found_in(page: str, name: str) -> str:
    found = re.search(rf'{name}="(\w+)"', page)
    assert found
    return found[1]
