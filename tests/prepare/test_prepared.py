from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import InputError, MissingColumn, StorageError
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.schema import REVIEWS
from reviewdesk.settings import CleanSettings
from reviewdesk.storage import read_record, write_record

from .corpus import prepared, review, write_lines


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        review(n, review_date=None if n % 10 == 0 else f"2015-0{n % 3 + 1}-01") for n in range(50)
    ]
    prepared(
        tmp_path / "out", write_lines(tmp_path / "a.jsonl", rows), clean=CleanSettings(html=False)
    )
    return tmp_path / "out"


def test_reads_all_in_the_order_of_months_days_and_ids(folder: Path) -> None:
    data = PreparedData.open(folder)
    table = data.table()
    assert table.select(REVIEWS.names).schema.equals(REVIEWS)
    assert table.schema.names == [*REVIEWS.names, "copy_of", "review_language"]
    assert data.rows == table.num_rows == 50
    keys = list(zip(table["review_date"].to_pylist(), table["review_id"].to_pylist(), strict=True))
    dated = [key for key in keys if key[0] is not None]
    assert keys == sorted(dated) + sorted(key for key in keys if key[0] is None)
    assert [part["month"] for part in data.manifest["partitions"]][-1] == "unknown"


def test_batches_are_small_and_hold_the_columns_asked_for(folder: Path) -> None:
    data = PreparedData.open(str(folder))
    names = ["review_body", "review_id"]
    batches = list(data.batches(names, batch_rows=7))
    assert max(batch.num_rows for batch in batches) <= 7
    assert all(batch.schema.names == names for batch in batches)
    assert pa.Table.from_batches(batches).equals(data.table().select(names))


def test_an_unknown_column_is_named(folder: Path) -> None:
    with pytest.raises(MissingColumn, match="needs the column nope"):
        list(PreparedData.open(folder).batches(["nope"]))


def test_cleaning_settings_come_back(folder: Path) -> None:
    assert PreparedData.open(folder).clean_settings == CleanSettings(html=False)


def test_a_folder_that_is_not_there_or_something_else(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="does not exist"):
        PreparedData.open(tmp_path / "nowhere")
    with pytest.raises(InputError, match="is not prepared data"):
        PreparedData.open(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is not prepared data"):
        PreparedData.open(tmp_path / "file")


def change(folder: Path, edit: Callable[[dict[str, Any]], Any]) -> None:
    path = folder / "manifest.json"
    manifest = read_record(path)
    edit(manifest)
    write_record(path, manifest)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda m: m.update(format="reviewdesk.bundle"), "is of something else"),
        (lambda m: m.update(format_version=1), "version 1, and this release reads version 6"),
        (lambda m: m.pop("partitions"), "damaged"),
        (lambda m: m.update(partitions=[1]), "damaged"),
        (lambda m: m["partitions"][0].update(file="../../secret"), "damaged"),
        (lambda m: m["partitions"][0].update(month="2015-01/../.."), "damaged"),
        (lambda m: m["partitions"][0].update(bytes="1"), "damaged"),
        (lambda m: m.update(rows=7), "damaged"),
    ],
)
def test_a_manifest_that_cannot_be_believed(
    folder: Path, edit: Callable[[dict[str, Any]], Any], message: str
) -> None:
    change(folder, edit)
    with pytest.raises(InputError, match=message):
        PreparedData.open(folder)


@pytest.mark.parametrize("text", ["", "[]", "{", '"manifest"', "\udcff"])
def test_a_manifest_that_is_none(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputError):
        PreparedData.open(folder)


def first_part(folder: Path) -> Path:
    return sorted((folder / "reviews").rglob("*.parquet"))[0]


def test_a_missing_or_shortened_file_is_seen_when_opening(folder: Path) -> None:
    path = first_part(folder)
    raw = path.read_bytes()
    path.write_bytes(raw[:-1])
    with pytest.raises(InputError, match="is damaged"):
        PreparedData.open(folder)
    path.unlink()
    with pytest.raises(InputError, match="is missing"):
        PreparedData.open(folder)


def damage(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def test_changed_bytes_are_seen_when_they_are_read(folder: Path) -> None:
    damage(first_part(folder))
    data = PreparedData.open(folder)
    for read in (data.verify, lambda: data.table(["review_id"]), lambda: next(data.batches())):
        with pytest.raises(InputError, match="is damaged"):
            read()


def test_a_digest_is_taken_once_and_pages_are_checked_every_time(folder: Path) -> None:
    data = PreparedData.open(folder)
    data.table()
    path = first_part(folder)
    column = pq.read_metadata(path).row_group(0).column(13)
    raw = bytearray(path.read_bytes())
    raw[column.data_page_offset + column.total_compressed_size - 1] ^= 1
    path.write_bytes(raw)
    with pytest.raises(InputError, match="is damaged"):
        data.table()
    with pytest.raises(InputError, match="is damaged"):
        data.verify()


def test_a_file_that_is_no_parquet_is_damaged(folder: Path) -> None:
    path = first_part(folder)
    path.write_bytes(b"x" * path.stat().st_size)
    with pytest.raises(InputError, match="is damaged"):
        PreparedData.open(folder).table()


def test_any_parquet_reader_can_read_it(folder: Path) -> None:
    table = pq.read_table(folder / "reviews")
    assert sorted(table["review_id"].to_pylist()) == [f"R{n:06d}" for n in range(50)]
    assert "review_month" in table.schema.names
