"""`reviewdesk evaluate`: how right a bundle is."""

from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from reviewdesk.cli.options import Json, with_settings
from reviewdesk.cli.output import print_json, print_table, say
from reviewdesk.errors import UsageError
from reviewdesk.experiments.bundles import bundles_status
from reviewdesk.experiments.summary import summarise
from reviewdesk.job.given_predictions import measure_predictions
from reviewdesk.job.main_job import write_evaluation
from reviewdesk.job.places import bundle_of, reviews_of
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import Progress
from reviewdesk.report.numbers import score
from reviewdesk.settings import SEVERAL, SourceSettings
from reviewdesk.training import comparison_page
from reviewdesk.training.comparison import BundleComparison, ComparedBundle, compare
from reviewdesk.training.comparison_page import FIGURES, signed, write_comparison
from reviewdesk.training.evaluate import Evaluation
from reviewdesk.training.evaluate import evaluate as evaluate_bundle
from reviewdesk.training.measured_rows import Rows
from reviewdesk.training.measures import Measures
from reviewdesk.training.multilabel import MultilabelEvaluation, evaluate_multilabel
from reviewdesk.training.summary import answered_sentence, measured_on, sentences

MOST_LABELS: Final = 20
MOST_IN_MATRIX: Final = 12


@with_settings(source=SourceSettings)
def evaluate(
    places: Annotated[
        list[Path],
        typer.Argument(
            help="Bundles (folders or their .tar.gz), and last the prepared folder.",
            metavar="BUNDLE... DATA",
        ),
    ],
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
    predictions: Annotated[
        list[Path],
        typer.Option(
            help="Predictions to measure in place of a bundle: a table, an endpoint's answers, "
            "or a batch transform's .out files. DATA is a prepared folder or the files that were "
            "sent. May be given more than once.",
            metavar="TABLE",
        ),
    ] = [],  # noqa: B006  (the parser copies it)
    predicted: Annotated[
        str,
        typer.Option(
            help="Column of --predictions with the predicted label, where no name says so.",
            metavar="COLUMN",
        ),
    ] = "",
    label_map: Annotated[
        list[str],
        typer.Option(
            help="What a label of --predictions is called in DATA, as in 0=negative; or a JSON "
            "file of such pairs. May be given more than once.",
            metavar="NAME=LABEL|FILE",
        ),
    ] = [],  # noqa: B006
    target: Annotated[
        str,
        typer.Option(help="With --predictions, what they predict, where they do not say so."),
    ] = "",
    label: Annotated[
        str,
        typer.Option(
            help="Column with the true labels, where they are not what the bundle learned from.",
            metavar="COLUMN",
        ),
    ] = "",
    as_json: Json = False,
    source: SourceSettings,
) -> None:
    """How accurate a bundle is, with intervals, as a table, JSON and a page.

    Several bundles of one target are compared on the same reviews: those held out for all of
    them. The others are compared with the first, with intervals of the differences; the first
    sentence is that of a split test in which all answered the same requests.

    With --predictions anyone's predictions are measured in the same way: tables with a label and
    perhaps probabilities, what an endpoint answered, the .out files of a batch transform. Where
    they have no review_id they are in the order of the files that are given as DATA.

    Example:

        reviewdesk evaluate bundle prepared --out evaluation.html
        reviewdesk evaluate --predictions sent.jsonl.out sent.jsonl --label-map 1=positive
    """
    if predictions:
        evaluation = measure_predictions(
            list(map(str, places)),
            predictions,
            target=target,
            label=label,
            column=predicted,
            label_map=label_map,
            source=source,
        )
        _show(evaluation, out, as_json)
        return
    if predicted or label_map or target:
        raise UsageError("--predicted, --label-map and --target go with --predictions")
    *bundles, folder = places
    if not bundles:
        raise UsageError("evaluate needs a bundle and a prepared folder")
    if len(bundles) == 1:
        bundle = bundle_of(bundles[0])
        data = reviews_of(folder)
        if bundle.target == SEVERAL:
            if label:
                raise UsageError("--label is about bundles that give each review one label")
            _show_multilabel(
                evaluate_multilabel(bundle, data, rows=rows, progress=Progress()), out, as_json
            )
            return
        evaluation = evaluate_bundle(bundle, data, rows=rows, label=label, progress=Progress())
        _show(evaluation, out, as_json)
    else:
        if label:
            raise UsageError("--label is about one bundle; name one")
        _compare(bundles, reviews_of(folder), rows, out, as_json)


def _show_multilabel(evaluation: MultilabelEvaluation, out: Path | None, as_json: bool) -> None:
    if out is not None:
        raise UsageError("there is no page about several labels; take --json, and no --out")
    if as_json:
        print_json(evaluation.to_json())
        return
    measures = evaluation.measures
    say(f"{measures.rows:,} reviews; {evaluation.why}")
    print_table(
        ["figure", "value", "95 % interval"],
        [[name, score(one.value), one.spread(score)] for name, one in measures.figures.items()],
    )
    say("\naccuracy is the share of reviews of which all labels are right\n")
    headings = ["label", "precision", "recall", "F1", "calibration error", "perfect", "support"]
    rows = [
        [one.label, *map(score, (one.precision, one.recall, one.f1)),
         f"{one.calibration_error:.4f}", f"{one.perfect_error:.4f}", f"{one.support:,}"]
        for one in measures.by_label
    ]  # fmt: skip
    print_table(headings, rows)


