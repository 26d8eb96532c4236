"""Huge lines, also in small files: prepared in memory that does not grow with them."""

import gzip
import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import TooManyRejects
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.sources.rejects import KEPT_OF_TOO_LONG

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
    found = in_a_process(path, tmp_path / "data")
    assert found["rows"] == 2
    assert found["rejected"] == {"too_long": 1}
    assert found["grown"] < 400 * MEBIBYTE


def test_a_line_of_100_megabytes_is_one_reject_and_one_sentence(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [review(number) for number in range(40)])
    with path.open("ab") as file:
        file.write(b'{"review_id": "long", "review_body": "')
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n')
        file.write("".join(f"{json.dumps(review(n))}\n" for n in range(40, 80)).encode())
    found = in_a_process(path, tmp_path / "data")
    assert found["rows"] == 80
    assert found["rejected"] == {"too_long": 1}
    assert found["grown"] < 300 * MEBIBYTE
    assert found["said"].startswith("1 of 81 rows could not be read (1 too_long), more than 0.01")
    kept = pq.read_table(tmp_path / "data" / "rejects.parquet").to_pylist()
    assert [(one["line"], len(one["raw"])) for one in kept] == [(41, KEPT_OF_TOO_LONG)]


def in_a_process(path: Path, out: Path) -> dict[str, Any]:
    """Prepare a file in a process of its own, and return what ``main`` says."""
    command = [sys.executable, "-m", "tests.prepare.test_bomb", str(path), str(out)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(said)
    return found


def peak() -> int:
    """Return the most memory this process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Prepare a file, in a process of its own, and say what came of it."""
    path, out = sys.argv[1:]
    before = peak()
    said = ""
    try:
        prepared(Path(out), Path(path))
    except TooManyRejects as error:
        said = str(error)
    data, grown = PreparedData.open(out), peak() - before
    found = {"rows": data.rows, "rejected": data.manifest["rejected"], "grown": grown, "said": said}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
