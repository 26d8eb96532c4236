import math

from reviewdesk.report.numbers import count
from reviewdesk.report.small_charts import small_bars, small_line

from .reading import Reader


def test_bars_have_names_and_values_and_the_longest_fills_the_room() -> None:
    chart = Reader(
        small_bars([("Books", 80), ("Garden", 20), ("a" * 40, math.nan)], count, "x").markup
    )
    widths = [float(one["width"] or 0) for one in chart.all("rect")]
    assert widths[0] == 4 * widths[1] > 100
    assert widths[2] == 0
    assert "Books80Garden20" in chart.text
    assert "…–" in chart.text


def test_a_line_has_gaps_and_its_ends_are_named() -> None:
    points = [("2014-01", 4.0), ("2014-02", math.nan), ("2014-03", 2.0), ("2014-04", 3.0)]
    chart = Reader(small_line(points, count, "Stars").markup)
    (path,) = chart.all("path")
    assert (path["d"] or "").count("M") == 2
    assert (path["d"] or "").count("L") == 1
    assert "2014-01" in chart.text
    assert "2014-04" in chart.text
    assert chart.all("svg")[0]["aria-label"] == "Stars"


def test_nothing_to_draw_and_all_the_same() -> None:
    assert small_bars([("none", 0.0)], count, "x").markup.count("<rect") == 1
    assert "<path" in small_line([("one", 5.0)], count, "x").markup
    assert "<path" in small_line([("one", math.nan), ("two", math.nan)], count, "x").markup
