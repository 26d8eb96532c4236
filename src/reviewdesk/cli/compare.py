"""`reviewdesk compare`: several families side by side."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from reviewdesk.cli.options import Json, with_settings
from reviewdesk.cli.output import print_json, print_table, program, say
from reviewdesk.cli.train import json_or_text, setting_words
from reviewdesk.errors import UsageError
from reviewdesk.job.places import reviews_of
from reviewdesk.progress import Progress
from reviewdesk.report.numbers import score
from reviewdesk.settings import SplitSettings, TargetSettings, TextSettings
from reviewdesk.training.selection import CompareSettings, ModelComparison, compare_models
from reviewdesk.training.selection_page import (
    COSTS,
    cost_cells,
    measured_on,
    sentences,
    write_selection,
)

PAGE: Final = "comparison.html"


@with_settings(
    comparing=CompareSettings, target=TargetSettings, text=TextSettings, split=SplitSettings
)
def compare(
    data: Annotated[Path, typer.Argument(help="Prepared folder, or a job.", metavar="DIR")],
    out: Annotated[Path, typer.Option(help="Folder to write.", metavar="DIR")],
    *,
    models: Annotated[
        str,
        typer.Option(
            help="Families with commas between; the others are set against the first. All of them: "
            "linear, naive-bayes, fasttext, docvec, lstm, cnn, attention, tfidf-svc and blend.",
            metavar="NAME,NAME",
        ),
    ] = "linear,naive-bayes,fasttext",
    model_settings: Annotated[
        list[str],
        typer.Option(
            "--set",
            help="A setting of one of them. May be given more than once.",
            metavar="MODEL.NAME=VALUE",
        ),
    ] = [],  # noqa: B006  (the parser copies it)
    as_json: Json = False,
    comparing: CompareSettings,
    target: TargetSettings,
    text: TextSettings,
    split: SplitSettings,
) -> None:
    """Families of classifiers side by side: how right, how calibrated, at what cost.

    All are fitted and measured in turn on the same parts of the training share, dealt out by
    product; the reviews that training holds out are not touched. DIR holds a page and its figures.
    With --time-limit every family gets its share of the time, and what was not finished is named;
    the same command goes on with it.

    Example:

        reviewdesk compare prepared --models linear,fasttext --out compared
    """
    selection = compare_models(
        reviews_of(data),
        out,
        [name.strip() for name in models.split(",") if name.strip()],
        model_settings=_settings(model_settings),
        target=target,
        text=text,
        split=split,
        settings=comparing,
        progress=Progress(),
    )
    write_selection(selection, out / PAGE)
    if as_json:
        print_json(selection.to_json())
        return
    say(measured_on(selection))
    for sentence in sentences(selection):
        say(f"- {sentence}")
    say("")
    print_table(
        ["model", "accuracy", "macro F1", "log loss", "calibration error"], _rows(selection)
    )
    say("")
    costs = [[one.candidate.name, *cost_cells(one.cost)] for one in selection.fits if one.cost]
    print_table(["model", *COSTS], costs)
    say(f"\nthe page: {out / PAGE}")
    best = max(selection.comparison.bundles, key=lambda one: one.measures.figures["accuracy"].value)
    say(f"next: {program()} train {data} --model {best.family} --out bundle")


def _rows(selection: ModelComparison) -> list[list[str]]:
    rows = []
    for one in selection.comparison.bundles:
        figures = one.measures.figures
        shown = [score(figures[name].value) for name in ("accuracy", "macro_f1", "log_loss")]
        rows.append([one.name, *shown, f"{one.measures.reliability.error:.4f}"])
    return rows


def _settings(words: list[str]) -> dict[str, dict[str, Any]]:
    """Return ``MODEL.NAME=VALUE`` words as each model's settings."""
    settings: dict[str, dict[str, Any]] = {}
    for name, value in setting_words(words):
        model, dot, own = name.partition(".")
        if not (dot and own):
            raise UsageError("--set takes MODEL.NAME=VALUE, as in --set linear.ngrams=2")
        settings.setdefault(model, {})[own] = json_or_text(value)
    return settings
