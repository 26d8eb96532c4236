"""Exploring data of every shape: each must give a page that says what there is, and no error."""

import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import UsageError
from reviewdesk.explore.explore import Exploration, explore
from reviewdesk.explore.figures import FILES, figure_tables, figures_folder, write_figures
from reviewdesk.explore.page import explore_page, write_page
from reviewdesk.explore.sentences import lead, sentences
from tests.explore.corpus import explored, reviews
from tests.prepare.corpus import Interrupting
from tests.report.reading import Reader


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Exploration:
    return explore(explored(tmp_path_factory.mktemp("explore"), reviews()))


def text_of(found: Exploration) -> str:
    read = Reader(explore_page(found, "report.figures").render())
    assert len(read.all("script")) == 1
    assert read.all("b") == []
    return " ".join(read.text.split())


@pytest.mark.parametrize("layout", ["month", "category", "both"])
@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_every_layout_gives_the_same_figures(tmp_path: Path, layout: str, file_format: str) -> None:
    rows = [*reviews(240), {"review_body": '=1+1 "quoted",\nand over lines'}]
    figures = [
        figure_tables(explore(explored(tmp_path / name, rows, **settings)))
        for name, settings in (
            ("plain", {}),
            ("other", {"partition_by": layout, "format": file_format}),
        )
    ]
    assert figures[0].keys() == figures[1].keys()
    for name, table in figures[0].items():
        assert table.equals(figures[1][name]), name


def test_planted_changes_are_found(found: Exploration) -> None:
    books = next(one for one in found.categories if one.category == "Books")
    assert books.rose[0].term == "audiobook"
    assert books.fell[0].term == "hardcover"
    assert {"chapter", "author"} <= set(books.distinctive)
    assert "audiobook" not in {one.term for one in found.categories[1].rose}
    trend = books.length_trend
    assert trend is not None
    assert trend.slope == pytest.approx(14, abs=1)
    assert trend.is_clear
    by_pair = {(one.left, one.right): one.shared for one in found.everything.star_pairs}
    assert by_pair[1, 5] < by_pair[4, 5]
    assert found.everything.telling_by_stars[1][0].term in {"broken refund", "refund", "broken"}


def test_the_findings_say_what_was_planted(found: Exploration) -> None:
    said = " ".join(sentences(found))
    assert lead(found) == (
        "2,400 reviews of 382 products in 3 categories, from Jan 2011 to Dec 2014."
    )
    assert "In Books, terms that rose: “audiobook” (0" in said
    assert "They get longer: the median rises by 14 characters a year" in said
    assert "in Jan 2014 to Dec 2014 against Jan 2013 to Dec 2013" in said


def test_the_page_holds_no_text_of_a_review_but_its_examples(found: Exploration) -> None:
    page = explore_page(found, "x").render()
    shown = Reader(page).text
    examples = found.customers.examples["excerpt"].to_pylist()
    items = {int(n) for text in examples for n in re.findall(r"item(\d+)", text)}
    assert {int(n) for n in re.findall(r"item(\d+)", shown)} <= items
    assert "alert(1)" not in page


def test_figures_are_the_same_as_on_the_page(found: Exploration, tmp_path: Path) -> None:
    write_page(found, tmp_path / "report.html")
    folder = figures_folder(tmp_path / "report.html")
    assert {path.name for path in folder.iterdir()} == {
        *(f"{name}.parquet" for name in FILES),
        "log.json",
    }
    tables = figure_tables(found)
    for name in FILES:
        assert pq.read_table(folder / f"{name}.parquet").equals(tables[name])
    changed = tables["changed_terms"].to_pylist()
    assert ("Books", "audiobook") in {(row["category"], row["term"]) for row in changed}
    assert {row["between"] for row in tables["overlaps"].to_pylist()} == {"years", "stars"}
    assert "median_length" in tables["trends"]["what"].to_pylist()
    write_page(found, tmp_path / "report.html")


def test_a_folder_with_other_things_in_it_is_left_alone(found: Exploration, tmp_path: Path) -> None:
    folder = tmp_path / "report.figures"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="is not the figures of a page"):
        write_page(found, tmp_path / "report.html")
    assert (folder / "thesis.txt").read_text() == "years of work"
    assert not (tmp_path / "report.html").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError):
        write_figures(found, tmp_path / "file")


def test_the_same_data_makes_the_same_page(found: Exploration, tmp_path: Path) -> None:
    again = explore(explored(tmp_path, reviews()))
    assert explore_page(again, "x").render() == explore_page(found, "x").render()


def test_an_interrupted_exploration_leaves_nothing(tmp_path: Path) -> None:
    data = explored(tmp_path, reviews(60))
    with pytest.raises(KeyboardInterrupt):
        explore(data, Interrupting("Counting terms", 1))
    assert {path.name for path in tmp_path.iterdir()} == {"reviews.jsonl", "prepared"}


SHAPES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "none": ([], "There are no reviews"),
    "one": ([{"star_rating": 5, "review_date": "2014-03-01"}], "all from Mar 2014"),
    "one month": (
        [
            {"review_date": f"2014-03-{n % 28 + 1:02d}", "star_rating": n % 5 + 1}
            for n in range(300)
        ],
        "300 reviews, all from Mar 2014",
    ),
    "two months": (
        [{"review_date": f"2014-{n % 2 + 3:02d}-01"} for n in range(300)],
        "in Apr 2014 against Mar 2014",
    ),
    "no dates": (
        [{"product_category": "ABC"[n % 3], "star_rating": 3} for n in range(400)],
        "No review has a date, so nothing is shown over time.",
    ),
    "some dates": (
        [{"review_date": "2014-03-01"} if n % 4 else {} for n in range(100)],
        "25.0 % of the reviews have no date",
    ),
    "no categories": (
        [{"review_date": f"{2001 + n % 9}-01-01", "star_rating": n % 5 + 1} for n in range(300)],
        "All reviews",
    ),
    "no stars": (
        [
            {"product_category": "AB"[n % 2], "review_date": f"{2001 + n % 9}-01-01"}
            for n in range(99)
        ],
        "99 reviews in 2 categories",
    ),
    "some without a category": (
        [{"product_category": "A"} if n % 2 else {} for n in range(60)],
        "(no category)",
    ),
    "seventy categories over twenty years": (
        [
            {
                "product_category": f"Kind {n % 70}",
                "product_id": f"P{n % 90}",
                "star_rating": n % 5 + 1,
                "review_date": f"{1996 + n % 20}-{n % 12 + 1:02d}-11",
            }
            for n in range(2_800)
        ],
        "The 60 largest categories are shown; 400 reviews of the others",
    ),
    "a date of long ago": (
        [{"review_date": "0900-01-01" if n == 0 else "2015-01-01"} for n in range(50)],
        "from Jan 0900 to Jan 2015",
    ),
    "hostile names": (
        [{"product_category": ("<script>alert(1)</script>", "a|b\n")[n % 2]} for n in range(20)],
        "<script>alert(1)</script>",
    ),
    "other scripts": (
        [
            {"review_body": f"{('電池が切れた', 'отличный товар', 'جهاز رائع')[n % 3]} {n}"}
            | {"star_rating": (1, 5)[n % 2], "review_date": f"{2012 + n % 3}-01-01"}
            for n in range(900)
        ],
        "отличный товар",
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_data_of_every_shape(shape: str, tmp_path: Path) -> None:
    rows, expected = SHAPES[shape]
    found = explore(explored(tmp_path, rows))
    assert expected in text_of(found)
    assert "nan" not in " ".join(sentences(found)).lower().split()
    write_page(found, tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size < 2_500_000
