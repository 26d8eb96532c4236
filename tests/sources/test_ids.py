import pyarrow as pa

from reviewdesk.schema import REVIEWS
from reviewdesk.sources.ids import derived_ids


def batch(*rows: dict[str, object]) -> pa.RecordBatch:
    full = [{"review_id": "", "review_body": "text", **row} for row in rows]
    return pa.RecordBatch.from_pylist(full, schema=REVIEWS)


def test_the_id_of_a_row_is_fixed_for_all_time() -> None:
    # A change here changes the ids in everybody's prepared data.
    rows = batch({"review_body": "Works.", "star_rating": 5, "product_id": "B1"})
    assert derived_ids(rows).to_pylist() == ["5751415bdad9f70142c804e4528185ab"]


def test_ids_do_not_depend_on_order_or_company() -> None:
    rows = [{"review_body": f"text {number}", "star_rating": number % 5} for number in range(9)]
    forward = derived_ids(batch(*rows)).to_pylist()
    backward = derived_ids(batch(*reversed(rows))).to_pylist()
    assert forward == backward[::-1]
    assert derived_ids(batch(rows[3])).to_pylist() == [forward[3]]
    assert derived_ids(batch(*rows).slice(4, 2)).to_pylist() == forward[4:6]


def test_every_column_counts() -> None:
    values: dict[str, object] = {
        "marketplace": "a",
        "customer_id": "a",
        "product_id": "a",
        "product_parent": "a",
        "product_title": "a",
        "product_category": "a",
        "star_rating": 1,
        "helpful_votes": 1,
        "total_votes": 1,
        "vine": True,
        "verified_purchase": True,
        "review_headline": "a",
        "review_body": "a",
        "review_date": 0,
    }
    assert {*values, "review_id"} == set(REVIEWS.names)
    ids = derived_ids(batch({}, *({name: value} for name, value in values.items()))).to_pylist()
    assert len(set(ids)) == len(ids)


def test_no_rows_have_no_ids() -> None:
    assert derived_ids(batch()).to_pylist() == []
