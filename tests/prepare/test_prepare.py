import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import InputError, StorageError, TooManyRejects, UsageError
from reviewdesk.prepare import merging, parts, runs, staged, staging
from reviewdesk.prepare.layout import Part
from reviewdesk.prepare.lock import locked
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.schema import REJECTS
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources import Probe, Source, SourceFile, Tally
from reviewdesk.sources.raw_rows import RawRows
from reviewdesk.storage import read_record

from .corpus import (
    Interrupting,
    contents,
    for_readers,
    mixed_corpus,
    opened,
    prepared,
    review,
    write_lines,
)

LIMITED = """
import resource, sys
from pathlib import Path
from reviewdesk.errors import StorageError
from tests.prepare.corpus import prepared
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
try:
    prepared(Path(sys.argv[2]), *map(Path, sys.argv[3:]))
except StorageError as error:
    print(error)
"""

LENIENT = PrepareSettings(max_rejects=1)


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "reviews.jsonl", [review(n) for n in range(30)])


def test_nothing_is_lost(tmp_path: Path) -> None:
    data = prepared(tmp_path / "out", *mixed_corpus(tmp_path))
    manifest = data.manifest
    rows = manifest["rows"]
    assert rows["read"] == rows["rejected"] + rows["dropped"] + rows["written"]
    assert rows["read"] == sum(one["rows_read"] for one in manifest["inputs"]) == 1_200
    assert rows["rejected"] == sum(manifest["rejected"].values()) == 3
    assert rows["dropped"] == sum(manifest["dropped"].values())
    assert all(
        manifest["dropped"][rule] for rule in ("no_letters", "duplicate_id", "duplicate_content")
    )
    assert rows["written"] == sum(part["rows"] for part in manifest["partitions"])
    assert rows["written"] == sum(manifest["stars"].values()) == data.table().num_rows
    assert len(set(data.table()["review_id"].to_pylist())) == data.rows


def test_the_manifest_says_what_is_in_the_files(tmp_path: Path) -> None:
    rows = [
        review(1, review_headline="five stars", product_category="Toys", star_rating=5),
        review(2, review_headline="Fine", product_category="Toys", star_rating=None),
        review(3, review_headline=None, product_category=None, star_rating=1),
    ]
    path = write_lines(tmp_path / "a.jsonl", rows)
    manifest = prepared(tmp_path / "out", path).manifest
    assert manifest["categories"] == {"Toys": 2}
    assert manifest["stars"] == {"1": 1, "5": 1, "none": 1}
    assert manifest["default_headlines"] == 1
    assert manifest["format"] == "reviewdesk.prepared"
    assert manifest["inputs"][0]["place"] == "a.jsonl"
    assert manifest["inputs"][0]["bytes"] == path.stat().st_size
    assert manifest["settings"]["prepare"] == PrepareSettings().to_json()
    assert read_record(tmp_path / "out" / "manifest.json") == manifest


def test_rows_by_month_are_where_their_name_says(tmp_path: Path, lines: Path) -> None:
    prepared(tmp_path / "out", lines)
    for path in (tmp_path / "out" / "reviews").iterdir():
        month = path.name.partition("=")[2]
        dates = pq.ParquetFile(path / "part-00000.parquet").read()["review_date"].to_pylist()
        assert {date.strftime("%Y-%m") for date in dates} == {month}


def test_bodies_are_clean(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [review(1, review_body="a &lt; b<br />c")])
    body = prepared(tmp_path / "out", path).table()["review_body"][0].as_py()
    assert "<br" not in body
    assert "a < b" in body


