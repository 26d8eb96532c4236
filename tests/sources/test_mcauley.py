import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reviewdesk.errors import InputError
from reviewdesk.settings import SourceSettings
from reviewdesk.sources import Input, open_inputs
from reviewdesk.sources.mcauley_files import category_of
from tests.sources.samples import opened, read, rejects_of, reviews_of

REVIEW_2014 = {
    "reviewerID": "A2",
    "asin": "0000013714",
    "reviewerName": "J",
    "helpful": [2, 3],
    "reviewText": "Works.",
    "overall": 5.0,
    "summary": "Heavenly",
    "unixReviewTime": 1252800000,
    "reviewTime": "09 13, 2009",
}
REVIEW_2018 = {
    "overall": 4.0,
    "vote": "1,024",
    "verified": True,
    "reviewerID": "A1",
    "asin": "B01",
    "style": {"Size:": " L"},
    "reviewText": "Fits.",
    "summary": "Fine",
    "unixReviewTime": 1252800000,
}
REVIEW_2023 = {
    "rating": 4.0,
    "title": "Fine",
    "text": "Smells.",
    "images": [],
    "asin": "B01",
    "parent_asin": "P01",
    "user_id": "U1",
    "timestamp": 1252800000123,
    "verified_purchase": False,
    "helpful_vote": 7,
}


def lines(path: Path, *rows: dict[str, Any], loose: bool = False) -> Path:
    text = "".join((repr(row) if loose else json.dumps(row)) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()))
    return path


def inputs(*paths: Path, category: str = "") -> list[Input]:
    return open_inputs([str(path) for path in paths], SourceSettings(category=category))


def only(found: list[Input]) -> dict[str, Any]:
    (one,) = found
    (row,) = reviews_of(list(one.read()))
    return row


@pytest.mark.parametrize(
    ("name", "category"),
    [
        *(("Books_5.json.gz", "Books"), ("reviews_Books_5.json.gz", "Books")),
        *(
            ("meta_All_Beauty.jsonl.gz", "All_Beauty"),
            ("2018/Toys_and_Games.json", "Toys_and_Games"),
        ),
        *(("Cell_Phones_&_Accessories.txt.gz", "Cell_Phones_&_Accessories"), ("mine.json", "")),
        *(("Books.csv", "Books"), ("", ""), ("Books", "")),
    ],
)
def test_categories_in_names(name: str, category: str) -> None:
    assert category_of(name) == category


def test_2013(tmp_path: Path) -> None:
    path = tmp_path / "Gourmet_Foods.txt.gz"
    text = (
        b"product/productId: B003\nproduct/title: Dog: Food\nproduct/price: unknown\n"
        b"review/userId: unknown\nreview/profileName: d\nreview/helpfulness: 1/4\n"
        b"review/score: 5.0\nreview/time: 1252800000\nreview/summary: Good\n"
        b"review/text: All: fine / good\n\n\n"
    )
    path.write_bytes(gzip.compress(text + text.replace(b"fine", b"caf\xe9") + text[:-2]))
    batches = read(path)
    first, second, third = reviews_of(batches)
    assert first == {
        **dict.fromkeys(("marketplace", "customer_id", "product_parent", "vine")),
        "verified_purchase": None,
        "review_id": first["review_id"],
        "product_id": "B003",
        "product_title": "Dog: Food",
        "product_category": "Gourmet_Foods",
        "star_rating": 5,
        "helpful_votes": 1,
        "total_votes": 4,
        "review_headline": "Good",
        "review_body": "All: fine / good",
        "review_date": date(2009, 9, 13),
    }
    assert second["review_body"] == "All: café / good"
    assert third["review_id"] == first["review_id"]  # the same content