def _show(evaluation: Evaluation, out: Path | None, as_json: bool) -> None:
    if out is not None:
        write_evaluation(evaluation, out)
    if as_json:
        print_json(evaluation.to_json())
        return
    _print(evaluation)
    if out is not None:
        say(f"\nthe page: {out}")


def _compare(
    bundles: list[Path], data: PreparedData, rows: Rows | None, out: Path | None, as_json: bool
) -> None:
    if len(set(bundles)) < len(bundles):
        raise UsageError("name each bundle once")
    comparison = compare(
        {str(one): bundle_of(one) for one in bundles}, data, rows=rows, progress=Progress()
    )
    summary = summarise(
        bundles_status({one.name: one.right for one in comparison.bundles}, comparison.groups)
    )
    if out is not None:
        write_comparison(comparison, out, summary.sentence)
    if as_json:
        print_json({"sentence": summary.sentence, **comparison.to_json()})
        return
    say(summary.sentence)
    _print_comparison(comparison)
    if out is not None:
        say(f"\nthe page: {out}")


def _print_comparison(comparison: BundleComparison) -> None:
    say(comparison_page.measured_on(comparison))
    say(f"{comparison.measured:,} of {comparison.labelled:,} labelled reviews: {comparison.why}.")
    for sentence in comparison_page.sentences(comparison):
        say(f"- {sentence}")
    rows = []
    for name in comparison_page.shown_figures(comparison):
        rows.append([FIGURES[name], "", "", "", "", ""])
        for one in comparison.bundles:
            figure = one.measures.figures[name]
            row = [f"  {one.name}", score(figure.value), figure.spread(score)]
            rows.append([*row, *_to_the_first(one, name)])
    say("")
    print_table(["", "value", "95 % interval", "to the first", "95 % interval", ""], rows)


def _to_the_first(one: ComparedBundle, name: str) -> list[str]:
    if name not in one.differences:
        return ["", "", ""]
    difference = one.differences[name]
    return [signed(difference.value), difference.spread(signed), one.direction(name)]


def _print(evaluation: Evaluation) -> None:
    measures = evaluation.measures
    say(measured_on(evaluation))
    for sentence in sentences(evaluation):
        say(f"- {sentence}")
    headings = ["label", "precision", "recall", "F1", "ROC-AUC", "PR-AUC", "support"]
    names = ("precision", "recall", "f1", "roc_auc", "pr_auc")
    labels = sorted(measures.by_label, key=lambda one: one.figures["f1"].value)[:MOST_LABELS]
    if len(measures.labels) <= MOST_LABELS:
        labels = list(measures.by_label)
    else:
        say(f"\nthe {MOST_LABELS} of {len(measures.labels):,} labels with the lowest F1")
    rows = [
        [one.label, *(score(one.figures[name].value) for name in names), f"{one.support:,}"]
        for one in labels
    ]
    for average in ("macro", "weighted"):
        kept = ("precision", "recall", "f1")
        shown = [score(measures.figures[f"{average}_{name}"].value) for name in kept]
        rows.append([f"{average} average", *shown, "", "", f"{measures.rows:,}"])
    say("")
    print_table(headings, rows)
    others = ("accuracy", "roc_auc", "pr_auc", "log_loss", "brier", "mean_absolute_error")
    figures = [(name, measures.figures[name]) for name in others if name in measures.figures]
    say("")
    print_table(
        ["figure", "value", "95 % interval"],
        [[name, score(one.value), one.spread(score)] for name, one in figures],
    )
    _print_mistakes(measures)
    _print_answered(measures)
    if evaluation.by_known_words:
        say("")
        print_table(
            ["known words", "reviews", "says", "right", "95 % interval"],
            [
                [
                    *(one.name, f"{one.rows:,}", score(one.confidence), score(one.accuracy.value)),
                    one.accuracy.spread(score),
                ]
                for one in evaluation.by_known_words
            ],
        )
    error, perfect = measures.reliability.error, measures.perfect_error
    say(f"\ncalibration error {error:.4f} (a perfect model of this size: up to {perfect:.4f})")


def _print_answered(measures: Measures) -> None:
    """Print how right it is where only the surest reviews are answered."""
    say("")
    rows = [
        [score(one.share), f"{one.rows:,}", score(one.least), score(one.accuracy.value),
         one.accuracy.spread(score)]
        for one in measures.by_share
    ]  # fmt: skip
    print_table(["answered", "reviews", "probability from", "right", "95 % interval"], rows)
    for one in measures.answered:
        say(answered_sentence(one))


def _print_mistakes(measures: Measures) -> None:
    """Print the confusion table, or the most frequent mistakes of many labels."""
    if len(measures.labels) > MOST_IN_MATRIX:
        say("\nthe most frequent mistakes")
        mistakes = measures.mistakes(MOST_LABELS)
        print_table(["true", "predicted", "rows"], [[a, b, f"{n:,}"] for a, b, n in mistakes])
        return
    say("\ntrue label below, predicted label across")
    print_table(
        ["", *measures.labels],
        [
            [label, *(f"{n:,}" for n in counts)]
            for label, counts in zip(measures.labels, measures.confusion.tolist(), strict=True)
        ],
    )
