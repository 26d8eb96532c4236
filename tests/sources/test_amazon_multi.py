import json
from pathlib import Path

from tests.sources.samples import opened, reviews_of


def test_every_field(tmp_path: Path) -> None:
    review = {
        "review_id": "de_1",
        "product_id": "product_de_2",
        "reviewer_id": "reviewer_de_3",
        "stars": "4",
        "review_body": "Tut, was es soll.",
        "review_title": "Gut",
        "language": "de",
        "product_category": "drugstore",
    }
    path = tmp_path / "dataset_de_dev.json"
    path.write_text(json.dumps(review) + "\n" + json.dumps({**review, "language": "xx"}) + "\n")
    found = opened(path)
    first, second = reviews_of(list(found.read()))
    assert found.source == "amazon-multi"
    assert first == {
        **dict.fromkeys(("product_parent", "product_title", "helpful_votes", "total_votes")),
        **dict.fromkeys(("vine", "verified_purchase", "review_date")),
        "marketplace": "DE",
        "customer_id": "reviewer_de_3",
        "review_id": "de_1",
        "product_id": "product_de_2",
        "product_category": "drugstore",
        "star_rating": 4,
        "review_headline": "Gut",
        "review_body": "Tut, was es soll.",
    }
    assert second["marketplace"] is None
