"""Counting prepared data, Parquet and raw files, here and on S3."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import InputError, StorageError
from reviewdesk.prepare.count import ReviewCounts, count
from reviewdesk.settings import SourceSettings
from reviewdesk.storage import read_record, write_record

from ..s3 import Bucket, bucket
from .corpus import mixed_corpus, prepared, review, write_lines


def counted(place: Path | str) -> ReviewCounts:
    return count(str(place), SourceSettings())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("counted")
    prepared(folder / "data", *mixed_corpus(folder, files=2, rows=200))
    return folder / "data"


@pytest.fixture(scope="module")
def s3() -> Iterator[Bucket]:
    with bucket() as found:
        yield found


def test_the_manifest_says_what_the_rows_say(data: Path) -> None:
    table = pq.read_table(data / "reviews")
    found = counted(data)
    assert (found.kind, found.rows) == ("prepared data", table.num_rows)
    assert found.months == dict(Counter(table["review_month"].to_pylist()))
    categories = Counter(one or "" for one in table["product_category"].to_pylist())
    assert found.categories == dict(categories)
    assert found.rules == {
        "dropped: duplicate_content": found.rules["dropped: duplicate_content"],
        "dropped: duplicate_id": found.rules["dropped: duplicate_id"],
        "dropped: no_letters": found.rules["dropped: no_letters"],
        "rejected: bad_json": 2,
    }
    assert found.rows + sum(found.rules.values()) == 400


def test_nothing_but_the_manifest_is_read(data: Path, tmp_path: Path) -> None:
    shutil.copy(data / "manifest.json", tmp_path)
    assert counted(tmp_path) == counted(data)


def test_parquet_is_counted_as_prepared_data_is(data: Path) -> None:
    found, expected = counted(data / "reviews"), counted(data)
    assert found.kind == "Parquet"
    assert (found.rows, found.months, found.categories, found.files) == (
        expected.rows,
        expected.months,
        expected.categories,
        expected.files,
    )


def test_one_parquet_file_of_any_name(data: Path, tmp_path: Path) -> None:
    part = next(data.glob("reviews/review_month=2010-01/*"))
    shutil.copy(part, tmp_path / "anything")
    found = counted(tmp_path / "anything")
    assert found.months == {"2010-01": pq.read_metadata(part).num_rows}


def test_raw_files_are_counted_before_anything_is_dropped(tmp_path: Path) -> None:
    rows = [review(1), review(1), review(2, review_body="?"), review(3, review_date=None)]
    write_lines(tmp_path / "a.jsonl.gz", [*rows, "no JSON"])
    found = counted(tmp_path)
    assert (found.kind, found.rows, found.files) == ("raw files", 4, 1)
    assert found.months == {"2011-02": 2, "2012-03": 1, "unknown": 1}
    assert found.categories == {"Books": 2, "Music": 1, "Toys": 1}
    assert found.rules == {"rejected: bad_json": 1}


def test_on_s3_the_counts_are_the_same(data: Path, s3: Bucket, tmp_path: Path) -> None:
    place = s3.upload(data, "folder/data")
    assert counted(place) == counted(data)
    assert counted(f"{place}/") == counted(data)
    assert counted(f"{place}/reviews") == counted(data / "reviews")
    raw = write_lines(tmp_path / "a.jsonl.gz", [review(number) for number in range(20)])
    assert counted(s3.upload(raw, "raw/a.jsonl.gz")) == counted(raw)


def test_what_is_not_there_on_s3(s3: Bucket) -> None:
    with pytest.raises(StorageError, match="s3://shop-reviews/nothing does not exist"):
        counted(s3.address("nothing"))
    with pytest.raises(StorageError, match="s3://no-such-bucket"):
        counted("s3://no-such-bucket/reviews")


def test_a_damaged_manifest(data: Path, tmp_path: Path) -> None:
    manifest = read_record(data / "manifest.json")
    path = tmp_path / "manifest.json"
    path.write_text("{")
    with pytest.raises(InputError, match="manifest.json of .* is damaged"):
        counted(tmp_path)
    path.write_text(json.dumps({**manifest, "rows": {**manifest["rows"], "written": 1}}))
    with pytest.raises(InputError, match=r"manifest.json of .* is damaged"):
        counted(tmp_path)
    write_record(path, {**manifest, "partitions": [{"month": "2015-01"}]})
    with pytest.raises(InputError, match="damaged"):
        counted(tmp_path)
    path.write_text("[]")
    with pytest.raises(InputError, match="not prepared data"):
        counted(tmp_path)


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="does not exist"):
        counted(tmp_path / "nothing")
