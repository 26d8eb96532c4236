"""The finders from prepared reviews to findings."""

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reviewdesk.findings.base import FinderInputs, Findings
from reviewdesk.findings.catalog import FINDERS
from reviewdesk.findings.declining.finder import DecliningFinder, ImprovingFinder
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.schema import FINDINGS
from tests.findings.shop import ids_of, shop, write_predictions

DROP = datetime.date(2014, 6, 1)
STARS = ["1", "2", "3", "4", "5"]


def rows_of(*, better: bool = False, **values: Any) -> list[dict[str, Any]]:
    """Return 30 products; of the first two, stars change in the middle of the time."""
    generator = np.random.default_rng(3)
    rows: list[dict[str, Any]] = []
    for product in range(30):
        days = np.sort(generator.integers(0, 730, 60))
        for day in days.tolist() + ([729] if product == 29 else []):
            date = datetime.date(2013, 6, 1) + datetime.timedelta(day)
            changed = product < 2 and (date >= DROP)
            low = changed != (better and product < 2)
            star = int(generator.choice(5, p=[0.6, 0.2, 0.1, 0.05, 0.05] if low else
                                        [0.03, 0.04, 0.08, 0.25, 0.6])) + 1  # fmt: skip
            said = "rattles and leaks" if low else "runs very well"
            rows.append(
                {
                    "review_id": f"R{len(rows):05d}",
                    "product_id": f"P{product:02d}",
                    "product_title": f"Kettle <b>{product}</b>",
                    "product_category": "Kitchen",
                    "star_rating": star,
                    "review_headline": "My view",
                    "review_body": f"This kettle {said}, says customer{len(rows)} of it.",
                    "review_date": str(date),
                    **values,
                }
            )
    return rows


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    return shop(tmp_path_factory.mktemp("declining"), rows_of())


@pytest.fixture(scope="module")
def found(data: PreparedData) -> Findings:
    return DecliningFinder().find(FinderInputs(data))


def test_declining_products_are_found_with_when_and_why(found: Findings) -> None:
    rows = found.table.to_pylist()
    assert {row["what"] for row in rows} == {"P00", "P01"}  # and no other at any promise
    assert len(rows) == 2
    for row in rows:
        assert row["promise"] >= 0.9
        assert abs((row["since"] - DROP).days) < 60
        assert row["kind"] == "product"
        assert row["where"] == "Kitchen"
        assert row["title"].startswith("Kettle")
        assert 0.8 < row["score"] <= 1
        numbers = {one["name"]: one["value"] for one in row["numbers"]}
        assert numbers["stars before"] - numbers["stars after"] > 1
        assert numbers["stars after, low"] < numbers["stars after"] < numbers["stars after, high"]
        assert numbers["chance that its stars in random order look so"] < 0.01
        assert row["state"] == "going on"
        assert row["action"].startswith("Ratings fell from 4.")
        assert row["action"].endswith("Check what changed in the product or the listing then.")
        assert {"rattles", "leaks"} & set(" ".join(w["word"] for w in row["words"]).split())
        assert row["chart"][0]["name"] == "2013-06"
        assert len(row["samples"]) == 3


def test_stars_without_a_text_speak_as_those_with_one(tmp_path: Path, found: Findings) -> None:
    """Of one declining product two thirds have no text, of the other none has one."""
    rows = rows_of()
    for number, row in enumerate(rows):
        if row["product_id"] == "P01" or (row["product_id"] == "P00" and number % 3):
            row["review_body"] = ("", "!!!")[number % 2]
    data = shop(tmp_path, rows)
    assert data.ratings == 60 + 40
    silent = {
        row["what"]: row for row in DecliningFinder().find(FinderInputs(data)).table.to_pylist()
    }
    for row in found.table.to_pylist():
        same = silent[row["what"]]
        names = ("reviews", "since", "promise", "score", "numbers", "chart", "title", "where")
        assert {name: same[name] for name in names} == {name: row[name] for name in names}
    assert silent["P01"]["samples"] == silent["P01"]["words"] == []
    assert set(silent["P00"]["samples"]) <= set(ids_of(data))


