"""Fetching from a server that cuts the connection, sends too little, too much, another file."""

import hashlib
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.sources.fetch import Fetched, fetch, size_of

from .web import Site, site

CONTENT = bytes(range(256)) * 5_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with site(CONTENT) as found:
        yield found


def fetched(web: Site, folder: Path, size: int | None = len(CONTENT)) -> Fetched:
    return fetch(f"{web.address}/deep/reviews.gz", folder, size=size, wait=0)


def ranges(web: Site) -> list[str | None]:
    return [wanted for method, wanted in web.asked if method == "GET"]


def test_a_file_and_its_digest(web: Site, tmp_path: Path) -> None:
    found = fetched(web, tmp_path / "d")
    assert found == Fetched(tmp_path / "d" / "reviews.gz", len(CONTENT), SHA256, already=False)
    assert found.path.read_bytes() == CONTENT
    record = tmp_path / "d" / "reviews.gz.sha256"
    assert record.read_text() == f"{SHA256}  reviews.gz\n"
    assert set((tmp_path / "d").iterdir()) == {found.path, record}
    assert stat.S_IMODE(found.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("size", [len(CONTENT), None])
def test_a_cut_connection_is_taken_up_where_it_broke(
    web: Site, tmp_path: Path, size: int | None
) -> None:
    web.cuts = [300_000, 0, 500_000]
    assert fetched(web, tmp_path, size).sha256 == SHA256
    assert ranges(web) == [None, "bytes=300000-", "bytes=300000-", "bytes=800000-"]


def test_the_next_run_takes_it_up_too(web: Site, tmp_path: Path) -> None:
    web.cuts = [300_000, 0, 0, 0, 0, 0]
    with pytest.raises(StorageError, match=r"300,000 of 1,280,000 bytes; the same command goes on"):
        fetched(web, tmp_path)
    assert not (tmp_path / "reviews.gz").exists()
    web.asked.clear()
    assert fetched(web, tmp_path).sha256 == SHA256
    assert ranges(web) == ["bytes=300000-"]


def test_a_server_without_ranges_sends_it_all_again(web: Site, tmp_path: Path) -> None:
    web.ranges = False
    web.cuts = [300_000, 200_000]
    assert fetched(web, tmp_path).sha256 == SHA256
    assert ranges(web) == [None, "bytes=300000-", "bytes=200000-"]


def test_another_file_under_the_same_address_is_not_mixed_in(web: Site, tmp_path: Path) -> None:
    web.cuts = [300_000, *[0] * 5]
    with pytest.raises(StorageError):
        fetched(web, tmp_path)
    web.content, web.etag = CONTENT[::-1], '"second"'
    assert fetched(web, tmp_path).path.read_bytes() == CONTENT[::-1]


def test_too_little(web: Site, tmp_path: Path) -> None:
    """The server says less than the file must have."""
    web.content = CONTENT[:-1]
    web.announced = len(CONTENT) - 1
    with pytest.raises(InputError, match=r"has 1,279,999 bytes and should have 1,280,000"):
        fetched(web, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_too_little_again_and_again(web: Site, tmp_path: Path) -> None:
    """The server says the right size, and never sends it."""
    web.ranges = False
    web.content = CONTENT[:1_000]
    web.announced = len(CONTENT)
    with pytest.raises(StorageError, match="ended 5 times with nothing new"):
        fetched(web, tmp_path)
    assert not (tmp_path / "reviews.gz").exists()


def test_too_much(web: Site, tmp_path: Path) -> None:
    web.content = CONTENT + b"more"
    web.announced = None
    with pytest.raises(InputError, match="sent more than the 1,280,000 bytes"):
        fetched(web, tmp_path)
    assert list(tmp_path.iterdir()) == []
    web.announced = len(web.content)
    with pytest.raises(InputError, match="should have"):
        fetched(web, tmp_path)


def test_nobody_says_a_size(web: Site, tmp_path: Path) -> None:
    web.announced = None
    assert size_of(f"{web.address}/reviews.gz") is None
    found = fetched(web, tmp_path, size=None)
    assert (found.sha256, found.checked) == (SHA256, False)


def test_a_finished_file_is_never_written_again(web: Site, tmp_path: Path) -> None:
    fetched(web, tmp_path)
    web.content = b"something else"
    web.asked.clear()
    assert fetched(web, tmp_path).already
    assert (tmp_path / "reviews.gz").read_bytes() == CONTENT
    assert web.asked == []
    (tmp_path / "reviews.gz").write_bytes(b"mine")
    (tmp_path / "reviews.gz.sha256").unlink()
    found = fetched(web, tmp_path)
    assert (found.already, found.sha256) == (True, hashlib.sha256(b"mine").hexdigest())


PAGES = (
    b"<!DOCTYPE html><title>Sign in</title>",
    b"\n <!doctype HTML public>",
    b"\xef\xbb\xbf<!-- 1 -->\r\n<HTML lang='en'>",
    b"<?xml version='1.0'?>\n<html xmlns='x'>",
    b"<head></head>",
)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_no_data(web: Site, tmp_path: Path, page: bytes) -> None:
    web.content, web.announced = page, len(page)
    with pytest.raises(InputError, match=r"is a web page and not the file reviews\.gz"):
        fetched(web, tmp_path, size=None)
    assert list(tmp_path.iterdir()) == []
    found = fetch(f"{web.address}/about.html", tmp_path, wait=0)
    assert found.path.read_bytes() == page


def test_data_that_begins_like_a_page(web: Site, tmp_path: Path) -> None:
    web.content = b"<header>,text\n5,<html> in a review\n"
    web.announced = len(web.content)
    assert fetched(web, tmp_path, size=None).path.read_bytes() == web.content


def test_a_file_that_is_not_what_was_fetched(web: Site, tmp_path: Path) -> None:
    path = fetched(web, tmp_path).path
    path.write_bytes(bytes([CONTENT[0] ^ 1]) + CONTENT[1:])
    with pytest.raises(InputError, match="is not the file that was fetched; delete it"):
        fetched(web, tmp_path)
    (tmp_path / "reviews.gz.sha256").unlink()
    path.write_bytes(PAGES[0])
    with pytest.raises(InputError, match="holds a web page; delete it"):
        fetched(web, tmp_path)


def test_killed_before_the_file_got_its_name(web: Site, tmp_path: Path) -> None:
    (tmp_path / ".reviews.gz.partial").write_bytes(CONTENT)
    assert fetched(web, tmp_path).sha256 == SHA256
    assert web.asked == []


def test_more_has_arrived_than_there_is(web: Site, tmp_path: Path) -> None:
    web.cuts = [300_000, *[0] * 5]
    with pytest.raises(StorageError):
        fetched(web, tmp_path)
    (tmp_path / ".reviews.gz.partial").write_bytes(bytes(len(CONTENT) + 5))
    assert fetched(web, tmp_path, None).sha256 == SHA256


def test_a_busy_server_is_asked_again(web: Site, tmp_path: Path) -> None:
    web.codes = [503, 429]
    assert fetched(web, tmp_path).sha256 == SHA256


@pytest.mark.parametrize("code", [403, 404, 410])
def test_a_file_that_is_not_there(web: Site, tmp_path: Path, code: int) -> None:
    web.codes = [code, code]
    with pytest.raises(InputError, match=f"the server says {code}"):
        fetched(web, tmp_path)
    with pytest.raises(InputError, match=f"the server says {code}"):
        size_of(f"{web.address}/reviews.gz")
    assert list(tmp_path.iterdir()) == []


def test_the_size_that_a_server_says(web: Site) -> None:
    assert size_of(f"{web.address}/reviews.gz") == len(CONTENT)
    web.codes = [405]
    assert size_of(f"{web.address}/reviews.gz") is None


@pytest.mark.parametrize("place", ["file:///etc/hostname", "ftp://127.0.0.1/reviews.gz"])
def test_http_only_also_when_sent_elsewhere(web: Site, tmp_path: Path, place: str) -> None:
    with pytest.raises(UsageError, match="http"):
        fetch(place, tmp_path)
    web.moved_to = place
    with pytest.raises((InputError, StorageError)):
        fetched(web, tmp_path)
    assert not (tmp_path / "reviews.gz").exists()


def test_an_address_without_a_name(web: Site, tmp_path: Path) -> None:
    for address in (web.address, f"{web.address}/..", f"{web.address}/.hidden"):
        with pytest.raises(UsageError, match="name of a file"):
            fetch(address, tmp_path)


def test_what_cannot_be_trusted_is_not_asked(web: Site, tmp_path: Path) -> None:
    secure = web.address.replace("http://", "https://")  # where nobody answers with a certificate
    with pytest.raises(StorageError, match=r"cannot reach 127\.0\.0\.1:\d+: .*are you online"):
        fetch(f"{secure}/reviews.gz", tmp_path, wait=0)


def test_nobody_is_there(tmp_path: Path) -> None:
    with site(b"") as gone:
        pass
    with pytest.raises(StorageError, match="ended 5 times"):
        fetch(f"{gone.address}/reviews.gz", tmp_path, wait=0)
    with pytest.raises(StorageError, match="was lost"):
        size_of(f"{gone.address}/reviews.gz")
