import math
import re

import pytest

from reviewdesk.report.numbers import count, share
from reviewdesk.report.timeline import Bars, Line, Mark, Spread, StackedSeries, sparkline, timeline
from tests.report.reading import Reader

YEARS = ["2013", "2014", "2015"]


def drawn(marks: list[Mark], steps: list[str] | None = None, high: float | None = None) -> str:
    return timeline(steps or YEARS, marks, title="A title", caption="Below", high=high).markup


def values(markup: str) -> list[list[str]]:
    (svg,) = Reader(markup).all("svg")
    return [line.split("|") for line in str(svg["data-values"]).split("\n")]


def test_a_chart_says_what_it_shows_and_carries_its_values() -> None:
    markup = drawn([Bars("Reviews", [1200, math.nan, 0]), Line("Other", [1, 2, 3])])
    (svg,) = Reader(markup).all("svg")
    assert (svg["role"], svg["aria-label"]) == ("img", "A title")
    assert values(markup) == [YEARS, ["Reviews", "1,200", "", "0"], ["Other", "1", "2", "3"]]
    assert "Below" in Reader(markup).text


def test_colours_are_the_pages_and_nothing_is_styled_in_place() -> None:
    marks: list[Mark] = [
        StackedSeries("one", [0.2, 0.5, 0.1], "stars-1"),
        Spread("half", [1, 2, 3], [4, 5, 6]),
        Line("trend", [1, 2, 3], "series-2", dashed=True, dots=True),
    ]
    for _, attributes in Reader(drawn(marks)).elements:
        assert "style" not in attributes
        for name in ("fill", "stroke"):
            assert str(attributes.get(name) or "none").startswith(("none", "var(--"))


def test_layers_stand_on_each_other() -> None:
    markup = drawn(
        [StackedSeries("a", [0.25] * 3, "stars-1"), StackedSeries("b", [0.75] * 3, "stars-2")],
        high=1.0,
    )
    first, second = re.findall(r'd="(M[^"]*z)"', markup)
    tops = [re.findall(r"V([\d.]+)H", path) for path in (first, second)]
    assert set(tops[1]) == {"8"}
    assert 8 < float(tops[0][0]) < 168


def test_a_gap_breaks_a_line_and_a_point_alone_is_seen() -> None:
    steps = [str(year) for year in range(2010, 2015)]
    markup = drawn([Line("x", [1, math.nan, 2, 3, math.nan])], steps)
    (path,) = re.findall(r'd="(M[^"]*)" fill="none"', markup)
    assert path.count("M") == 2
    assert path.count("h0.1") == 1


@pytest.mark.parametrize("months", [1, 2, 13, 240, 359])
def test_months_of_any_number(months: int) -> None:
    steps = [f"{2000 + n // 12}-{n % 12 + 1:02d}" for n in range(months)]
    markup = drawn([Bars("Reviews", [float(n) for n in range(months)])], steps)
    names = re.findall(r'text-anchor="middle"[^>]*>([^<]+)<', markup)
    assert 1 <= len(names) <= 7
    assert len(markup) < 16_000
    assert values(markup)[0][0] == "Jan 2000"


def test_the_axis_ends_at_a_round_number_above_everything() -> None:
    texts = Reader(drawn([Bars("x", [3, 7, 37])])).text
    assert "40" in texts
    assert "0" in Reader(drawn([Bars("x", [0, 0, 0])])).text
    shares = timeline(YEARS, [Bars("x", [0.1] * 3)], title="", caption="", write=share, high=1.0)
    assert "100.0" in shares.markup


def test_names_cannot_break_the_markup_or_the_values() -> None:
    markup = drawn([Line("<script>|\n", [1, 2, 3])], ["<b>", 'a"b', "c|d"])
    assert Reader(markup).all("script") == []
    assert [len(line) for line in values(markup)] == [3, 4]


@pytest.mark.parametrize("numbers", [[], [0.0], [5.0], [1.0, math.nan, 3.0], [0.0] * 50])
def test_sparklines_of_anything(numbers: list[float]) -> None:
    (svg,) = Reader(sparkline(numbers, "over time").markup).all("svg")
    assert svg["aria-label"] == "over time"


def test_an_empty_chart_is_no_error() -> None:
    assert "<svg" in timeline([], [Bars("x", [])], title="", caption="", write=count).markup


@pytest.mark.parametrize(
    ("most", "end"), [(1, "4"), (3, "4"), (9, "12"), (216, "240"), (8883, "10,000")]
)
def test_the_axis_has_whole_steps(most: float, end: str) -> None:
    texts = re.findall(r'text-anchor="end"[^>]*>([^<]+)<', drawn([Bars("x", [0, 1, most])]))
    assert texts[-1] == end
    assert len(texts) == 5
