"""Folders on S3 by local copies: whole or not at all, whatever is interrupted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reviewdesk.engines import local_copies
from reviewdesk.engines.local_copies import in_local_copies, local_copy, published, remote_files
from reviewdesk.engines.shared import download, upload
from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.storage import address_of

from ..s3 import Bucket, bucket

OLD = {"manifest.json": "old", "a": "1", "gone": "x", "in/b": "2"}
NEW = {"manifest.json": "new", "a": "3", "in/b": "2", "in/c": "4"}


@pytest.fixture(scope="module")
def s3() -> Iterator[Bucket]:
    with bucket() as there:
        yield there


@pytest.fixture
def place(s3: Bucket, request: pytest.FixtureRequest) -> Path:
    path = Path(s3.address(f"{request.node.name.partition('[')[0]}/out"))
    publish(path, OLD)
    return path


def write(folder: Path, files: dict[str, str]) -> None:
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        path.unlink()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def publish(place: Path, files: dict[str, str]) -> None:
    with published(place) as local:
        write(local, files)


def contents(place: Path) -> dict[str, str]:
    with local_copy(place) as folder:
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {str(path.relative_to(folder)): path.read_text() for path in files}


def keys(s3: Bucket, place: Path) -> set[str]:
    folder = address_of(place.parent).removeprefix("s3://").partition("/")[2]
    return {key.removeprefix(f"{folder}/") for key in s3.keys(folder) if key[-1] != "/"}


def test_a_folder_is_replaced_and_nothing_else_is_left(s3: Bucket, place: Path) -> None:
    assert contents(place) == OLD
    with published(place) as local:
        assert (local / "in/b").read_text() == "2"
        (local.parent / f".{local.name}.lock").touch()
        (local / ".c.partial").mkdir()
        write(local, NEW)
    assert contents(place) == NEW
    assert keys(s3, place) == {f"out/{name}" for name in NEW}


@pytest.mark.parametrize("name", ["../../escaped", "in/../../../escaped", "/tmp/escaped", "./a"])
def test_names_that_lead_out_of_the_copy_are_refused(s3: Bucket, place: Path, name: str) -> None:
    folder = address_of(place).removeprefix("s3://").partition("/")[2]
    s3.put(f"{folder}/{name}", b"harm")
    with pytest.raises(InputError, match="leads out of the folder"), local_copy(place):
        raise AssertionError("it was copied")
    s3.remove(f"{folder}/{name}")


def test_only_what_changed_is_sent(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr(local_copies, "upload", recording(upload, sent))
    publish(place, OLD)
    assert not sent
    publish(place, NEW)
    names = [address.rpartition(".next/")[2] for address in sent]
    assert sorted(names[:-1]) == ["a", "in/c", "manifest.json"]  # these go side by side
    assert names[-1] == "published.json"


def recording(upload: Callable[[Path, str], None], sent: list[str]) -> Callable[[Path, str], None]:
    def record(file: Path, address: str) -> None:
        upload(file, address)
        sent.append(address)

    return record


@pytest.mark.parametrize("before", ["a", "manifest.json", "published.json"])
def test_an_interrupted_upload_leaves_the_old(
    s3: Bucket, place: Path, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    def interrupted(file: Path, address: str) -> None:
        if address.endswith(f"/{before}"):
            raise KeyboardInterrupt
        upload(file, address)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(local_copies, "upload", interrupted)
        publish(place, NEW)
    assert contents(place) == OLD
    publish(place, NEW)
    assert contents(place) == NEW
    assert keys(s3, place) == {f"out/{name}" for name in NEW}


def test_an_interrupted_copying_leaves_the_new(
    s3: Bucket, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    finish = local_copies._finish
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(local_copies, "_finish", lambda address: (
            finish(address) if not keys(s3, place) & {".out.next/published.json"}
            else interrupted(address)
        ))  # fmt: skip
        publish(place, NEW)
    assert contents(place) == NEW
    assert "out/gone" in keys(s3, place)
    publish(place, NEW)
    assert contents(place) == NEW
    assert keys(s3, place) == {f"out/{name}" for name in NEW}


def test_a_reader_takes_the_new_where_it_was_replaced_meanwhile(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced: list[str] = []

    def replacing(address: str, file: Path) -> None:
        if not replaced and address.endswith("/gone"):
            replaced.append(address)
            publish(place, NEW)
        download(address, file)

    monkeypatch.setattr(local_copies, "download", replacing)
    assert contents(place) == NEW
    assert replaced


def test_what_fails_leaves_the_old_and_names_the_address(place: Path) -> None:
    with pytest.raises(UsageError) as caught, published(place) as local:
        write(local, NEW)
        raise UsageError(f"{local / 'a'} is wrong")
    assert str(caught.value) == f"{address_of(place)}/a is wrong"
    assert contents(place) == OLD


def test_a_file_and_what_is_written_beside_it(s3: Bucket) -> None:
    place = Path(s3.address("pages/e.html"))
    for text in ("one", "two"):
        with published(place) as local:
            local.write_text(text)
            local.with_suffix(".json").write_text(text)
    with local_copy(place) as copy:
        assert copy.read_text() == "two"
    assert keys(s3, place) == {"e.html", "e.json"}
    assert list(remote_files(address_of(place))) == [""]


def test_local_places_are_themselves(tmp_path: Path) -> None:
    with published(tmp_path / "x") as place, local_copy(tmp_path / "x") as copy:
        assert place == copy == tmp_path / "x"


def test_what_is_not_there_is_said(s3: Bucket) -> None:
    with (
        pytest.raises(StorageError, match="s3://shop-reviews/nothing does not exist"),
        local_copy(s3.address("nothing")),
    ):
        pass


@dataclass(frozen=True)
class Written:
    path: Path
    others: tuple[Any, ...]


@in_local_copies("out", "beside")
def writing(text: str, out: Path, *, beside: Path | None = None, engine: Any = None) -> Written:
    """Write a text."""
    if engine is None:
        out.write_text(text)
        if beside is not None:
            beside.write_text(text)
    return Written(out, (out / "page", Path("/elsewhere"), 3))


def test_a_function_writes_to_addresses_as_to_paths(s3: Bucket, tmp_path: Path) -> None:
    out, beside = Path(s3.address("f/out")), Path(s3.address("g/beside"))
    written = writing("said", out, beside=beside)
    assert written == Written(out, (out / "page", Path("/elsewhere"), 3))
    for place in (out, beside):
        with local_copy(place) as copy:
            assert copy.read_text() == "said"
    here = writing("said", tmp_path / "out")
    assert here.path.read_text() == "said"
    assert writing.__doc__ == "Write a text."


def test_a_cluster_writes_there_itself(s3: Bucket) -> None:
    out = Path(s3.address("cluster/out"))
    assert writing("said", out, engine="spark").path == out
    assert not remote_files(address_of(out))
