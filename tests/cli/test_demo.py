"""`reviewdesk demo` as somebody gives it who has the package alone, in a folder of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reviewdesk.cli.commands import COMMANDS
from reviewdesk.cli.demo import steps

ROOT = Path(__file__).parents[2]


def test_the_demonstration_gives_commands_that_there_are() -> None:
    for words in steps(Path("demo"), 500, 0):
        assert words[0] in COMMANDS or " ".join(words[:2]) in COMMANDS


def test_a_step_that_fails_ends_the_demonstration_with_its_code(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("a file where the folder should be")
    done = subprocess.run(
        [sys.executable, "-m", "reviewdesk", "demo", "--reviews", "500"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 7
    assert done.stderr.count("\n$ ") == 1


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_wheel_and_a_source_archive_run_the_demonstration_alone(tmp_path: Path) -> None:
    subprocess.run(["make", "wheel", f"DIST={tmp_path}/dist"], cwd=ROOT, check=True)
    for archive in (*tmp_path.glob("dist/*.whl"), *tmp_path.glob("dist/*.tar.gz")):
        environment = tmp_path / f"environment-{archive.suffix[1:]}"
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        constraints = ROOT / "constraints.txt"
        subprocess.run(
            [environment / "bin/pip", "install", "--quiet", "-c", constraints, archive], check=True
        )
        folder = tmp_path / f"folder-{archive.suffix[1:]}"
        folder.mkdir()
        done = subprocess.run(
            [environment / "bin/reviewdesk", "demo", "--reviews", "3000"],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "desk demo/job" in done.stdout
        assert (folder / "demo/job/report.html").is_file()
        assert (folder / "demo/map.html").is_file()
