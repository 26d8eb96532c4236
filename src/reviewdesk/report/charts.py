"""Charts of curves, intervals and bars, drawn as SVG within the page.

Colours are the style sheet's variables, so that a single drawing serves light, dark and print. A
chart is drawn at the width of a phone, so that its type is never scaled down to nothing.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from reviewdesk.report.html import Child, Html, element
from reviewdesk.report.svg import FONT_SIZE, coordinate, text, variable

WIDTH: Final = 360  # with its axes; a phone's
HEIGHT: Final = 300
LEFT: Final = 62
RIGHT: Final = 22
TOP: Final = 10
BOTTOM: Final = 46
TICKS: Final = 5  # about so many on an axis
TICK_LENGTH: Final = 5
BAR_LEFT: Final = 140
BAR_WIDTH: Final = 150
BAR_HEIGHT: Final = 22
NAME_CHARACTERS: Final = 18
NO_BREAK_SPACE: Final = "\N{NO-BREAK SPACE}"

COLOURS: Final = ("series-1", "series-2", "series-3")
QUIET: Final = "series-quiet"


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
    frame = _Frame(x, y)
    coloured = [
        (line, COLOURS[n % len(COLOURS)])
        for n, line in enumerate(line for line in series if not line.quiet)
    ]
    drawn = [
        *([_diagonal(frame)] if diagonal else []),
        *(_line(line, frame, QUIET, "1") for line in series if line.quiet),
        *(_line(line, frame, colour, "2") for line, colour in coloured),
    ]
    legend = [(line.name, colour) for line, colour in coloured] if len(series) > 1 else []
    return _figure(_svg([_axes(frame), *drawn], HEIGHT, label), caption, legend)


def range_chart(points: Ranges, x: Axis, y: Axis, *, label: str, caption: Child) -> Html:
    """Draw points with their intervals against the line from corner to corner.

    Args:
        points: the points, from left to right.
        x: the horizontal axis.
        y: the vertical axis.
        label: what the chart shows, for those who cannot see it.
        caption: what stands below the chart.
    """
    frame, colour = _Frame(x, y), variable(COLOURS[0])
    ends = zip(points.x, points.low, points.high, strict=True)
    whiskers = "".join(
        f"M{frame.x(value)} {frame.y(low)}V{frame.y(high)}"
        for value, low, high in ends
        if not math.isnan(low)
    )
    dots = [
        element("circle", cx=frame.x(value), cy=frame.y(height), r="3.4", fill=colour)
        for value, height in zip(points.x, points.y, strict=True)
        if math.isfinite(value) and math.isfinite(height)
    ]
    intervals = element("path", d=whiskers, fill="none", stroke=colour, stroke_width="1.5")
    return _figure(
        _svg([_axes(frame), _diagonal(frame), intervals, *dots], HEIGHT, label), caption, []
    )


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
    longest = max([*values, 0.0]) or 1.0
    drawn: list[Html] = []
    for row, (name, value, end) in enumerate(zip(names, values, texts, strict=True)):
        top, width = row * BAR_HEIGHT, value / longest * BAR_WIDTH
        middle = top + BAR_HEIGHT / 2 + FONT_SIZE / 3
        drawn += [
            element(
                "rect",
                x=BAR_LEFT,
                y=coordinate(top + 0.15 * BAR_HEIGHT),
                width=coordinate(width),
                height=coordinate(0.7 * BAR_HEIGHT),
                fill=variable(COLOURS[0]),
            ),
            text(end, BAR_LEFT + width + 6, middle, "start", "ink"),
            text(_one_line(name), BAR_LEFT - 8, middle, "end", "ink"),
        ]
    return _figure(_svg(drawn, BAR_HEIGHT * max(len(names), 1), label), caption, [])


class _Frame(NamedTuple):
    """Where values are drawn."""

    across: Axis
    up: Axis

    def x(self, value: float) -> str:
        return coordinate(LEFT + _part(self.across, value) * (WIDTH - LEFT - RIGHT))

    def y(self, value: float) -> str:
        return coordinate(HEIGHT - BOTTOM - _part(self.up, value) * (HEIGHT - TOP - BOTTOM))


def _part(axis: Axis, value: float) -> float:
    """Return how far along an axis a value lies: 0 at its beginning, 1 at its end."""
    return (value - axis.low) / ((axis.high - axis.low) or 1.0)


def _axes(frame: _Frame) -> Html:
    """Draw both axes with their grid, ticks and titles."""
    left, right, foot, top = LEFT, WIDTH - RIGHT, HEIGHT - BOTTOM, TOP
    across, up = _ticks(frame.across), _ticks(frame.up)
    grid = "".join(f"M{frame.x(tick)} {top}V{foot}" for tick, _ in across)
    grid += "".join(f"M{left} {frame.y(tick)}H{right}" for tick, _ in up)
    edges = f"M{left} {top}V{foot}H{right}"
    edges += "".join(f"M{frame.x(tick)} {foot}v{TICK_LENGTH}" for tick, _ in across)
    edges += "".join(f"M{left} {frame.y(tick)}h-{TICK_LENGTH}" for tick, _ in up)
    return element(
        "g",
        element("path", d=grid, fill="none", stroke=variable("line")),
        element("path", d=edges, fill="none", stroke=variable("line-strong")),
        *(
            text(name, float(frame.x(tick)), foot + TICK_LENGTH + FONT_SIZE, "middle")
            for tick, name in across
        ),
        *(
            text(name, left - TICK_LENGTH - 3, float(frame.y(tick)) + FONT_SIZE / 3, "end")
            for tick, name in up
        ),
        text(frame.across.title, (left + right) / 2, HEIGHT - 8, "middle", "ink"),
        text(frame.up.title, FONT_SIZE, (top + foot) / 2, "middle", "ink", turned=True),
    )


def _ticks(axis: Axis) -> list[tuple[float, str]]:
    """Return the round values that are written on an axis, each with its text."""
    span = axis.high - axis.low
    if not 0 < span < math.inf:
        return [(axis.low, _tick_text(axis.low, 1.0, axis.shares))]
    step = _round_step(span / TICKS)
    first, last = math.ceil(axis.low / step - 1e-9), math.floor(axis.high / step + 1e-9)
    return [(n * step, _tick_text(n * step, step, axis.shares)) for n in range(first, last + 1)]


def _round_step(step: float) -> float:
    """Return the round number nearest to a step, by ratio: 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return min((n * power for n in (1, 2, 5, 10)), key=lambda round_: abs(math.log(round_ / step)))


