"""The page that shows families side by side, and what was found in plain words."""

from pathlib import Path
from typing import Final

from reviewdesk.report.blocks import Column, definitions, findings, table
from reviewdesk.report.html import Html
from reviewdesk.report.numbers import plural, share
from reviewdesk.report.page import Page
from reviewdesk.storage import write_record
from reviewdesk.training import comparison_page
from reviewdesk.training.out_of_fold import Cost, Fits
from reviewdesk.training.selection import ModelComparison
from reviewdesk.training.summary import target_name

MEGABYTE: Final = 1 << 20
METHOD: Final = (
    (
        "Folds",
        "The reviews that training may learn from are dealt out by product. Each model learns from "
        "all folds but one and is measured on that one, in turns; no product and no text is on "
        "both sides. Reviews that training holds out were not looked at.",
    ),
    (
        "Costs",
        "CPU seconds to learn from all folds but one, and for a thousand reviews; the median time "
        "of a review alone; the size of what is saved. Means over the folds.",
    ),
)


def write_selection(selection: ModelComparison, page: Path) -> None:
    """Write the page, and its figures as JSON beside it; both hold no review's text.

    Raises:
        StorageError: they cannot be written.
    """
    selection_page(selection).write(page)
    write_record(page.with_suffix(".json"), selection.to_json())


def selection_page(selection: ModelComparison) -> Page:
    """Return the page."""
    comparison = selection.comparison
    heading = f"{target_name(comparison.target)}: {plural(len(selection.fits), 'model', 'models')}"
    right = ", ".join(
        f"{one.name} {share(one.measures.figures['accuracy'].value)}" for one in comparison.bundles
    )
    page = Page(heading, f"{measured_on(selection)} Right for: {right}.", "Models")
    page.section("What was found", findings(sentences(selection)))
    page.section("Side by side", comparison_page.figures_table(comparison))
    page.section("What they cost", _costs(selection))
    if len(comparison.bundles) > 1:
        page.section("Compared with the first", *comparison_page.differences_blocks(comparison))
    page.section("How this was measured", definitions(METHOD))
    return page


def measured_on(selection: ModelComparison) -> str:
    """Return on what the models were measured, in one sentence."""
    measures = selection.comparison.bundles[0].measures
    unit, units = measures.units
    of_products = f" of {plural(units, 'product', 'products')}" if unit == "products" else ""
    return (
        f"{plural(measures.rows, 'review', 'reviews')}{of_products}, each predicted by models that "
        "had not seen its product."
    )


def sentences(selection: ModelComparison) -> list[str]:
    """Return what was found, in plain words."""
    return [
        *comparison_page.sentences(selection.comparison),
        *(_not_finished(one, selection.settings.folds) for one in selection.unfinished),
    ]


def cost_cells(cost: Cost) -> list[str]:
    """Return costs as they are shown, in the order of ``COSTS``."""
    return [
        f"{cost.fit_seconds:,.1f}",
        f"{cost.predict_seconds:,.2f}",
        f"{cost.single_seconds * 1000:,.2f}",
        f"{cost.size / MEGABYTE:,.1f}",
    ]


COSTS: Final = ("learning, s", "1,000 reviews, s", "one review, ms", "size, MiB")


def _costs(selection: ModelComparison) -> Html:
    columns = [Column("model", numeric=False), *(Column(name) for name in COSTS)]
    rows = [[one.candidate.name, *cost_cells(one.cost)] for one in selection.fits if one.cost]
    return table("What each model costs", columns, rows)


def _not_finished(one: Fits, folds: int) -> str:
    if one.why:
        return f"{one.candidate.name} was not finished: {one.why}"
    return (
        f"{one.candidate.name} was not finished in the time: {one.folds} of {folds} folds are done."
    )
