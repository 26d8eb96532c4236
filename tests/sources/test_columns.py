from datetime import date

import pyarrow as pa
import pytest

from reviewdesk.schema import REVIEW_COLUMNS, REVIEWS
from reviewdesk.sources.columns import parse_count, parse_flag, to_reviews
from reviewdesk.sources.raw_rows import RawRows
from reviewdesk.sources.tally import Tally


def typed(**columns: list[str | None]) -> tuple[list[dict[str, object]], Tally]:
    tally = Tally("file.tsv")
    arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    count = len(next(iter(arrays.values())))
    rows = RawRows(arrays, count, range(2, count + 2), lambda row: b"raw %d" % row)
    return to_reviews(rows, tally).to_pylist(), tally


@pytest.mark.parametrize(
    ("text", "count"),
    [
        *(("0", 0), ("12", 12), ("1,234", 1234), ("12.0", 12), ("2147483647", 2**31 - 1)),
        *(("2147483648", None), ("-1", None), ("1,23", None), ("many", None), ("1.5", None)),
    ],
)
def test_counts(text: str, count: int | None) -> None:
    assert parse_count(text) == count


@pytest.mark.parametrize(
    ("text", "flag"),
    [("Y", True), ("n", False), ("true", True), ("False", False), ("1", True), ("maybe", None)],
)
def test_flags(text: str, flag: bool | None) -> None:
    assert parse_flag(text) is flag


def test_a_bad_optional_value_becomes_null_and_is_counted() -> None:
    rows, tally = typed(
        review_body=["a", "b"],
        helpful_votes=["many", "3"],
        vine=["Y", "perhaps"],
        review_date=["2015-02-30", "2015-02-28"],
    )
    assert [row["helpful_votes"] for row in rows] == [None, 3]
    assert [row["vine"] for row in rows] == [True, None]
    assert [row["review_date"] for row in rows] == [None, date(2015, 2, 28)]
    assert len(tally.rejects) == 0
    assert tally.unreadable == {"helpful_votes": 1, "vine": 1, "review_date": 1}
    assert tally.readable == {"helpful_votes": 1, "vine": 1, "review_date": 1, "review_body": 2}


def test_reviews_without_a_text_or_with_an_impossible_rating_stay() -> None:
    rows, tally = typed(
        review_body=["a", None, "c", "", "e"], star_rating=["5", "4", "11", "no", None]
    )
    assert [row["review_body"] for row in rows] == ["a", "", "c", "", "e"]
    assert [row["star_rating"] for row in rows] == [5, 4, None, None, None]
    assert len(tally.rejects) == 0
    assert tally.unreadable == {"star_rating": 2}


@pytest.mark.parametrize(
    "word", ["NULL", "null", "NaN", "nan", "None", "\\N", "N/A", "<NA>", "NA", "-"]
)
def test_words_for_nothing_are_null_in_every_column(word: str) -> None:
    columns: dict[str, list[str | None]] = {
        column.name: [word, " " + word] for column in REVIEW_COLUMNS if column.name != "marketplace"
    }
    rows, tally = typed(**columns)
    for row in rows:
        assert row.pop("review_body") == ""
        assert len(str(row.pop("review_id"))) == 32
        assert set(row.values()) == {None}
    assert not tally.unreadable


def test_words_that_only_begin_so_are_values() -> None:
    rows, _ = typed(
        review_body=["nano", "Nana"], product_id=["na", "NULLS"], marketplace=["NA", "US"]
    )
    assert [row["review_body"] for row in rows] == ["nano", "Nana"]
    assert [row["product_id"] for row in rows] == ["na", "NULLS"]
    assert [row["marketplace"] for row in rows] == ["NA", "US"]


def test_ids_are_whole_numbers_and_in_one_form() -> None:
    rows, _ = typed(
        review_body=["a", "b", "c"],
        customer_id=["12345678.0", "Zoe\u0308 K", "1.5"],
        product_id=["007.00", "v1.0", "1,23457E+12"],
    )
    assert [row["customer_id"] for row in rows] == ["12345678", "Zo\xeb K", "1.5"]
    assert [row["product_id"] for row in rows] == ["007", "v1.0", "1,23457E+12"]


def test_an_empty_value_is_null_and_a_blank_around_a_number_is_nothing() -> None:
    rows, tally = typed(
        review_body=["a"], product_title=[""], star_rating=[" 4 "], total_votes=[""]
    )
    assert rows[0]["product_title"] is None
    assert rows[0]["star_rating"] == 4
    assert rows[0]["total_votes"] is None
    assert not tally.unreadable


def test_no_rows_have_the_schema() -> None:
    batch = to_reviews(RawRows.none(), Tally("x"), category="Toys")
    assert batch.schema == REVIEWS
    assert len(batch) == 0


def test_a_given_id_is_kept_and_a_missing_one_derived() -> None:
    rows, _ = typed(review_body=["a", "b"], review_id=["R1", ""])
    assert rows[0]["review_id"] == "R1"
    assert len(str(rows[1]["review_id"])) == 32