def test_samples_are_low_reviews_after_the_change(data: PreparedData, found: Findings) -> None:
    stars = dict(zip(ids_of(data), data.table(["star_rating"]).column(0).to_pylist(), strict=True))
    for row in found.table.to_pylist()[:2]:
        assert max(stars[one] for one in row["samples"]) <= 2


def test_lists_are_nested_and_the_table_has_every_product(found: Findings) -> None:
    assert found.table.schema.equals(FINDINGS)
    assert [one.promise for one in found.lists] == [0.95, 0.9, 0.8]
    listed = [one.listed for one in found.lists]
    assert listed == sorted(listed)
    assert all(one.expected_errors <= (1 - one.promise) * one.listed + 1e-9 for one in found.lists)
    every = found.tables["any_time"].to_pylist()
    assert len(every) == found.looked_at == 30
    assert {row["product_id"] for row in every[:2]} == {"P00", "P01"}
    assert every[0]["chance_at_any_time"] < 0.01
    assert min(row["chance_at_any_time"] for row in every[2:]) > 0.01


def test_improving_products_are_found_likewise(tmp_path: Path, data: PreparedData) -> None:
    better = ImprovingFinder().find(FinderInputs(shop(tmp_path, rows_of(better=True))))
    every = better.table.to_pylist()
    rows = [row for row in every if row["promise"] >= 0.9]
    assert [row["what"] for row in every[:2]] == [row["what"] for row in rows]
    assert {row["what"] for row in rows} == {"P00", "P01"}
    assert len(every) <= 3  # P23 is called at 0.8 alone, where one of five may be wrong
    numbers = {one["name"]: one["value"] for one in rows[0]["numbers"]}
    assert numbers["stars after"] - numbers["stars before"] > 1
    assert numbers["stars before, low"] < numbers["stars before"] < numbers["stars before, high"]
    worse = {"P00", "P01"} & set(
        ImprovingFinder().find(FinderInputs(data)).table["what"].to_pylist()
    )
    assert not worse


def test_stars_of_texts_are_taken_where_ratings_are_missing(tmp_path: Path) -> None:
    rated = rows_of()
    bare = shop(tmp_path, [{**row, "star_rating": None} for row in rated])
    nothing = DecliningFinder().find(FinderInputs(bare))
    assert nothing.looked_at == 0
    assert nothing.left_out["reviews without stars"] == len(rated)
    assert "too few reviews" in str(nothing.lists[1].why_empty)
    star = {row["review_id"]: row["star_rating"] for row in rated}
    said = np.full((len(rated), 5), 0.02, np.float32)
    for place, one in enumerate(ids_of(bare)):
        said[place, star[one] - 1] = 0.92
    path = write_predictions(tmp_path / "s.parquet", ids_of(bare), said, STARS, target="stars")
    found = DecliningFinder().find(FinderInputs(bare, {"stars": (path,)}))
    assert {row["what"] for row in found.table.to_pylist()[:2]} == {"P00", "P01"}
    assert found.settings["stars"] == "texts"


def test_without_dates_there_is_no_list_and_it_says_why(tmp_path: Path) -> None:
    found = DecliningFinder().find(FinderInputs(shop(tmp_path, rows_of(review_date=None))))
    assert found.table.num_rows == 0
    assert found.left_out["reviews without a date"] > 1000
    assert all(one.why_empty for one in found.lists)


def test_one_review_is_too_few(tmp_path: Path) -> None:
    found = DecliningFinder().find(FinderInputs(shop(tmp_path, rows_of()[:1])))
    assert found.looked_at == 0
    assert found.table.num_rows == 0


@pytest.mark.parametrize("name", ["declining", "improving"])
def test_finders_are_in_the_catalog(name: str) -> None:
    assert FINDERS.load(name).__dict__["name"] == name
