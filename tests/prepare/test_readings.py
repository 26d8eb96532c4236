"""Scale and order are decided over a column, however it is cut into batches and files."""

import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import LostColumn, UsageError
from reviewdesk.prepare.prepare import prepare
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources import open_inputs, raw_rows
from reviewdesk.sources.deciding import decided

Row = tuple[str, str]


def write(path: Path, lines: Sequence[Row], header: Row = ("score", "date")) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", *header))
        for number, line in enumerate(lines):
            writer.writerow((f"{path.stem[0]} review of kettle {number} in the shop", *line))
    return path


def prepared(
    out: Path,
    *paths: Path,
    settings: PrepareSettings | None = None,
    source: dict[str, Any] | None = None,
) -> PreparedData:
    how = SourceSettings.from_json(source or {})
    return prepare(
        open_inputs([str(path) for path in paths], how),
        out,
        prepare=settings or PrepareSettings(),
        clean=CleanSettings(),
        source=how,
    )


def values(data: PreparedData) -> dict[str, tuple[Any, ...]]:
    table = data.table(["review_body", "star_rating", "review_date"])
    return {
        body: (stars, day) for body, stars, day in zip(*table.to_pydict().values(), strict=True)
    }


MANY = [("1", "05/06/2019")] * 40
PROOFS = [("10", "13/06/2019"), ("7", "01/02/2020"), ("9", "25/12/2019"), ("2", "11/12/2019")] * 10


@pytest.mark.parametrize("first", [MANY, PROOFS], ids=["late", "early"])
def test_what_the_last_rows_tell_holds_for_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: list[Row]
) -> None:
    monkeypatch.setattr(raw_rows, "MAX_ROWS", 7)
    lines = [*first, *(PROOFS if first is MANY else MANY)]
    data = prepared(tmp_path / "out", write(tmp_path / "a.csv", lines))
    found = values(data)
    for number, (score, day) in enumerate(lines):
        stars, read = found[f"a review of kettle {number} in the shop"]
        assert stars == (int(score) + 1) // 2
        assert read == date(*reversed([int(one) for one in day.split("/")]))
    (reading,) = data.manifest["readings"]
    assert (reading["scale"], reading["orders"]) == ("1-10", {"/": "dmy"})
    assert any("score holds 1 to 10" in note for note in data.notes)
    assert any("day/month/year" in note for note in data.notes)


def test_files_of_one_table_are_read_as_the_table_is(tmp_path: Path) -> None:
    one, two = write(tmp_path / "a.csv", MANY), write(tmp_path / "b.csv", PROOFS)
    both = prepared(tmp_path / "both", one, two)
    turned = tmp_path / "turned"
    turned.mkdir()
    two.rename(turned / "1.csv")
    one.rename(turned / "2.csv")
    again = prepared(tmp_path / "again", turned / "1.csv", turned / "2.csv")
    assert values(again) == values(both)
    assert again.fingerprint == both.fingerprint
    assert {stars for stars, _ in values(both).values()} == {1, 4, 5}


def test_another_table_decides_for_itself(tmp_path: Path) -> None:
    other = write(tmp_path / "b.csv", [("5", "2020-01-01"), ("4", "2020-01-02")], ("stars", "day"))
    data = prepared(tmp_path / "out", write(tmp_path / "a.csv", PROOFS), other)
    assert values(data)["b review of kettle 0 in the shop"][0] == 5
    scales = {one["star_rating"]: one["scale"] for one in data.manifest["readings"]}
    assert scales == {"score": "1-10", "stars": "1-5"}


def test_predicting_reads_as_preparing_does(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [*MANY, *PROOFS])
    data = prepared(tmp_path / "out", path)
    raw = decided(open_inputs([str(path)], SourceSettings()))
    ids = [
        row["review_id"] for one in raw for batch in one.read() for row in batch.reviews.to_pylist()
    ]
    assert set(ids) == set(data.table(["review_id"])["review_id"].to_pylist())


def test_recommendations_never_become_one_star(tmp_path: Path) -> None:
    path = tmp_path / "steam.csv"
    votes = [1, -1, 1, 1, -1] * 4
    pd.DataFrame(
        {
            "review_text": [f"Game number {n} is what it is" for n in range(20)],
            "review_score": votes,
        }
    ).to_csv(path)
    data = prepared(tmp_path / "out", path)
    assert data.manifest["stars"] == {"1": 8, "5": 12}
    assert "review_score holds 1 and -1: read as recommended" in data.notes[0]
    with pytest.raises(UsageError, match="--stars-scale 1-5, 1/0 or 1/-1"):
        prepared(tmp_path / "ones", write(tmp_path / "b.csv", [("1", "2020-01-01")] * 3))
    data = prepared(tmp_path / "told", tmp_path / "b.csv", source={"stars_scale": "1/0"})
    assert data.manifest["stars"] == {"5": 3}


