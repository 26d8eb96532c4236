"""Locks on files, and what is said where there are none."""

import subprocess
import sys
from pathlib import Path

from reviewdesk.file_lock import lock, lock_at_once, unlock


def test_one_holds_it_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with path.open("w") as mine, path.open("w") as other:
        lock(mine.fileno())
        assert not lock_at_once(other.fileno())
        unlock(mine.fileno())
        assert lock_at_once(other.fileno())


def test_another_platform_is_one_sentence() -> None:
    code = (
        "import sys; sys.modules['fcntl'] = None\n"
        "try: import reviewdesk.storage\n"
        "except ImportError as error: print(error)\n"
        "from reviewdesk.cli.main import main\n"
        "sys.argv = ['reviewdesk', 'show', 'bundle']\n"
        "main(sys.argv[1:])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 6
    assert done.stdout.startswith("reviewdesk runs on Linux and macOS; on Windows")
    assert done.stderr.startswith("reviewdesk: reviewdesk runs on Linux and macOS")