def test_everything_is_the_owners_alone(tmp_path: Path, lines: Path) -> None:
    previous = os.umask(0)
    try:
        prepared(tmp_path / "out", lines)
    finally:
        os.umask(previous)
    for path in [tmp_path / "out", *(tmp_path / "out").rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_nothing_is_left_beside_the_folder(tmp_path: Path, lines: Path) -> None:
    prepared(tmp_path / "out", lines)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", lines.name]


def test_the_same_again_does_nothing(tmp_path: Path, lines: Path) -> None:
    first = prepared(tmp_path / "out", lines)
    log = (tmp_path / "out" / "log.json").read_bytes()
    again = prepared(tmp_path / "out", lines)
    assert first.notes == ()
    assert "prepared before" in again.notes[0]
    assert again.manifest == first.manifest
    assert (tmp_path / "out" / "log.json").read_bytes() == log


def test_a_folder_prepared_otherwise_is_kept_unless_told(tmp_path: Path, lines: Path) -> None:
    out = tmp_path / "out"
    prepared(out, lines)
    before = contents(out)
    with pytest.raises(UsageError, match="with other settings.*--overwrite"):
        prepared(out, lines, clean=CleanSettings(html=False))
    other = write_lines(tmp_path / "other.jsonl", [review(1)])
    with pytest.raises(UsageError, match="from other inputs"):
        prepared(out, other)
    raw = lines.read_bytes()
    lines.write_bytes(raw.replace(b"Headline", b"headline"))
    with pytest.raises(UsageError, match="inputs that have changed"):
        prepared(out, lines)
    assert contents(out) == before
    assert prepared(out, other, overwrite=True).rows == 1


def test_a_damaged_folder_can_be_made_anew(tmp_path: Path, lines: Path) -> None:
    out = tmp_path / "out"
    prepared(out, lines)
    before = contents(out)
    next((out / "reviews").rglob("*.parquet")).unlink()
    prepared(out, lines, overwrite=True)
    assert contents(out) == before


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_not_prepared_data_is_never_replaced(
    tmp_path: Path, lines: Path, overwrite: bool
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letters").touch()
    with pytest.raises(UsageError, match="holds something else"):
        prepared(tmp_path / "home", lines, overwrite=overwrite)
    with pytest.raises(StorageError, match="is a file; name a folder"):
        prepared(lines, lines, overwrite=overwrite)
    assert (tmp_path / "home" / "letters").exists()


def test_an_empty_folder_is_filled(tmp_path: Path, lines: Path) -> None:
    (tmp_path / "out").mkdir()
    assert prepared(tmp_path / "out", lines).rows == 30


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path, lines: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    prepared(tmp_path / "link", lines)
    assert (tmp_path / "link").is_symlink()
    assert PreparedData.open(tmp_path / "real").rows == 30


def test_two_at_once_on_one_folder(tmp_path: Path, lines: Path) -> None:
    with (
        locked(tmp_path / ".out.lock", "it"),
        pytest.raises(StorageError, match="another process is writing"),
    ):
        prepared(tmp_path / "out", lines)


def test_rejects_are_kept_as_they_stood(tmp_path: Path) -> None:
    rows = [review(n) for n in range(200)]
    a = write_lines(tmp_path / "a.jsonl", [*rows, "{broken"])
    b = write_lines(tmp_path / "b.jsonl", [rows[0], "also broken", *rows])
    prepared(tmp_path / "out", a, b)
    table = pq.read_table(tmp_path / "out" / "rejects.parquet")
    assert table.schema.equals(REJECTS)
    assert table["file"].to_pylist() == ["a.jsonl", "b.jsonl"]
    assert table["line"].to_pylist() == [201, 2]
    assert [raw.strip() for raw in table["raw"].to_pylist()] == [b"{broken", b"also broken"]


def test_too_many_rejects_are_written_and_then_said(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [review(1), "broken", "broken too", review(2)])
    for _ in range(2):  # also when it was prepared before
        with pytest.raises(TooManyRejects, match=r"2 of 4 rows .*2 bad_json.*rejects\.parquet"):
            prepared(tmp_path / "out", path)
    data = PreparedData.open(tmp_path / "out")
    assert data.manifest["too_many_rejects"] is True
    assert data.rows == 2


def test_as_many_rejects_as_allowed(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [review(1), "broken"])
    data = prepared(tmp_path / "out", path, settings=PrepareSettings(max_rejects=0.5))
    assert data.manifest["too_many_rejects"] is False


@pytest.mark.parametrize("rows", [[review(1)], [review(1, review_date=None)]])
def test_one_row(tmp_path: Path, rows: list[Any]) -> None:
    data = prepared(tmp_path / "out", write_lines(tmp_path / "a.jsonl", rows))
    assert data.table().num_rows == data.rows == len(data.manifest["partitions"]) == 1
    assert PreparedData.open(tmp_path / "out") == data


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([review(1, review_body="")], "1 no_text"),
        ([review(1, review_body="?"), review(2, review_body=None)], "1 no_text"),
        ([review(1, review_body="?"), "no JSON"], "1 could not be read"),
    ],
)
def test_no_row_is_left(tmp_path: Path, rows: list[Any], why: str) -> None:
    path = write_lines(tmp_path / "a.jsonl", rows)
    with pytest.raises(InputError, match=rf"no review is left of {len(rows)} rows: .*{why}"):
        prepared(tmp_path / "out", path, settings=LENIENT)
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / ".out.partial").exists()


