"""`reviewdesk tune`: the best settings of a family for these reviews."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from reviewdesk.cli.options import Json, with_settings
from reviewdesk.cli.output import note, print_json, print_table, program, say
from reviewdesk.cli.train import (
    Model,
    ModelSettings,
    json_or_text,
    parse_model_settings,
    setting_words,
)
from reviewdesk.errors import UsageError
from reviewdesk.formats.tuning_job import TuningJob, read_tuning_job, write_tuning_job
from reviewdesk.job.places import reviews_of
from reviewdesk.progress import Progress
from reviewdesk.settings import Limits, Search, SplitSettings, TargetSettings, TextSettings
from reviewdesk.storage import read_json, write_json
from reviewdesk.training.family import new_classifier
from reviewdesk.training.search import TuneSettings
from reviewdesk.training.time_limits import seconds_of
from reviewdesk.training.trials import METRICS
from reviewdesk.training.tuning import BEST
from reviewdesk.training.tuning import tune as tune_family
from reviewdesk.training.tuning_page import sentences, write_tuning

PAGE: Final = "tuning.html"
RESULT: Final = "result.json"
MOST_SHOWN: Final = 10
MODE: Final = ("mode", "supervised")
"""What BlazingText's jobs say of what ``fasttext`` does anyway."""

DRAWN: Final = ("fasttext", "neg")

OBJECTIVES: Final = {
    "validation:accuracy": "accuracy",
    "validation:macro_f1": "macro_f1",
    "validation:f1": "macro_f1",
    "validation:log_loss": "log_loss",
    "validation:auc": "roc_auc",
    "validation:mae": "mae",
}
"""Objectives as jobs name them."""


@with_settings(tuning=TuneSettings, target=TargetSettings, text=TextSettings, split=SplitSettings)
def tune(
    data: Annotated[Path, typer.Argument(help="Prepared folder, or a job.", metavar="DIR")],
    out: Annotated[Path, typer.Option(help="Folder to write.", metavar="DIR")],
    *,
    model: Model = "linear",
    model_settings: ModelSettings = [],  # noqa: B006  (the parser copies it)
    search: Annotated[
        list[str],
        typer.Option(
            help="Where to look for a setting: NAME=LOW:HIGH, NAME=LOW:HIGH:log, or NAME=A,B,C. "
            "May be given more than once; by default the family's own ranges.",
            metavar="NAME=RANGE",
        ),
    ] = [],  # noqa: B006
    job: Annotated[
        Path | None,
        typer.Option(
            help="A tuning job of SageMaker, as JSON, to take all of this from.", metavar="FILE"
        ),
    ] = None,
    warm_start: Annotated[
        list[Path],
        typer.Option(
            help="Folder of an earlier tuning whose best settings are tried first. May be given "
            "more than once.",
            metavar="DIR",
        ),
    ] = [],  # noqa: B006
    write_job: Annotated[
        Path | None,
        typer.Option(help="Write this as a tuning job of SageMaker too.", metavar="FILE"),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Forget trials of other data or settings.")
    ] = False,
    as_json: Json = False,
    tuning: TuneSettings,
    target: TargetSettings,
    text: TextSettings,
    split: SplitSettings,
) -> None:
    """Look for the best settings of a family of classifiers.

    Trials are cross-validated by product inside the training share; the held-out reviews are used
    once, for the best, beside the family's defaults. DIR holds the trials, the best bundle and a
    page. A killed run goes on when the same command is given again; more --trials are added to
    those that are there.

    Example:

        reviewdesk tune prepared --target sentiment --trials 20 --time-limit 10m --out tuned
    """
    space, fixed = _space(search), parse_model_settings(model_settings)
    identical = False
    if job is not None:
        described = read_tuning_job(read_json(job), str(job))
        warm_start = [*warm_start, *(out.with_name(name) for name in described.parents)]
        identical = described.identical
        space, fixed = _of_job(described, model, fixed)
        tuning = _settings_of(described, tuning)
    tuned = tune_family(
        reviews_of(data),
        out,
        model=model,
        target=target,
        text=text,
        split=split,
        settings=tuning,
        fixed=fixed,
        space=space or None,
        warm_start=warm_start,
        identical=identical,
        overwrite=overwrite,
        progress=Progress(),
    )
    write_tuning(tuned, out / PAGE)
    write_json(out / RESULT, tuned.to_json())
    if write_job is not None:
        searched = space or new_classifier(model, fixed).settings_class.searched()
        write_json(write_job, write_tuning_job(_as_job(tuning, searched)))
    if as_json:
        print_json(tuned.to_json())
        return
    for sentence in sentences(tuned):
        say(f"- {sentence}")
    ended = [trial for trial in tuned.trials if trial.value is not None]
    ended.sort(key=lambda t: t.value or 0.0, reverse=METRICS[tuning.metric].maximise)
    rows = [
        [f"{trial.number}", f"{trial.value:.4f}", f"{trial.seconds:,.1f}",
         ", ".join(f"{name}={_short(value)}" for name, value in sorted(trial.settings.items()))]
        for trial in ended[:MOST_SHOWN]
    ]  # fmt: skip
    print_table(["trial", tuning.metric, "seconds", "settings"], rows)
    say(f"the best bundle: {out / BEST}")
    say(f"the page: {out / PAGE}")
    say(f"next: {program()} evaluate {out / BEST} {data}")


