import subprocess
import sys
from pathlib import Path

import pytest

from reviewdesk.errors import StorageError
from reviewdesk.prepare.lock import locked

HOLD = """
import sys, time
from pathlib import Path
from reviewdesk.prepare.lock import locked
with locked(Path(sys.argv[1]), "the folder"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_holder_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        locked(path, "the folder x"),
        pytest.raises(StorageError, match="another process is writing the folder x"),
        locked(path, "the folder x"),
    ):
        pass
    assert not path.exists()


def test_it_can_be_taken_again(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path / "lock", "it"):
            assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_it_is_given_back_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError), locked(tmp_path / "lock", "it"):
        raise ValueError
    with locked(tmp_path / "lock", "it"):
        pass


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StorageError), locked(path, "it"):
            pass
        holder.kill()
        holder.wait()
    assert path.exists()
    with locked(path, "it"):
        pass
    assert not path.exists()


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot use"), locked(tmp_path / "file" / "lock", "it"):
        pass
