"""How a network learned, as a chart and a table of a page."""

from typing import Final

from reviewdesk.models.curve import Curve, Point
from reviewdesk.report.blocks import Column, details, table
from reviewdesk.report.charts import Axis, Series, line_chart
from reviewdesk.report.html import Html, fragment
from reviewdesk.report.numbers import count, score, share

ROOM: Final = 1.05  # above the highest point


def learning_curve(curve: Curve) -> Html:
    """Return the losses of what was learnt from and of what was set aside, epoch by epoch."""
    points = curve.points
    epochs, learnt = [one.epoch for one in points], [one.learnt_loss for one in points]
    aside = [one.loss for one in points if one.loss is not None]
    lines = [Series("learnt from", epochs, learnt)]
    if aside:
        lines.append(Series("set aside", epochs, aside))
    highest = max(learnt + aside)
    caption = (
        f"Loss of the reviews learnt from and of those set aside from them; it ended because "
        f"{curve.ended}. The weights with the lowest loss of those set aside were kept; the "
        "reviews that the figures above are measured on chose nothing."
    )
    chart = line_chart(
        lines,
        Axis("epochs", 0, max(points[-1].epoch, 1), shares=False),
        Axis("loss", 0, max(highest, 0.01) * ROOM, shares=False),
        label="Loss while it learned, of reviews learnt from and of reviews set aside",
        caption=caption,
    )
    columns = [Column(name) for name in ("Steps", "Epochs", "Rate", "Loss", "Set aside", "Right")]
    rows = table("All measurements", columns, [_cells(point) for point in points])
    return fragment(chart, details("The same as a table", rows))


def _cells(point: Point) -> list[str]:
    return [
        count(point.step),
        f"{point.epoch:.2f}",
        f"{point.rate:.2g}",
        score(point.learnt_loss),
        "" if point.loss is None else score(point.loss),
        "" if point.accuracy is None else share(point.accuracy),
    ]
