from pathlib import Path

import numpy as np
import pytest

from reviewdesk.explore.terms import Window, compared_window, count_terms
from tests.explore.corpus import explored, reviews


@pytest.mark.parametrize(
    ("months", "window"),
    [
        ([], None),
        (["2014-03"], None),
        (["2014-03", "2014-04"], Window(("2014-03", "2014-03"), ("2014-04", "2014-04"))),
        (["2013-12", "2014-04"], Window(("2014-01", "2014-02"), ("2014-03", "2014-04"))),
        (["1999-05", "2015-08"], Window(("2013-09", "2014-08"), ("2014-09", "2015-08"))),
    ],
)
def test_the_window_is_the_last_twelve_months_or_the_later_half(
    months: list[str], window: Window | None
) -> None:
    assert compared_window(months) == window


def test_terms_are_counted_by_category_year_stars_and_window(tmp_path: Path) -> None:
    rows = reviews(1_200)
    found = count_terms(explored(tmp_path, rows))
    assert found.categories == ["Books", "Garden", "Phones"]
    assert found.years == [2011, 2012, 2013, 2014]
    audio, refund = found.names.index("audiobook"), found.names.index("refund")
    books = [row for row in rows if row["product_category"] == "Books"]
    by_year = found.by_year("Books")
    assert by_year.reviews.tolist() == [*(len(books) // 4,) * 4, 0]
    assert by_year.terms[:, audio].tolist() == [0, 0, 0, len(books) // 4, 0]
    one_star = sum(row["star_rating"] == 1 for row in rows)
    assert found.by_stars(None).terms[:, refund].tolist() == [0, one_star, 0, 0, 0, 0]
    assert found.by_window("Books").terms[:, audio].tolist() == [0, len(books) // 4]
    assert found.by_category().reviews.tolist() == [400, 400, 400, 0]
    for part in (found.by_year, found.by_stars):
        whole = part(None)
        parts = [part(category) for category in found.categories]
        assert np.array_equal(whole.terms, sum(one.terms for one in parts))
        assert np.array_equal(whole.reviews, sum(one.reviews for one in parts))


def test_a_review_copied_over_variants_counts_once(tmp_path: Path) -> None:
    body = (
        "This wonderful kettle boils quickly and it looks really splendid on the table "
        "of my dear old kitchen"
    )
    rows = [{"review_body": f"{body}, truly so.", "product_id": f"P{n}"} for n in range(8)]
    others = [{"review_body": f"A kettle, kettle number {n}."} for n in range(6)]
    found = count_terms(explored(tmp_path, rows + others))
    assert found.copies == 7
    assert found.by_stars(None).terms[0, found.names.index("kettle")] == 7
    assert "splendid" not in found.names


def test_many_categories_beyond_the_largest_count_together(tmp_path: Path) -> None:
    rows = [{"product_category": f"C{n % 70:02d}"} for n in range(700)]
    rows += [{"product_category": "C00"}] * 5
    found = count_terms(explored(tmp_path, rows))
    assert len(found.categories) == 60
    assert "C00" in found.categories
    assert found.by_category().reviews[-1] == 100
    assert found.by_stars(None).reviews.sum() == 705
