"""What a set of reviews tells: stars and numbers over time, words of praise and of complaint."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.desk.review_index import MONTHS
from reviewdesk.desk.reviews import month_code, month_name
from reviewdesk.desk.visit import Visit
from reviewdesk.findings.words import cautious_log_ratio, without_parts
from reviewdesk.report.html import Child, Html, element, fragment
from reviewdesk.report.numbers import plural
from reviewdesk.report.timeline import Bars, Line, Mark, Stack, timeline
from reviewdesk.text.terms import TermCounts, TermSketch

MOST_STEPS: Final = 120
"""Of more months, quarters or years are drawn."""
MOST_READ: Final = 1_500
"""Of so many reviews at most, the newest, words are counted."""
MOST_WORDS: Final = 8
FEWEST_READ: Final = 5
PRAISE: Final = 4  # stars and more
COMPLAINT: Final = 2  # stars and fewer
_SKETCH_BITS: Final = 18


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
        Stack(say.number("stars", n), counts[n].astype(float).tolist(), f"stars-{n}")
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


def said(visit: Visit, rows: NDArray[np.int64], query: Mapping[str, str]) -> Html:
    """Return the words that stand in praise and in complaints, each leading to its reviews.

    Args:
        visit: the request.
        rows: the reviews.
        query: the address's fields of these reviews in the list of reviews.
    """
    say = visit.desk.texts
    index = visit.desk.reviews.index
    stars = np.asarray(index.column("stars")[rows], np.int64)
    sides = {
        "praise": rows[stars >= PRAISE],
        "complaint": rows[(stars <= COMPLAINT) & (stars > 0)],
    }
    read = [side[-MOST_READ:] for side in sides.values()]  # rows go by months: the newest
    if min(len(side) for side in sides.values()) < FEWEST_READ:
        return element("p", say("story.too_few"), class_="note")
    names, counts = _terms(visit, read)
    blocks = []
    for side, (name, words) in enumerate(zip(sides, _telling(names, counts), strict=True)):
        number = {"praise": "5", "complaint": "1"}[name]
        chips = [
            element(
                "li",
                element("a", word, href=visit.to("/reviews", {**query, "q": f'"{word}"'})),
                class_="for" if side == 0 else "against",
                dir="auto",
            )
            for word in words
        ]
        number = plural(len(sides[name]), say("one_review"), say("many_reviews"))
        blocks.append(
            element(
                "div",
                element("h3", say(f"story.{name}", n=number)),
                element("ul", *chips) if chips else element("p", say("story.no_words")),
                class_="words said",
            )
        )
    return fragment(*blocks)


def _terms(visit: Visit, sides: Sequence[NDArray[np.int64]]) -> tuple[list[str], NDArray[np.int32]]:
    """Return terms, and how many reviews of each side have them, (sides, terms)."""
    texts = [visit.desk.reviews.bodies(side) for side in sides]
    sketch = TermSketch(_SKETCH_BITS)
    for each in texts:
        sketch.add(each)
    counts = TermCounts(sketch, len(sides), 4_096, 2)
    for place, each in enumerate(texts):
        counts.add(each, np.full((len(each), 1), place, np.int32))
    return counts.result()


def _telling(names: Sequence[str], counts: NDArray[np.int32]) -> list[list[str]]:
    """Return the words of each side that are surely more frequent there than on the other."""
    ratio = cautious_log_ratio(counts[0], counts[1], 1.0)
    lists = []
    for sign, own in ((1, counts[0]), (-1, counts[1])):
        weight = sign * ratio * np.log1p(own)
        order = np.argsort(-weight, kind="stable")[: 6 * MOST_WORDS]
        words = [(names[int(place)], float(weight[place])) for place in order if weight[place] > 0]
        lists.append([word for word, _ in without_parts(words)][:MOST_WORDS])
    return lists
