"""What else a user can ask of preparing: marketplaces, marked copies, tokens."""

from pathlib import Path
from typing import Any

import pytest

from reviewdesk.errors import MissingColumn, UsageError
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import PrepareSettings

from .corpus import LONG, contents, prepared, review, write_lines


def data_of(folder: Path, rows: list[dict[str, Any]], **settings: Any) -> PreparedData:
    path = write_lines(folder / "reviews.jsonl", rows)
    return prepared(folder / "out", path, settings=PrepareSettings(**settings))


def test_only_reviews_of_the_marketplaces(tmp_path: Path) -> None:
    names = ["US", "us", "UK", None, "DE", ""]
    rows = [review(n, marketplace=name) for n, name in enumerate(names)]
    data = data_of(tmp_path, rows, marketplace=("US", "de"))
    assert sorted(data.table(["review_id"])[0].to_pylist()) == ["R000000", "R000001", "R000004"]
    assert data.manifest["dropped"]["other_marketplace"] == 3
    assert data.manifest["rows"] == {"read": 6, "rejected": 0, "dropped": 3, "written": 3}


def test_no_marketplace_named_keeps_all(tmp_path: Path) -> None:
    data = data_of(tmp_path, [review(n, marketplace=name) for n, name in enumerate(["US", None])])
    assert data.rows == 2
    assert "other_marketplace" not in data.manifest["dropped"]


# --- copies over variants ---------------------------------------------------------------------


def variant(number: int, product: str, **values: Any) -> dict[str, Any]:
    common = {"customer_id": "C", "star_rating": 4, "review_date": "2015-01-01"}
    common |= {"product_id": product, "review_body": LONG}
    return review(number, **{**common, **values})


def originals(data: PreparedData) -> dict[str, str]:
    rows = data.table(["review_id", "copy_of"]).to_pylist()
    return {row["review_id"]: row["copy_of"] for row in rows if row["copy_of"] is not None}


def test_copies_over_variants_stay_and_are_marked(tmp_path: Path) -> None:
    rows = [variant(3, "red"), variant(1, "green"), variant(2, "blue"), review(9)]
    data = data_of(tmp_path, rows)
    assert originals(data) == {"R000002": "R000001", "R000003": "R000001"}
    assert data.rows == 4
    assert data.manifest["copies"] == 2


@pytest.mark.parametrize(
    "values",
    [
        {"customer_id": "D"},
        {"customer_id": None},
        {"review_date": "2015-01-02"},
        {"star_rating": 5},
        {"review_body": LONG + "More."},
        {"product_id": "red"},
        {"product_id": None},
    ],
)
def test_reviews_that_are_no_copies(tmp_path: Path, values: dict[str, Any]) -> None:
    data = data_of(tmp_path, [variant(1, "red"), variant(2, "blue", **values)])
    assert data.rows == 2
    assert originals(data) == {}


@pytest.mark.parametrize(
    ("parents", "headlines", "copies"),
    [
        (("P", "P"), ("Good", "Good"), 1),
        ((None, None), ("Good", "Good"), 1),
        (("P", "Q"), ("Good", "Good"), 0),
        (("P", None), ("Good", "Good"), 0),
        (("P", "P"), ("Good", "Fine"), 0),
    ],
)
def test_short_texts_have_more_in_common_with_their_copies(
    tmp_path: Path, parents: tuple[Any, Any], headlines: tuple[str, str], copies: int
) -> None:
    rows = [
        {**variant(n, f"product {n}"), "review_body": "Great!", "product_parent": parent}
        | {"review_headline": headline}
        for n, (parent, headline) in enumerate(zip(parents, headlines, strict=True))
    ]
    assert len(originals(data_of(tmp_path, rows))) == copies


def test_a_review_is_no_copy_of_a_dropped_one(tmp_path: Path) -> None:
    rows = [
        variant(5, "red"),
        variant(5, "blue", review_date="2014-01-01"),
        variant(6, "green", review_date="2014-01-01"),
    ]
    data = data_of(tmp_path, rows)
    assert data.manifest["dropped"]["duplicate_id"] == 1
    assert originals(data) == {}


def test_copies_name_numbered_ids(tmp_path: Path) -> None:
    rows = [variant(1, "red"), variant(1, "blue"), variant(1, "blue")]
    found = originals(data_of(tmp_path, rows, duplicates="keep"))
    assert found == {"R000001-2": "R000001", "R000001-3": "R000001"}


def test_many_copies_in_many_batches(tmp_path: Path) -> None:
    rows = [variant(n, f"P{n}", review_date=f"2015-01-{n % 28 + 1:02d}") for n in range(3_000)]
    data = data_of(tmp_path, rows)
    found = originals(data)
    assert len(found) == data.manifest["copies"] == 3_000 - 28
    assert all(int(copy[1:]) % 28 == int(first[1:]) < 28 for copy, first in found.items())


# --- tokens -----------------------------------------------------------------------------------


def test_tokens_stand_beside_the_untouched_body(tmp_path: Path) -> None:
    body = "The printers were <b>NOT</b> working; don&#39;t buy it!"
    data = data_of(tmp_path, [review(1, review_body=body)], tokens=True)
    (row,) = data.table(["review_body", "review_tokens"]).to_pylist()
    assert row["review_body"] == "The printers were NOT working; don't buy it!"
    assert row["review_tokens"] == "printers not working don't buy"
    assert data.table().schema.names[-2:] == ["review_language", "review_tokens"]


def test_stems(tmp_path: Path) -> None:
    rows = [review(1, review_body="The printers were working")]
    data = data_of(tmp_path, rows, tokens=True, stem=True)
    assert data.table(["review_tokens"])[0].to_pylist() == ["printer work"]


def test_stems_without_tokens_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--tokens"):
        data_of(tmp_path, [review(1)], stem=True)
    assert not (tmp_path / "out").exists()


def test_without_tokens_there_is_no_such_column(tmp_path: Path) -> None:
    with pytest.raises(MissingColumn, match="review_tokens"):
        data_of(tmp_path, [review(1)]).table(["review_tokens"])


def test_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    rows = [variant(n, f"P{n % 5}", review_date=f"2015-0{n % 3 + 1}-01") for n in range(40)]
    settings = PrepareSettings(tokens=True, stem=True, length="auto")
    found = []
    for name, some in (("a", rows), ("b", rows[::-1])):
        (tmp_path / name).mkdir()
        one = write_lines(tmp_path / name / "one.jsonl", some[:10])
        two = write_lines(tmp_path / name / "two.jsonl", some[10:])
        prepared(tmp_path / name / "out", one, two, settings=settings)
        found.append(contents(tmp_path / name / "out" / "reviews"))
    assert found[0] == found[1]
