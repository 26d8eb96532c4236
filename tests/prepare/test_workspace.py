import os
import shutil
from pathlib import Path

import pytest

from reviewdesk.errors import StorageError
from reviewdesk.prepare.workspace import FRESH, STARTED_OVER, TAKEN_UP, Workspace, state_of

from .corpus import opened, review, write_lines

PLAN = {"settings": 1}


def test_a_workspace_of_the_same_plan_is_taken_up(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "out")
    assert workspace.begin(PLAN) == FRESH
    (workspace.parts / "2015-01.json").write_text("{}")
    (workspace.result / ".manifest.json.77.partial").write_text("half")
    assert workspace.begin(PLAN) == TAKEN_UP
    assert (workspace.parts / "2015-01.json").exists()
    assert not (workspace.result / ".manifest.json.77.partial").exists()


def test_a_workspace_of_another_plan_is_not(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "out")
    workspace.begin(PLAN)
    (workspace.parts / "2015-01.json").write_text("{}")
    assert workspace.begin({"settings": 2}) == STARTED_OVER
    assert not (workspace.parts / "2015-01.json").exists()


@pytest.mark.parametrize("plan", [None, "", "{", '"text"'])
def test_without_a_whole_plan_nothing_is_believed(tmp_path: Path, plan: str | None) -> None:
    workspace = Workspace(tmp_path / "out")
    workspace.begin(PLAN)
    (workspace.parts / "2015-01.json").write_text("{}")
    (workspace.path / "plan.json").unlink()
    if plan is not None:
        (workspace.path / "plan.json").write_text(plan)
    assert workspace.begin(PLAN) == STARTED_OVER
    assert not (workspace.parts / "2015-01.json").exists()


def test_a_removal_that_is_cut_off_leaves_nothing_to_believe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace(tmp_path / "out")
    workspace.begin(PLAN)

    def cut_off(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", cut_off)
    with pytest.raises(KeyboardInterrupt):
        workspace.remove()
    monkeypatch.undo()
    assert workspace.begin(PLAN) == STARTED_OVER


def test_only_the_owner_can_enter(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "out")
    workspace.begin(PLAN)
    for path in [workspace.path, *workspace.path.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0


def test_the_state_of_an_input_changes_with_it(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [review(1)])
    (one,) = opened(path)
    before = state_of(one)
    assert state_of(one) == before
    os.utime(path, ns=(1, 1))
    assert state_of(one) != before
    before = state_of(one)
    with path.open("a") as file:
        file.write("\n")
    os.utime(path, ns=(1, 1))
    assert state_of(one) != before
    path.unlink()
    with pytest.raises(StorageError, match="does not exist"):
        state_of(one)
