import gzip
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from reviewdesk.errors import StorageError
from reviewdesk.sources.files import SourceFile
from reviewdesk.sources.stream import HEAD, MAX_PIECE, DamagedGzip, decompressed, head


@dataclass
class Counting:
    bytes_read: int = 0


def written(path: Path, data: bytes) -> SourceFile:
    path.write_bytes(data)
    return SourceFile(str(path), path.name, len(data))


def drain(file: SourceFile) -> tuple[bytes, bool]:
    """Return what can be read and whether the rest is damaged."""
    found = bytearray()
    try:
        for piece in decompressed(file):
            found += piece
    except DamagedGzip:
        return bytes(found), True
    return bytes(found), False


DATA = os.urandom(5_000).hex().encode() * 30


@pytest.mark.parametrize("cut", [1, 4, 8, 9, 100, 2_000])
def test_a_cut_gzip_yields_all_before_the_cut(tmp_path: Path, cut: int) -> None:
    packed = gzip.compress(DATA)
    found, damaged = drain(written(tmp_path / "x", packed[:-cut]))
    assert damaged
    assert DATA.startswith(found)
    expected = zlib.decompressobj(wbits=31).decompress(packed[:-cut])
    assert len(found) >= len(expected)
    if cut <= 8:  # only the checksum is missing
        assert found == DATA


def test_a_wrong_checksum_is_damage_but_loses_nothing(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(DATA))
    packed[-6] ^= 1
    assert drain(written(tmp_path / "x", bytes(packed))) == (DATA, True)


def test_rubbish_behind_a_gzip_is_damage_and_zeros_are_not(tmp_path: Path) -> None:
    packed = gzip.compress(DATA)
    assert drain(written(tmp_path / "zeros", packed + bytes(4096))) == (DATA, False)
    assert drain(written(tmp_path / "rubbish", packed + b"rubbish")) == (DATA, True)


def test_members_are_joined(tmp_path: Path) -> None:
    packed = gzip.compress(DATA) + gzip.compress(b"") + gzip.compress(b"end")
    assert drain(written(tmp_path / "x", packed)) == (DATA + b"end", False)


def test_a_bomb_is_decompressed_in_bounded_pieces(tmp_path: Path) -> None:
    file = written(tmp_path / "bomb", gzip.compress(bytes(64 * 1024 * 1024)))
    sizes = [len(piece) for piece in decompressed(file)]
    assert sum(sizes) == 64 * 1024 * 1024
    assert max(sizes) <= MAX_PIECE


def test_plain_bytes_come_as_they_are_and_are_counted(tmp_path: Path) -> None:
    counts = Counting()
    file = written(tmp_path / "x.gz", DATA)
    assert b"".join(decompressed(file, counts)) == DATA
    assert counts.bytes_read == len(DATA)


def test_head_is_short_and_forgives_damage(tmp_path: Path) -> None:
    lines = b"first line\n" + DATA
    assert head(written(tmp_path / "plain", lines)) == lines[:HEAD]
    assert head(written(tmp_path / "packed", gzip.compress(lines))) == lines[:HEAD]
    assert head(written(tmp_path / "cut", gzip.compress(b"abc")[:-3])) == b"abc"
    assert head(written(tmp_path / "nothing", gzip.compress(b"abc")[:5])) == b""
    assert head(written(tmp_path / "empty", b"")) == b""


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_an_unreadable_file_is_one_sentence(tmp_path: Path) -> None:
    file = written(tmp_path / "x", b"a")
    Path(file.place).chmod(0)
    with pytest.raises(StorageError, match="no permission for"):
        drain(file)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot use"):
        drain(SourceFile(str(tmp_path), "x", 0))