def test_2013_records_that_are_none_or_lack_the_line_between(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    record = b"product/productId: B%d\nreview/text: a\n"
    path.write_bytes(record % 1 + record % 2 + b"\nrubbish\nmore\n\n" + (record % 3)[:-1])
    batches = read(path)
    assert [row["product_id"] for row in reviews_of(batches)] == ["B1", "B2", "B3"]
    assert [(one["line"], one["reason"], one["raw"]) for one in rejects_of(batches)] == [
        (6, "bad_record", b"rubbish\nmore")
    ]


def test_2014_with_metadata_as_python_writes_it(tmp_path: Path) -> None:
    reviews = lines(tmp_path / "reviews_Baby_5.json.gz", REVIEW_2014)
    meta = {"asin": "0000013714", "title": 'It\'s "5\\" wide"', "categories": [["Baby Care", "x"]]}
    products = lines(tmp_path / "meta_Baby.json.gz", meta, loose=True)
    found = inputs(products, reviews)
    assert [(one.name, one.source) for one in found] == [("reviews_Baby_5.json.gz", "mcauley-2018")]
    row = only(found)
    assert (row["product_title"], row["product_category"]) == ('It\'s "5\\" wide"', "Baby Care")
    assert (row["helpful_votes"], row["total_votes"]) == (2, 3)
    assert row["review_date"] == date(2009, 9, 13)


def test_2018_without_metadata(tmp_path: Path) -> None:
    path = lines(tmp_path / "AMAZON_FASHION.json.gz", REVIEW_2018)
    row = only(inputs(path))
    assert row["product_category"] == "AMAZON_FASHION"
    assert (row["helpful_votes"], row["total_votes"], row["star_rating"]) == (1024, None, 4)
    assert row["verified_purchase"] is True
    assert only(inputs(path, category="Told"))["product_category"] == "Told"


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("Garden_Tools_5.json", "Garden_Tools"),
        ("reviews_board games_5.json.gz", "board games"),
        ("Home & Garden.jsonl", "Home & Garden"),
        ("Cameras.jsonl.gz", "Cameras"),
        ("reviews.json", ""),
        ("train_5.json", ""),
        ("Amazon_Reviews.json", ""),
        ("part-00001.jsonl", ""),
        ("2018.json", ""),
        ("shop.json", ""),
    ],
)
def test_categories_that_are_not_theirs(name: str, category: str) -> None:
    assert category_of(name) == category


@pytest.mark.parametrize("review", [REVIEW_2014, REVIEW_2018, REVIEW_2023])
@pytest.mark.parametrize("how", ["csv", "json", "parquet"])
def test_the_name_tells_the_category_of_a_table_that_pandas_made_of_theirs(
    review: dict[str, Any], how: str, tmp_path: Path
) -> None:
    frame = pd.DataFrame([review]).drop(columns=["helpful", "style", "images"], errors="ignore")
    path = tmp_path / f"Garden_Tools.{how}"
    if how == "csv":
        frame.to_csv(path, index=False)
    elif how == "json":
        frame.to_json(path, orient="records")
    else:
        frame.to_parquet(path)
    (one,) = inputs(path)
    assert one.source == "table"
    assert only([one])["product_category"] == "Garden_Tools"


def test_2018_category_of_the_metadata_is_the_first_of_the_path(tmp_path: Path) -> None:
    reviews = lines(tmp_path / "Software.json.gz", REVIEW_2018)
    meta = {"asin": "B01", "title": "A", "category": ["Software", "Games"], "also_buy": []}
    (tmp_path / "meta").mkdir()
    lines(tmp_path / "meta/meta_Software.json.gz", meta)
    found = inputs(tmp_path)
    assert len(found) == 1
    row = only(found)
    assert (row["product_title"], row["product_category"]) == ("A", "Software")
    assert found[0].sha256() != inputs(reviews)[0].sha256()  # the products count as content


@pytest.mark.parametrize("other_spelling", [False, True])
def test_2023(tmp_path: Path, other_spelling: bool) -> None:
    review = dict(REVIEW_2023)
    if other_spelling:
        review["sort_timestamp"] = review.pop("timestamp")
        review["helpful_votes"] = review.pop("helpful_vote")
    lines(tmp_path / "All_Beauty.jsonl.gz", review, {**review, "parent_asin": "P02"})
    meta = {
        "main_category": "All Beauty",
        "title": "Soap \ud83d",
        "parent_asin": "P01",
        "store": "",
    }
    lines(tmp_path / "meta_All_Beauty.jsonl.gz", meta)
    (found,) = inputs(tmp_path)
    first, second = reviews_of(list(found.read()))
    assert found.source == "mcauley-2023"
    assert (first["product_title"], first["product_category"]) == ("Soap \ufffd", "All Beauty")
    assert (second["product_title"], second["product_category"]) == (None, "All_Beauty")
    assert (first["product_parent"], first["product_id"]) == ("P01", "B01")
    assert (first["helpful_votes"], first["review_date"]) == (7, date(2009, 9, 13))
    assert first["verified_purchase"] is False


