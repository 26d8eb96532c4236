"""Reading from S3: over a socket, from moto's server, with a gate before it that fails."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from reviewdesk.errors import StorageError
from reviewdesk.s3 import ATTEMPTS
from reviewdesk.sources.files import FIRST_REMOTE_CHUNK, SourceFile
from reviewdesk.storage import filesystem, storage_errors

from .s3 import BUCKET, Bucket, bucket
from .s3_gate import Gate, gate

DATA = bytes(range(256)) * 4_000  # more than one request


@pytest.fixture(scope="module")
def s3() -> Iterator[Bucket]:
    with bucket() as found:
        yield found


@pytest.fixture
def before(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """A gate through which all S3 addresses lead."""
    with gate(s3.endpoint) as found:
        monkeypatch.setenv("AWS_ENDPOINT_URL", found.endpoint)
        yield found


def uploaded(s3: Bucket, folder: Path, key: str) -> SourceFile:
    path = folder / "x"
    path.write_bytes(DATA)
    return SourceFile(s3.upload(path, key), key, len(DATA))


def found_type(address: str) -> str:
    files, path = filesystem(address)
    with storage_errors(address):
        return str(files.get_file_info(path).type.name)


@pytest.mark.parametrize("key", ["plain", "a b/c%20d#e?f&g+h=ï.tsv.gz", "folder=[x]/*"])
def test_every_key_has_an_address(s3: Bucket, tmp_path: Path, key: str) -> None:
    assert b"".join(uploaded(s3, tmp_path, key).chunks()) == DATA


def test_the_endpoint_of_s3_alone_goes_first(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert found_type(f"s3://{BUCKET}") == "Directory"


def test_an_address_without_a_bucket() -> None:
    with pytest.raises(StorageError, match="s3:// names no bucket; write s3://BUCKET/KEY"):
        filesystem("s3://")


def test_a_key_and_a_bucket_that_are_not_there(s3: Bucket) -> None:
    with pytest.raises(StorageError, match=rf"^s3://{BUCKET}/none does not exist$"):
        list(SourceFile(s3.address("none"), "none", 0).chunks())
    missing = SourceFile("s3://no-such-bucket/x", "x", 0)
    sentence = "^there is no bucket no-such-bucket, so s3://no-such-bucket/x does not exist$"
    with pytest.raises(StorageError, match=sentence):
        list(missing.chunks())
    with pytest.raises(StorageError, match=sentence):
        missing.members()


@pytest.mark.parametrize("failure", ["busy", "cut"])
def test_what_fails_for_a_moment_is_tried_again(
    s3: Bucket, before: Gate, tmp_path: Path, failure: str
) -> None:
    file = uploaded(s3, tmp_path, "again")
    before.failures = [failure, failure]
    assert b"".join(file.chunks()) == DATA
    assert before.failures == []


def test_what_goes_on_failing_is_one_sentence(s3: Bucket, before: Gate, tmp_path: Path) -> None:
    file = uploaded(s3, tmp_path, "busy")
    before.failures = ["busy"] * ATTEMPTS
    with pytest.raises(StorageError, match=r"S3 failed 4 times to answer for s3://.*/busy; run"):
        list(file.chunks())
    assert before.failures == []


def test_without_credentials(
    s3: Bucket, before: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = uploaded(s3, tmp_path, "private")
    before.signed_only = True
    assert len(list(file.chunks())) > 1
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(StorageError, match=r"S3 refuses access to .*; set AWS_ACCESS_KEY_ID and"):
        list(file.chunks())


def test_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        with pytest.raises(StorageError, match=f"cannot reach the S3 server at {address} for s3:"):
            found_type("s3://bucket/key")


def test_only_the_start_is_fetched_for_who_looks_at_the_start(
    s3: Bucket, before: Gate, tmp_path: Path
) -> None:
    file = uploaded(s3, tmp_path, "start")
    next(file.chunks())
    assert before.served == {f"/{BUCKET}/start": FIRST_REMOTE_CHUNK}
