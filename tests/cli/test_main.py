"""The manual, the errors and the exit codes."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from reviewdesk import __version__
from reviewdesk.cli.commands import COMMANDS, GROUPS

from .conftest import Cli


def test_help_lists_the_commands_in_the_order_a_user_needs_them(cli: Cli) -> None:
    text = cli("--help").out
    shown = dict.fromkeys(name.partition(" ")[0] for name in COMMANDS)
    places = [re.search(rf"│ {name} +\S", text) for name in shown]
    assert all(places)
    starts = [place.start() for place in places if place]
    assert starts == sorted(starts)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_with_an_example(cli: Cli, name: str) -> None:
    result = cli(*name.split(), "--help")
    assert result.code == 0
    assert "Example:" in result.out
    assert f"reviewdesk {name}" in result.out


def test_a_group_lists_its_commands_in_order(cli: Cli) -> None:
    for group in GROUPS:
        text = cli(*group.split(), "--help").out
        below = [name for name in COMMANDS if name.startswith(f"{group} ")]
        behind = [name.removeprefix(f"{group} ") for name in below]
        named = dict.fromkeys(name.split()[0] for name in behind)  # a group in it is shown once
        starts = [text.index(f"│ {name} ") for name in named]
        assert starts == sorted(starts)
        assert named
    assert "Did you mean 'review-category'" in cli("find", "review-categry", "x", "--out", "y").err


def test_the_version(cli: Cli) -> None:
    assert cli("--version").out.strip() == f"reviewdesk {__version__}"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["prepar"], 2, "Did you mean 'prepare'"),
        (["prepare", "x.csv"], 2, "--out"),
        (["prepare", "x.csv", "--out", "o", "--map", "comment"], 2, "COLUMN=COLUMN"),
        (["prepare", "x.csv", "--out", "o", "--max-rejects", "2"], 2, "max_rejects"),
        (["prepare", "no-such-file.csv", "--out", "o"], 7, "no-such-file.csv"),
        (["train", "no-such-folder", "--out", "b"], 7, "no-such-folder"),
        (["evaluate", "no-such-bundle", "p"], 7, "no-such-bundle"),
        (["serve", "bundle"], 2, "NAME=BUNDLE"),
        (["show", "no-such-thing"], 7, "no-such-thing does not exist"),
        (["show", "."], 3, "not something that reviewdesk made"),
    ],
)
def test_a_mistake_is_one_sentence_and_an_exit_code(
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = cli(*words)
    assert (result.code, result.out) == (code, "")
    assert result.err.startswith("reviewdesk: ")
    assert result.err.count("\n") == 1
    assert said in result.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["prepare", "\udcff.csv", "--out", "o"], 2, "word 2 of the command is not valid UTF-8"),
        (["prepare", "x.csv", "--out", "\udcff"], 2, "word 4 of the command is not valid UTF-8"),
        (["show", "no\nsuch \x1b[31mthing"], 7, r"no\nsuch \x1b[31mthing does not exist"),
        (["show", "\u202egnp.名"], 7, r"\u202egnp.名 does not exist"),
    ],
)
def test_odd_names_cannot_break_the_sentence_or_the_terminal(
    cli: Cli, words: list[str], code: int, said: str
) -> None:
    result = cli(*words)
    assert (result.code, result.out) == (code, "")
    assert said in result.err
    assert result.err.count("\n") == 1


def test_too_little_memory_is_one_sentence(cli: Cli, tmp_path: Path) -> None:
    result = cli("demo-data", "--reviews", "99999999999999", "--out", tmp_path / "r.tsv")
    assert (result.code, result.err.count("\n")) == (1, 1)
    assert "memory" in result.err
    assert "internal error" not in result.err


def test_a_traceback_only_with_debug(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "reviewdesk", "show", str(tmp_path / "none")]
    plain = subprocess.run(words, capture_output=True, text=True, check=False)
    debug = subprocess.run([*words, "--debug"], capture_output=True, text=True, check=False)
    assert (plain.returncode, plain.stderr.count("\n")) == (7, 1)
    assert "Traceback" in debug.stderr


def test_a_reader_who_stops_reading_is_no_error() -> None:
    done = subprocess.run(
        f"set -o pipefail; {sys.executable} -m reviewdesk doctor --json | head -n 1",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "{"
    assert "Traceback" not in done.stderr


def test_doctor_names_every_declared_package(cli: Cli) -> None:
    packages = {one["name"]: one for one in cli("doctor", "--json").json()["packages"]}
    assert packages["pyarrow"]["for"] == "core"
    assert packages["ruff"]["for"] == "dev"
    assert all(
        one["version"] or one["install"].startswith("pip install") for one in packages.values()
    )
    assert "pyarrow" in cli("doctor").out
