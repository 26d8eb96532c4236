import os
import subprocess
import sys
from pathlib import Path

import pytest

from reviewdesk.text.compiled import cache_directory

INNER = """
from reviewdesk.text.compiled import compiled

@compiled
def inner(x):
    return x + {number}
"""
OUTER = """
from inner import inner
from reviewdesk.text.compiled import compiled

@compiled
def outer(x):
    return inner(x) * 2

print(outer(1), sum(outer.stats.cache_hits.values()))
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "reviewdesk" / "kernels"


def test_the_directory_is_the_users_alone(cache: Path) -> None:
    assert cache_directory() == cache
    assert cache.stat().st_mode & 0o777 == 0o700
    assert cache_directory() == cache


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o777])
def test_a_directory_open_to_others_is_not_used(cache: Path, mode: int) -> None:
    cache.mkdir(parents=True)
    cache.chmod(mode)
    assert cache_directory() is None


def test_a_directory_that_others_can_replace_is_not_used(cache: Path) -> None:
    assert cache_directory() == cache
    cache.parent.chmod(0o777)
    assert cache_directory() is None
    cache.parent.chmod(0o1777)  # as /tmp is: only the owner can rename what lies there
    assert cache_directory() == cache


def test_a_link_is_not_used(cache: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    cache.parent.mkdir(parents=True)
    cache.symlink_to(elsewhere)
    assert cache_directory() is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory to another user")
def test_another_users_directory_is_not_used(cache: Path) -> None:
    assert cache_directory() == cache
    os.chown(cache, 65534, 65534)
    assert cache_directory() is None


def test_a_file_in_the_way_is_no_error(cache: Path) -> None:
    cache.parent.mkdir(parents=True)
    cache.touch()
    assert cache_directory() is None


def test_a_relative_address_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_directory() == tmp_path / ".cache" / "reviewdesk" / "kernels"


@pytest.fixture
def kernels(tmp_path: Path, cache: Path) -> Path:
    code = tmp_path / "code"
    code.mkdir()
    (code / "inner.py").write_text(INNER.format(number=1))
    (code / "outer.py").write_text(OUTER)
    return code


def run(kernels: Path) -> tuple[int, bool]:
    """Return what the outer kernel computed, and whether it came from the cache."""
    command = [sys.executable, "-B", "outer.py"]
    output = subprocess.run(command, cwd=kernels, check=True, capture_output=True, text=True)
    result, hits = output.stdout.split()
    return int(result), hits == "1"


def test_code_is_kept_outside_of_the_source_tree(kernels: Path, cache: Path) -> None:
    assert run(kernels) == (4, False)
    assert run(kernels) == (4, True)
    assert sorted(path.name for path in kernels.iterdir()) == ["inner.py", "outer.py"]
    assert list(cache.rglob("outer.outer-*.nbc"))


def test_a_change_in_a_called_kernel_is_seen(kernels: Path) -> None:
    run(kernels)
    (kernels / "inner.py").write_text(INNER.format(number=2))
    assert run(kernels) == (6, False)


def test_damaged_code_is_compiled_anew(kernels: Path, cache: Path) -> None:
    run(kernels)
    for file in cache.rglob("*.nb?"):
        file.write_bytes(b"damaged")
    assert run(kernels) == (4, False)
    assert run(kernels) == (4, True)


def test_an_installation_that_cannot_be_written_is_no_problem(kernels: Path, cache: Path) -> None:
    for path in (*kernels.iterdir(), kernels):
        path.chmod(0o555)
    assert run(kernels) == (4, False)
    assert run(kernels) == (4, True)
    kernels.chmod(0o755)


def test_a_home_that_cannot_be_written_costs_time_only(
    kernels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nothing-can-be-made-here")
    assert cache_directory() is None
    assert run(kernels) == (4, False)
    assert run(kernels) == (4, False)


TELLING = """
from reviewdesk.progress import listen
listen(lambda sentence: print("told:", sentence))
import outer
"""


def told(kernels: Path) -> list[str]:
    """Return what a process says to a listener while it runs the kernels."""
    command = [sys.executable, "-B", "-c", TELLING]
    output = subprocess.run(command, cwd=kernels, check=True, capture_output=True, text=True)
    return [line for line in output.stdout.splitlines() if line.startswith("told:")]


def test_compiling_is_said_once_and_only_where_it_is_done(kernels: Path, cache: Path) -> None:
    (sentence,) = told(kernels)
    assert "once per machine" in sentence
    assert told(kernels) == []
    cache.chmod(0o755)
    (sentence,) = told(kernels)
    assert "each process" in sentence


def test_without_a_safe_directory_kernels_still_run(kernels: Path, cache: Path) -> None:
    cache.mkdir(parents=True)
    cache.chmod(0o755)
    assert run(kernels) == (4, False)
    assert list(cache.iterdir()) == []
