import re

import pytest

from reviewdesk.report.charts import Axis, Ranges, Series, bar_chart, line_chart, range_chart
from tests.report.reading import Reader


def lines(count: int, *, quiet: int = 0) -> str:
    series = [
        Series(f"line {n}", [0, 0.5, 1], [0, n / (count + 1), 1], quiet=n < quiet)
        for n in range(count)
    ]
    return line_chart(series, Axis("x"), Axis("y"), label="two lines", caption="below").markup


def test_chart_says_what_it_shows_and_is_drawn_in_the_pages_colours() -> None:
    read = Reader(lines(2))
    (svg,) = read.all("svg")
    assert (svg["role"], svg["aria-label"]) == ("img", "two lines")
    colours = {
        value
        for _, attributes in read.elements
        for name, value in attributes.items()
        if name in {"fill", "stroke"} and value not in {None, "none", "transparent"}
    }
    assert colours
    assert all(str(colour).startswith("var(--") for colour in colours)


def test_chart_is_drawn_for_the_width_of_a_phone() -> None:
    (svg,) = Reader(lines(1)).all("svg")
    assert float(str(svg["width"])) < 380
    assert float(str(svg["viewbox"]).split()[2]) == float(str(svg["width"]))


def test_legend_names_the_lines_that_are_not_quiet() -> None:
    assert Reader(lines(1)).all("li") == []
    assert len(Reader(lines(2)).all("li")) == 2
    read = Reader(lines(30, quiet=27))
    assert len(read.all("li")) == 3
    assert [one["class"] for one in read.all("span")] == [
        "swatch series-1",
        "swatch series-2",
        "swatch series-3",
    ]


def test_charts_are_small() -> None:
    many = [n / 100 for n in range(101)]
    series = [Series(str(n), many, many, quiet=True) for n in range(30)]
    chart = line_chart(series, Axis("x"), Axis("y"), label="x", caption="x", diagonal=True)
    assert len(chart.markup) < 60_000
    assert not re.search(r"\d\.\d{3}", chart.markup)


def test_ids_of_two_charts_on_a_page_cannot_clash() -> None:
    assert " id=" not in lines(3)


def test_range_chart_draws_every_point_with_its_interval() -> None:
    points = Ranges([0.6, 0.8], [0.5, 0.9], [0.4, 0.8], [0.6, 1.0])
    drawn = range_chart(points, Axis("sure", 0.4), Axis("right", 0.4), label="x", caption="y")
    (whiskers,) = [
        path["d"]
        for path in Reader(drawn.markup).all("path")
        if path["stroke"] == "var(--series-1)"
    ]
    assert len(re.findall(r"M[\d.]+ [\d.]+V[\d.]+", str(whiskers))) == 2
    assert len(Reader(drawn.markup).all("circle")) == 2
    assert "60\N{NO-BREAK SPACE}%" in drawn.markup


@pytest.mark.parametrize("name", ["<script>&\"'", "datum.value", "a" * 500, "日本語", ""])
def test_bar_chart_shows_any_name_as_text(name: str) -> None:
    chart = bar_chart([name, name], [3, 0], ["3", "none"], label="bars", caption="c")
    read = Reader(chart.markup)
    assert read.all("script") == []
    assert read.text.count(name[:17]) >= 2
    assert "none" in read.text


def test_bar_chart_keeps_the_given_order() -> None:
    chart = bar_chart(
        [str(n) for n in range(12)], [1] * 12, list("abcdefghijkl"), label="", caption=""
    )
    found = [letter for letter in Reader(chart.markup).text if letter.isalpha()]
    assert found == list("abcdefghijkl")


def test_charts_of_nothing() -> None:
    assert "<svg" in bar_chart([], [], [], label="x", caption="x").markup
    assert (
        "<svg" in line_chart([], Axis("x"), Axis("y"), label="x", caption="x", diagonal=True).markup
    )
    assert "<svg" in bar_chart(["a"], [0], ["0"], label="x", caption="x").markup


@pytest.mark.parametrize(
    ("axis", "ticks"),
    [
        (Axis("", 0, 1), ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]),
        (Axis("", 0.4, 1), ["40 %", "50 %", "60 %", "70 %", "80 %", "90 %", "100 %"]),
        (Axis("", 0.985, 0.9905), ["98.5 %", "98.6 %", "98.7 %", "98.8 %", "98.9 %", "99.0 %"]),
        (Axis("", 0, 7, shares=False), ["0", "1", "2", "3", "4", "5", "6", "7"]),
        (Axis("", 0, 12_000, shares=False), ["0", "2,000", "4,000"]),
        (Axis("", -0.3, 0.3, shares=False), ["-0.3", "-0.2", "-0.1", "0.0"]),
        (Axis("", 3, 3, shares=False), ["3"]),
    ],
)
def test_ticks_are_round_numbers_that_are_written_apart(axis: Axis, ticks: list[str]) -> None:
    chart = line_chart([], axis, Axis("", 0, 0), label="", caption="").markup
    written = [part.split("<")[0] for part in re.split(r"<text[^>]*>", chart)[1:]]
    plain = [text.replace("\N{NO-BREAK SPACE}", " ") for text in written]
    assert plain[: len(ticks)] == ticks


def test_lines_have_gaps_where_values_are_missing() -> None:
    gap = Series("", [0, 0.5, 0.7, 1], [0, float("nan"), 1, 1])
    chart = line_chart([gap], Axis("x"), Axis("y"), label="", caption="")
    (line,) = [p for p in Reader(chart.markup).all("path") if p["stroke"] == "var(--series-1)"]
    assert (str(line["d"]).count("M"), str(line["d"]).count("L")) == (2, 1)
