"""Whole categories that change, and one text over many variants."""

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reviewdesk.findings.base import FinderInputs, Findings
from reviewdesk.findings.declining.finder import DecliningFinder, ImprovingFinder
from tests.findings.shop import shop

FIRST = datetime.date(2012, 1, 1)
DAYS = 1461
FALL = 1000
"""The day from which on Kettles fall."""
NAMES = ("Kettles", "Lamps", "Toys")
GOOD, WEAK = [0.03, 0.05, 0.1, 0.3, 0.52], [0.12, 0.15, 0.2, 0.25, 0.28]


def row(number: int, name: str, product: str, day: int, star: int) -> dict[str, Any]:
    return {
        "review_id": f"R{number:06d}", "product_id": product, "product_title": product,
        "product_category": name, "star_rating": star, "review_headline": "My view",
        "review_body": f"Customer {number} says this of it at some length, {star} in all.",
        "review_date": str(FIRST + datetime.timedelta(day)),
    }  # fmt: skip


def rows_of(fallen: tuple[str, ...], until: int = DAYS) -> list[dict[str, Any]]:
    """Return three categories of 40 products each, some of which fall a little all over."""
    random = np.random.default_rng(5)
    rows: list[dict[str, Any]] = []
    for name in NAMES:
        for product in range(40):
            for day in np.sort(random.integers(0, DAYS, 48)).tolist():
                bad = name in fallen and FALL <= day < until
                star = int(random.choice(5, p=WEAK if bad else GOOD)) + 1
                rows.append(row(len(rows), name, f"{name}{product:02d}", day, star))
    rows.append(row(len(rows), "Toys", "Toys00", DAYS - 1, 5))
    return rows


def categories_of(found: Findings) -> list[dict[str, Any]]:
    return [one for one in found.table.to_pylist() if one["kind"] == "category"]


def test_a_category_that_falls_is_one_finding(tmp_path: Path) -> None:
    data = shop(tmp_path, rows_of(("Kettles",)))
    (one,) = categories_of(DecliningFinder().find(FinderInputs(data)))
    assert (one["what"], one["state"], one["where"]) == ("Kettles", "going on", None)
    begun = FIRST + datetime.timedelta(FALL)
    assert abs((one["since"] - begun).days) < 200
    assert begun < one["noticed"] < begun + datetime.timedelta(200)
    assert "further than in other categories" in one["action"]
    assert len(one["samples"]) == 3
    figures = {each["name"]: each["value"] for each in one["numbers"]}
    assert figures["stars before"] - figures["stars after"] > 0.4
    assert figures["products compared"] <= 40
    assert not categories_of(ImprovingFinder().find(FinderInputs(data)))


@pytest.mark.parametrize("fallen", [(), NAMES], ids=["none", "all"])
def test_what_changes_nowhere_or_everywhere_is_none(
    fallen: tuple[str, ...], tmp_path: Path
) -> None:
    data = shop(tmp_path, rows_of(fallen))
    assert not categories_of(DecliningFinder().find(FinderInputs(data)))


def test_what_has_recovered_says_so(tmp_path: Path) -> None:
    data = shop(tmp_path, rows_of(("Kettles",), until=FALL + 220))
    (one,) = categories_of(DecliningFinder().find(FinderInputs(data)))
    assert one["state"] == "recovered"
    assert "Nothing is to be done" in one["action"]


def test_one_text_over_many_variants_is_one_finding(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    rows: list[dict[str, Any]] = []
    for product in range(25):
        for day in np.sort(random.integers(0, DAYS, 60)).tolist():
            bad = product == 0 and day >= 700
            star = int(random.choice(5, p=[0.6, 0.2, 0.1, 0.05, 0.05] if bad else GOOD)) + 1
            rows.append(row(len(rows), "Lamps", f"L{product:02d}", day, star))
    for variant in ("red", "blue", "green"):
        for one in [one for one in rows if one["product_id"] == "L00"]:
            copy = {"review_id": f"{one['review_id']}{variant}", "product_id": f"L00{variant}"}
            rows.append(one | copy)
    for one in rows:
        one["customer_id"] = f"C{one['review_body'].split()[1]}"
    data = shop(tmp_path, rows)
    found = DecliningFinder().find(FinderInputs(data))
    assert len(found.table) == 1
    assert found.left_out["reviews that repeat one of another variant"] == 180
