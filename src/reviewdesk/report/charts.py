"""Charts as SVG within the page: drawn by altair, coloured by the page's style sheet.

Colours are the style sheet's variables, so that one drawing serves light, dark and print. A chart
is drawn at the width of a phone, so that its type is never scaled down to nothing.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import altair as alt
import vl_convert

from reviewdesk.report.html import Child, Html, element, escaped

WIDTH: Final = 270  # of the drawing area; with its axes a chart is about 360 wide
HEIGHT: Final = 240
BAR_WIDTH: Final = 150
BAR_HEIGHT: Final = 22
NAME_CHARACTERS: Final = 18
PERCENT: Final = "format(datum.value * 100, '.0f') + '\\u00a0%'"
VEGA_LITE: Final = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
Drawn = alt.LayerChart | alt.FacetChart

COLOURS: Final = ("series-1", "series-2", "series-3")
QUIET: Final = "series-quiet"

_TAG: Final = re.compile(r"<[^<>]*>")
_NOT_NEEDED: Final = re.compile(
    r" (?:aria-hidden|aria-roledescription|class|opacity|pointer-events|role|version|xmlns:xlink)"
    r'="[^"]*"'
)
_LONG_NUMBER: Final = re.compile(r"-?\d*\.\d{3,}(?:e-\d+)?")


class Axis(NamedTuple):
    """One axis: what it shows, where it begins and ends, and whether its values are shares."""

    title: str
    low: float = 0.0
    high: float = 1.0
    shares: bool = True


class Series(NamedTuple):
    """One line of a chart.

    Args:
        name: shown in the legend; a quiet line is not named there.
        x: where its points lie, from left to right.
        y: how high they lie.
        quiet: whether it is only background for the others.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    quiet: bool = False


class Ranges(NamedTuple):
    """Points with the interval that each of them lies in.

    Args:
        x: where the points lie.
        y: how high they lie.
        low: where their intervals begin; NaN where a point has none.
        high: where they end.
    """

    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def line_chart(
    series: Sequence[Series],
    x: Axis,
    y: Axis,
    *,
    label: str,
    caption: Child,
    diagonal: bool = False,
) -> Html:
    """Draw lines, at most three of them in colours of their own.

    Args:
        series: the lines; quiet ones are drawn first, below the others.
        x: the horizontal axis.
        y: the vertical axis.
        label: what the chart shows, for those who cannot see it.
        caption: what stands below the chart.
        diagonal: whether to draw the line from corner to corner for comparison.
    """
    named = [one for one in series if not one.quiet]
    ordered = [(one, QUIET, 1.0) for one in series if one.quiet] + [
        (one, COLOURS[n % len(COLOURS)], 2.0) for n, one in enumerate(named)
    ]
    layers = [_diagonal(x, y)] if diagonal else []
    layers += [
        alt.Chart(_data(x=one.x, y=one.y))
        .mark_line(color=_variable(colour), strokeWidth=width)
        .encode(_x(x), _y(y))
        for one, colour, width in ordered
    ]
    legend = [(one.name, COLOURS[n % len(COLOURS)]) for n, one in enumerate(named)]
    return _figure(_layered(layers), label, caption, legend if len(series) > 1 else [])


def range_chart(points: Ranges, x: Axis, y: Axis, *, label: str, caption: Child) -> Html:
    """Draw points with their intervals against the line from corner to corner.

    Args:
        points: the points, from left to right.
        x: the horizontal axis.
        y: the vertical axis.
        label: what the chart shows, for those who cannot see it.
        caption: what stands below the chart.
    """
    data = _data(x=points.x, y=points.y)
    ends = zip(points.x, points.low, points.high, strict=True)
    known = [(x, low, high) for x, low, high in ends if not math.isnan(low)]
    colour = _variable(COLOURS[0])
    whiskers = (
        alt.Chart(_values({"x": x, "low": low, "high": high} for x, low, high in known))
        .mark_rule(color=colour, strokeWidth=1.5)
        .encode(_x(x), _y(y, "low"), alt.Y2("high"))
    )
    dots = (
        alt.Chart(data)
        .mark_point(color=colour, fill=colour, filled=True, size=36, opacity=1)
        .encode(_x(x), _y(y))
    )
    return _figure(_layered([_diagonal(x, y), whiskers, dots]), label, caption, [])


