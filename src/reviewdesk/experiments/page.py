"""The page of an experiment: the summary, the sequence over time, the split, what comes next."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.experiments import mixture
from reviewdesk.experiments.design import LOWER
from reviewdesk.experiments.status import Compared, Ratio, Status
from reviewdesk.experiments.summary import amount, cautions, span, summarise, unit_of
from reviewdesk.report.blocks import (
    Column,
    Figure,
    definitions,
    figures,
    findings,
    note,
    paragraph,
    table,
)
from reviewdesk.report.html import Html
from reviewdesk.report.numbers import NOT_DEFINED, count, share
from reviewdesk.report.page import Page
from reviewdesk.report.panels import SCRIPT
from reviewdesk.report.timeline import Line, Mark, Spread, timeline

Floats = NDArray[np.float64]

DRAWN: Final = 48
AHEAD: Final = 12
AGAIN: Final = (1.5, 2.0, 4.0)


def experiment_page(status: Status, name: str) -> Page:
    """Return the page of an experiment.

    Args:
        status: where it stands.
        name: what it is called.
    """
    summary = summarise(status)
    page = Page(name, summary.sentence, "Experiment", SCRIPT)
    page.section("What is known", _numbers(status), *_cautions(status), _table(status))
    drawn = [_course(status, one) for one in status.goals]
    page.section("The difference over time", *drawn, note(
        "The area holds the true difference at all looks together, so that one may look, and stop, "
        "whenever one likes. Dashed: what becomes of it if the difference stays as it is."
    ))  # fmt: skip
    if status.ratio is not None:
        page.section("The split", *_split(status, status.ratio))
    if status.guardrails:
        page.section("Guardrails", _guardrails(status))
    page.section("If it goes on", _ahead(status))
    page.section("How this was computed", _method(status))
    return page


def write_experiment_page(status: Status, name: str, out: Path) -> None:
    """Write the page of an experiment.

    Raises:
        StorageError: it cannot be written.
    """
    experiment_page(status, name).write(out)


def _numbers(status: Status) -> Html:
    first = status.goals[0]
    shown = [
        Figure("rows", count(status.looks[-1])),
        Figure("units with an outcome", count(_units(first))),
        Figure(
            f"{first.treatment} less {status.design.arms[0]}",
            _signed(first),
            f"{first.metric.column}; {span(first)}" if _finite(first) else first.metric.column,
        ),
    ]
    if status.ratio is not None:
        shown.append(Figure("split", "broken" if status.ratio.alarm else "as configured",
                            f"p = {status.ratio.p_value:.3g}"))  # fmt: skip
    return figures(shown)


def _units(one: Compared) -> int:
    return int(one.comparison.units[-1])


def _finite(one: Compared) -> bool:
    return all(map(math.isfinite, one.now))


def _signed(one: Compared) -> str:
    text = amount(one.comparison, one.now[0]) + unit_of(one.comparison)
    return text if text.startswith("-") else f"+{text}"


def _cautions(status: Status) -> list[Html]:
    sentences = cautions(status)
    return [findings(sentences)] if sentences else []


def _table(status: Status) -> Html:
    rows = [
        [
            f"{goal.metric.column}, {goal.treatment}",
            _mean(goal, 0),
            _mean(goal, 1),
            _signed(goal),
            span(goal) if _finite(goal) else NOT_DEFINED,
            share(1 - goal.level),
            count(_units(goal)),
            ("better" if goal.improves else "worse") if goal.named else "open",
        ]
        for goal in status.goals
    ]
    control = status.design.arms[0]
    columns = [
        Column("metric, arm", numeric=False),
        *map(Column, (control, "arm", "difference", "lies in", "surely", "units")),
        Column("result", numeric=False),
    ]
    return table(f"Each arm against {control}", columns, rows)


def _mean(one: Compared, arm: int) -> str:
    value = float(one.comparison.means[arm, -1])
    return share(value) if one.comparison.rate else amount(one.comparison, value)


def _course(status: Status, goal: Compared) -> Html:
    """Draw the sequence, and its continuation if the difference stays as it is."""
    comparison = goal.comparison
    looks = len(status.looks)
    kept = np.unique(np.linspace(0, looks - 1, min(DRAWN, looks)).round().astype(int))
    step = float(status.looks[kept[-1]] - status.looks[kept[-2]]) if len(kept) > 1 else 1.0
    ahead = status.looks[-1] + step * np.arange(1, AHEAD + 1)
    estimate = goal.now[0]
    radius = _radius_ahead(goal, ahead / status.looks[-1], status.design.settings.horizon)
    none, drawn = [math.nan] * AHEAD, [math.nan] * len(kept)
    scale = 100.0 if comparison.rate else 1.0
    limit = _limit(goal, kept) * scale

    def clip(values: Floats) -> list[float]:
        return _clipped(values * scale, limit)

    lowest, highest = clip(goal.low[kept]), clip(goal.high[kept])
    marks: list[Mark] = [
        Spread("lies in", [*lowest, *none], [*highest, *none]),
        Line("difference", [*clip(comparison.estimate[kept]), *none]),
        Line("lowest, if it stays so", [*drawn, *clip(estimate - radius)], "series-2", True),
        Line("highest, if it stays so", [*drawn, *clip(estimate + radius)], "series-2", True),
        Line("no difference", [0.0] * (len(kept) + AHEAD), "series-quiet"),
    ]
    steps = [_thousands(float(value)) for value in [*status.looks[kept], *ahead]]
    metric = goal.metric
    return timeline(
        steps,
        marks,
        title=f"{metric.column}: {goal.treatment} less {status.design.arms[0]}{_in_unit(goal)}",
        caption=f"By rows. {metric.better.capitalize()} is better.",
        write=lambda value: f"{value:.3g}",
        low=-limit,
        high=limit,
    )


def _in_unit(one: Compared) -> str:
    return ", in points" if one.comparison.rate else ""


def _thousands(rows: float) -> str:
    return f"{rows / 1000:.3g}k" if rows >= 1000 else f"{rows:.0f}"


def _radius_ahead(compared: Compared, factors: Floats, horizon: float) -> Floats:
    """Return half the width of intervals when so many times the units are there."""
    moments, units = compared.comparison.moments, compared.comparison.units[-1]
    return mixture.radii(
        moments.error[-1] / np.sqrt(factors),
        mixture.growth(units * factors, horizon, compared.level),
        moments.freedom[-1] * factors,
        compared.level,
    )


def _limit(one: Compared, kept: NDArray[np.int64]) -> float:
    """Return how far the axis goes: what comes in the first fifth of the looks may lie outside."""
    later = kept[len(kept) // 5 :]
    ends = np.concatenate([one.low[later], one.high[later]])
    ends = np.abs(ends[np.isfinite(ends)])
    return _round_up(float(ends.max())) if ends.size and ends.max() > 0 else 1.0


def _round_up(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return next(n for n in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if n * power >= value * 0.999) * power


def _clipped(values: Floats, limit: float) -> list[float]:
    return [float(value) for value in np.clip(values, -limit, limit)]


def _split(status: Status, ratio: Ratio) -> list[Html]:
    design = status.design
    counts = ratio.counts[-1]
    rows = [
        [arm, count(n), count(due * counts.sum()), share(n / max(counts.sum(), 1)), share(due)]
        for arm, n, due in zip(design.arms, counts.tolist(), ratio.due.tolist(), strict=True)
    ]
    what = "rows" if design.settings.split == "row" else "units"
    columns = [Column("arm", numeric=False), *map(Column, ("got", "due", "share", "configured"))]
    looks = len(status.looks)
    kept = np.unique(np.linspace(0, looks - 1, min(DRAWN, looks)).round().astype(int))
    parts = ratio.counts[kept, 1:] / np.maximum(ratio.counts[kept].sum(axis=1, keepdims=True), 1)
    lines: list[Mark] = []
    for n, arm in enumerate(design.arms[1:4]):
        due = float(ratio.due[n + 1]) * 100
        lines.append(Line(arm, (parts[:, n] * 100).tolist(), f"series-{n + 1}"))
        lines.append(Line(f"{arm}, configured", [due] * len(kept), f"series-{n + 1}", True))
    return [
        table(f"{what.capitalize()} by arm", columns, rows),
        timeline(
            [_thousands(float(value)) for value in status.looks[kept]],
            lines,
            title=f"Share of {what}, in %",
            caption=f"By rows. An alarm is raised at p < 0.001 over all looks; p is "
            f"{ratio.p_value:.3g}.",
            write=lambda value: f"{value:.0f}",
            low=0.0,
            high=100.0,
        ),
    ]


def _guardrails(status: Status) -> Html:
    rows = [
        [
            f"{guardrail.metric.column}, {guardrail.treatment}",
            _mean(guardrail, 0),
            _mean(guardrail, 1),
            span(guardrail) if _finite(guardrail) else NOT_DEFINED,
            amount(guardrail.comparison, guardrail.metric.margin) + unit_of(guardrail.comparison),
            "breached" if guardrail.named else "kept",
        ]
        for guardrail in status.guardrails
    ]
    columns = [
        Column("metric, arm", numeric=False),
        *map(Column, (status.design.arms[0], "arm", "difference lies in", "may get worse by")),
        Column("result", numeric=False),
    ]
    return table("What must not get worse", columns, rows)


def _ahead(status: Status) -> Html:
    """Show what is known when there are more units, if the difference stays as it is."""
    rows: list[Sequence[str]] = []
    for goal in status.goals:
        if not _finite(goal):
            continue
        factors = np.array(AGAIN)
        radius = _radius_ahead(goal, factors, status.design.settings.horizon)
        comparison = goal.comparison
        for factor, half in zip(AGAIN, radius.tolist(), strict=True):
            low, high = goal.now[0] - half, goal.now[0] + half
            rows.append(
                [
                    f"{goal.metric.column}, {goal.treatment}",
                    count(_units(goal) * factor),
                    f"{amount(comparison, low)} to {amount(comparison, high)}{unit_of(comparison)}",
                    f"{amount(comparison, half)}{unit_of(comparison)}",
                    "yes" if low > 0 or high < 0 else "no",
                ]
            )
    if not rows:
        return paragraph("There are too few outcomes to look ahead.")
    columns = [
        Column("metric, arm", numeric=False),
        *map(Column, ("units", "would lie in", "smallest that shows", "decided")),
    ]
    return table("If the difference stays as it is now", columns, rows)


def _method(status: Status) -> Html:
    settings, goals = status.design.settings, status.goals
    exact = [one.metric.column for one in goals if one.comparison.bets is not None]
    about = sorted({one.metric.column for one in goals} - set(exact))
    pairs: list[tuple[str, str]] = []
    if exact:
        pairs.append((
            "Exact",
            f"{', '.join(sorted(set(exact)))}: by betting against each difference "
            "(Waudby-Smith and Ramdas 2023), without any approximation, for units dealt by the "
            "configured shares.",
        ))  # fmt: skip
    if about:
        pairs.append((
            "Asymptotic",
            f"{', '.join(about)}: a normal mixture around the t-statistic (Lindon and others 2022; "
            f"Waudby-Smith and others 2021); rows of one unit may resemble each other.",
        ))  # fmt: skip
    pairs.append(("Error rate", f"{settings.alpha:g} over all looks"
                  + (f", of {len(goals)} comparisons together as a false discovery rate (Wang and "
                     "Ramdas 2022)." if len(goals) > 1 else ".")))  # fmt: skip
    guards = [one.metric for one in status.guardrails]
    if guards:
        worse = {LOWER: "rises", "higher": "falls"}
        limits = sorted({f"{m.column} {worse[m.better]} by more than {m.margin:g}" for m in guards})
        pairs.append(("Guardrails", "breached where surely " + ", or ".join(limits) + "."))
    if status.ratio is not None:
        pairs.append(("Split", "a Dirichlet mixture around the shares (Lindon and Malek 2022)."))
    pairs.append(("Narrowest", f"at {count(settings.horizon)} units, as planned."))
    return definitions(pairs)
