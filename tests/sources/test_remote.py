"""Reviews on S3 are found and read as on a disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reviewdesk.errors import InputError, StorageError
from reviewdesk.settings import SourceSettings
from reviewdesk.sources import Input, open_inputs

from ..s3 import BUCKET, Bucket, bucket
from .samples import SAMPLES, Sample, bodies_of, imdb_files, read, rejects_of

CSV = "text,stars\n{},4\n"


@pytest.fixture(scope="module")
def s3() -> Iterator[Bucket]:
    with bucket() as found:
        yield found


@pytest.fixture(scope="module")
def folder(s3: Bucket, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with data below data, and other things beside it."""
    path = tmp_path_factory.mktemp("remote") / "data"
    for name in ("b.csv", "a.csv", "2019/c d&e.csv", "2019/05/f.csv", "_SUCCESS", "README.md"):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(CSV.format(name) if "csv" in name else "# Reviews, many\n")
    return s3.upload(path, "data")


def inputs(*places: str) -> list[Input]:
    return open_inputs(places, SourceSettings())


def names(*places: str) -> list[str]:
    return [one.name for one in inputs(*places)]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.file)
def test_every_format_is_read_as_from_a_disk(s3: Bucket, tmp_path: Path, sample: Sample) -> None:
    path = sample.write(tmp_path, ["One.", None, "Two."])
    local, remote = read(path), read(s3.upload(path, f"formats/{sample.file}"))
    assert bodies_of(remote) == bodies_of(local) == sample.expected(["One.", "Two."])
    assert rejects_of(remote) == rejects_of(local)
    assert sum(batch.bytes_read for batch in remote) == path.stat().st_size


def test_folders_patterns_and_several_at_once(folder: str) -> None:
    everything = ["2019/05/f.csv", "2019/c d&e.csv", "a.csv", "b.csv"]
    assert names(folder) == names(f"{folder}/") == everything
    assert names(f"{folder}/[ab].csv") == ["a.csv", "b.csv"]
    assert names(f"{folder}/*/*.csv") == ["c d&e.csv"]
    assert names(f"{folder}/**/*.csv") == ["a.csv", "b.csv", "c d&e.csv", "f.csv"]
    assert names(f"s3://{BUCKET}/dat*/2019") == ["05/f.csv", "c d&e.csv"]
    assert names(f"{folder}/b.csv", f"{folder}/a.csv", f"{folder}/*.csv") == ["a.csv", "b.csv"]


def test_a_folder_that_is_read_as_a_whole(s3: Bucket, tmp_path: Path) -> None:
    for name, data in imdb_files(["One.", "Two."]):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (local,) = inputs(str(tmp_path / "aclImdb"))
    (remote,) = inputs(s3.upload(tmp_path / "aclImdb", "aclImdb"))
    assert (remote.source, remote.bytes) == ("imdb", local.bytes)
    assert bodies_of(list(remote.read())) == bodies_of(list(local.read())) == ["", "One.", "Two."]
    digests: dict[str, str] = {}
    list(remote.read(digests))
    assert len(digests) == 4  # of the reviews and the addresses
    assert remote.sha256(digests) == local.sha256()


def test_what_is_not_there(folder: str) -> None:
    with pytest.raises(StorageError, match=f"{folder}/none.csv does not exist"):
        names(f"{folder}/none.csv")
    with pytest.raises(StorageError, match="there is no bucket no-such-bucket"):
        names("s3://no-such-bucket/a.csv")
    with pytest.raises(StorageError, match="there is no bucket no-such-bucket"):
        names("s3://no-such-bucket/*.csv")
    for pattern in (f"{folder}/x*.csv", f"s3://{BUCKET}/nowhere/*.csv"):
        with pytest.raises(InputError, match="no file matches s3://"):
            names(pattern)
    with pytest.raises(StorageError, match=r"there is no bucket \*, so"):
        names("s3://*/a.csv")
