"""The page that shows an evaluation."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from reviewdesk.report.blocks import (
    Card,
    Column,
    cards,
    definitions,
    details,
    figures,
    findings,
    heat_table,
    note,
    side_by_side,
    subheading,
    table,
)
from reviewdesk.report.blocks import Figure as LargeFigure
from reviewdesk.report.charts import Axis, Ranges, Series, line_chart, range_chart
from reviewdesk.report.html import Child, Html, element, fragment
from reviewdesk.report.numbers import count, score, share
from reviewdesk.report.page import Page
from reviewdesk.training.evaluate import Evaluation, EvaluationSample
from reviewdesk.training.figures import Estimate, Points
from reviewdesk.training.known_words import KnownWords
from reviewdesk.training.learning_curve import learning_curve
from reviewdesk.training.measures import LabelMeasures, Measures
from reviewdesk.training.slices import FALSE_SHARE, Slice, Slicing
from reviewdesk.training.summary import (
    how_intervals,
    measured_on,
    sentences,
    title,
    with_label_names,
)

MOST_LABELS: Final = 30
"""With more labels than this, the best of them are folded away, and mistakes are listed."""

NAMED_CURVES: Final = 3
"""With more labels than this, only the weakest curves are named and the others are quiet."""

MOST_WITH_INTERVALS: Final = 6
MOST_SLICES: Final = 12

MEANINGS: Final = {
    "accuracy": ("Accuracy", "share of reviews that get the right label"),
    "macro_precision": ("Macro precision", "of the reviews given a label, those that have it"),
    "macro_recall": ("Macro recall", "of the reviews that have a label, those that get it"),
    "macro_f1": ("Macro F1", "both in one; every label counts the same"),
    "weighted_precision": ("Weighted precision", "the same, labels counting by their reviews"),
    "weighted_recall": ("Weighted recall", "the same as accuracy"),
    "weighted_f1": ("Weighted F1", "both in one, labels counting by their reviews"),
    "roc_auc": ("ROC-AUC", "chance that a review with the label outranks one without it"),
    "weighted_roc_auc": ("Weighted ROC-AUC", "the same, labels counting by their reviews"),
    "pr_auc": ("PR-AUC", "mean precision over all recalls"),
    "weighted_pr_auc": ("Weighted PR-AUC", "the same, labels counting by their reviews"),
    "log_loss": ("Log loss", "surprise at the true label; lower is better"),
    "brier": ("Brier score", "squared error of the probabilities; lower is better"),
    "mean_absolute_error": ("Mean error", "how many stars it is off by; lower is better"),
}
SCORES: Final = (
    *("roc_auc", "weighted_roc_auc", "pr_auc", "weighted_pr_auc"),
    *("log_loss", "brier", "mean_absolute_error"),
)
"""The figures that are written as plain numbers and not as percentages."""


def write_evaluation_page(evaluation: Evaluation, path: Path) -> None:
    """Write an evaluation as one HTML file that only its owner can read.

    It shows texts of reviews, which are personal data.

    Raises:
        StorageError: it cannot be written.
    """
    evaluation_page(evaluation).write(path)


def evaluation_page(evaluation: Evaluation) -> Page:
    """Return the page that shows an evaluation."""
    page = Page(title(evaluation), measured_on(evaluation), "Evaluation")
    found = sentences(evaluation)
    evaluation = with_label_names(evaluation)
    measures = evaluation.measures
    page.section("What was found", findings(found), _large(measures))
    page.section("By label", _by_label(measures), _confusion(measures))
    if evaluation.slices:
        page.section("By part of the reviews", *_slices(evaluation.slices))
    page.section("How far to trust a probability", _trust(measures))
    page.section("Answering only the surest", *_answered(measures))
    if evaluation.by_known_words:
        page.section("By known words", *_known_words(evaluation.by_known_words))
    page.section("Ranking", _ranking(measures))
    if evaluation.curve is not None and evaluation.curve.points:
        page.section("How it learned", learning_curve(evaluation.curve))
    page.section("All figures", _all_figures(measures))
    page.section("Reviews to look at", *_reviews(evaluation))
    page.section("How this was measured", _method(evaluation))
    return page


def _large(measures: Measures) -> Html:
    shown = ("accuracy", "macro_f1", "roc_auc", "pr_auc")
    large = [
        LargeFigure(MEANINGS[name][0], _value(name, measures.figures[name]), _spread(name, figure))
        for name, figure in ((name, measures.figures[name]) for name in shown)
    ]
    if "mean_absolute_error" in measures.figures:
        figure = measures.figures["mean_absolute_error"]
        note = _spread("mean_absolute_error", figure)
        large.append(LargeFigure("Mean error in stars", f"{figure.value:.2f}", note))
    error = share(measures.reliability.error)
    limit = f"by chance: up to {share(measures.perfect_error)}"
    return figures([*large, LargeFigure("Calibration error", error, limit)])


def _by_label(measures: Measures) -> Html:
    """Return the table of labels; with many of them only F1 has its interval, on one line."""
    many = len(measures.labels) > MOST_WITH_INTERVALS
    columns = [Column("Label", numeric=False), Column("Reviews"), Column("Precision")]
    columns += [Column("Recall"), Column("F1")]
    columns += [Column("95 % of F1")] if many else []
    columns += [Column("ROC-AUC"), Column("PR-AUC")]
    ordered = list(measures.by_label)
    if len(ordered) > MOST_LABELS:
        ordered.sort(key=lambda one: one.figures["f1"].value)
    rows = []
    for one in ordered:
        cells: list[Child] = [one.label, count(one.support)]
        for name, figure in one.figures.items():
            cells.append(_value(name, figure) if many else _with_spread(name, figure))
            if many and name == "f1":
                cells.append(_spread(name, figure))
        rows.append(cells)
    extent = "the interval" if many else "intervals"
    caption = f"Each label against all others, with {extent} of {share(0.95, 0)}"
    if len(rows) <= MOST_LABELS:
        return table(caption, columns, rows)
    rest = table("The other labels, in the same way", columns, rows[MOST_LABELS:])
    return fragment(
        table(f"{caption}: the {MOST_LABELS} with the lowest F1", columns, rows[:MOST_LABELS]),
        details(f"The other {count(len(rows) - MOST_LABELS)} labels", rest),
    )


def _confusion(measures: Measures) -> Html:
    if len(measures.labels) > MOST_LABELS:
        columns = [Column("Has", numeric=False), Column("Got", numeric=False), Column("Reviews")]
        rows = [[true, given, count(n)] for true, given, n in measures.mistakes(MOST_LABELS)]
        return table("The most frequent mistakes", columns, rows)
    return heat_table(
        "Reviews by the label they have (down) and the label they got (across)",
        "has ↓  got →",
        measures.labels,
        measures.confusion,
    )


def _slices(slicings: Sequence[Slicing]) -> list[Html]:
    return [
        *(_slicing(one) for one in slicings),
        note(
            "Worse: further below the rest than chance explains, counting reviews of one product "
            f"as alike; of all parts called so at most {share(FALSE_SHARE, 0)} are expected to be "
            "chance. A part can be worse because its reviews are harder, not because the "
            "classifier treats them otherwise."
        ),
    ]


def _slicing(slicing: Slicing) -> Html:
    """Return one kind of slices: lengths in their order, else the worse and the largest first."""
    ordered = list(slicing.slices)
    if slicing.by != "length":
        ordered.sort(key=lambda one: -one.rows)
        ordered.sort(key=lambda one: one.accuracy.value if one.worse else 1.0)
    heading = f"{slicing.by.capitalize()}{' in characters' if slicing.by == 'length' else ''}"
    columns = [Column(heading, numeric=False), Column("Reviews"), Column("Right")]
    columns += [Column("95 % interval"), Column("The rest"), Column("", numeric=False)]
    rows = [_slice(one) for one in ordered]
    slices, reviews = slicing.few
    if slices:
        together = f"{count(slices)} smaller, together"
        rows.append([together, count(reviews), "", "", "", "too few to tell"])
    if len(rows) <= MOST_SLICES + 3:
        return table(f"How often it is right, by {slicing.by}", columns, rows)
    shown = table(f"How often it is right, by {slicing.by}", columns, rows[:MOST_SLICES])
    rest = table(f"The others by {slicing.by}", columns, rows[MOST_SLICES:])
    return fragment(shown, details(f"The other {count(len(rows) - MOST_SLICES)}", rest))


def _slice(one: Slice) -> list[Child]:
    figures = [share(one.accuracy.value), _spread("accuracy", one.accuracy), share(one.rest)]
    worse: Child = element("strong", "worse", class_="wrong") if one.worse else ""
    return [one.name, count(one.rows), *figures, worse]


def _trust(measures: Measures) -> Html:
    bins = measures.reliability
    lowest = (
        math.floor(10 * float(np.nanmin([bins.confidence[0], bins.accuracy.min(), *bins.low]))) / 10
    )
    sure = Axis("How sure it was", low=lowest)
    right = Axis("How often it was right", low=lowest)
    calibration = range_chart(
        Ranges(
            bins.confidence.tolist(), bins.accuracy.tolist(), bins.low.tolist(), bins.high.tolist()
        ),
        sure,
        right,
        label=_calibration_label(measures),
        caption="Reliability: each point is one of 15 equal parts of the reviews, from unsure to "
        "sure, with its 95 % interval (none of fewer than five products). On the dashed line a "
        "probability is what it says.",
    )
    taken, correct = measures.coverage
    low = math.floor(10 * float(correct.min())) / 10
    coverage = line_chart(
        [Series("", taken.tolist(), correct.tolist())],
        Axis("Share of the reviews it decides, surest first"),
        Axis("Share of these it gets right", low=low),
        label=f"Accuracy on the surest reviews, falling to {share(float(correct[-1]))} on all",
        caption="Coverage: how often it is right when only the reviews it is surest of are left "
        "to it.",
    )
    return side_by_side(calibration, coverage)


def _answered(measures: Measures) -> list[Html]:
    columns = [Column("Answered"), Column("Reviews"), Column("Probability from")]
    columns += [Column("Right"), Column("95 % interval")]
    rows: list[list[Child]] = [
        [share(one.share), count(one.rows), score(one.least), share(one.accuracy.value),
         _spread("accuracy", one.accuracy)]
        for one in measures.by_share
    ]  # fmt: skip
    levels = [Column("Right, at least"), Column("Answered"), Column("Probability from")]
    reached: list[list[Child]] = [
        [share(one.level, 0), share(one.answered), score(one.least) if one.answered else "never"]
        for one in measures.answered
    ]
    return [
        table("How right it is where only the surest reviews are answered", columns, rows),
        table("How many it can answer so that so many answers are right", levels, reached),
        note("The rest could go to a person, or be left out as saying too little."),
    ]


def _known_words(classes: Sequence[KnownWords]) -> list[Html]:
    columns = [Column("Known words", numeric=False), Column("Reviews"), Column("It says")]
    columns += [Column("Right"), Column("95 % interval"), Column("", numeric=False)]
    rows: list[list[Child]] = [
        [
            *(one.name, count(one.rows), share(one.confidence), share(one.accuracy.value)),
            _spread("accuracy", one.accuracy),
            element("strong", "off", class_="wrong") if one.off else "",
        ]
        for one in classes
    ]
    return [
        table(
            "How sure it is and how often it is right, by known words of a review", columns, rows
        ),
        note(
            "A word is known where the classifier learned anything of it. Of a review without one "
            "it cannot tell: each label has the share that it has among the reviews learned from."
        ),
    ]


def _calibration_label(measures: Measures) -> str:
    return (
        f"Confidence against accuracy in {len(measures.reliability.rows)} bins; "
        f"mean gap {share(measures.reliability.error)}"
    )


def _ranking(measures: Measures) -> Html:
    curves = [one for one in measures.by_label if len(one.roc[0])]
    if not curves:
        return note("All measured reviews have one label, so there is nothing to rank.")
    weakest = " The labels with the smallest areas are named." if len(curves) > NAMED_CURVES else ""
    roc = line_chart(
        _series(curves, "roc_auc", [one.roc for one in curves]),
        Axis("False positive rate"),
        Axis("True positive rate"),
        label=_curves_label("ROC", curves, "roc_auc"),
        caption="ROC: how many reviews with the label are found (up) for how many others taken "
        "for it (right). The dashed line is chance." + weakest,
        diagonal=True,
    )
    precision_recall = line_chart(
        _series(curves, "pr_auc", [one.precision_recall for one in curves]),
        Axis("Recall"),
        Axis("Precision"),
        label=_curves_label("Precision-recall", curves, "pr_auc"),
        caption="Precision and recall: how many of those taken for the label have it (up) for "
        "how many of all with the label are found (right)." + weakest,
    )
    return side_by_side(roc, precision_recall)


def _series(curves: Sequence[LabelMeasures], area: str, points: Sequence[Points]) -> list[Series]:
    """Return curves to draw: the weakest, and beyond thirty an even choice of the others."""
    ranked = sorted(curves, key=lambda one: one.figures[area].value)
    weakest = ranked[:NAMED_CURVES]
    drawn = [*weakest, *ranked[NAMED_CURVES :: len(ranked) // MOST_LABELS + 1]]
    return [
        Series(
            f"{curve.label} {score(curve.figures[area].value)}",
            x.tolist(),
            y.tolist(),
            quiet=curve not in weakest,
        )
        for curve, (x, y) in zip(curves, points, strict=True)
        if curve in drawn
    ]


def _curves_label(name: str, curves: Sequence[LabelMeasures], area: str) -> str:
    values = sorted(one.figures[area].value for one in curves)
    if len(values) == 1 or values[0] == values[-1]:
        return f"{name} curves, area {score(values[0])}"
    return f"{name} curves, areas from {score(values[0])} to {score(values[-1])}"


def _all_figures(measures: Measures) -> Html:
    columns = [Column("Figure", numeric=False), Column("Value"), Column("95 % interval")]
    columns.append(Column("What it is", numeric=False))
    rows: list[list[Child]] = [
        [MEANINGS[name][0], _value(name, figure), _spread(name, figure), MEANINGS[name][1]]
        for name, figure in measures.figures.items()
    ]
    two = len(measures.labels) == 2
    of = f"of “{measures.labels[1]}”" if two else "the plain mean over all labels"
    return element(
        "div",
        table("All figures, as in the JSON", columns, rows),
        note(f"ROC-AUC and PR-AUC are {of}."),
    )


def _reviews(evaluation: Evaluation) -> list[Html]:
    parts = (
        ("Surest and wrong", evaluation.surest_wrong, "It made no mistake."),
        ("Least sure", evaluation.least_sure, ""),
        ("Surest and right", evaluation.surest_right, "It was never right."),
    )
    blocks = [note("Texts of reviews are personal data: share this page with care.")]
    for heading, samples, none in parts:
        blocks.append(subheading(heading))
        blocks.append(cards([_card(one) for one in samples]) if samples else note(none))
    return blocks


def _card(sample: EvaluationSample) -> Card:
    return Card(
        prediction=f"{sample.said} · {share(sample.probability)}",
        contrast=f"labelled {sample.true}",
        right=sample.said == sample.true,
        headline=sample.headline,
        body=sample.body,
        source=sample.review_id,
    )


def _method(evaluation: Evaluation) -> Html:
    measures = evaluation.measures
    left_out = ", ".join(
        f"{count(rows)} {reason.replace('_', ' ')}" for reason, rows in evaluation.left_out.items()
    )
    pairs: list[tuple[str, Child]] = [
        ("Classifier", f"{evaluation.family}, bundle {evaluation.bundle}"),
        *([("Chosen by itself", evaluation.choices)] if evaluation.choices else []),
        ("Data", f"fingerprint {evaluation.data}"),
        ("Reviews measured", f"{count(measures.rows)}: {evaluation.why}"),
        ("Left out of the data", left_out or "none"),
        ("Intervals", how_intervals(measures)),
        (
            "Calibration error",
            "mean gap between confidence and accuracy over 15 bins of equal mass; chance alone: "
            "the 95th percentile of 1,000 simulated models that are right exactly as often as "
            "they say",
        ),
    ]
    return definitions(pairs)


def _value(name: str, figure: Estimate) -> str:
    return score(figure.value) if name in SCORES else share(figure.value)


def _spread(name: str, figure: Estimate) -> str:
    return figure.spread(score if name in SCORES else share)


def _with_spread(name: str, figure: Estimate) -> Child:
    return element("span", _value(name, figure), element("small", _spread(name, figure)))
