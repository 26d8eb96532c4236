from typing import Any

import pyarrow as pa
import pytest

from reviewdesk.prepare.identity import CHANCE_CHARS, KEYS, keys
from reviewdesk.schema import REVIEWS
from reviewdesk.sources.ids import fill_ids

SHORT = "Great!"
LONG = "x" * CHANCE_CHARS


def batch(*rows: dict[str, Any]) -> pa.RecordBatch:
    columns = {name: [row.get(name) for row in rows] for name in REVIEWS.names}
    arrays = {name: pa.array(columns[name], REVIEWS.field(name).type) for name in columns}
    return fill_ids(pa.RecordBatch.from_pydict(arrays)).cast(REVIEWS)


def row(**values: Any) -> dict[str, Any]:
    return {"review_id": "R1", "review_body": SHORT, **values}


def found(reviews: pa.RecordBatch, *, keep: bool = False) -> list[dict[str, Any]]:
    arrays = keys(reviews, reviews, keep=keep)
    rows: list[dict[str, Any]] = pa.RecordBatch.from_arrays(arrays, schema=KEYS).to_pylist()
    return rows


def content(reviews: pa.RecordBatch) -> list[tuple[int, int]]:
    return [(one["content_1"], one["content_2"]) for one in found(reviews)]


DIFFERENT: list[dict[str, Any]] = [
    {},
    {"marketplace": "US"},
    {"marketplace": ""},
    {"customer_id": "US"},
    {"product_id": "US"},
    {"product_parent": "US"},
    {"product_title": "US"},
    {"product_category": "US"},
    {"star_rating": 1},
    {"star_rating": 0},
    {"vine": False},
    {"vine": True},
    {"verified_purchase": False},
    {"verified_purchase": True},
    {"review_headline": "US"},
    {"review_body": SHORT + " "},
    {"review_date": 0},
    {"review_date": 1},
    {"review_date": -1},
]


def test_rows_that_differ_in_any_column_have_another_content() -> None:
    hashes = content(batch(*(row(**values) for values in DIFFERENT)))
    assert len(set(hashes)) == len(DIFFERENT)
    assert len({first for first, _ in hashes} & {second for _, second in hashes}) == 0


def test_id_and_votes_are_not_content() -> None:
    rows = batch(row(), row(review_id="R2"), row(helpful_votes=3), row(total_votes=5))
    assert len(set(content(rows))) == 1


def test_the_content_of_a_row_does_not_depend_on_its_neighbours() -> None:
    alone = content(batch(row()))
    together = content(batch(row(customer_id="C", vine=True, review_date=3), row()))
    assert together[1:] == alone


@pytest.mark.parametrize(
    ("values", "may_repeat"),
    [
        ({}, True),
        ({"customer_id": "C"}, True),
        ({"product_id": "P"}, True),
        ({"customer_id": "C", "product_id": "P"}, False),
        ({"review_body": LONG}, False),
        ({"review_body": LONG[1:]}, True),
        ({"review_body": "é" * (CHANCE_CHARS - 1)}, True),
    ],
)
def test_short_texts_by_nobody_in_particular_may_be_equal_by_chance(
    values: dict[str, Any], may_repeat: bool
) -> None:
    assert found(batch(row(**values)))[0]["may_repeat_content"] is may_repeat


def test_an_id_that_was_given_is_believed_and_a_derived_one_is_not() -> None:
    derived = batch(row(review_id=None))
    given = batch(row(review_id="0123456789abcdef0123456789abcdef"))
    assert found(derived)[0]["may_repeat_id"] is True
    assert found(given)[0]["may_repeat_id"] is False
    assert found(batch(row(review_id=None, review_body=LONG)))[0]["may_repeat_id"] is False


def test_derived_ids_are_known_in_a_mixed_batch() -> None:
    rows = batch(row(review_id=None), row(), row(review_id=None, star_rating=3))
    assert [one["may_repeat_id"] for one in found(rows)] == [True, False, True]


def test_with_keep_everything_may_repeat() -> None:
    rows = found(batch(row(review_body=LONG, customer_id="C", product_id="P")), keep=True)
    assert rows[0]["may_repeat_id"]
    assert rows[0]["may_repeat_content"]


def test_no_rows_have_no_keys() -> None:
    assert found(batch(row())[:0]) == []