def _space(words: list[str]) -> dict[str, Search]:
    return {name: _range(name, text) for name, text in setting_words(words)}


def _range(name: str, text: str) -> Search:
    ends = text.split(":")
    if len(ends) == 1:
        return Search(values=tuple(json_or_text(value) for value in text.split(",")))
    try:
        low, high = float(ends[0]), float(ends[1])
    except ValueError:
        low, high = 1.0, 0.0
    log = ends[2:] == ["log"]
    if low > high or (ends[2:] and not log) or (log and low <= 0):
        raise UsageError(f"--search takes {name}=LOW:HIGH, {name}=LOW:HIGH:log or {name}=A,B,C")
    whole = all(end.lstrip("-").isdigit() for end in ends[:2])
    return Search(low, high, log=log, whole=whole)


def _of_job(
    job: TuningJob, model: str, fixed: Mapping[str, Any]
) -> tuple[dict[str, Search], dict[str, Any]]:
    """Return what of a job's parameters the family has, by its own names; the others are named."""
    family = new_classifier(model, {})
    limits = {name: allowed for name, _, _, allowed in family.settings_class.described()}
    aliases, known = family.aliases, ", ".join(limits)
    space: dict[str, Search] = {}
    for name, search in job.ranges.items():
        own = aliases.get(name, name)
        if own not in limits:
            note(f"{name} is no setting of {model} and is passed over; it has: {known}")
            continue
        if (model, own) == DRAWN and "ns" not in (job.static.get("loss"), fixed.get("loss")):
            note(f"{name} counts where labels are drawn, under loss=ns, and is passed over")
            continue
        space[own] = _within(search, limits[own])
        if not search.values and (space[own].low, space[own].high) != (search.low, search.high):
            low, high = space[own].low, space[own].high
            note(f"{name} is looked for from {low:g} to {high:g}: {model} takes no others")
    static = {}
    for name, value in job.static.items():
        own = aliases.get(name, name)
        if own in limits:
            static[own] = json_or_text(value)
        elif (name, value) != MODE:
            note(f"{name} is no setting of {model} and is passed over; it has: {known}")
    if not space:
        raise UsageError(f"the job tunes nothing that {model} has; it has: {known}")
    return space, {**static, **fixed}


def _within(search: Search, limits: Limits) -> Search:
    """Return the part of a range that a setting may have; values as JSON has them."""
    if search.values:
        return replace(search, values=tuple(json_or_text(value) for value in search.values))
    low = search.low if limits.minimum is None else max(search.low, limits.minimum)
    high = search.high if limits.maximum is None else min(search.high, limits.maximum)
    return replace(search, low=low, high=max(high, low))


def _settings_of(job: TuningJob, given: TuneSettings) -> TuneSettings:
    metric = OBJECTIVES.get(job.metric)
    if metric is None or METRICS[metric].maximise != job.maximise:
        way = "maximise" if job.maximise else "minimise"
        raise UsageError(
            f"the job's objective is to {way} {job.metric}; this can be looked for: "
            f"{', '.join(OBJECTIVES)}"
        )
    return TuneSettings.from_json(
        {
            **given.to_json(),
            "strategy": job.strategy,
            "trials": job.trials,
            "workers": given.workers,
            "metric": metric,
            **({"time_limit": f"{job.seconds}s"} if job.seconds else {}),
            **({"search_seed": job.seed} if job.seed is not None else {}),
        }
    )


def _as_job(settings: TuneSettings, space: Mapping[str, Search]) -> TuningJob:
    limit = seconds_of(settings.time_limit)
    named = {value: name for name, value in reversed(OBJECTIVES.items())}
    return TuningJob(
        ranges=space,
        strategy=settings.strategy,
        trials=settings.trials,
        parallel=settings.workers,
        seconds=0 if limit == float("inf") else round(limit),
        metric=named[settings.metric],
        maximise=METRICS[settings.metric].maximise,
        early_stopping=settings.strategy == "bayesian",
        seed=settings.search_seed,
    )


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
