"""`reviewdesk experiment`: split tests that may be looked at any time."""

from pathlib import Path
from typing import Annotated, Any

import typer

from reviewdesk.cli.options import Json, with_settings
from reviewdesk.cli.output import print_json, print_table, say
from reviewdesk.errors import UsageError
from reviewdesk.experiments import planning
from reviewdesk.experiments.design import (
    Design,
    ExperimentSettings,
    Metric,
    design,
    parse_shares,
)
from reviewdesk.experiments.folder import Experiment, figures_of
from reviewdesk.experiments.folder import start as start_experiment
from reviewdesk.experiments.page import write_experiment_page
from reviewdesk.experiments.status import Compared, Status
from reviewdesk.experiments.summary import amount, cautions, span, summarise, unit_of
from reviewdesk.report.numbers import NOT_DEFINED, share

Folder = Annotated[Path, typer.Argument(help="Folder of the experiment.", metavar="EXPERIMENT")]
Arms = Annotated[
    str,
    typer.Option(help="Arms with their shares; the control first.", metavar="NAME:SHARE,..."),
]


def plan(
    effect: Annotated[
        float | None, typer.Option(help="Smallest difference that matters, as in 0.01.")
    ] = None,
    baseline: Annotated[
        float | None,
        typer.Option(help="Rate of the first arm, for outcomes of 0 and 1, as in 0.88."),
    ] = None,
    deviation: Annotated[
        float | None, typer.Option(help="Standard deviation of the outcome, for all others.")
    ] = None,
    discordant: Annotated[
        float | None,
        typer.Option(
            help="Part of the requests that one arm answers right and the other wrong, where both "
            "answer each (shadow traffic)."
        ),
    ] = None,
    units: Annotated[
        int | None,
        typer.Option(help="Units that there will be: says the smallest effect.", min=10),
    ] = None,
    arms: Arms = "A:0.5,B:0.5",
    *,
    per_unit: Annotated[
        float, typer.Option(help="Rows of a unit, on average; above 1 they resemble each other.")
    ] = 1.0,
    correlation: Annotated[
        float, typer.Option(help="How much rows of one unit resemble each other, 0 to 1.")
    ] = 0.0,
    power: Annotated[float, typer.Option(help="Chance of finding the effect.")] = 0.8,
    alpha: Annotated[float, typer.Option(help="Chance of naming one where none is.")] = 0.05,
    as_json: Json = False,
) -> None:
    """How many units a split test takes, when it is expected to end, what it can find.

    Units are those of the two arms together; with more than two arms, of the first two. A test
    that may be looked at any time takes more units at most, and fewer on average if the effect is
    larger than planned for.

    Example:

        reviewdesk experiment plan --baseline 0.88 --effect 0.01 --arms A:0.9,B:0.1
    """
    shares = list(parse_shares(arms).values())
    if len(shares) < 2:
        raise UsageError("give at least two arms, as in --arms A:0.5,B:0.5")
    if (effect is None) == (units is None):
        raise UsageError("give --effect to learn the units, or --units to learn the effect")
    if per_unit < 1 or not 0 <= correlation <= 1:
        raise UsageError("--per-unit is at least 1, and --correlation between 0 and 1")
    part = shares[1] / (shares[0] + shares[1])
    alike = (1 + (per_unit - 1) * correlation) / per_unit  # variance of a unit's mean (Kish 1965)

    def variance(difference: float) -> float:
        if discordant is not None:
            return planning.paired_variance(discordant, difference) * alike
        if baseline is not None:
            return planning.rate_variance(baseline, difference, part) * alike
        if deviation is not None:
            return planning.mean_variance(deviation, part) * alike
        raise UsageError("give --baseline for outcomes of 0 and 1, else --deviation")

    if effect is None:
        units = units or 0
        smallest = planning.smallest_effect(variance(0.0), units, alpha, power)
        if as_json:
            print_json({"units": units, "effect": smallest, "alpha": alpha, "power": power})
            return
        say(f"{units:,} units find a difference of {smallest:.4g} with a chance of {power:.0%}")
        return
    made = planning.plan(variance(effect), effect, alpha, power)
    if as_json:
        print_json(made._asdict())
        return
    print_table(
        ["a difference of", f"{effect:g}"],
        [
            ["units of a test with one look", f"{made.fixed:,}"],
            [f"looked at any time: found by {power:.0%} within", f"{made.units:,}"],
            ["looked at any time: ends on average after", f"{made.expected:,}"],
            ["looked at any time: half end within", f"{made.median:,}"],
        ],
    )
    say(f"start it with --horizon {made.fixed}")


