"""What a set of reviews tells over time: stars and numbers."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.desk.review_index import MONTHS
from reviewdesk.desk.reviews import month_code, month_name
from reviewdesk.desk.visit import Visit
from reviewdesk.report.html import Child, Html, element, fragment
from reviewdesk.report.timeline import Bars, Line, Mark, StackedSeries, timeline

MOST_STEPS: Final = 120
"""Of more months, quarters or years are drawn."""


def over_time(
    visit: Visit, rows: NDArray[np.int64], marked: Sequence[Mapping[str, Any]] = ()
) -> Html:
    """Return charts of stars and numbers of reviews over time.

    Args:
        visit: the request.
        rows: the reviews.
        marked: findings, schema ``FINDINGS``; those with a first day are marked.
    """
    say, index = visit.desk.texts, visit.desk.reviews.index
    months = np.asarray(index.column("month")[rows], np.int64)
    stars = np.asarray(index.column("stars")[rows], np.int64)
    there = months >= 0
    if not there.any():
        return fragment()
    months, stars = months[there], stars[there]
    step = _step(int(months.max() - months.min()) + 1)
    first = int(months.min()) // step
    steps = months // step - first
    names = [_step_name(first + place, step) for place in range(int(steps.max()) + 1)]
    counts = np.stack([np.bincount(steps[stars == n], minlength=len(names)) for n in range(6)])
    stacks: list[Mark] = [
        StackedSeries(say.number("stars", n), counts[n].astype(float).tolist(), f"stars-{n}")
        for n in range(1, 6)
    ]
    if not counts[1:].sum():
        stacks = [Bars(say("story.reviews"), counts.sum(axis=0).astype(float).tolist())]
    most = 4.0 * math.ceil(counts.sum(axis=0).max() / 4)
    charts: list[Child] = [
        timeline(
            names, stacks, title=say("story.volume"), caption=say("story.volume_note"), high=most
        )
    ]
    if counts[1:].sum():
        charts.insert(0, _mean_stars(visit, names, counts[1:], marked, step, first))
    return element("div", *charts, class_="charts")


def _mean_stars(
    visit: Visit,
    names: list[str],
    counts: NDArray[np.int64],
    marked: Sequence[Mapping[str, Any]],
    step: int,
    first: int,
) -> Html:
    say = visit.desk.texts
    totals = counts.sum(axis=0)
    sums = (counts * np.arange(1, 6)[:, None]).sum(axis=0)
    means = [float(s / t) if t else math.nan for s, t in zip(sums, totals, strict=True)]
    marks: list[Mark] = []
    for row in marked:
        if row["since"] is not None:
            place = month_code(f"{row['since']:%Y-%m}") // step - first
            if 0 <= place < len(names):
                band = [5.0 if n == place else math.nan for n in range(len(names))]
                title = visit.desk.worklist.finder_info[row["finder"]].title
                marks.append(Bars(say("story.since", what=title), band, "series-2"))
    marks.append(Line(say("story.mean"), means, dots=len(names) < 40))
    return timeline(
        names,
        marks,
        title=say("story.stars"),
        caption=say("story.stars_note"),
        write=lambda value: f"{value:.1f}",
        low=1.0,
        high=5.0,
    )


def _step(months: int) -> int:
    """Return how many months a step has, so that there are not too many."""
    return next((step for step in (1, 3, MONTHS) if months <= MOST_STEPS * step), MONTHS)


def _step_name(place: int, step: int) -> str:
    if step == MONTHS:
        return str(place)
    return month_name(place * step)
