from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import reviewdesk as rd
from reviewdesk.errors import InputError
from reviewdesk.settings import DemoSettings
from reviewdesk.sources.generated import generate
from reviewdesk.synthetic.complaints import (
    complaints,
    grade_complaints,
    plant_complaints,
)


def reviews(products: int = 4, each: int = 200) -> pa.Table:
    count = products * each
    return pa.table(
        {
            "review_id": [f"R{n}" for n in range(count)],
            "product_id": [f"P{n % products}" for n in range(count)],
            "star_rating": pa.array([1 + n // products % 5 for n in range(count)], pa.int8()),
            "review_body": [f"First {n}. Second. Third" for n in range(count)],
        }
    )


def test_complaints_stand_in_low_ratings_and_are_denied_in_high_ones() -> None:
    table = reviews()
    planted = plant_complaints(table, products=3, share=0.5, denied=0.5)
    assert len(planted.of_product) == 3
    changed = pc.not_equal(planted.reviews["review_body"], table["review_body"]).to_pylist()
    for row, is_changed in zip(planted.reviews.to_pylist(), changed, strict=True):
        complaint = planted.of_product.get(row["product_id"])
        assert not (is_changed and (complaint is None or row["star_rating"] == 3))
        if complaint is not None and is_changed:
            said = complaint.said if row["star_rating"] < 3 else complaint.denied
            assert any(f"{one}." in row["review_body"] for one in said)
            assert "Second" in row["review_body"]
    low = 80  # of 200 reviews of a product
    assert all(0.3 * low < number < 0.7 * low for number in planted.planted.values())


def test_the_same_seed_plants_the_same() -> None:
    once, again = (plant_complaints(reviews(), products=2, seed=3) for _ in range(2))
    assert once.reviews.equals(again.reviews)
    other = plant_complaints(reviews(), products=2, seed=4)
    assert not once.reviews.equals(other.reviews)


def test_what_cannot_be_planted_is_said() -> None:
    with pytest.raises(InputError, match="4 products have 30 low ratings"):
        plant_complaints(reviews(), products=5)


def test_the_grade_counts_what_came_back() -> None:
    planted = plant_complaints(reviews(), products=3)
    one, other, last = planted.of_product
    rows = [
        (one, "low", 1, planted.of_product[one].said[0]),
        (other, "low", 6, planted.of_product[other].said[0]),
        (last, "high", 1, planted.of_product[last].said[0]),
        (last, "high", 2, planted.of_product[last].denied[0]),
        (one, "low", 2, "waste of money"),
    ]
    names = ("part", "side", "rank", "text")
    about = {"scope": "product", "kind": "phrase"}
    found = [{**about, **dict(zip(names, row, strict=True))} for row in rows]
    phrases = pa.Table.from_pylist(found)
    assert grade_complaints(planted, phrases) == (3, 1, 2, 1)


def test_every_way_to_say_a_complaint_is_known_and_none_that_denies_it() -> None:
    for one in complaints():
        assert all(one.is_said_by(said) for said in one.said), one
        assert not any(one.is_said_by(denied) for denied in one.denied), one


@pytest.mark.slow
def test_eight_of_ten_planted_complaints_are_among_the_first_five_phrases(tmp_path: Path) -> None:
    generate(tmp_path / "r.tsv", DemoSettings(reviews=40_000))
    plain = pyarrow.csv.ParseOptions(delimiter="\t", quote_char=False)
    planted = plant_complaints(pyarrow.csv.read_csv(tmp_path / "r.tsv", parse_options=plain))
    pq.write_table(planted.reviews, tmp_path / "planted.parquet")
    grade = grade_complaints(planted, rd.customers(tmp_path / "planted.parquet").to_arrow())
    assert grade.planted == 10
    assert grade.first >= 8
    assert grade.contradicting == 0
