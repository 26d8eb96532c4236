import json
from datetime import date
from pathlib import Path

from reviewdesk.settings import SourceSettings
from reviewdesk.sources import open_inputs
from tests.sources.samples import reviews_of

REVIEW = {
    "review_id": "r1",
    "user_id": "u1",
    "business_id": "b1",
    "stars": 4.0,
    "useful": 3,
    "funny": 1,
    "cool": 0,
    "text": "Tasty.\n\nWill be back.",
    "date": "2016-03-09 23:59:59",
}


def written(path: Path, *rows: dict[str, object]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_reviews_are_joined_with_businesses(tmp_path: Path) -> None:
    reviews = [{**REVIEW, "review_id": f"r{n}", "business_id": f"b{n}"} for n in range(5)]
    written(tmp_path / "yelp_academic_dataset_review.json", *reviews)
    written(
        tmp_path / "yelp_academic_dataset_business.json",
        {"business_id": "b0", "name": "Zoe's", "categories": "Vegan, Food, Restaurants"},
        {"business_id": "b1", "name": "Mo's", "categories": "Vegan, Bistro"},
        {"business_id": "b2", "name": "No", "categories": None, "attributes": {"a": "u'no'"}},
        {"business_id": "b3", "name": "", "categories": ""},
    )
    (found,) = open_inputs([str(tmp_path)], SourceSettings())
    rows = reviews_of(list(found.read()))
    assert found.source == "yelp"
    assert [(row["product_title"], row["product_category"]) for row in rows] == [
        ("Zoe's", "Food"),
        ("Mo's", "Vegan"),
        ("No", None),
        (None, None),
        (None, None),
    ]
    assert rows[0]["review_id"] == "r0"
    assert rows[0]["customer_id"] == "u1"
    assert rows[0]["helpful_votes"] == 3
    assert rows[0]["review_date"] == date(2016, 3, 9)
    assert rows[0]["review_body"] == "Tasty.\n\nWill be back."