def _tick_text(value: float, step: float, is_share: bool) -> str:
    scale, unit = (100.0, f"{NO_BREAK_SPACE}%") if is_share else (1.0, "")
    digits = max(0, -math.floor(math.log10(step * scale) + 1e-9))
    return f"{value * scale + 0.0:,.{digits}f}{unit}"


def _diagonal(frame: _Frame) -> Html:
    return element(
        "path",
        d=_path([frame.across.low, frame.across.high], [frame.up.low, frame.up.high], frame),
        fill="none",
        stroke=variable("line-strong"),
        stroke_dasharray="4 4",
    )


def _line(series: Series, frame: _Frame, colour: str, width: str) -> Html:
    return element(
        "path",
        d=_path(series.x, series.y, frame),
        fill="none",
        stroke=variable(colour),
        stroke_width=width,
        stroke_linejoin="round",
    )


def _path(x: Iterable[float], y: Iterable[float], frame: _Frame) -> str:
    """Return a line through points; values that are not finite leave a gap."""
    parts, pen = [], "M"
    for across, up in zip(x, y, strict=True):
        if not (math.isfinite(across) and math.isfinite(up)):
            pen = "M"
            continue
        parts.append(f"{pen}{frame.x(across)} {frame.y(up)}")
        pen = "L"
    return "".join(parts)


def _svg(children: Sequence[Html], height: int, label: str) -> Html:
    return element(
        "svg",
        *children,
        role="img",
        aria_label=label,
        viewBox=f"0 0 {WIDTH} {height}",
        width=WIDTH,
        height=height,
    )


def _figure(svg: Html, caption: Child, legend: Sequence[tuple[str, str]]) -> Html:
    """Return a chart with its legend and caption."""
    entries = [
        element("li", element("span", class_=f"swatch {colour}"), name) for name, colour in legend
    ]
    return element(
        "figure",
        svg,
        element("ul", *entries, class_="legend") if entries else "",
        element("figcaption", caption),
        class_="chart",
    )


def _one_line(name: str) -> str:
    """Shorten a name to what fits beside a bar."""
    return name if len(name) <= NAME_CHARACTERS else name[: NAME_CHARACTERS - 1] + "…"
