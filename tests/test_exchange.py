"""A directory in the place of another, killed before every step of it."""

import ctypes
import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from reviewdesk import exchange
from reviewdesk.errors import StorageError
from reviewdesk.exchange import finish_replacement, replace_directory

from .endless import FILES
from .killing import Killer


def made(folder: Path, name: str, content: str) -> Path:
    (folder / name / "deep").mkdir(parents=True)
    for number in range(3):
        (folder / name / "deep" / f"{number}").write_text(content)
    return folder / name


def content(folder: Path) -> set[str]:
    return {path.read_text() for path in (folder / "deep").iterdir()}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(params=["at once", "steps"])
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "steps":
        monkeypatch.setattr(exchange, "exchange", lambda *_: False)
    return str(request.param)


def test_a_finished_directory_takes_the_place_of_the_old_one(tmp_path: Path, how: str) -> None:
    final = made(tmp_path, "final", "old")
    replace_directory(made(tmp_path, "aside", "new"), final)
    assert content(final) == {"new"}
    assert names(tmp_path) == ["final"], how


def test_nothing_was_there_before(tmp_path: Path, how: str) -> None:
    replace_directory(made(tmp_path, "aside", "new"), tmp_path / "final")
    assert content(tmp_path / "final") == {"new"}
    assert names(tmp_path) == ["final"], how


@pytest.mark.parametrize("mode", ["at once", "steps"])
def test_killed_before_every_step(tmp_path: Path, mode: str) -> None:
    seen = set()
    with Killer("tests.replacing:replace") as killer:
        step, killed = 0, True
        while killed:
            step += 1
            folder = tmp_path / str(step)
            final = made(folder, "final", "old")
            made(folder, "aside", "new")
            killed = killer.kill(folder, step, mode)
            if mode == "at once":
                assert content(final) in ({"old"}, {"new"})  # before any other command
            finish_replacement(final)
            (found,) = content(final)
            seen.add(found)
            assert names(folder) in (["aside", "final"], [".final.new", "final"], ["final"])
            replace_directory(made(folder, "next", "next"), final)
            assert content(final) == {"next"}
            assert names(folder) in (["aside", "final"], ["final"])
            shutil.rmtree(folder)
    assert seen == {"old", "new"}
    assert step > 3


def kill_at_random(folder: Path, mode: str, kills: int) -> None:
    """Kill a process that does nothing but replace a directory, and look at what is there."""
    final = folder / "final"
    final.mkdir()
    for name in range(FILES):
        (final / str(name)).write_text("first")
    seen = set()
    random = Random(kills)
    command = [sys.executable, "-m", "tests.endless", str(folder), mode]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin
        assert process.stdout
        for _ in range(kills):
            process.stdin.write(f"{random.uniform(0.002, 0.1)}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "killed\n"
            if mode == "steps":
                finish_replacement(final)
            texts = [path.read_text() for path in final.iterdir()]
            assert len(texts) == FILES
            assert len(set(texts)) == 1, "half of one and half of another"
            seen.add(texts[0])
            assert not set(names(folder)) - {"final", "aside", ".final.new", ".final.old"}
        process.stdin.close()
    assert len(seen) > 1  # it was at work


@pytest.mark.parametrize("mode", ["at once", "steps"])
def test_killed_at_random_moments(tmp_path: Path, mode: str) -> None:
    kill_at_random(tmp_path, mode, 12)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["at once", "steps"])
def test_killed_at_many_random_moments(tmp_path: Path, mode: str) -> None:
    kill_at_random(tmp_path, mode, 80)


def test_another_command_may_finish_what_a_process_is_about_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "exchange", lambda *_: False)
    final = made(tmp_path, "final", "old")
    rename = Path.rename

    def renamed(path: Path, target: Path) -> Path:
        rename(path, target)
        if path == final:
            finish_replacement(final)
        return target

    monkeypatch.setattr(Path, "rename", renamed)
    replace_directory(made(tmp_path, "aside", "new"), final)
    assert content(final) == {"new"}


def test_a_system_that_cannot_exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    final, aside = made(tmp_path, "final", "old"), made(tmp_path, "aside", "new")
    monkeypatch.setattr(exchange, "_renameat2", lambda: None)
    assert not exchange.exchange(aside, final)
    replace_directory(aside, final)
    assert content(final) == {"new"}


def test_an_exchange_that_fails_is_one_sentence(tmp_path: Path) -> None:
    final = made(tmp_path, "final", "old")
    with pytest.raises(StorageError, match=r"final does not exist|aside"):
        replace_directory(tmp_path / "aside", final)
    assert content(final) == {"old"}


@pytest.mark.skipif(os.name != "posix", reason="errors of a system call")
def test_errors_that_mean_it_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "_renameat2", lambda: lambda *_: -1)
    for code, cannot in ((errno.EINVAL, True), (errno.ENOSYS, True), (errno.EACCES, False)):
        monkeypatch.setattr(ctypes, "get_errno", lambda code=code: code)
        if cannot:
            assert not exchange.exchange(tmp_path, tmp_path)
        else:
            with pytest.raises(PermissionError):
                exchange.exchange(tmp_path, tmp_path)
