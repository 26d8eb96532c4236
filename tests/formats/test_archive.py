import gzip
import io
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from reviewdesk.errors import BundleError, StorageError
from reviewdesk.formats.archive import MAX_HEADER_BYTES, safe_name, unpack_archive, write_archive

Fill = Callable[[tarfile.TarFile], None]


def tar_gz(path: Path, fill: Fill, form: int = tarfile.PAX_FORMAT) -> Path:
    with tarfile.open(path, "w:gz", format=form) as tar:
        fill(tar)
    return path


def add(
    tar: tarfile.TarFile, name: str, content: bytes = b"x", kind: bytes = tarfile.REGTYPE
) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.type = kind
    if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
        member.linkname = "/etc/passwd"
        member.size = 0
    tar.addfile(member, io.BytesIO(content))


def make_directory(path: Path) -> Path:
    (path / "deep").mkdir(parents=True)
    (path / "b.txt").write_bytes(b"second")
    (path / "a.txt").write_bytes(b"first")
    (path / "deep" / "c.bin").write_bytes(bytes(range(256)) * 5000)
    (path / "empty").write_bytes(b"")
    return path


def contents(path: Path) -> dict[str, bytes]:
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in path.rglob("*") if p.is_file()}


def test_what_is_written_is_unpacked(tmp_path: Path) -> None:
    source = make_directory(tmp_path / "source")
    write_archive(source, tmp_path / "a.tar.gz")
    unpack_archive(tmp_path / "a.tar.gz", tmp_path / "out")
    assert contents(tmp_path / "out") == contents(source)


def test_unpacked_files_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    write_archive(make_directory(tmp_path / "source"), tmp_path / "a.tar.gz")
    unpack_archive(tmp_path / "a.tar.gz", tmp_path / "out")
    for path in (tmp_path / "out", *(tmp_path / "out").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_bytes_depend_on_names_and_contents_only(tmp_path: Path) -> None:
    first = make_directory(tmp_path / "first")
    second = make_directory(tmp_path / "second")
    (second / "a.txt").touch()
    (second / "b.txt").chmod(0o400)
    write_archive(first, tmp_path / "1.tar.gz")
    write_archive(second, tmp_path / "other-name.tar.gz")
    assert (tmp_path / "1.tar.gz").read_bytes() == (tmp_path / "other-name.tar.gz").read_bytes()
    (second / "a.txt").write_bytes(b"third")
    write_archive(second, tmp_path / "2.tar.gz")
    assert (tmp_path / "1.tar.gz").read_bytes() != (tmp_path / "2.tar.gz").read_bytes()


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_archives_of_other_tools_are_read(tmp_path: Path, form: int) -> None:
    """What SageMaker makes of /opt/ml/model: a tar of the current directory."""
    source = make_directory(tmp_path / "source")
    tar_gz(tmp_path / "model.tar.gz", lambda tar: tar.add(source, arcname="."), form)
    unpack_archive(tmp_path / "model.tar.gz", tmp_path / "out")
    assert contents(tmp_path / "out") == contents(source)


@pytest.mark.parametrize(
    "name",
    [
        "../out.txt",
        "a/../../out.txt",
        "/tmp/out.txt",
        "..",
        "a\\b",
        "C:out",
        "a\0b",
        "a\nb",
        "a" * 300,
        "\udcff",
    ],
)
def test_unsafe_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BundleError, match="outside its own directory"):
        safe_name(name)


@pytest.mark.parametrize("name", ["../out.txt", "/tmp/reviewdesk-out.txt", "a/../../out.txt"])
def test_a_path_escape_writes_nothing(tmp_path: Path, name: str) -> None:
    archive = tar_gz(tmp_path / "a.tar.gz", lambda tar: add(tar, name))
    with pytest.raises(BundleError, match="outside its own directory"):
        unpack_archive(archive, tmp_path / "out")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.tar.gz", "out"]
    assert not Path("/tmp/reviewdesk-out.txt").exists()


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"V"],
)
def test_anything_but_a_plain_file_is_refused(tmp_path: Path, kind: bytes) -> None:
    archive = tar_gz(tmp_path / "a.tar.gz", lambda tar: add(tar, "link", b"", kind))
    with pytest.raises(BundleError, match="not a plain file"):
        unpack_archive(archive, tmp_path / "out")
    assert not any((tmp_path / "out").iterdir())


def test_a_file_beyond_a_link_is_refused(tmp_path: Path) -> None:
    def fill(tar: tarfile.TarFile) -> None:
        add(tar, "here", kind=tarfile.SYMTYPE)
        add(tar, "here/out.txt")

    with pytest.raises(BundleError, match="not a plain file"):
        unpack_archive(tar_gz(tmp_path / "a.tar.gz", fill), tmp_path / "out")


@pytest.mark.parametrize("second", ["a", "./a", "A"])
def test_the_same_name_twice_is_refused(tmp_path: Path, second: str) -> None:
    def fill(tar: tarfile.TarFile) -> None:
        add(tar, "a", b"good")
        add(tar, second, b"evil")

    with pytest.raises(BundleError, match="same name twice"):
        unpack_archive(tar_gz(tmp_path / "a.tar.gz", fill), tmp_path / "out")


