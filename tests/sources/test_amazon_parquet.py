from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import InputError, MissingColumn
from reviewdesk.schema import REVIEWS
from tests.sources.samples import opened, reviews_of

ROW = {
    "marketplace": "US",
    "customer_id": "1",
    "review_id": "R1",
    "product_id": "B1",
    "product_parent": "7",
    "product_title": "Thing",
    "star_rating": 4,
    "helpful_votes": 2,
    "total_votes": 3,
    "vine": "N",
    "verified_purchase": "Y",
    "review_headline": "Good",
    "review_body": "Fine.",
    "year": 2015,
}


def table(**other: object) -> pa.Table:
    return pa.Table.from_pylist([{**ROW, **other}])


@pytest.mark.parametrize("day", [16678, date(2015, 8, 31), "2015-08-31"])
def test_the_category_is_in_the_path_and_the_day_in_many_forms(tmp_path: Path, day: object) -> None:
    folder = tmp_path / "product_category=Health_%26_Care"
    folder.mkdir()
    pq.write_table(table(review_date=day), folder / "part-0.snappy.parquet")
    (row,) = reviews_of(list(opened(tmp_path).read()))
    assert row["product_category"] == "Health_&_Care"
    assert row["review_date"] == date(2015, 8, 31)
    assert (row["vine"], row["verified_purchase"], row["star_rating"]) == (False, True, 4)


def test_our_own_files_are_read_back_the_same(tmp_path: Path) -> None:
    days = {"review_date": date(2015, 8, 31), "product_category": "Toys"}
    flags = {"vine": False, "verified_purchase": True}
    rows = [{name: {**ROW, **days, **flags}[name] for name in REVIEWS.names}]
    pq.write_table(pa.Table.from_pylist(rows, schema=REVIEWS), tmp_path / "x.parquet")
    found = opened(tmp_path / "x.parquet")
    assert found.source == "amazon-parquet"
    assert reviews_of(list(found.read())) == rows


def test_another_parquet_file_is_a_table(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "x.parquet")
    assert opened(tmp_path / "x.parquet").source == "table"


def test_a_missing_body_and_a_damaged_file_are_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(table().drop_columns(["review_body"]), path)
    with pytest.raises(MissingColumn, match=r"x\.parquet .* it has: 'marketplace', "):
        opened(path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match="not a whole Parquet file"):
        opened(path)
