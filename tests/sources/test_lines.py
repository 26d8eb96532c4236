import gzip
import tracemalloc
from pathlib import Path

import pytest

from reviewdesk.sources.base import Tally
from reviewdesk.sources.files import SourceFile
from reviewdesk.sources.lines import LineBlock, line_blocks, raw_line_blocks
from reviewdesk.sources.rejects import KEPT_OF_TOO_LONG


def blocks(
    path: Path, data: bytes, *, block: int = 1, max_line: int = 1_000
) -> tuple[list[LineBlock], Tally]:
    path.write_bytes(data)
    tally = Tally(path.name)
    file = SourceFile(str(path), path.name, len(data))
    return list(raw_line_blocks(file, tally, block=block, max_line=max_line)), tally


def test_lines_keep_their_numbers(tmp_path: Path) -> None:
    data = b"".join(b"line %d\n" % number for number in range(1, 300_001))
    found, tally = blocks(tmp_path / "x", data)
    assert len(found) > 2
    assert b"".join(block.data for block in found) == data
    for block in found:
        assert block.data.startswith(b"line %d\n" % block.first_line)
        assert block.data.endswith(b"\n")
    assert tally.bytes_read == len(data)
    assert len(tally.rejects) == 0


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\n", [b"\n"]),
        (b"a", [b"a\n"]),
        (b"a\nb", [b"a\n", b"b\n"]),
        (b"a\n\nb\n", [b"a\n\nb\n"]),
        (b"\xef\xbb\xbfa\n", [b"a\n"]),
        (b"\xef\xbb\xbfa", [b"a\n"]),
        (b"\xef\xbb\xbf", []),
        (b"a\n\xef\xbb\xbfb\n", [b"a\n\xef\xbb\xbfb\n"]),
        (b"a\rb\x85c\x0bd\xe2\x80\xa8e\n", [b"a\rb\x85c\x0bd\xe2\x80\xa8e\n"]),
    ],
)
def test_only_newlines_end_lines(tmp_path: Path, data: bytes, expected: list[bytes]) -> None:
    found, _ = blocks(tmp_path / "x", data)
    assert [block.data for block in found] == expected


def test_a_line_over_the_limit_is_rejected_and_reading_goes_on(tmp_path: Path) -> None:
    data = b"first\n" + b"x" * 5_000_000 + b"\nthird\n" + b"y" * 3_000_000
    found, tally = blocks(tmp_path / "x", data, max_line=2_000_000)
    text = b"".join(block.data for block in found)
    assert text == b"first\nthird\n"
    assert found[-1].first_line == 3
    rejects = tally.rejects.take().to_pylist()
    assert [(one["line"], one["reason"]) for one in rejects] == [(2, "too_long"), (4, "too_long")]
    assert rejects[0]["raw"] == b"x" * KEPT_OF_TOO_LONG


def test_memory_is_bounded_whatever_the_line(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"a\n" + b"x" * 200_000_000 + b"\nb\n", 1))
    tally = Tally("x")
    file = SourceFile(str(path), "x", path.stat().st_size)
    tracemalloc.start()
    found = [block.data for block in line_blocks(file, tally, max_line=8_000_000)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == [b"a\n", b"b\n"]
    assert peak < 80_000_000


def test_the_part_of_a_line_before_a_cut_is_kept(tmp_path: Path) -> None:
    packed = gzip.compress(b"one\ntwo\nthr")
    found, tally = blocks(tmp_path / "x", packed[:-8])
    assert [block.data for block in found] == [b"one\ntwo\n"]
    assert tally.rejects.take().to_pylist() == [
        {"file": "x", "line": 3, "reason": "truncated", "raw": b"thr"}
    ]
    assert tally.notes == [
        "x is damaged or cut off at line 3: everything before was read, what follows is lost; "
        "get the file again"
    ]