@with_settings(settings=ExperimentSettings)
def start(
    folder: Annotated[
        Path, typer.Argument(help="New folder for the experiment.", metavar="EXPERIMENT")
    ],
    tables: Annotated[
        list[Path],
        typer.Option(
            "--data",
            help="Table of outcomes (.parquet, .csv, .tsv or .jsonl), which may be given more than "
            "once, or the folder of an endpoint's captured requests. They may grow.",
            metavar="PLACE",
        ),
    ],
    arms: Arms,
    metrics: Annotated[
        list[str],
        typer.Option(
            "--metric",
            help="Column that tells which arm is better, and which values are: correct:higher. "
            "May be given more than once.",
            metavar="COLUMN:BETTER",
        ),
    ],
    guardrails: Annotated[
        list[str],
        typer.Option(
            "--guardrail",
            help="Column that must not get worse, or by so much only: latency_ms:lower:5. May be "
            "given more than once.",
            metavar="COLUMN:BETTER:MARGIN",
        ),
    ] = [],  # noqa: B006  (the parser copies it)
    truth: Annotated[
        Path | None,
        typer.Option(help="Folder of ground truth of captured requests.", metavar="DIR"),
    ] = None,
    *,
    as_json: Json = False,
    settings: ExperimentSettings,
) -> None:
    """Write down what is compared, before looking at outcomes.

    Outcomes of 0 and 1 (true and false) are rates. The first arm is the control.

    Example:

        reviewdesk experiment start test --data outcomes.csv --arms A:0.9,B:0.1 \\
            --metric correct:higher --guardrail latency_ms:lower:5 --unit-column customer_id
    """
    begun = start_experiment(
        folder,
        design(
            arms,
            [
                *(Metric.parse(word) for word in metrics),
                *(Metric.parse(word, guardrail=True) for word in guardrails),
            ],
            settings,
        ),
        tables,
        truth,
    )
    if as_json:
        print_json({"started": begun.started, **begun.design.to_json()})
        return
    say(f"{folder}: started at {begun.started}")


def status(folder: Folder, *, as_json: Json = False) -> None:
    """Where an experiment stands, as often as you like.

    No arm is called better before its sequence of intervals excludes 0; a broken split or a
    breached guardrail takes the place of any result.

    Example:

        reviewdesk experiment status test
    """
    experiment = Experiment.open(folder)
    _show(experiment.status(), experiment.design, as_json)


def stop(folder: Folder, *, as_json: Json = False) -> None:
    """End an experiment: what it says is kept, with its outcomes.

    Example:

        reviewdesk experiment stop test
    """
    experiment, last = Experiment.open(folder).stop()
    _show(last, experiment.design, as_json)


def report(
    folder: Folder,
    out: Annotated[
        Path | None,
        typer.Option(help="Page to write; report.html in the folder by default.", metavar="FILE"),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """The page of an experiment: summary, sequence over time, split, what comes next.

    Example:

        reviewdesk experiment report test --out test.html
    """
    experiment = Experiment.open(folder)
    page = folder / "report.html" if out is None else out
    status = experiment.status()
    write_experiment_page(status, experiment.name, page)
    if as_json:
        print_json({"out": str(page), **figures_of(status)})
        return
    say(summarise(status).sentence)
    say(f"the page: {page}")


def _show(status: Status, made: Design, as_json: bool) -> None:
    if as_json:
        print_json(figures_of(status))
        return
    lines: list[str] = [summarise(status).sentence, *(f"- {one}" for one in cautions(status)), ""]
    for line in lines:
        say(line)
    control = made.arms[0]
    headings = ["metric, arm", control, "arm", "difference", "lies in", "surely", "units", ""]
    print_table(headings, [_line(one) for one in (*status.goals, *status.guardrails)])
    ratio = status.ratio
    if ratio is not None:
        shares = zip(made.arms, ratio.counts[-1].tolist(), ratio.due.tolist(), strict=True)
        rows = [[arm, f"{n:,}", share(due)] for arm, n, due in shares]
        say("")
        print_table(
            ["arm", "rows" if made.settings.split == "row" else "units", "configured"], rows
        )
        say(f"the split: p = {ratio.p_value:.3g} over all looks")


def _line(compared: Compared) -> list[Any]:
    comparison = compared.comparison
    means = [
        share(value) if comparison.rate else amount(comparison, value)
        for value in comparison.means[:, -1].tolist()
    ]
    estimate, low, _ = compared.now
    known = span(compared) if abs(low) < float("inf") else NOT_DEFINED
    if compared.metric.guardrail:
        said = "breached" if compared.named else "kept"
    else:
        said = ("better" if compared.improves else "worse") if compared.named else "open"
    return [
        f"{compared.metric.column}, {compared.treatment}",
        *means,
        amount(comparison, estimate) + unit_of(comparison),
        known,
        share(1 - compared.level),
        f"{int(comparison.units[-1]):,}",
        said,
    ]
