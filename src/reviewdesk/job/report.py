"""The main job's report: one page with what was found and where everything is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reviewdesk.explore.customers.section import SIDES, CustomersView, phrase_chart
from reviewdesk.explore.customers.sentences import customers_sentences
from reviewdesk.explore.customers.tables import ALL, Customers
from reviewdesk.explore.page import EXPLORATION
from reviewdesk.job.beside import links_beside
from reviewdesk.job.unlabelled import Unlabelled
from reviewdesk.job.unlabelled_page import large_figures
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.report.blocks import (
    Column,
    Figure,
    figures,
    findings,
    paragraph,
    side_by_side,
    table,
)
from reviewdesk.report.charts import bar_chart
from reviewdesk.report.html import Html, element
from reviewdesk.report.numbers import count, plural, score, share
from reviewdesk.report.page import Page
from reviewdesk.schema import UNKNOWN_MONTH
from reviewdesk.seal import opened
from reviewdesk.training.evaluate import Evaluation
from reviewdesk.training.figures import Estimate
from reviewdesk.training.measures import Measures
from reviewdesk.training.summary import sentences, target_name, title

MOST_BARS: Final = 24
STARS: Final = {"1": "1 star", "2": "2 stars", "3": "3 stars", "4": "4 stars", "5": "5 stars"}


@dataclass(frozen=True)
class TargetFindings:
    """What was found for one target, and where it is.

    Args:
        target: what was predicted.
        bundle: the classifier.
        predictions: cross-fitted predictions of every review.
        page: the evaluation's page.
        evaluation: how right the classifier is, or on what it rests where nobody knows.
        tried: what was tried, what won and what it costs; empty where the model was given.
        rows: the rows of the job's files with their labels.
    """

    target: str
    bundle: Path
    predictions: Path
    page: Path
    evaluation: Evaluation | Unlabelled
    tried: tuple[str, ...] = ()
    rows: Path | None = None

    @property
    def title(self) -> str:
        """The result in a few words."""
        found = self.evaluation
        return found.title if isinstance(found, Unlabelled) else title(found)

    @property
    def sentences(self) -> list[str]:
        """What was found, the most important first."""
        found = self.evaluation
        return found.sentences() if isinstance(found, Unlabelled) else sentences(found)

    @property
    def measured(self) -> dict[str, Estimate]:
        """The figures that were measured."""
        found = self.evaluation
        return found.figures if isinstance(found, Unlabelled) else found.measures.figures

    def to_json(self) -> dict[str, Any]:
        """Return the places and the findings as JSON values."""
        return {
            "bundle": str(self.bundle),
            "predictions": str(self.predictions),
            "rows": str(self.rows) if self.rows else None,
            "evaluation": str(self.page),
            "findings": self.sentences,
            "tried": list(self.tried),
            "figures": {name: figure.to_json() for name, figure in self.measured.items()},
        }


def write_report(
    data: PreparedData,
    targets: Sequence[TargetFindings],
    customers: Customers,
    path: Path,
) -> None:
    """Write the report of a job.

    Args:
        data: the prepared reviews.
        targets: what was found for each target.
        customers: what they say.
        path: the page to write.

    Raises:
        StorageError: it cannot be written, or the predictions cannot be read.
    """
    rows = data.manifest["rows"]
    files = ", ".join(one["place"] for one in data.manifest["inputs"])
    found = "; ".join(one.title for one in targets)
    page = Page(plural(rows["written"], "review", "reviews"), f"{found}. From {files}.", "Report")
    page.section("The reviews", *_reviews(data))
    page.section("What customers say", *_customers(customers))
    for one in targets:
        page.section(target_name(one.target), *_target(one, path.parent))
    page.section("Going on", links_beside(path), *_commands(targets, path.parent))
    page.write(path)


def _reviews(data: PreparedData) -> list[Html]:
    manifest = data.manifest
    rows, ratings = manifest["rows"], manifest["ratings"]
    stars = Counter(manifest["stars"]) + Counter(ratings["stars"] if ratings else {})
    lost = [
        *((f"unreadable: {_words(reason)}", n) for reason, n in manifest["rejected"].items()),
        *((f"dropped: {_words(rule)}", n) for rule, n in manifest["dropped"].items()),
    ]
    blocks = [
        figures(
            [
                Figure("Rows read", count(rows["read"])),
                Figure("Reviews", count(rows["written"])),
                Figure("Dropped", count(rows["dropped"]), "counted by rule"),
                Figure("Unreadable", count(rows["rejected"]), "kept in rejects.parquet"),
            ]
        ),
        side_by_side(*_stars(stars), *_years(manifest["months"])),
    ]
    if any(n for _, n in lost):
        columns = [Column("Why", numeric=False), Column("Rows")]
        rows_of_table = [[why, count(n)] for why, n in lost if n]
        blocks.append(
            table("Rows of the files that are not among the reviews", columns, rows_of_table)
        )
    return blocks


def _customers(customers: Customers) -> list[Html]:
    """Return what customers say, and where to read all of it."""
    view = CustomersView(customers)
    link = element("a", "What is in the reviews", href=EXPLORATION)
    more = ": month by month, for each category and product, with reviews to read."
    said = list(customers_sentences(customers))
    if not said:
        return [
            paragraph("Nothing that customers say tells low ratings from high ones clearly."),
            paragraph(link, more),
        ]
    charts = [chart for side in SIDES if (chart := phrase_chart(view, ALL, "", side)) is not None]
    return [findings(said), side_by_side(*charts), paragraph(link, more)]


def _words(name: str) -> str:
    return name.replace("_", " ")


def _stars(stars: Mapping[str, int]) -> list[Html]:
    rated = {name: stars.get(name, 0) for name in STARS}
    total = sum(rated.values())
    if not total:
        return []
    shares = [n / total for n in rated.values()]
    return [
        bar_chart(
            list(STARS.values()),
            shares,
            [share(one) for one in shares],
            label="Share of reviews by stars",
            caption="How many of the rated reviews have how many stars.",
        )
    ]


def _years(months: dict[str, int]) -> list[Html]:
    years: Counter[str] = Counter()
    for month, rows in months.items():
        if month != UNKNOWN_MONTH:
            years[month[:4]] += rows
    if len(years) < 2:
        return []
    names = sorted(years)[-MOST_BARS:]
    return [
        bar_chart(
            names,
            [years[name] for name in names],
            [count(years[name]) for name in names],
            label="Reviews by year",
            caption="When the reviews were written.",
        )
    ]


def _target(target: TargetFindings, folder: Path) -> list[Html]:
    link = element("a", "The whole evaluation", href=target.page.relative_to(folder).as_posix())
    evaluation = target.evaluation
    if isinstance(evaluation, Unlabelled):
        large, rest = large_figures(evaluation), ", with all that it rests on."
    else:
        large = _large(evaluation.measures)
        rest = ", with curves, the confusion table and reviews to look at."
    return [
        large,
        *([findings(list(target.tried))] if target.tried else []),
        findings(target.sentences),
        _labels(target),
        paragraph(link, rest),
    ]


def _large(measures: Measures) -> Html:
    figure = measures.figures
    right = figure["accuracy"]
    interval = f"95 % interval {right.spread(share)}"
    return figures(
        [
            Figure("Right", share(right.value), interval),
            Figure("ROC-AUC", score(figure["roc_auc"].value)),
            Figure("Macro F1", score(figure["macro_f1"].value)),
            Figure("Measured on", count(measures.rows), "reviews held out"),
        ]
    )


def _labels(target: TargetFindings) -> Html:
    """Draw how often each label was given: where there are labels, as if they were unseen."""
    by = "a classifier that had not seen its product"
    if isinstance(target.evaluation, Unlabelled):
        by = target.evaluation.by
    given: Counter[str] = Counter()
    with opened(target.predictions) as file:
        for batch in file.iter_batches(columns=["label"]):
            for one in batch.column(0).value_counts().to_pylist():
                given[one["values"]] += one["counts"]
    names = [label for label, _ in given.most_common(MOST_BARS)]
    if target.target == "stars":
        names.sort()
    total = sum(given.values())
    return bar_chart(
        [STARS.get(name, name) for name in names],
        [given[name] for name in names],
        [f"{count(given[name])} ({share(given[name] / total)})" for name in names],
        label=f"Reviews by predicted {target.target}",
        caption=f"What every review was labelled, by {by}.",
    )


def _commands(targets: Sequence[TargetFindings], folder: Path) -> list[Html]:
    served = " ".join(f"{one.target}={one.bundle}" for one in targets)
    found = folder / "findings"
    return [
        paragraph("What is wrong in the data, as lists that promise how much of them is right:"),
        element("pre", element("code", f"reviewdesk find all {folder} --out {found}")),
        paragraph("The page where anyone can paste a review:"),
        element("pre", element("code", f"reviewdesk serve {served}")),
        paragraph("Labels for new reviews:"),
        element(
            "pre",
            element("code", f"reviewdesk predict {targets[0].bundle} NEW.csv --out labelled.csv"),
        ),
    ]