def test_a_file_that_is_also_a_directory_is_refused(tmp_path: Path) -> None:
    def fill(tar: tarfile.TarFile) -> None:
        add(tar, "a")
        add(tar, "a/b")

    with pytest.raises(BundleError):
        unpack_archive(tar_gz(tmp_path / "a.tar.gz", fill), tmp_path / "out")


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    def fill(tar: tarfile.TarFile) -> None:
        for i in range(11):
            add(tar, f"{i}")

    archive = tar_gz(tmp_path / "a.tar.gz", fill)
    unpack_archive(archive, tmp_path / "enough", max_members=11)
    with pytest.raises(BundleError, match="more than 10 files"):
        unpack_archive(archive, tmp_path / "out", max_members=10)


def test_a_bomb_is_cut_off_while_it_unpacks(tmp_path: Path) -> None:
    archive = tar_gz(tmp_path / "a.tar.gz", lambda tar: add(tar, "zeros", bytes(30_000_000)))
    assert archive.stat().st_size < 100_000
    with pytest.raises(BundleError, match="more than 5,000,000 bytes"):
        unpack_archive(archive, tmp_path / "out", max_bytes=5_000_000)
    assert sum(len(data) for data in contents(tmp_path / "out").values()) <= 5_000_000


def test_a_bomb_behind_the_end_of_the_archive_is_cut_off(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.tar.gz", "wb") as file:
        file.write(bytes(1024) + bytes(20_000_000))
    with pytest.raises(BundleError, match="more than 5,000,000 bytes"):
        unpack_archive(tmp_path / "a.tar.gz", tmp_path / "out", max_bytes=5_000_000)


def test_a_huge_header_is_refused(tmp_path: Path) -> None:
    """A name may have a header of its own, and that header says how long it is."""

    def fill(tar: tarfile.TarFile) -> None:
        add(tar, "a" * (MAX_HEADER_BYTES + 20_000))

    archive = tar_gz(tmp_path / "a.tar.gz", fill, tarfile.GNU_FORMAT)
    with pytest.raises(BundleError, match="a header in it is too large"):
        unpack_archive(archive, tmp_path / "out")


def test_endless_headers_are_refused(tmp_path: Path) -> None:
    header = tarfile.TarInfo("x")
    header.type = tarfile.XHDTYPE
    header.size = 20
    block = header.tobuf() + b"20 comment=12345678\n".ljust(512, b"\0")
    with gzip.open(tmp_path / "a.tar.gz", "wb") as file:
        file.write(block * 5000)
    with pytest.raises(BundleError):
        unpack_archive(tmp_path / "a.tar.gz", tmp_path / "out")


def test_a_header_that_promises_more_than_there_is_is_refused(tmp_path: Path) -> None:
    member = tarfile.TarInfo("a")
    member.size = 1 << 40
    with gzip.open(tmp_path / "a.tar.gz", "wb") as file:
        file.write(member.tobuf(tarfile.GNU_FORMAT) + b"little")
    with pytest.raises(BundleError, match="not a whole"):
        unpack_archive(tmp_path / "a.tar.gz", tmp_path / "out")


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    write_archive(make_directory(tmp_path / "source"), tmp_path / "a.tar.gz")
    whole = (tmp_path / "a.tar.gz").read_bytes()
    for i, length in enumerate([0, 1, 9, 10, 50, len(whole) // 2, len(whole) - 9, len(whole) - 1]):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(BundleError, match=r"not a whole \.tar\.gz file"):
            unpack_archive(tmp_path / "cut", tmp_path / f"out{i}")


def test_every_flipped_byte_is_refused_or_harmless(tmp_path: Path) -> None:
    source = make_directory(tmp_path / "source")
    write_archive(source, tmp_path / "a.tar.gz")
    whole = (tmp_path / "a.tar.gz").read_bytes()
    for at in range(0, len(whole), 7):
        flipped = bytearray(whole)
        flipped[at] ^= 0x15
        (tmp_path / "flipped").write_bytes(flipped)
        out = tmp_path / f"out{at}"
        try:
            unpack_archive(tmp_path / "flipped", out)
        except BundleError:
            continue
        assert contents(out) == contents(source)  # only a byte of gzip's own header


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", bytes(2000), b"\x1f\x8b" * 50])
def test_garbage_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tar.gz").write_bytes(content)
    with pytest.raises(BundleError, match=r"not a whole \.tar\.gz file"):
        unpack_archive(tmp_path / "a.tar.gz", tmp_path / "out")


def test_gzipped_garbage_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(b"not a tar" * 1000))
    with pytest.raises(BundleError, match=r"not a whole \.tar\.gz file"):
        unpack_archive(tmp_path / "a.tar.gz", tmp_path / "out")


def test_nothing_is_unpacked_over_what_is_there(tmp_path: Path) -> None:
    write_archive(make_directory(tmp_path / "source"), tmp_path / "a.tar.gz")
    with pytest.raises(StorageError):
        unpack_archive(tmp_path / "a.tar.gz", tmp_path / "source")


def test_a_missing_archive_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="does not exist"):
        unpack_archive(tmp_path / "a.tar.gz", tmp_path / "out")
