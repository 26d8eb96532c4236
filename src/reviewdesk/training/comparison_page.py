"""The page that shows a comparison of bundles, and its findings in plain words."""

import math
from pathlib import Path
from typing import Final

from reviewdesk.engines.local_copies import in_local_copies
from reviewdesk.report.blocks import Column, definitions, findings, note, table
from reviewdesk.report.html import Child, Html, element
from reviewdesk.report.numbers import count, plural, score, share
from reviewdesk.report.page import Page
from reviewdesk.storage import write_record
from reviewdesk.training.comparison import LOWER_IS_BETTER, BundleComparison, ComparedBundle
from reviewdesk.training.figures import Estimate
from reviewdesk.training.summary import how_intervals, target_name

FIGURES: Final = {
    "accuracy": "Accuracy",
    "macro_f1": "Macro F1",
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "log_loss": "Log loss",
    "brier": "Brier score",
    "mean_absolute_error": "Mean error in stars",
}
"""The figures that are compared in tables; JSON has all of them."""

MINUS: Final = "\N{MINUS SIGN}"


@in_local_copies("page")
def write_comparison(comparison: BundleComparison, page: Path, headline: str = "") -> None:
    """Write a comparison's page, and its figures as JSON beside it; both hold no review's text.

    Args:
        comparison: what was found.
        page: the file to write.
        headline: the sentence that the page begins with.

    Raises:
        StorageError: they cannot be written.
    """
    comparison_page(comparison, headline).write(page)
    said = {"sentence": headline} if headline else {}
    write_record(page.with_suffix(".json"), {**said, **comparison.to_json()})


def comparison_page(comparison: BundleComparison, headline: str = "") -> Page:
    """Return the page that shows a comparison; a headline is the sentence that it begins with."""
    heading = f"{target_name(comparison.target)}: {len(comparison.bundles)} bundles compared"
    right = ", ".join(
        f"{one.name} {share(one.measures.figures['accuracy'].value)}" for one in comparison.bundles
    )
    lead = f"{headline} {measured_on(comparison)} Right for: {right}.".lstrip()
    page = Page(heading, lead, "Comparison")
    page.section("What was found", findings(sentences(comparison)))
    page.section("Side by side", figures_table(comparison))
    page.section("Compared with the first", *differences_blocks(comparison))
    page.section("How this was measured", _method(comparison))
    return page


def measured_on(comparison: BundleComparison) -> str:
    """Return on what the bundles were compared, in one sentence."""
    unit, units = comparison.bundles[0].measures.units
    of_products = f" of {plural(units, 'product', 'products')}" if unit == "products" else ""
    which = "held out for all of them" if comparison.rows == "held-out" else "of the given data"
    return (
        f"All on the same {plural(comparison.measured, 'review', 'reviews')}{of_products} {which}."
    )


def sentences(comparison: BundleComparison) -> list[str]:
    """Return what was found, one sentence or two for each bundle but the first."""
    first, *others = comparison.bundles
    lines = [_against(first, one) for one in others]
    if "flatters" in comparison.why:
        lines.append(
            "These figures flatter: most of these reviews are those that a bundle learned from."
        )
    return lines


def shown_figures(comparison: BundleComparison) -> list[str]:
    """Return the names of the figures that tables show."""
    return [name for name in FIGURES if name in comparison.bundles[0].measures.figures]


def signed(value: float) -> str:
    """Return a difference with its sign, as in ``+0.012``."""
    if math.isnan(value):
        return score(value)
    return f"{'+' if value >= 0 else MINUS}{abs(value):.3f}"


def _against(first: ComparedBundle, other: ComparedBundle) -> str:
    difference = other.differences["accuracy"]
    ends = f"95 % interval {difference.spread(points)}"
    direction = other.direction("accuracy")
    alone = (
        f"It alone is right about {plural(other.only_right, 'review', 'reviews')}, "
        f"{first.name} alone about {count(other.only_first_right)}."
    )
    accuracy = share(other.measures.figures["accuracy"].value)
    if not direction:
        return (
            f"{other.name} is right for {accuracy} and cannot be told apart from {first.name} by "
            f"accuracy: {points(difference.value)} points ({ends}). {alone}"
        )
    return (
        f"{other.name} is right for {accuracy}, {direction} than {first.name} by "
        f"{abs(100 * difference.value):.1f} points ({ends}). {alone}"
    )


def points(value: float) -> str:
    """Return a difference in points with its sign, as in ``+1.2``."""
    return f"{'+' if value >= 0 else MINUS}{abs(100 * value):.1f}"


def figures_table(comparison: BundleComparison) -> Html:
    """Return the figures down and the bundles across: their names can be long."""
    names = shown_figures(comparison)
    columns = [Column("", numeric=False), *(Column(one.name) for one in comparison.bundles)]
    rows: list[list[Child]] = [
        [
            FIGURES[name],
            *(_with_spread(one.measures.figures[name]) for one in comparison.bundles),
        ]
        for name in names
    ]
    errors = [score(one.measures.reliability.error) for one in comparison.bundles]
    lower = ", ".join(FIGURES[name] for name in LOWER_IS_BETTER if name in names)
    caption = f"Figures with intervals of {share(0.95, 0)}. Lower is better: {lower}, calibration"
    return table(caption, columns, [*rows, ["Calibration error", *errors]])


def differences_blocks(comparison: BundleComparison) -> list[Html]:
    """Return a table of the differences to the first, and what it says."""
    first, *others = comparison.bundles
    columns = [Column("", numeric=False), *(Column(one.name) for one in others)]
    rows: list[list[Child]] = [
        [FIGURES[name], *(_difference(one, name) for one in others)]
        for name in shown_figures(comparison)
    ]
    caption = f"Each figure less that of {first.name}, with intervals of {share(0.95, 0)}"
    return [
        table(caption, columns, rows),
        note(
            "Differences are taken of the same reviews, so their intervals "
            "are narrower than those of the figures suggest. Better or worse is said where the "
            "interval leaves zero out; with many figures and bundles a few do so by chance."
        ),
    ]


def _difference(one: ComparedBundle, name: str) -> Child:
    value, low, high = one.differences[name]
    direction = one.direction(name)
    said: Child = ""
    if direction:
        said = element("small", direction, class_="right" if direction == "better" else "wrong")
    spread = element("small", f"{signed(low)} to {signed(high)}")
    return element("span", signed(value), spread, said)


def _with_spread(figure: Estimate) -> Child:
    spread = element("small", figure.spread(score))
    return element("span", score(figure.value), spread)


def _method(comparison: BundleComparison) -> Html:
    measures = comparison.bundles[0].measures
    return definitions(
        [
            *((one.name, f"{one.family}, bundle {one.bundle}") for one in comparison.bundles),
            ("Data", f"fingerprint {comparison.data}"),
            (
                "Reviews measured",
                f"{count(comparison.measured)} of {count(comparison.labelled)} with a label: "
                f"{comparison.why}",
            ),
            (
                "Intervals",
                f"{how_intervals(measures)}. Those of differences: of what both say of the same "
                "reviews",
            ),
        ]
    )
