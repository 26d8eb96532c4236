"""`reviewdesk evaluate`: how right a bundle is."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from reviewdesk.bundle import load_bundle
from reviewdesk.cli.options import Json
from reviewdesk.cli.output import print_json, print_table, say
from reviewdesk.job.main_job import write_evaluation
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import Progress
from reviewdesk.report.numbers import score
from reviewdesk.training.evaluate import Evaluation
from reviewdesk.training.evaluate import evaluate as evaluate_bundle
from reviewdesk.training.verdict import measured_on, sentences


def evaluate(
    bundle: Annotated[Path, typer.Argument(help="Bundle: a folder or its .tar.gz.")],
    data: Annotated[Path, typer.Argument(help="Prepared folder.", metavar="DATA")],
    out: Annotated[
        Path | None,
        typer.Option(help="Page to write; the figures as JSON beside it.", metavar="FILE.html"),
    ] = None,
    *,
    rows: Annotated[
        Literal["held-out", "all"] | None,
        typer.Option(
            help="Which reviews: those held out, or all. By default those held out when the bundle "
            "learned from this very data, else all."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """How right a bundle is, with intervals, as table, JSON and page.

    Example:

        reviewdesk evaluate bundle prepared --out evaluation.html
    """
    found = evaluate_bundle(
        load_bundle(bundle), PreparedData.open(data), rows=rows, progress=Progress()
    )
    if out is not None:
        write_evaluation(found, out)
    if as_json:
        print_json(found.to_json())
        return
    _print(found)
    if out is not None:
        say(f"\nthe page: {out}")


def _print(evaluation: Evaluation) -> None:
    measures = evaluation.measures
    say(measured_on(evaluation))
    for sentence in sentences(evaluation):
        say(f"- {sentence}")
    headings = ["label", "precision", "recall", "F1", "ROC-AUC", "PR-AUC", "support"]
    names = ("precision", "recall", "f1", "roc_auc", "pr_auc")
    rows = [
        [one.label, *(score(one.figures[name].value) for name in names), f"{one.support:,}"]
        for one in measures.by_label
    ]
    for average in ("macro", "weighted"):
        kept = ("precision", "recall", "f1")
        shown = [score(measures.figures[f"{average}_{name}"].value) for name in kept]
        rows.append([f"{average} average", *shown, "", "", f"{measures.rows:,}"])
    say("")
    print_table(headings, rows)
    others = ("accuracy", "roc_auc", "pr_auc", "log_loss", "brier")
    figures = [(name, measures.figures[name]) for name in others]
    say("")
    print_table(
        ["figure", "value", "95 % interval"],
        [
            [name, score(one.value), f"{score(one.low)} to {score(one.high)}"]
            for name, one in figures
        ],
    )
    say("\ntrue label below, predicted label across")
    print_table(
        ["", *measures.labels],
        [
            [label, *(f"{n:,}" for n in counts)]
            for label, counts in zip(measures.labels, measures.confusion.tolist(), strict=True)
        ],
    )
    error, perfect = measures.reliability.error, measures.perfect_error
    say(f"\ncalibration error {error:.4f} (a perfect model of this size: up to {perfect:.4f})")
