"""Charts over months, years or other steps: one band a step, drawn as SVG within the page.

The values stand beside the drawing in the markup, for the page's script to show under the pointer.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from reviewdesk.report.html import Child, Html, element, fragment
from reviewdesk.report.numbers import count
from reviewdesk.report.svg import coordinate, text, variable

WIDTH: Final = 360  # with its axis; a phone's
HEIGHT: Final = 190
LEFT: Final = 46
RIGHT: Final = 6
TOP: Final = 8
BOTTOM: Final = 22
MOST_TICKS: Final = 6
NARROW: Final = 4.0  # bands under so many pixels have no gaps between their bars
SPARK_WIDTH: Final = 120
SPARK_HEIGHT: Final = 22

_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


class Bars(NamedTuple):
    """A bar for each step; NaN is none."""

    name: str
    values: Sequence[float]
    colour: str = "series-1"


class Line(NamedTuple):
    """A line through the middles of the bands, with gaps where values are NaN."""

    name: str
    values: Sequence[float]
    colour: str = "series-1"
    dashed: bool = False
    dots: bool = False


class Spread(NamedTuple):
    """An area between two values for each step."""

    name: str
    low: Sequence[float]
    high: Sequence[float]
    colour: str = "series-1"


class StackedSeries(NamedTuple):
    """One layer of bars that stand on each other."""

    name: str
    values: Sequence[float]
    colour: str


Mark = Bars | Line | Spread | StackedSeries


def timeline(
    steps: Sequence[str],
    marks: Sequence[Mark],
    *,
    title: str,
    caption: Child,
    write: Callable[[float], str] = count,
    low: float = 0.0,
    high: float | None = None,
) -> Html:
    """Draw a chart.

    Args:
        steps: what the bands stand for, as in ``2014-03``, ``2014`` or ``1 star``.
        marks: what is drawn, the first at the bottom.
        title: what the chart shows, in a few words; stands above it.
        caption: what stands below the chart.
        write: returns a value as text.
        low: where the vertical axis begins.
        high: where it ends; None: a little above the highest value.
    """
    frame = _Frame(len(steps), low, _nice_end(low, marks) if high is None else high)
    stacked = [0.0] * len(steps)
    drawn = [_drawn(mark, frame, stacked) for mark in marks]
    svg = element(
        "svg",
        _grid(frame, write),
        _step_names(steps, frame),
        *drawn,
        role="img",
        aria_label=title,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        width=WIDTH,
        height=HEIGHT,
        data_values=_values(steps, marks, write),
        data_left=LEFT,
        data_right=WIDTH - RIGHT,
        tabindex=0,
    )
    return element(
        "figure",
        element("p", title, class_="chart-title"),
        svg,
        _legend(marks) if len(marks) > 1 else "",
        element("figcaption", caption),
        class_="chart wide",
    )


def sparkline(values: Sequence[float], label: str) -> Html:
    """Draw a line without axes, small enough for a table's cell; zero is at its foot."""
    there = [value for value in values if not math.isnan(value)]
    top, width = max([*there, 0.0]) or 1.0, SPARK_WIDTH / max(len(values) - 1, 1)
    points = [
        (n * width, SPARK_HEIGHT - 1 - value / top * (SPARK_HEIGHT - 3))
        for n, value in enumerate(values)
    ]
    return element(
        "svg",
        element("path", d=_path(points), fill="none", stroke="var(--series-1)", stroke_width="1.5"),
        role="img",
        aria_label=label,
        class_="spark",
        viewBox=f"0 0 {SPARK_WIDTH} {SPARK_HEIGHT}",
        width=SPARK_WIDTH,
        height=SPARK_HEIGHT,
    )


def month_name(month: str) -> str:
    """Return a month as people write it, as in ``Mar 2014``; other steps stay as they are."""
    if len(month) == 7 and month[4] == "-":
        return f"{_MONTHS[int(month[5:]) - 1]} {month[:4]}"
    return month


class _Frame(NamedTuple):
    """Where steps and values are drawn."""

    steps: int
    low: float
    high: float

    @property
    def band(self) -> float:
        return (WIDTH - LEFT - RIGHT) / max(self.steps, 1)

    def middle(self, step: int) -> float:
        return LEFT + (step + 0.5) * self.band

    def y(self, value: float) -> float:
        part = (value - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)


def _nice_end(low: float, marks: Sequence[Mark]) -> float:
    highest = [low]
    for mark in marks:
        values = mark.high if isinstance(mark, Spread) else mark.values
        highest += [value for value in values if not math.isnan(value)]
    top = max(highest)
    return low + 4 if top <= low else low + _nice_step((top - low) / 4) * 4


def _nice_step(step: float) -> float:
    """Return the next larger round number, a whole one: what is counted has no halves."""
    power = 10.0 ** max(math.floor(math.log10(step)), 0)
    steps = (1, 2, 3, 4, 5, 6, 8, 10) if power == 1 else (1, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5, 8, 10)
    return next(n * power for n in steps if n * power >= step * (1 - 1e-9))


def _grid(frame: _Frame, write: Callable[[float], str]) -> Html:
    lines = []
    texts: set[str] = set()
    for n in range(5):
        value = frame.low + n * (frame.high - frame.low) / 4
        y, written = frame.y(value), write(value)
        stroke = "line-strong" if n == 0 else "line"
        lines.append(
            element("path", d=f"M{LEFT} {coordinate(y)}H{WIDTH - RIGHT}", stroke=f"var(--{stroke})")
        )
        if written not in texts:
            lines.append(text(written, LEFT - 6, y + 4, "end"))
        texts.add(written)
    return fragment(*lines)