def bar_chart(
    names: Sequence[str],
    values: Sequence[float],
    texts: Sequence[str],
    *,
    label: str,
    caption: Child,
) -> Html:
    """Draw one horizontal bar for each name, in the given order.

    Args:
        names: what the bars stand for.
        values: how long they are; none below zero.
        texts: what is written at their ends, as in ``"1,204"``.
        label: what the chart shows, for those who cannot see it.
        caption: what stands below the chart.
    """
    data = _values(
        {"row": row, "name": _one_line(name), "value": value, "text": text}
        for row, (name, value, text) in enumerate(zip(names, values, texts, strict=True))
    )
    rows = alt.Y("row:O", axis=None)
    scale = alt.Scale(domain=[0, max([*values, 0]) or 1], nice=False)
    length = alt.X("value:Q", axis=None, scale=scale)
    base = alt.Chart(data).encode(rows)
    ink = _variable("ink")
    drawn = alt.layer(
        base.mark_bar(color=_variable(COLOURS[0]), height={"band": 0.7}).encode(length),
        base.mark_text(align="left", dx=6, color=ink).encode(length, text="text:N"),
        base.mark_text(align="right", dx=-8, color=ink).encode(x=alt.value(0), text="name:N"),
    ).properties(width=BAR_WIDTH, height=BAR_HEIGHT * len(names))
    return _figure(drawn, label, caption, [])


def _diagonal(x: Axis, y: Axis) -> alt.Chart:
    ends = _data(x=(x.low, x.high), y=(y.low, y.high))
    dashed = alt.Chart(ends).mark_line(
        color=_variable("line-strong"), strokeWidth=1, strokeDash=[4, 4]
    )
    drawn: alt.Chart = dashed.encode(_x(x), _y(y))
    return drawn


def _data(**columns: Sequence[float]) -> alt.InlineData:
    rows = zip(*columns.values(), strict=True)
    return _values(dict(zip(columns, map(float, row), strict=True)) for row in rows)


def _values(rows: Iterable[Mapping[str, float | str]]) -> alt.InlineData:
    return alt.InlineData(values=[dict(row) for row in rows])


def _x(axis: Axis) -> alt.X:
    return alt.X("x:Q", title=axis.title, scale=_scale(axis), axis=_ticks(axis))


def _y(axis: Axis, column: str = "y") -> alt.Y:
    return alt.Y(f"{column}:Q", title=axis.title, scale=_scale(axis), axis=_ticks(axis))


def _scale(axis: Axis) -> alt.Scale:
    return alt.Scale(domain=[axis.low, axis.high], nice=False, zero=False)


def _ticks(axis: Axis) -> alt.Axis:
    if not axis.shares:
        # Without the f, ticks of 10 and 20 become 1e+1 and 2e+1.
        return alt.Axis(format=",f", tickCount=5, labelFlush=False)
    return alt.Axis(labelExpr=PERCENT, tickCount=5, labelFlush=False)


def _layered(layers: Sequence[alt.Chart]) -> Drawn:
    return alt.layer(*layers).properties(width=WIDTH, height=HEIGHT)


def _variable(name: str) -> str:
    return f"var(--{name})"


def _figure(chart: Drawn, label: str, caption: Child, legend: Sequence[tuple[str, str]]) -> Html:
    """Return a chart with its legend and caption."""
    entries = [
        element("li", element("span", class_=f"swatch {colour}"), name) for name, colour in legend
    ]
    return element(
        "figure",
        _svg(chart, label),
        element("ul", *entries, class_="legend") if entries else "",
        element("figcaption", caption),
        class_="chart",
    )


def _svg(chart: Drawn, label: str) -> Html:
    """Draw a chart and leave out of the SVG what a page does not need."""
    styled = chart.configure(background="transparent", font="sans-serif", aria=False, padding=4)
    styled = styled.configure_view(stroke=None).configure_axis(
        labelColor=_variable("muted"),
        titleColor=_variable("ink"),
        gridColor=_variable("line"),
        domainColor=_variable("line-strong"),
        tickColor=_variable("line-strong"),
        labelFontSize=12,
        titleFontSize=12,
        titleFontWeight="normal",
        titlePadding=8,
    )
    drawn: str = vl_convert.vegalite_to_svg(
        styled.configure_text(fontSize=12).to_dict(), vl_version=VEGA_LITE
    )
    lean = _TAG.sub(lambda tag: _LONG_NUMBER.sub(_short, _NOT_NEEDED.sub("", tag[0])), drawn)
    return Html(lean.replace("<svg", f'<svg role="img" aria-label="{escaped(label)}"', 1))


def _short(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _one_line(name: str) -> str:
    """Shorten a name to what fits beside a bar."""
    return name if len(name) <= NAME_CHARACTERS else name[: NAME_CHARACTERS - 1] + "…"