def test_a_month_of_copies_alone_leaves_no_folder(tmp_path: Path) -> None:
    rows = [review(1, review_date="2015-01-01"), review(1, review_date="2015-02-01")]
    prepared(tmp_path / "out", write_lines(tmp_path / "a.jsonl", rows))
    assert [path.name for path in (tmp_path / "out" / "reviews").iterdir()] == [
        "review_month=2015-02"
    ]


def test_nothing_to_prepare(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to prepare"):
        prepared(tmp_path / "out", inputs=[])


def test_the_result_does_not_depend_on_the_size_of_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = mixed_corpus(tmp_path)
    prepared(tmp_path / "large", *paths)
    monkeypatch.setattr(staging, "RUN_ROWS", 50)
    monkeypatch.setattr(runs, "BATCH_ROWS", 7)
    monkeypatch.setattr(merging, "RANGE_BYTES", 400)
    monkeypatch.setattr(parts, "THREADS", 1)
    prepared(tmp_path / "small", *paths)
    assert for_readers(tmp_path / "small") == for_readers(tmp_path / "large")


class Unreadable(Source):
    """Stands where a source stood, and must not be asked."""

    name: ClassVar[str] = "table"

    @classmethod
    def recognises(cls, probe: Probe) -> bool:
        return False

    def rows(self, file: SourceFile, tally: Tally) -> Iterator[RawRows]:
        raise AssertionError(f"{file.name} was read again")


def test_an_interrupted_run_reads_no_finished_input_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staged, "SMALL_BYTES", 0)  # each is staged for itself
    paths = mixed_corpus(tmp_path)
    prepared(tmp_path / "expected", *paths)
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        prepared(out, *paths, progress=Interrupting("Reading", after=2))
    assert not out.exists()
    first, *others = opened(*paths)
    first = replace(first, reader=Unreadable(SourceSettings()))
    data = prepared(out, inputs=[first, *others])
    assert "taken up" in data.notes[0]
    assert contents(out) == contents(tmp_path / "expected")


def test_an_interrupted_run_writes_no_finished_month_again(tmp_path: Path) -> None:
    paths = mixed_corpus(tmp_path)
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        prepared(out, *paths, progress=Interrupting("Writing", after=3))
    markers = list((tmp_path / ".out.partial" / "parts").iterdir())
    assert len(markers) >= 3
    parts = {
        marker.stem: tmp_path / ".out.partial" / "result" / Part(marker.stem).file("parquet")
        for marker in markers
    }
    before = {month: part.stat() for month, part in parts.items()}
    prepared(out, *paths)
    after = {month: (out / Part(month).file("parquet")).stat() for month in parts}
    assert {m: (s.st_ino, s.st_mtime_ns) for m, s in after.items()} == {
        m: (s.st_ino, s.st_mtime_ns) for m, s in before.items()
    }


def test_inputs_that_changed_since_an_interrupted_run(tmp_path: Path) -> None:
    paths = mixed_corpus(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        prepared(tmp_path / "out", *paths, progress=Interrupting("Writing", after=3))
    write_lines(paths[0], [review(n) for n in range(3)])
    changed = prepared(tmp_path / "out", *paths)
    assert "started over" in changed.notes[0]
    prepared(tmp_path / "fresh", *paths)
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh")


@pytest.mark.parametrize("limit", [100, 3_000, 12_000])
def test_a_file_system_that_takes_no_more(tmp_path: Path, limit: int) -> None:
    paths = mixed_corpus(tmp_path)
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(limit), out, *paths],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("cannot use")
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
    prepared(out, *paths)
    prepared(tmp_path / "expected", *paths)
    assert contents(out) == contents(tmp_path / "expected")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_no_space_left(tmp_path: Path, small_disk: Path) -> None:
    paths = mixed_corpus(tmp_path)
    with pytest.raises(StorageError, match="no space left .* run the same command again"):
        prepared(small_disk / "out", *paths)
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    prepared(small_disk / "out", *paths)
    prepared(tmp_path / "expected", *paths)
    assert contents(small_disk / "out") == contents(tmp_path / "expected")
