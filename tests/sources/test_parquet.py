from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import InputError, MissingColumn
from tests.sources.samples import bodies_of, opened, read, rejects_of, reviews_of


@pytest.mark.parametrize(
    "stars",
    [
        pa.array([4, None], pa.int64()),
        pa.array([4.0, None], pa.float64()),
        pa.array([4.0, None], pa.float32()),
        pa.array(["4", None], pa.string()),
        pa.array(["4.0", None], pa.large_string()),
        pa.array([b"4", None], pa.binary()),
        pa.array(["4", None], pa.string()).dictionary_encode(),
        pa.array([Decimal("4.00"), None], pa.decimal128(5, 2)),
    ],
    ids=lambda column: str(column.type),
)
def test_numbers_of_any_type(tmp_path: Path, stars: pa.Array) -> None:
    pq.write_table(pa.table({"text": ["a", "b"], "stars": stars}), tmp_path / "x.parquet")
    assert [row["star_rating"] for row in reviews_of(read(tmp_path / "x.parquet"))] == [4, None]


@pytest.mark.parametrize(
    "dates",
    [
        pa.array([date(2015, 8, 31)]),
        pa.array([datetime(2015, 8, 31, 23, tzinfo=UTC)], pa.timestamp("ms", "UTC")),
        pa.array([datetime(2015, 8, 31, 1)], pa.timestamp("us")),
        pa.array([1441000000]),
        pa.array([1441000000000]),
        pa.array(["2015-08-31"]),
    ],
    ids=lambda column: str(column.type),
)
def test_dates_of_any_type(tmp_path: Path, dates: pa.Array) -> None:
    pq.write_table(pa.table({"text": ["a"], "date": dates}), tmp_path / "x.parquet")
    assert reviews_of(read(tmp_path / "x.parquet"))[0]["review_date"] == date(2015, 8, 31)


def test_flags(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"text": ["a", "b"], "verified": [True, False]}), tmp_path / "x.parquet"
    )
    rows = reviews_of(read(tmp_path / "x.parquet"))
    assert [row["verified_purchase"] for row in rows] == [True, False]


def test_text_that_is_not_utf8_is_rejected_alone(tmp_path: Path) -> None:
    bad = pa.array([b"good", b"bad \xff", b"fine"]).view(pa.string())
    pq.write_table(pa.table({"text": bad, "stars": [1, 2, 3]}), tmp_path / "x.parquet")
    batches = read(tmp_path / "x.parquet")
    assert bodies_of(batches) == ["good", "fine"]
    (reject,) = rejects_of(batches)
    assert (reject["line"], reject["reason"]) == (2, "bad_utf8")
    assert reject["raw"] == b'{"star_rating": "2", "review_body": "bad \\\\xff"}'


def test_rejects_show_the_row_as_json(tmp_path: Path) -> None:
    texts = pa.array([b"a", b"b\xff"]).view(pa.string())
    table = pa.table({"text": texts, "stars": [4.0, 3.0], "other": [[1], [2]]})
    pq.write_table(table, tmp_path / "x.parquet")
    (reject,) = rejects_of(read(tmp_path / "x.parquet"))
    assert (reject["line"], reject["reason"]) == (2, "bad_utf8")
    assert reject["raw"] == b'{"star_rating": "3", "review_body": "b\\\\xff"}'


def test_nested_columns_are_no_choice(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": [["a"]]}), tmp_path / "x.parquet")
    with pytest.raises(MissingColumn, match="known to hold the reviews' text"):
        opened(tmp_path / "x.parquet")


def test_several_groups_are_read_and_their_rows_numbered_on(tmp_path: Path) -> None:
    texts = [b"\xff" if n % 40 == 39 else b"t%d" % n for n in range(100)]
    table = pa.table({"text": pa.array(texts).view(pa.string())})
    pq.write_table(table, tmp_path / "x.parquet", row_group_size=30)
    batches = read(tmp_path / "x.parquet")
    assert bodies_of(batches) == [f"t{n}" for n in range(100) if n % 40 != 39]
    assert [reject["line"] for reject in rejects_of(batches)] == [40, 80]


def test_a_cut_file_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"text": ["a"]}), path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(InputError, match="not a whole Parquet file; get it again"):
        opened(path)


def test_a_damaged_group_loses_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    table = pa.table({"text": [f"text {n}" for n in range(90)]})
    pq.write_table(table, path, row_group_size=30, compression="gzip", use_dictionary=False)
    column = pq.ParquetFile(path).metadata.row_group(1).column(0)
    data = bytearray(path.read_bytes())
    start = column.data_page_offset
    data[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(data)
    batches = read(path)
    assert bodies_of(batches) == [f"text {n}" for n in range(90) if not 30 <= n < 60]
    (reject,) = rejects_of(batches)
    assert (reject["line"], reject["reason"]) == (31, "damaged_rows")
    assert [note for batch in batches for note in batch.notes] == [
        "rows 31 to 60 of x.parquet are damaged and cannot be read; get the file again"
    ]
    assert sum(batch.bytes_read for batch in batches) == len(data)


def test_several_reviews_in_a_row_are_not_read_as_one(tmp_path: Path) -> None:
    rows = [[{"text": "Fine", "stars": 5}], [{"text": "Dark", "stars": 2}, {"text": "Hot"}]]
    path = tmp_path / "r.parquet"
    pq.write_table(pa.table({"shop": ["x", "y"], "reviews": rows}), path)
    with pytest.raises(InputError, match=r"r\.parquet has several texts in a row of 'reviews'"):
        read(path)
    batches = read(path, columns={"review_body": "reviews.0.text"})
    assert bodies_of(batches) == ["Fine", "Dark"]
    assert "1 rows with more than 'reviews.0.text'" in " ".join(
        note for batch in batches for note in batch.notes
    )
    pq.write_table(pa.table({"reviews": rows[:1]}), path)
    assert bodies_of(read(path)) == ["Fine"]


def test_columns_that_no_text_can_be_made_of_are_named(tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    votes = pa.array([[("yes", 4)], [("no", 2)]], pa.map_(pa.string(), pa.int32()))
    pq.write_table(pa.table({"text": ["Fine", "Dark"], "helpful_votes": votes}), path)
    (note,) = [note for batch in read(path) for note in batch.notes]
    assert "r.parquet has columns of types that are not read: helpful_votes (map<string" in note


def test_ids_of_bytes_are_hex_also_if_they_happen_to_be_utf8(tmp_path: Path) -> None:
    ids = pa.array([bytes(15) + b"\5", b"R1"], pa.large_binary())
    path = tmp_path / "r.parquet"
    pq.write_table(pa.table({"review_id": ids, "text": ["Fine", "Dark"]}), path)
    assert [row["review_id"] for row in reviews_of(read(path))] == [f"{5:032x}", "R1"]
