"""The page that shows what tuning tried, what mattered and what it brought."""

from pathlib import Path
from typing import Final

from reviewdesk.report.blocks import Column, definitions, findings, table
from reviewdesk.report.charts import Axis, Series, bar_chart, line_chart
from reviewdesk.report.html import Html
from reviewdesk.report.numbers import plural, score
from reviewdesk.report.page import Page
from reviewdesk.training.comparison_page import sentences as compared
from reviewdesk.training.search import STOPPED, Trial
from reviewdesk.training.trials import METRICS
from reviewdesk.training.tuning import Tuned

MOST_TRIALS: Final = 100
FEWEST_POINTS: Final = 2
METHOD: Final = (
    (
        "A trial",
        "The family with some settings, learnt and measured in turns on parts of the training "
        "share; no product is in two parts. The first look learns from one product in four.",
    ),
    (
        "Given up early",
        "A trial whose figure is below the middle of earlier trials after the same step.",
    ),
    (
        "Held out",
        "No trial learns from, or is chosen by, the held-out reviews; the best is measured on them "
        "once.",
    ),
    (
        "What mattered",
        "The share of the spread between trials that a setting explains alone and with others, by "
        "functional analysis of variance (Hutter, Hoos and Leyton-Brown 2014).",
    ),
)


def sentences(tuned: Tuned) -> list[str]:
    """Return what tuning found, in plain words."""
    states = [trial.state for trial in tuned.trials]
    stopped = sum(trial.why == STOPPED for trial in tuned.trials)
    first, best = tuned.trials[0], tuned.best
    seconds = sum(trial.seconds for trial in tuned.trials)
    ended = plural(states.count("complete"), "trial", "trials")
    lines = [
        f"{ended} came to an end, {states.count('pruned'):,} were given up early, "
        f"{stopped:,} stopped with the run, {states.count('fail') - stopped:,} failed; "
        f"{seconds:,.0f} seconds of work."
    ]
    if best.settings == first.settings:
        lines.append(f"The defaults of {tuned.model} are as good as anything that was tried.")
        return lines
    chosen = ", ".join(f"{name} {value}" for name, value in sorted(best.settings.items()))
    lines.append(
        f"Best: {chosen}. Cross-validated {tuned.settings.metric} {_value(best)}, "
        f"with the defaults {_value(first)}."
    )
    return [*lines, *(compared(tuned.comparison) if tuned.comparison else ())]


def tuning_page(tuned: Tuned) -> Page:
    """Return the page."""
    page = Page(f"Tuning {tuned.model}", f"{tuned.settings.metric} {_value(tuned.best)}", "Tuning")
    page.section("What was found", findings(sentences(tuned)))
    ended = [trial for trial in tuned.trials if trial.value is not None]
    if len(ended) >= FEWEST_POINTS:
        page.section("Best so far", _best_so_far(tuned, ended))
    if tuned.importance:
        names, shares = list(tuned.importance), list(tuned.importance.values())
        page.section(
            "What mattered",
            bar_chart(
                names,
                shares,
                [f"{share:.0%}" for share in shares],
                label="How much of the spread between trials each setting explains",
                caption="The share of the spread between trials that each setting explains.",
            ),
        )
    page.section("Trials", _trials(tuned))
    page.section("How this was done", definitions(METHOD))
    return page


def write_tuning(tuned: Tuned, path: Path) -> None:
    """Write the page to a file that its owner only can read.

    Raises:
        StorageError: it cannot be written.
    """
    tuning_page(tuned).write(path)


def _best_so_far(tuned: Tuned, ended: list[Trial]) -> Html:
    better = max if METRICS[tuned.settings.metric].maximise else min
    seconds, best, points = 0.0, ended[0].value or 0.0, []
    for trial in tuned.trials:
        seconds += trial.seconds
        if trial.value is not None:
            best = better(best, trial.value)
            points.append((seconds, best, trial.value))
    values = [value for point in points for value in point[1:]]
    margin = (max(values) - min(values)) * 0.1 or 0.01
    y = Axis(tuned.settings.metric, min(values) - margin, max(values) + margin, shares=False)
    x = Axis("seconds of work", 0.0, max(seconds, 1.0), shares=False)
    times = [point[0] for point in points]
    return line_chart(
        [
            Series("each trial", times, [point[2] for point in points], quiet=True),
            Series("best so far", times, [point[1] for point in points]),
        ],
        x,
        y,
        label="The best figure so far, over the time of work",
        caption="The best figure so far; in grey each trial that came to an end.",
    )


def _trials(tuned: Tuned) -> Html:
    better = METRICS[tuned.settings.metric].maximise
    ranked = sorted(
        tuned.trials,
        key=lambda t: (t.value is None, (-(t.value or 0) if better else (t.value or 0)), t.number),
    )
    names = sorted({name for trial in tuned.trials for name in trial.settings})
    columns = [Column("trial", False), Column(tuned.settings.metric), Column("seconds")]
    columns += [Column("", False), *(Column(name) for name in names)]
    rows = [
        [
            f"{trial.number}",
            _value(trial),
            f"{trial.seconds:,.1f}",
            trial.why or {"pruned": "given up early"}.get(trial.state, ""),
            *(_shown(trial.settings.get(name)) for name in names),
        ]
        for trial in ranked[:MOST_TRIALS]
    ]
    return table("Trials, the best first", columns, rows)


def _value(trial: Trial) -> str:
    return "" if trial.value is None else score(trial.value)


def _shown(value: object) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
