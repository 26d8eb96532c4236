import numpy as np
import pytest

from reviewdesk.report.blocks import (
    Card,
    Column,
    Figure,
    cards,
    definitions,
    excerpt,
    figures,
    findings,
    heat_table,
    table,
)
from tests.report.reading import Reader


def test_table_has_a_caption_and_headers_with_scopes() -> None:
    columns = [Column("Name", numeric=False), Column("Rows"), Column("Why", numeric=False)]
    read = Reader(table("What it shows", columns, [["<b>", "1", "so"], ["c", "2", "too"]]).markup)
    assert len(read.all("caption")) == 1
    assert [one["scope"] for one in read.all("th")] == ["col"] * 3 + ["row"] * 2
    assert [one["class"] for one in read.all("td")] == ["number", "name"] * 2
    assert "<b>" in read.text
    region = read.all("div")[0]
    assert (region["role"], region["tabindex"]) == ("region", "0")  # scrolls by keyboard


def test_table_with_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        table("x", [Column("a"), Column("b")], [["1"]])


def test_small_heat_table_shows_counts_shaded_by_share_of_the_row() -> None:
    made = heat_table("caption", "has", ["neg", "pos"], np.array([[30, 10], [0, 2000]]))
    read = Reader(made.markup)
    assert [one.get("class") for one in read.all("td")] == [
        *(None, "hit-8", "miss-3", "none"),
        "hit-10",
    ]
    assert "2,000" in read.text


def test_large_heat_table_numbers_its_columns_and_shows_percentages() -> None:
    names = [f"category {n}" for n in range(30)]
    counts = np.full((30, 30), 1) + np.diag(np.full(30, 970))
    counts[7] = 0  # a label that no row has
    read = Reader(heat_table("caption", "has", names, counts).markup)
    assert len(read.all("td")) == 901
    heads = [one for one in read.all("th") if one["scope"] == "row"]
    assert heads[29]["title"] == "30 category 29"
    assert [one.get("class") for one in read.all("td")].count("hit-10") == 29
    assert "% of the row" in read.text
    assert "97" in read.text


def test_every_shade_of_a_heat_table_has_a_style() -> None:
    from reviewdesk.report.page import STYLE

    for step in range(1, 11):
        assert f".hit-{step} {{" in STYLE
        assert f".miss-{step} {{" in STYLE


def test_cards_show_reviews_as_text_in_their_own_direction() -> None:
    right = Card("positive · 99 %", "labelled positive", True, "", "Fine", "R1")
    wrong = Card("positive · 99 %", "labelled negative", False, "<h1>", "<script>", "R2")
    read = Reader(cards([right, wrong]).markup)
    assert len(read.all("article")) == 2
    assert read.all("script") == read.all("h1") == []
    assert [one["class"] for one in read.all("span")] == ["right", "wrong"]
    assert [one.get("dir") for one in read.all("p")].count("auto") == 3


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("short", "short"),
        ("one two three", "one two …"),
        ("unbrokenandlong", "unbrokenan …"),
        ("", ""),
    ],
)
def test_excerpt_ends_at_a_word(text: str, cut: str) -> None:
    assert excerpt(text, most=10) == cut


def test_lists_hold_what_they_are_given() -> None:
    assert len(Reader(findings(["a", "b < c"]).markup).all("li")) == 2
    assert len(Reader(definitions([("what", "why")]).markup).all("dt")) == 1
    read = Reader(figures([Figure("Accuracy", "90 %", "88 to 92"), Figure("Rows", "7")]).markup)
    assert [one.get("class") for one in read.all("dd")] == ["value", "note", "value"]
