"""What an interrupted run left damaged is not done; a read that fails names the input."""

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pandas as pd
import pytest

from reviewdesk.errors import InputError, StorageError
from reviewdesk.job.describe import describe
from reviewdesk.prepare.workspace import Workspace
from reviewdesk.sources import Input, SourceFile

from .corpus import contents, mixed_corpus, opened, prepared, review, write_lines


@pytest.fixture
def interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Path], Path]:
    """Return inputs, and what a run on them left that was stopped before its last step."""
    paths = mixed_corpus(tmp_path, files=1, rows=300)
    paths.append(write_lines(tmp_path / "bad.jsonl", [review(7, vine="N"), "no JSON"]))

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Workspace, "publish", stop)
        with pytest.raises(KeyboardInterrupt):
            prepared(tmp_path / "out", *paths)
    return paths, tmp_path / ".out.partial"


def flip(path: Path, random: Random) -> None:
    raw = bytearray(path.read_bytes())
    raw[random.randrange(len(raw))] ^= 1 << random.randrange(8)
    path.write_bytes(raw)


def test_damage_to_what_an_interrupted_run_left_is_mended(
    tmp_path: Path, interrupted: tuple[list[Path], Path]
) -> None:
    paths, left = interrupted
    prepared(tmp_path / "expected", *paths)
    expected = contents(tmp_path / "expected")
    files = [path for path in sorted(left.rglob("*")) if path.is_file() and path.stat().st_size]
    kinds = {path.suffix for path in files}
    assert kinds == {".json", ".arrow", ".parquet", ".i32"}
    keep = shutil.copytree(left, tmp_path / "keep")
    random = Random(3)
    for path in {(path.parent.name, path.suffix): path for path in files}.values():
        shutil.rmtree(left, ignore_errors=True)
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        shutil.copytree(keep, left)
        flip(path, random)
        prepared(tmp_path / "out", *paths)
        assert contents(tmp_path / "out") == expected, path


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_an_input_that_is_gone_is_named_and_not_the_output(
    tmp_path: Path, kind: str, count: int
) -> None:
    inputs, last = written(tmp_path, kind, count)
    last.unlink()
    with pytest.raises((StorageError, InputError)) as error:
        prepared(tmp_path / "result", inputs=inputs)
    assert last.name in str(error.value)
    assert "result" not in str(error.value)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_an_input_that_the_disk_cannot_read_is_named_and_not_the_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, count: int
) -> None:
    inputs, last = written(tmp_path, kind, count)
    read = SourceFile.chunks

    def chunks(self: SourceFile) -> Iterator[bytes]:
        for chunk in read(self):
            yield chunk
            if self.place == str(last):
                raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(SourceFile, "chunks", chunks)
    with pytest.raises(StorageError, match="Input/output error") as error:
        prepared(tmp_path / "result", inputs=inputs)
    assert last.name in str(error.value)
    assert "result" not in str(error.value)


def written(folder: Path, kind: str, count: int) -> tuple[list[Input], Path]:
    """Return files of reviews that were opened, and the last of them."""
    frame = pd.DataFrame([review(number) for number in range(20)])
    paths = [folder / f"shop-{number}.{kind}" for number in range(count)]
    for path in paths:
        if kind == "csv":
            frame.to_csv(path, index=False)
        elif kind == "jsonl":
            frame.to_json(path, orient="records", lines=True)
        else:
            frame.to_parquet(path, index=False)
    return opened(*paths), paths[-1]


def test_a_flipped_bit_in_the_log_is_noticed_by_who_looks(tmp_path: Path) -> None:
    data = prepared(tmp_path / "out", write_lines(tmp_path / "a.jsonl", [review(1)]))
    describe(data.path)
    log = data.path / "log.json"
    raw = bytearray(log.read_bytes())
    raw[raw.index(b"seconds") + 1] ^= 1
    log.write_bytes(raw)
    with pytest.raises(InputError, match=r"log\.json is damaged"):
        describe(data.path)
