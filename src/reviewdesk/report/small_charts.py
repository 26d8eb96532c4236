"""Charts small enough to stand in a finding: named bars, or points over time."""

import math
from collections.abc import Callable, Sequence
from typing import Final

from reviewdesk.report.html import Html, element
from reviewdesk.report.numbers import NOT_DEFINED

WIDTH: Final = 300
ROW: Final = 20
NAME_WIDTH: Final = 108
NAME_CHARACTERS: Final = 16
VALUE_WIDTH: Final = 76
HEIGHT: Final = 96
EDGE: Final = 14
TICK_CHARACTERS: Final = 12

Point = tuple[str, float]


def small_bars(points: Sequence[Point], write: Callable[[float], str], label: str) -> Html:
    """Draw a bar for each point, one below the other, each with its name and value.

    Args:
        points: names and values, in order; NaN has no bar.
        write: returns a value as text.
        label: what the chart shows, for those who do not see it.
    """
    top = max([abs(value) for _, value in points if math.isfinite(value)] or [0.0]) or 1.0
    room = WIDTH - NAME_WIDTH - VALUE_WIDTH
    rows = []
    for n, (name, value) in enumerate(points):
        there = math.isfinite(value)
        width = abs(value) / top * room if there else 0.0
        y = n * ROW
        rows += [
            element(
                "text", _cut(name, NAME_CHARACTERS), x=NAME_WIDTH - 6, y=y + 14, text_anchor="end"
            ),
            element(
                "rect",
                x=NAME_WIDTH,
                y=y + 3,
                width=f"{width:.1f}",
                height=ROW - 6,
                class_="first" if n == 0 else "other",
            ),
            element(
                "text",
                write(value) if there else NOT_DEFINED,
                x=f"{NAME_WIDTH + width + 5:.1f}",
                y=y + 14,
            ),
        ]
    return _svg(rows, len(points) * ROW, label)


def small_line(
    points: Sequence[Point],
    write: Callable[[float], str],
    label: str,
    change: int | None = None,
) -> Html:
    """Draw points from left to right with a line through them; NaN leaves a gap.

    Args:
        points: what each stands for, as in ``2014-03``, and its value.
        write: returns a value as text.
        label: what the chart shows, for those who do not see it.
        change: the point from which on something is different; None for none.
    """
    values = [value for _, value in points if math.isfinite(value)] or [0.0]
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = (WIDTH - VALUE_WIDTH - EDGE) / max(len(points) - 1, 1)
    parts, pen = [], "M"
    for n, (_, value) in enumerate(points):
        if not math.isfinite(value):
            pen = "M"
            continue
        y = EDGE + (high - value) / span * (HEIGHT - 2 * EDGE)
        parts.append(f"{pen}{EDGE + n * step:.1f} {y:.1f}h0.1")
        pen = "L"
    right = WIDTH - VALUE_WIDTH + 6
    texts = [element("text", write(high), x=right, y=EDGE + 4)]
    if high > low:
        texts.append(element("text", write(low), x=right, y=HEIGHT - EDGE + 4))
    ends = [element("text", _cut(points[0][0], TICK_CHARACTERS), x=EDGE, y=HEIGHT + 12)]
    if len(points) > 1:
        last = _cut(points[-1][0], TICK_CHARACTERS)
        ends.append(element("text", last, x=WIDTH - VALUE_WIDTH, y=HEIGHT + 12, text_anchor="end"))
    path = element("path", d="".join(parts), class_="line")
    marks = [] if change is None else [_change(EDGE + change * step)]
    return _svg([*marks, path, *texts, *ends], HEIGHT + 18, label)


def _change(x: float) -> Html:
    return element("path", d=f"M{x:.1f} {EDGE // 2}V{HEIGHT - EDGE // 2}", class_="change")


def _svg(children: Sequence[Html], height: int, label: str) -> Html:
    return element(
        "svg",
        *children,
        role="img",
        aria_label=label,
        class_="small-chart",
        viewBox=f"0 0 {WIDTH} {height}",
        width=WIDTH,
        height=height,
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
