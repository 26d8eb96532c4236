from collections import Counter
from datetime import date

import pyarrow as pa
import pytest

from reviewdesk.schema import REVIEWS
from reviewdesk.sources.columns import (
    parse_count,
    parse_date,
    parse_flag,
    parse_stars,
    to_reviews,
)
from reviewdesk.sources.rejects import Rejects
from reviewdesk.sources.rows import RawRows


def typed(**columns: list[str | None]) -> tuple[list[dict[str, object]], Rejects, Counter[str]]:
    rejects = Rejects("file.tsv")
    unreadable: Counter[str] = Counter()
    arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    count = len(next(iter(arrays.values())))
    rows = RawRows(arrays, count, range(2, count + 2), lambda row: b"raw %d" % row)
    return to_reviews(rows, rejects, unreadable).to_pylist(), rejects, unreadable


@pytest.mark.parametrize(
    ("text", "stars"),
    [
        *(("1", 1), ("5", 5), ("4.0", 4), ("4.", None), ("4/5", 4), ("4 / 5", 4), ("4.0/5.0", 4)),
        *(("8/10", 4), ("1/10", 1), ("10/10", 5), ("0/10", None), ("7.5/10", None)),
        *(
            ("four", 4),
            ("Five Stars", 5),
            ("1 star", 1),
            ("3 out of 5", 3),
            ("3 out of 5 stars", 3),
        ),
        *(("★★★★", 4), ("★★★☆☆", 3), ("☆★", None), ("★★★★★★", None), ("☆☆☆☆☆", None)),
        *(("0", None), ("6", None), ("-1", None), ("4.5", None), ("nan", None), ("inf", None)),
        *(("", None), ("star_rating", None), ("4e0", None), ("٤", None), ("1" * 60, None)),
    ],
)
def test_ratings(text: str, stars: int | None) -> None:
    assert parse_stars(text) == stars


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


@pytest.mark.parametrize(
    "text",
    [
        *("2009-09-13", "2009/9/13", "20090913", "2009-09-13 23:59:59", "2009-09-13T01:02:03Z"),
        *("09 13, 2009", "September 13, 2009", "Sep 13, 2009", "13 September 2009", "13 Sep 2009"),
        *("09/13/2009", "13.09.2009", "1252800000", "1252800000000", "1252800000.0"),
    ],
)
def test_dates_in_many_styles(text: str) -> None:
    assert parse_date(text) == date(2009, 9, 13)


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "2009", "2009-13-01", "2009-02-30", "0000-01-01", "13/09/2009", "yesterday"),
        *("200911", "9" * 13 + "9", "2009-09/13", "-62135596801000"),
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert parse_date(text) is None


def test_a_date_before_1970_is_a_date() -> None:
    assert parse_date("-100000000") == date(1966, 10, 31)


def test_a_bad_optional_value_becomes_null_and_is_counted() -> None:
    rows, rejects, unreadable = typed(
        review_body=["a", "b"],
        helpful_votes=["many", "3"],
        vine=["Y", "perhaps"],
        review_date=["2015-02-30", "2015-02-28"],
    )
    assert [row["helpful_votes"] for row in rows] == [None, 3]
    assert [row["vine"] for row in rows] == [True, None]
    assert [row["review_date"] for row in rows] == [None, date(2015, 2, 28)]
    assert len(rejects) == 0
    assert +unreadable == {"helpful_votes": 1, "vine": 1, "review_date": 1}


def test_rows_without_body_or_with_an_impossible_rating_are_rejected() -> None:
    rows, rejects, unreadable = typed(
        review_body=["a", None, "c", "", "e"],
        star_rating=["5", "5", "11", "no", None],
        helpful_votes=["1", "x", "x", "x", "1"],
    )
    assert [row["review_body"] for row in rows] == ["a", "e"]
    assert [row["star_rating"] for row in rows] == [5, None]
    found = rejects.take().to_pylist()
    assert [(one["line"], one["reason"], one["raw"]) for one in found] == [
        (3, "missing_body", b"raw 1"),
        (4, "bad_rating", b"raw 2"),
        (5, "missing_body", b"raw 3"),
    ]
    assert not +unreadable  # rejected rows are counted once, as rejects


def test_an_empty_value_is_null_and_a_blank_around_a_number_is_nothing() -> None:
    rows, _, unreadable = typed(
        review_body=["a"], product_title=[""], star_rating=[" 4 "], total_votes=[""]
    )
    assert rows[0]["product_title"] is None
    assert rows[0]["star_rating"] == 4
    assert rows[0]["total_votes"] is None
    assert not +unreadable


def test_no_rows_have_the_schema() -> None:
    batch = to_reviews(RawRows.none(), Rejects("x"), Counter(), category="Toys")
    assert batch.schema == REVIEWS
    assert len(batch) == 0


def test_a_given_id_is_kept_and_a_missing_one_derived() -> None:
    rows, _, _ = typed(review_body=["a", "b"], review_id=["R1", ""])
    assert rows[0]["review_id"] == "R1"
    assert len(str(rows[1]["review_id"])) == 32
