import io
import tarfile
from collections.abc import Iterator

import pytest

from reviewdesk.sources.tar import MAX_NAME, DamagedTar, first_names, is_tar, tar_files


def archive(
    *members: tarfile.TarInfo, data: bytes = b"x" * 700, form: int = tarfile.PAX_FORMAT
) -> bytes:
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w", format=form) as tar:
        for member in members:
            member.size = len(data) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(data) if member.isreg() else None)
    return found.getvalue()


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def names(data: bytes, max_bytes: int = 10_000, size: int = 1000) -> list[tuple[str, int]]:
    found = tar_files(pieces(data, size), lambda name: name.startswith("good"), max_bytes)
    return [(name, len(text)) for name, text in found]


def of_type(name: str, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = "/etc/passwd"
    return member


@pytest.mark.parametrize("size", [1, 7, 512, 513, 10_000])
def test_wanted_plain_files_are_yielded(size: int) -> None:
    data = archive(
        tarfile.TarInfo("good1"),
        tarfile.TarInfo("other"),
        of_type("good2", tarfile.SYMTYPE),
        of_type("good3", tarfile.LNKTYPE),
        of_type("good4", tarfile.CHRTYPE),
        of_type("good5", tarfile.DIRTYPE),
        tarfile.TarInfo("good6"),
    )
    assert names(data, size=size) == [("good1", 700), ("good6", 700)]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_paths_in_every_dialect(form: int) -> None:
    long = "good/" + "a" * 90 + "/" + "b" * 90
    data = archive(tarfile.TarInfo(long), tarfile.TarInfo("good2"), form=form)
    assert names(data) == [(long, 700), ("good2", 700)]


def test_names_that_are_not_ascii() -> None:
    assert names(archive(tarfile.TarInfo("good/é😀"))) == [("good/é😀", 700)]


def test_a_record_of_endless_name_is_not_kept() -> None:
    member = of_type("x", tarfile.GNUTYPE_LONGNAME)
    member.size = 97_657 * 512
    data = member.tobuf() + b"good" + b"y" * (97_657 * 512 - 4) + archive(tarfile.TarInfo("z"))
    ((name, _),) = names(data, size=1_000_000)
    assert len(name) == MAX_NAME


def test_a_huge_file_is_skipped_over_after_its_first_part() -> None:
    data = archive(tarfile.TarInfo("good1"), tarfile.TarInfo("good2"), data=b"x" * 100_000)
    assert names(data, max_bytes=10) == [("good1", 11), ("good2", 11)]


def test_the_empty_blocks_at_the_end_may_be_missing() -> None:
    assert names(archive(tarfile.TarInfo("good"))[: 512 + 1024]) == [("good", 700)]


@pytest.mark.parametrize("end", [511, 512, 600, 1024])
def test_an_archive_that_ends_early_is_damaged(end: int) -> None:
    with pytest.raises(DamagedTar):
        names(archive(tarfile.TarInfo("good"))[:end])


@pytest.mark.parametrize("place", [0, 124, 130, 148])
def test_a_broken_header_is_damage(place: int) -> None:
    data = bytearray(archive(tarfile.TarInfo("good")))
    data[place] = ord("9")
    with pytest.raises(DamagedTar, match="header"):
        names(bytes(data))


def test_a_size_that_lies_is_damage_not_memory() -> None:
    member = tarfile.TarInfo("good")
    member.size = 8**11 - 1
    with pytest.raises(DamagedTar, match="ends early"):
        names(member.tobuf() + bytes(2048))


def test_an_empty_file_is_a_file() -> None:
    assert names(archive(tarfile.TarInfo("good"), data=b"")) == [("good", 0)]


def test_first_names() -> None:
    data = archive(tarfile.TarInfo("a"), of_type("b", tarfile.DIRTYPE), tarfile.TarInfo("c"))
    assert is_tar(data)
    assert list(first_names(data)) == ["a", "c"]
    assert list(first_names(data[:600])) == ["a"]
    assert not is_tar(b"PAR1")
    assert list(first_names(b"")) == []
