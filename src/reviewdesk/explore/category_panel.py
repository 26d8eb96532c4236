"""What the page shows of one category."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from reviewdesk.explore.counts import STARS
from reviewdesk.explore.customers.section import CustomersView, customers_blocks
from reviewdesk.explore.explore import FEWEST_FOR_LENGTH, CategoryFindings, Exploration, Row
from reviewdesk.explore.sentences import length_drift, window_words
from reviewdesk.explore.words import Change, Telling
from reviewdesk.report.blocks import (
    Column,
    details,
    note,
    paragraph,
    shaded_table,
    side_by_side,
    table,
)
from reviewdesk.report.html import Html, element, fragment
from reviewdesk.report.numbers import NOT_DEFINED, count, plural, share
from reviewdesk.report.timeline import Bars, Line, Mark, Spread, StackedSeries, month_name, timeline
from reviewdesk.stats.trend import Trend

MOST_MONTHS: Final = 360  # more are drawn by year
FEW_YEARS: Final = 3  # with fewer, stars and lengths are drawn by month
MONTH_ROWS: Final = 8_000  # on one page; with more, months are in the charts and the Parquet files
SHOWN_TERMS: Final = 12
SHOWN_CHANGES: Final = 15

STAR_NAMES: Final = ("1 star", "2 stars", "3 stars", "4 stars", "5 stars")


def category_panel(
    part: CategoryFindings, exploration: Exploration, view: CustomersView, panels: int
) -> Html:
    """Return the panel of one category.

    Args:
        part: what was found in it.
        exploration: everything that was found.
        view: what customers say.
        panels: how many panels the page has.
    """
    first = part.months[0]["period"] if part.months else ""
    months = [month for month in exploration.months if month >= first]
    charts = [
        _reviews(part, months),
        _products(part, months),
        _stars(part, months),
        _lengths(part, months),
        _overlap_of_years(part),
    ]
    return fragment(
        paragraph(_summary(part)),
        *customers_blocks(view, None if part is exploration.everything else part.category),
        element("h4", "Over time"),
        _distinctive(part),
        side_by_side(*filter(None, charts)),
        *_changes(part, exploration),
        *_overlap_of_stars(part),
        *_telling(part),
        *_tables(part, len(exploration.months) * panels),
    )


def _summary(part: CategoryFindings) -> str:
    total = part.total
    text = plural(total["reviews"], "review", "reviews")
    if total["products"]:
        text += f" of {plural(total['products'], 'product', 'products')}, "
        text += f"{count(total['products_with_several'])} of them with several reviews"
    if total["mean_stars"] is not None:
        text += f"; {total['mean_stars']:.2f} stars on average"
    text += f"; half of the bodies have {count(total['length_median'])} characters or fewer."
    return f"{text} {length_drift(part)}".strip()


def _distinctive(part: CategoryFindings) -> Html | str:
    if not part.distinctive:
        return ""
    return paragraph("Words that set it apart: ", ", ".join(part.distinctive), ".")


def _reviews(part: CategoryFindings, months: Sequence[str]) -> Html | None:
    steps, rows = _over_time(part, months)
    if len(steps) < 2:
        return None
    return timeline(
        steps,
        [Bars("Reviews", _column(rows, "reviews"))],
        title=f"Reviews by {_grain(steps)}",
        caption=_busiest(steps, rows),
    )


def _products(part: CategoryFindings, months: Sequence[str]) -> Html | None:
    steps, rows = _over_time(part, months)
    if len(steps) < 2 or not part.total["products"]:
        return None
    return timeline(
        steps,
        [
            Line("Different products", _column(rows, "products")),
            Line("with several reviews", _column(rows, "products_with_several"), "series-2"),
        ],
        title=f"Products by {_grain(steps)}",
        caption=f"Products with a review in the {_grain(steps)}, and those with two or more.",
    )


def _stars(part: CategoryFindings, months: Sequence[str]) -> Html | None:
    if part.total["mean_stars"] is None:
        return None
    steps, rows = _coarse(part, months)
    if len(steps) < 2:
        steps, rows = ["all"], [part.total]
    rated = [sum(row[f"stars_{stars}"] for stars in STARS) if row else 0 for row in rows]
    shares = [
        [
            row[f"stars_{stars}"] / n if row and n else math.nan
            for row, n in zip(rows, rated, strict=True)
        ]
        for stars in STARS
    ]
    return timeline(
        steps,
        [
            StackedSeries(name, values, f"stars-{stars}")
            for stars, name, values in zip(STARS, STAR_NAMES, shares, strict=True)
        ],
        title="Stars",
        caption="How many of the reviews with stars have how many.",
        write=_percent,
        high=1.0,
    )


def _lengths(part: CategoryFindings, months: Sequence[str]) -> Html | None:
    steps, rows = _coarse(part, months)
    enough = [row if row and row["reviews"] >= FEWEST_FOR_LENGTH else None for row in rows]
    if len(steps) < 2 or not any(enough):
        return None
    low, median, high = (
        _column(enough, f"length_{name}", math.nan) for name in ("p25", "median", "p75")
    )
    marks: list[Mark] = [
        Spread("Middle half", low, high),
        Line("Median", median, dots=True),
    ]
    if part.length_trend and len(steps[0]) == 4:
        marks.append(_trend_line(part.length_trend, steps, median))
    return timeline(
        steps,
        marks,
        title="Length of reviews",
        caption="Characters of a review's body: the median, and the range of the middle half."
        + _interval(part.length_trend, lambda value: f"{value:+,.0f}", "characters a year"),
    )


def _overlap_of_years(part: CategoryFindings) -> Html | None:
    if not part.year_pairs:
        return None
    by_year = {pair.right: pair.overlap for pair in part.year_pairs}
    years = range(min(by_year), max(by_year) + 1)
    steps = [str(year) for year in years]
    there = [by_year.get(year) for year in years]
    shared = [one.shared if one else math.nan for one in there]
    chance = [one.by_chance if one else math.nan for one in there]
    marks: list[Mark] = [
        Line("By chance", chance, "line-strong"),
        Line("Shared with the year before", shared, dots=True),
    ]
    if part.year_trend:
        marks.append(_trend_line(part.year_trend, steps, shared))
    return timeline(
        steps,
        marks,
        title="Words shared with the year before",
        caption="How many of the 50 most telling terms a year shares with the year before; by "
        "chance: if nothing had changed."
        + _interval(part.year_trend, lambda value: f"{value * 100:+.1f}", "points a year"),
        write=_percent,
        high=1.0,
    )


def _trend_line(trend: Trend, steps: Sequence[str], values: Sequence[float]) -> Line:
    heights = [
        math.nan if math.isnan(value) else max(trend.at(int(step)), 0.0)
        for step, value in zip(steps, values, strict=True)
    ]
    return Line("Trend", heights, "series-2", dashed=True)


def _interval(trend: Trend | None, write: Callable[[float], str], unit: str) -> str:
    if trend is None:
        return ""
    low, slope, high = (
        write(value).replace("-", "−") for value in (trend.low, trend.slope, trend.high)
    )
    return f" Trend: {slope} {unit} (95 % interval {low} to {high})."


def _changes(part: CategoryFindings, exploration: Exploration) -> list[Html]:
    title = element("h4", "Terms that rose and fell most")
    if exploration.window is None:
        return []
    if not part.changed:
        before, recent = part.window_reviews
        why = (
            "No term clearly rose or fell"
            if min(before, recent) >= 100
            else "Too few reviews to compare"
        )
        return [title, note(f"{why}, {window_words(exploration)}.")]
    blocks = [
        _changed(name, terms[:SHOWN_CHANGES])
        for name, terms in (("Rose", part.rose), ("Fell", part.fell))
        if terms
    ]
    return [
        title,
        note(
            f"Reviews of 1,000 that have the term, {window_words(exploration)}."
            f"{_mixed(part, exploration)}"
        ),
        side_by_side(*blocks),
    ]


def _mixed(part: CategoryFindings, exploration: Exploration) -> str:
    if part is not exploration.everything or len(exploration.categories) < 2:
        return ""
    return " A category that grows brings its own words along: look at the categories, too."


def _changed(name: str, terms: Sequence[Change]) -> Html:
    columns = [Column(name, numeric=False), Column("before"), Column("recent"), Column("z")]
    rows = [
        [
            one.term,
            _of_thousand(one.before_share),
            _of_thousand(one.recent_share),
            f"{one.z:+.1f}".replace("-", "−"),
        ]
        for one in terms
    ]
    return table(f"{name}: the clearest first", columns, rows, sortable=True)


def _of_thousand(part: float) -> str:
    return f"{part * 1000:,.1f}"


def _overlap_of_stars(part: CategoryFindings) -> list[Html]:
    if not part.star_pairs:
        return []
    stars = sorted({n for one in part.star_pairs for n in (one.left, one.right)})
    shares = np.full((len(stars), len(stars)), math.nan)
    for one in part.star_pairs:
        left, right = stars.index(one.left), stars.index(one.right)
        shares[left, right] = shares[right, left] = one.shared
    chance = [one.by_chance for one in part.star_pairs]
    ends = dict.fromkeys(share(end, 0) for end in (min(chance), max(chance)))
    heading = element("h4", "What star ratings share")
    caption = "Overlap of the 50 most telling terms of two star ratings"
    text = f"By chance it would be {' to '.join(ends)}."
    text += _interval(part.star_trend, lambda value: f"{value * 100:+.0f}", "points a star apart")
    return [heading, shaded_table(caption, "stars", [str(n) for n in stars], shares), note(text)]


def _telling(part: CategoryFindings) -> list[Html]:
    blocks = []
    if any(part.telling_by_stars):
        rows = [
            [STAR_NAMES[stars - 1] if stars else "no stars", _terms(terms)]
            for stars, terms in sorted(part.telling_by_stars.items(), reverse=True)
        ]
        blocks += [element("h4", "The most telling terms"), _telling_table("Stars", rows)]
    if len(part.telling_by_year) > 1:
        rows = [
            [str(year), _terms(terms)]
            for year, terms in sorted(part.telling_by_year.items(), reverse=True)
        ]
        blocks.append(details("The most telling terms of each year", _telling_table("Year", rows)))
    return blocks


def _telling_table(by: str, rows: Sequence[Sequence[str]]) -> Html:
    columns = [Column(by, numeric=False), Column("Terms, the most telling first", numeric=False)]
    return table(f"The most telling terms by {by.lower()}", columns, rows)


def _terms(terms: Sequence[Telling]) -> str:
    return ", ".join(one.term for one in terms[:SHOWN_TERMS])


def _tables(part: CategoryFindings, month_rows: int) -> list[Html]:
    blocks = []
    if len(part.years) > 1:
        blocks.append(details("Year by year, in figures", _periods("year", part.years)))
    if part.months and month_rows <= MONTH_ROWS:
        blocks.append(details("Month by month, in figures", _periods("month", part.months)))
    return blocks


def _periods(grain: str, rows: Sequence[Row]) -> Html:
    columns = [
        Column(grain.capitalize(), numeric=False),
        Column("Reviews"),
        Column("Products"),
        Column("with several"),
        Column("Mean stars"),
        Column("Median length"),
    ]
    cells = [
        [
            month_name(row["period"]),
            count(row["reviews"]),
            count(row["products"]),
            count(row["products_with_several"]),
            NOT_DEFINED if row["mean_stars"] is None else f"{row['mean_stars']:.2f}",
            NOT_DEFINED if row["length_median"] is None else count(row["length_median"]),
        ]
        for row in reversed(rows)
    ]
    return table(f"The newest {grain} first", columns, cells)


def _over_time(part: CategoryFindings, months: Sequence[str]) -> tuple[list[str], list[Any]]:
    """Return the months and the category's row for each, None where it has no review."""
    if len(months) > MOST_MONTHS:
        return _by_year(part, months)
    rows = {row["period"]: row for row in part.months}
    return list(months), [rows.get(month) for month in months]


def _coarse(part: CategoryFindings, months: Sequence[str]) -> tuple[list[str], list[Any]]:
    """Return the years, or the months when there are few years."""
    steps, rows = _by_year(part, months)
    return (steps, rows) if len(steps) >= FEW_YEARS else _over_time(part, months)


def _by_year(part: CategoryFindings, months: Sequence[str]) -> tuple[list[str], list[Any]]:
    if not months:
        return [], []
    rows = {row["period"]: row for row in part.years}
    steps = [f"{year:04d}" for year in range(int(months[0][:4]), int(months[-1][:4]) + 1)]
    return steps, [rows.get(step) for step in steps]


def _busiest(steps: Sequence[str], rows: Sequence[Row | None]) -> str:
    counts = _column(rows, "reviews")
    most = counts.index(max(counts))
    return f"Most in {month_name(steps[most])}: {count(counts[most])}."


def _column(rows: Sequence[Row | None], name: str, missing: float = 0.0) -> list[float]:
    return [missing if row is None else float(row[name]) for row in rows]


def _grain(steps: Sequence[str]) -> str:
    return "month" if len(steps[0]) == 7 else "year"


def _percent(value: float) -> str:
    return share(value, 0)
