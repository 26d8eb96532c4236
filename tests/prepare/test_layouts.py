"""Partitions by month, category and both, as Parquet and as CSV."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import InputError
from reviewdesk.prepare.count import count
from reviewdesk.prepare.layout import LONGEST_FOLDER_NAME, Part
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.sample import sample
from reviewdesk.settings import PrepareSettings, SampleSettings, SourceSettings
from reviewdesk.storage import read_record, write_record

from .corpus import Interrupting, contents, mixed_corpus, prepared, review, write_lines

LAYOUTS = [
    (partition_by, file_format)
    for partition_by in ("month", "category", "both")
    for file_format in ("parquet", "csv")
]
CATEGORIES = ["Toys", "Toys/Games & more", "../..", "a=b%2F", "é", None, "x" * 300]


def rows() -> list[dict[str, Any]]:
    random = np.random.default_rng(4)
    return [
        review(
            n,
            product_category=CATEGORIES[int(random.integers(len(CATEGORIES)))],
            review_date=None if n % 9 == 0 else f"2015-{n % 3 + 1:02d}-{n % 28 + 1:02d}",
            review_body=f"={n}+1 said 'so'\n-{n} \"quoted\", and; +1 again",
            review_headline="" if n % 4 == 0 else None if n % 4 == 1 else f"'=head {n}",
            verified_purchase=bool(n % 2) if n % 5 else None,
        )
        for n in range(120)
    ]


def by_id(data: PreparedData) -> pa.Table:
    return data.table().sort_by("review_id")


@pytest.mark.parametrize(("partition_by", "file_format"), LAYOUTS)
def test_every_layout_holds_the_same_reviews(
    tmp_path: Path, partition_by: str, file_format: str
) -> None:
    path = write_lines(tmp_path / "a.jsonl", rows())
    expected = prepared(tmp_path / "plain", path)
    settings = PrepareSettings(partition_by=partition_by, format=file_format, tokens=True)
    prepared(tmp_path / "out", path, settings=settings)
    data = PreparedData.open(tmp_path / "out")
    data.verify()
    assert by_id(data).drop_columns(["review_tokens"]).equals(by_id(expected))
    for name in ("months", "categories", "stars", "default_headlines", "copies"):
        assert data.manifest[name] == expected.manifest[name]
    batches = list(data.batches(["star_rating", "review_body"], batch_rows=7))
    assert max(len(batch) for batch in batches) <= 7
    assert sum(len(batch) for batch in batches) == data.rows == 120


@pytest.mark.parametrize(("partition_by", "file_format"), LAYOUTS)
def test_each_part_is_sorted_and_holds_what_its_folder_says(
    tmp_path: Path, partition_by: str, file_format: str
) -> None:
    path = write_lines(tmp_path / "a.jsonl", rows())
    settings = PrepareSettings(partition_by=partition_by, format=file_format)
    data = prepared(tmp_path / "out", path, settings=settings)
    for part in data.manifest["partitions"]:
        found = pa.Table.from_batches(data.part_batches(part)).to_pylist()
        keys = [(str(row["review_date"] or "9999"), row["review_id"]) for row in found]
        assert keys == sorted(keys)
        for row in found:
            month = str(row["review_date"])[:7] if row["review_date"] else "unknown"
            assert part.get("month", month) == month
            category = row["product_category"] or ""
            assert part.get("category", category) == category
    places = [part["file"] for part in data.manifest["partitions"]]
    assert len(set(places)) == len(places) > 2
    assert all((tmp_path / "out" / place).resolve().is_relative_to(data.path) for place in places)
    folders = {folder for folder in data.path.rglob("*") if folder.is_dir()}
    assert all(folder.stat().st_mode & 0o077 == 0 for folder in folders)


@pytest.mark.parametrize("partition_by", ["month", "category", "both"])
def test_arrow_reads_the_folder_as_partitioned_data(tmp_path: Path, partition_by: str) -> None:
    path = write_lines(tmp_path / "a.jsonl", [row for row in rows() if row["product_category"]])
    data = prepared(tmp_path / "out", path, settings=PrepareSettings(partition_by=partition_by))
    table = pq.read_table(data.path / "reviews")
    assert table.num_rows == data.rows
    if partition_by != "month":
        short = [row for row in table.to_pylist() if len(row["product_category"]) < 300]
        assert all(row["category"] == row["product_category"] for row in short)


@pytest.mark.parametrize("partition_by", ["month", "category", "both"])
def test_the_same_bytes_in_any_order_and_in_pieces(tmp_path: Path, partition_by: str) -> None:
    settings = PrepareSettings(partition_by=partition_by, format="csv")
    paths = mixed_corpus(tmp_path, files=3, rows=120)
    whole = prepared(tmp_path / "whole", *paths, settings=settings)
    with pytest.raises(KeyboardInterrupt):
        prepared(tmp_path / "out", *paths, settings=settings, progress=Interrupting("Writing", 2))
    again = prepared(tmp_path / "out", *paths, settings=settings)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    other = prepared(tmp_path / "other", *reversed(paths), settings=settings)
    assert other.fingerprint == whole.fingerprint == again.fingerprint


def test_csv_cells_are_no_formulas(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [review(1, review_body="=1+1 is what", vine=None)])
    data = prepared(tmp_path / "out", path, settings=PrepareSettings(format="csv"))
    (part,) = data.manifest["partitions"]
    with (data.path / part["file"]).open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["review_body"] == "'=1+1 is what"
    assert row["review_date"] == "2011-02-02"
    assert row["vine"] == ""


def test_counting_and_sampling_other_layouts(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", rows())
    settings = PrepareSettings(partition_by="category", format="csv")
    data = prepared(tmp_path / "out", path, settings=settings)
    counted = count(str(tmp_path / "out"), SourceSettings())
    plain = prepared(tmp_path / "plain", path)
    assert counted.months == count(str(plain.path), SourceSettings()).months
    assert counted.categories == count(str(plain.path), SourceSettings()).categories
    half = sample(data, tmp_path / "half", SampleSettings(fraction=0.5))
    assert 50 < PreparedData.open(half.path).table().num_rows < 70


def test_a_damaged_csv_is_named(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", rows())
    data = prepared(tmp_path / "out", path, settings=PrepareSettings(format="csv"))
    part = data.path / data.manifest["partitions"][0]["file"]
    part.write_bytes(b"x" * part.stat().st_size)
    with pytest.raises(InputError, match="is damaged"):
        data.table()


def test_a_manifest_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", rows())
    data = prepared(tmp_path / "out", path, settings=PrepareSettings(partition_by="category"))
    manifest = read_record(data.path / "manifest.json")
    manifest["partitions"][0]["file"] = "reviews/category=../../secret.parquet"
    write_record(data.path / "manifest.json", manifest)
    with pytest.raises(InputError, match="damaged"):
        PreparedData.open(data.path)


@pytest.mark.parametrize(
    ("category", "folder"),
    [
        ("Toys & Games", "category=Toys & Games"),
        ("a/b", "category=a%2Fb"),
        ("", "category=__HIVE_DEFAULT_PARTITION__"),
        ("__HIVE_DEFAULT_PARTITION__", "category=%5F_HIVE_DEFAULT_PARTITION__"),
        ("..", "category=.."),
    ],
)
def test_folders_of_categories(category: str, folder: str) -> None:
    assert Part(None, category).file("csv") == f"reviews/{folder}/part-00000.csv"


def test_long_categories_have_folders_of_their_own() -> None:
    first, second = (Part("2015-01", "é" * 500 + end).file("csv") for end in "ab")
    assert first != second
    assert all(len(name) < LONGEST_FOLDER_NAME + 30 for name in first.split("/"))