def test_averages_are_no_ratings(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    means = [4.1, 4.37, 3.9, 4.0] * 3
    pl.DataFrame({"text": [f"Kettle {n} boils" for n in range(12)], "rating": means}).write_parquet(
        path
    )
    data = prepared(tmp_path / "out", path)
    assert data.manifest["stars"] == {"none": 12}
    assert "averages" in data.notes[0]
    assert data.manifest["unreadable"] == {}


def test_a_column_of_which_every_value_is_lost_is_marked(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [("5", "2 days ago"), ("4", "last week"), ("1", "")])
    with pytest.raises(LostColumn, match=r"none of the 2 values in date .* --date-format"):
        prepared(tmp_path / "out", path)
    data = PreparedData.open(tmp_path / "out")
    assert data.rows == 3
    assert data.manifest["lost_columns"][0]["column"] == "review_date"
    with pytest.raises(LostColumn):  # not forgotten when it is asked for again
        prepared(tmp_path / "out", path)
    settled = prepared(tmp_path / "settled", path, settings=PrepareSettings(max_rejects=1))
    assert settled.rows == 3


def test_a_column_with_some_values_that_are_none_is_not_lost(tmp_path: Path) -> None:
    rows = [
        '{"text": "The kettle boils", "user": "ann"}',
        '{"text": "It leaks", "user": [1]}',
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(rows))
    data = prepared(tmp_path / "out", tmp_path / "a.jsonl")
    assert data.manifest["unreadable"] == {"customer_id": 1}
    (tmp_path / "b.jsonl").write_text(rows[1])
    with pytest.raises(LostColumn, match="none of the 1 values in user .* --map"):
        told = {"columns": {"customer_id": "user"}}
        prepared(tmp_path / "b", tmp_path / "b.jsonl", source=told)


def test_order_and_format_can_be_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [("5", "05/06/19"), ("4", "07/08/19")])
    with pytest.raises(UsageError, match="--date-order dmy or --date-order mdy"):
        prepared(tmp_path / "out", path)
    for number, (told, day) in enumerate(
        [
            ({"date_order": "dmy"}, date(2019, 6, 5)),
            ({"date_order": "ymd"}, date(2005, 6, 19)),
            ({"date_format": "%m/%d/%y"}, date(2019, 5, 6)),
        ]
    ):
        data = prepared(tmp_path / f"out{number}", path, source=told)
        assert values(data)["a review of kettle 0 in the shop"][1] == day
    for wrong in ("%d/%m", "%Q", "day"):
        with pytest.raises(UsageError, match="--date-format"):
            prepared(tmp_path / "wrong", path, source={"date_format": wrong})


def test_dates_and_ids_as_duckdb_and_arrow_write_them(tmp_path: Path) -> None:
    query = """
        SELECT uuid() AS review_id, 'Kettle ' || i || ' boils' AS text, i::DOUBLE + 1e10 AS user_id,
            (i % 5 + 1)::DECIMAL(3, 1) AS stars, TIMESTAMP '2019-07-04 10:00:00' AS date,
            {'name': 'Kettle', 'tags': ['a']} AS product
        FROM range(1, 11) t(i)
    """
    duckdb.sql(f"COPY ({query}) TO '{tmp_path / 'a.parquet'}'")
    found = prepared(tmp_path / "out", tmp_path / "a.parquet").table().to_pylist()
    assert {len(row["review_id"]) for row in found} == {36}
    assert sorted(row["customer_id"] for row in found)[0] == "10000000001"
    assert sorted(row["star_rating"] for row in found) == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert {row["review_date"] for row in found} == {date(2019, 7, 4)}
    table = pa.table(
        {
            "review_id": pa.array([bytes([n]) * 16 for n in range(3)], pa.binary(16)),
            "text": pa.array(["One kettle", "Two kettles", "Three"], pa.large_string()),
            "rating": pa.array(["5", "4", "1"]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "b.parquet")
    found = prepared(tmp_path / "b", tmp_path / "b.parquet").table().to_pylist()
    assert sorted((row["review_id"], row["star_rating"]) for row in found) == [
        ("00" * 16, 5),
        ("01" * 16, 4),
        ("02" * 16, 1),
    ]
