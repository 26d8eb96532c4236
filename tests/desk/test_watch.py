"""Files that come into a folder: taken once they have stopped growing, refused ones only once."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from reviewdesk.desk.watch import FolderWatch
from reviewdesk.errors import StorageError
from reviewdesk.storage import write_record


def test_what_has_stopped_growing_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, job = tmp_path / "incoming", tmp_path / "job"
    folder.mkdir()
    job.mkdir()
    (folder / "old.csv").write_text("a")
    write_record(job / "job.json", {"inputs": [str(folder / "old.csv")]})
    asked: list[list[str]] = []
    code = 0

    def run(words: list[str], **options: Any) -> "subprocess.CompletedProcess[str]":
        asked.append([Path(word).name for word in words[5:]])
        return subprocess.CompletedProcess(
            words, code, "3 new reviews from 1 file\n", "it\nfailed\n"
        )

    monkeypatch.setattr(subprocess, "run", run)
    changed = []
    watch = FolderWatch(folder, job, None, lambda: changed.append(True))
    (folder / "new.csv").write_text("b")
    (folder / "half.csv.partial").write_text("c")
    (folder / ".hidden.csv").write_text("d")
    assert [path.name for path in watch.waiting()] == ["new.csv"]
    watch._look()
    assert asked == []
    (folder / "new.csv").write_text("bb")  # it grows
    watch._look()
    assert asked == []
    watch._look()
    assert asked == [["new.csv"]]
    assert watch.last == "3 new reviews from 1 file"
    assert changed == [True]

    code = 3
    (folder / "new.csv").unlink()
    (folder / "bad.csv").write_text("x")
    for _ in range(5):
        watch._look()
    assert asked[1:] == [["bad.csv"]]  # not again and again
    assert watch.last == "failed"
    (folder / "bad.csv").write_text("mended")
    for _ in range(3):
        watch._look()
    assert asked[2:] == [["bad.csv"]]


def test_what_was_killed_is_tried_again_and_what_others_did_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_record(tmp_path / "job.json", {"inputs": []})
    (tmp_path / "incoming").mkdir()
    codes, changed = [-9, 7, 0], []

    def run(words: list[str], **options: Any) -> "subprocess.CompletedProcess[str]":
        return subprocess.CompletedProcess(words, codes.pop(0), "", "")

    monkeypatch.setattr(subprocess, "run", run)
    watch = FolderWatch(tmp_path / "incoming", tmp_path, None, lambda: changed.append(True))
    (tmp_path / "incoming" / "new.csv").write_text("b")
    for left in (3, 2, 1):
        watch._look()
        assert (len(codes), changed) == (left, [])
    watch._look()
    assert (codes, changed) == ([], [True])
    write_record(tmp_path / "job.json", {"inputs": [str(tmp_path / "incoming" / "new.csv")]})
    watch._look()
    watch._look()
    assert changed == [True, True]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="is no folder"):
        FolderWatch(tmp_path / "none", tmp_path, None, lambda: None)