def test_metadata_of_another_category_is_not_read(tmp_path: Path) -> None:
    lines(tmp_path / "Books.jsonl.gz", REVIEW_2023)
    books = {"parent_asin": "P01", "title": "Right", "main_category": "Books"}
    lines(tmp_path / "meta_Books.jsonl.gz", books)
    lines(tmp_path / "meta_Software.jsonl.gz", {**books, "title": "Wrong"})
    assert only(inputs(tmp_path))["product_title"] == "Right"


def test_bad_metadata_lines_are_noted_and_lose_no_review(tmp_path: Path) -> None:
    reviews = lines(tmp_path / "reviews.jsonl.gz", REVIEW_2023)
    meta = {"parent_asin": "P01", "title": "A", "store": None}
    path = lines(tmp_path / "products.jsonl.gz", meta)
    text = gzip.decompress(path.read_bytes()) + b'{broken\n\n{"title": "B"}\n\xff\n'
    path.write_bytes(gzip.compress(text)[:-8])
    (found,) = inputs(reviews, path)
    batches = list(found.read())
    assert reviews_of(batches)[0]["product_title"] == "A"
    notes = [note for batch in batches for note in batch.notes]
    assert notes[0].startswith("products.jsonl.gz is damaged or cut off")
    assert notes[1] == "3 lines of products.jsonl.gz cannot be read and are passed over"


def test_metadata_alone_is_one_sentence(tmp_path: Path) -> None:
    path = lines(tmp_path / "meta_Books.jsonl.gz", {"parent_asin": "P", "store": "", "title": "A"})
    with pytest.raises(InputError, match=r"meta_Books\.jsonl\.gz holds no reviews"):
        opened(path)


def test_a_python_literal_is_read_but_never_run(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    path = lines(tmp_path / "x.json.gz", REVIEW_2018)
    attack = f'{{"asin": open({str(marker)!r}, "w"), "overall": 1}}\n'
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + attack.encode()))
    batches = read(path)
    assert [one["reason"] for one in rejects_of(batches)] == ["bad_json"]
    assert not marker.exists()


def test_2018_has_the_day_in_words_where_the_time_is_missing(tmp_path: Path) -> None:
    objects: list[dict[str, Any]] = [
        {"unixReviewTime": 1472688000, "reviewTime": "09 1, 2016"},
        {"reviewTime": "01 31, 2017"},
        {"unixReviewTime": None, "reviewTime": "12 5, 1999"},
        {},
    ]
    known = {"asin": "B1", "overall": 5.0, "reviewerID": "A1", "reviewText": "As described"}
    path = tmp_path / "Gift_Cards_5.json"
    path.write_text("".join(json.dumps(known | one) + "\n" for one in objects))
    days = [row["review_date"] for row in reviews_of(read(path))]
    assert days == [date(2016, 9, 1), date(2017, 1, 31), date(1999, 12, 5), None]


def test_fields_that_come_late_are_read_and_said(tmp_path: Path) -> None:
    row = {"reviewerID": "A", "asin": "B", "overall": 4.0, "reviewText": "A lamp"}
    lines = [json.dumps({**row, "reviewerID": f"A{n}"}) for n in range(40)]
    lines += [json.dumps({**row, "reviewerID": "Z", "vote": "3", "verified": True})]
    path = tmp_path / "late_5.json"
    path.write_text("\n".join(lines) + "\n")
    batches = read(path)
    assert reviews_of(batches)[-1]["helpful_votes"] == 3
    notes = [note for batch in batches for note in batch.notes]
    assert notes == [
        "late_5.json has fields from line 41 on only: 'vote' as helpful_votes",
        "late_5.json has fields from line 41 on only: 'verified' as verified_purchase",
    ]
