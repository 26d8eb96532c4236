"""A small file that decompresses to a huge one: prepared in memory that does not grow with it."""

import gzip
import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from reviewdesk.settings import PrepareSettings

from .corpus import prepared, review, write_lines

MEBIBYTE = 1024 * 1024


@pytest.mark.slow
def test_a_gzip_bomb_is_a_reject_in_bounded_memory(tmp_path: Path) -> None:
    first = write_lines(tmp_path / "first.jsonl.gz", [review(1)])
    last = write_lines(tmp_path / "last.jsonl.gz", ["", review(2)])
    path = tmp_path / "bomb.jsonl.gz"
    line = gzip.compress(bytes(16 * MEBIBYTE)) * 40  # 640 MiB
    path.write_bytes(first.read_bytes() + line + last.read_bytes())
    assert path.stat().st_size < MEBIBYTE
    command = [sys.executable, "-m", "tests.prepare.test_bomb", str(path), str(tmp_path / "data")]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = json.loads(said)
    assert found["rows"] == 2
    assert found["rejected"] == {"too_long": 1}
    assert found["grown"] < 400 * MEBIBYTE


def peak() -> int:
    """Return the most memory this process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Prepare a file, in a process of its own, and say what came of it."""
    path, out = sys.argv[1:]
    before = peak()
    data = prepared(Path(out), Path(path), settings=PrepareSettings(max_rejects=1))
    found = {"rows": data.rows, "rejected": data.manifest["rejected"], "grown": peak() - before}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
