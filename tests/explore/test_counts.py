from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reviewdesk.explore.counts import ALL, COUNTS, STARS, count_reviews, months_between
from reviewdesk.prepare.prepared import PreparedData
from tests.explore.corpus import explored, reviews


def plain(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Count a few reviews in plain Python."""
    products = Counter(row["product_id"] for row in rows if row.get("product_id"))
    several = {name: n for name, n in products.items() if n > 1}
    lengths = np.sort([len(row["review_body"]) for row in rows])
    stars = [row["star_rating"] for row in rows if row.get("star_rating")]
    return {
        "reviews": len(rows),
        "products": len(products),
        "products_with_several": len(several),
        "reviews_of_several": sum(several.values()),
        **{f"stars_{n}": stars.count(n) for n in STARS},
        "mean_stars": pytest.approx(np.mean(stars)) if stars else None,
        "length_median": lengths[(len(lengths) + 1) // 2 - 1],
        "length_mean": pytest.approx(lengths.mean()),
    }


def test_counts_are_those_of_a_plain_loop(tmp_path: Path) -> None:
    rows = reviews(600)
    table = count_reviews(explored(tmp_path, rows))
    assert table.schema == COUNTS
    found = {(row["category"], row["grain"], row["period"]): row for row in table.to_pylist()}
    for category in (ALL, "Books"):
        for grain, period in (("all", ""), ("year", "2013"), ("month", "2013-05")):
            there = [
                row
                for row in rows
                if category in (ALL, row["product_category"])
                and row["review_date"].startswith(period)
            ]
            row = found[category, grain, period]
            assert {name: row[name] for name in plain(there)} == plain(there)
    keys = [(row["category"], row["grain"], row["period"]) for row in table.to_pylist()]
    assert keys == sorted(set(keys))


def total(data: PreparedData) -> dict[str, Any]:
    """Return the rows over all time by category."""
    rows = count_reviews(data).to_pylist()
    return {row["category"]: row for row in rows if row["grain"] == "all"}


def test_parts_add_up(tmp_path: Path) -> None:
    table = count_reviews(explored(tmp_path, reviews(300)))
    sums: Counter[str] = Counter()
    for row in table.to_pylist():
        if row["category"] != ALL:
            sums[row["grain"]] += row["reviews"]
    assert set(sums.values()) == {300}


def test_quantiles_of_lengths(tmp_path: Path) -> None:
    row = total(explored(tmp_path, [{"review_body": "é" * n} for n in range(10, 111)]))[ALL]
    expected = {"p10": 20, "p25": 35, "median": 60, "p75": 85, "p90": 100}
    assert {name: row[f"length_{name}"] for name in expected} == expected


def test_what_a_review_lacks(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        *({}, {"product_category": "*", "star_rating": 4}),
        {"product_category": 'a"; DROP'},
    ]
    found = total(explored(tmp_path, rows))
    assert set(found) == {ALL, "", 'a"; DROP'}
    assert found[ALL]["period"] == ""
    assert (found[ALL]["products"], found[ALL]["products_with_several"]) == (0, 0)
    assert found[""]["reviews"] == 2
    assert found['a"; DROP']["mean_stars"] is None


def test_reviews_without_a_date_are_in_the_unknown_month(tmp_path: Path) -> None:
    table = count_reviews(explored(tmp_path, [{}, {"review_date": "2014-02-03"}]))
    months = {row["period"] for row in table.to_pylist() if row["grain"] == "month"}
    assert months == {"unknown", "2014-02"}


def test_variants_of_a_product_count_as_one(tmp_path: Path) -> None:
    rows = [{"product_id": f"P{n}", "product_parent": "P"} for n in range(3)]
    row = total(explored(tmp_path, rows))[ALL]
    assert (row["products"], row["products_with_several"], row["reviews_of_several"]) == (1, 1, 3)


def test_no_reviews_at_all(tmp_path: Path) -> None:
    data = explored(tmp_path, [])
    assert count_reviews(data).num_rows == 0


def test_months_between() -> None:
    assert list(months_between("2013-11", "2014-02")) == [
        "2013-11",
        "2013-12",
        "2014-01",
        "2014-02",
    ]
    assert list(months_between("2013-11", "2013-11")) == ["2013-11"]