def _step_names(steps: Sequence[str], frame: _Frame) -> Html:
    return fragment(
        *(
            text(name, frame.middle(step), HEIGHT - 6, "middle" if centred else "start")
            for step, name, centred in _ticks(steps)
        )
    )


def _ticks(steps: Sequence[str]) -> list[tuple[int, str, bool]]:
    """Choose which steps are named: every so many, years at their January."""
    if steps and len(steps[0]) == 7 and steps[0][4] == "-":
        januaries = [n for n, step in enumerate(steps) if step.endswith("-01")]
        if len(januaries) > 2:
            every = math.ceil(len(januaries) / MOST_TICKS)
            return [(n, steps[n][:4], True) for n in januaries[::every]]
        every = max(math.ceil(len(steps) / 4), 1)
        return [(n, month_name(steps[n]), True) for n in range(0, len(steps), every)]
    every = max(math.ceil(len(steps) / MOST_TICKS), 1)
    return [(n, steps[n], True) for n in range(0, len(steps), every)]


def _drawn(mark: Mark, frame: _Frame, stacked: list[float]) -> Html:
    colour = variable(mark.colour)
    if isinstance(mark, Line):
        return _line(mark, frame, colour)
    if isinstance(mark, Spread):
        return element("path", d=_area(mark, frame), fill=colour, fill_opacity="0.16")
    bottoms = list(stacked) if isinstance(mark, StackedSeries) else [frame.low] * frame.steps
    gap = 0.0 if frame.band < NARROW else max(frame.band * 0.16, 1.0)
    parts = []
    for step, (bottom, value) in enumerate(zip(bottoms, mark.values, strict=True)):
        if math.isnan(value) or value <= 0:
            continue
        top = bottom + value if isinstance(mark, StackedSeries) else value
        stacked[step] = top
        left, right = LEFT + step * frame.band + gap / 2, LEFT + (step + 1) * frame.band - gap / 2
        low, high = coordinate(frame.y(bottom)), coordinate(frame.y(top))
        parts.append(f"M{coordinate(left)} {low}V{high}H{coordinate(right)}V{low}z")
    return element("path", d="".join(parts), fill=colour)


def _line(mark: Line, frame: _Frame, colour: str) -> Html:
    points = [
        (frame.middle(step), math.nan if math.isnan(value) else frame.y(value))
        for step, value in enumerate(mark.values)
    ]
    line = element(
        "path",
        d=_path(points),
        fill="none",
        stroke=colour,
        stroke_width="1.5" if mark.dashed else "2",
        stroke_linejoin="round",
        stroke_linecap="round",
        stroke_dasharray="4 4" if mark.dashed else False,
    )
    dots = [
        element("circle", cx=coordinate(x), cy=coordinate(y), r="2.6", fill=colour)
        for n, (x, y) in enumerate(points)
        if not math.isnan(y) and (mark.dots or _is_alone(points, n))
    ]
    return fragment(line, *dots)


def _is_alone(points: Sequence[tuple[float, float]], n: int) -> bool:
    """Say whether a line would not show a point, as it leads to no other."""
    return all(math.isnan(y) for _, y in [*points[max(0, n - 1) : n], *points[n + 1 : n + 2]])


def _path(points: Sequence[tuple[float, float]]) -> str:
    """Return a path through points; a NaN breaks it, and a point alone is a short dash."""
    parts, pen = [], "M"
    for n, (x, y) in enumerate(points):
        if math.isnan(y):
            pen = "M"
            continue
        parts.append(f"{pen}{coordinate(x)} {coordinate(y)}")
        alone = pen == "M" and (n + 1 == len(points) or math.isnan(points[n + 1][1]))
        parts.append("h0.1" if alone else "")
        pen = "L"
    return "".join(parts)


def _area(mark: Spread, frame: _Frame) -> str:
    """Return the outline of each stretch of steps that have values."""
    stretches: list[list[int]] = [[]]
    for step, (low, high) in enumerate(zip(mark.low, mark.high, strict=True)):
        if math.isnan(low) or math.isnan(high):
            stretches.append([])
        else:
            stretches[-1].append(step)
    parts = []
    for stretch in filter(None, stretches):
        above = [(frame.middle(step), frame.y(mark.high[step])) for step in stretch]
        below = [(frame.middle(step), frame.y(mark.low[step])) for step in reversed(stretch)]
        outline = "L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in [*above, *below])
        parts.append(f"M{outline}z")
    return "".join(parts)


def _legend(marks: Sequence[Mark]) -> Html:
    def swatch(mark: Mark) -> Html:
        shape = "dashed " if isinstance(mark, Line) and mark.dashed else ""
        shape += "area " if isinstance(mark, Spread) else ""
        shape += "" if isinstance(mark, Line | Spread) else "block "
        return element("span", class_=f"swatch {shape}{mark.colour}")

    return element(
        "ul", *(element("li", swatch(mark), mark.name) for mark in marks), class_="legend"
    )


def _values(steps: Sequence[str], marks: Sequence[Mark], write: Callable[[float], str]) -> str:
    """Return the chart's values as lines: the steps, then a name and a value a step for each mark.

    They are divided by ``|``; a value that is not there is empty.
    """

    def cell(value: float) -> str:
        return "" if math.isnan(value) else write(value)

    lines = ["|".join(_plain(month_name(step)) for step in steps)]
    for mark in marks:
        if isinstance(mark, Spread):
            pairs = zip(mark.low, mark.high, strict=True)
            values = [f"{cell(low)} to {cell(high)}" if cell(low) else "" for low, high in pairs]
        else:
            values = [cell(value) for value in mark.values]
        lines.append("|".join([_plain(mark.name), *values]))
    return "\n".join(lines)


def _plain(text: str) -> str:
    return text.replace("|", " ").replace("\n", " ")
