"""The page that shows an exploration."""

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from reviewdesk.engines.local_copies import in_local_copies
from reviewdesk.explore.category_panel import category_panel
from reviewdesk.explore.customers.section import CustomersView
from reviewdesk.explore.explore import CategoryFindings, Exploration
from reviewdesk.explore.figures import check_folder, figures_folder, write_figures
from reviewdesk.explore.sentences import category_name, lead, sentences
from reviewdesk.report.blocks import (
    Column,
    Figure,
    definitions,
    details,
    figures,
    findings,
    note,
    subheading,
    table,
)
from reviewdesk.report.html import Child, Html, element
from reviewdesk.report.numbers import NOT_DEFINED, count, share
from reviewdesk.report.page import Page
from reviewdesk.report.panels import SCRIPT, Panel, panels
from reviewdesk.report.timeline import sparkline

EXPLORATION: Final = "exploration.html"
"""What the page is called in the folder of a job."""

MOST_FILES: Final = 12
MOST_UNFOLDED: Final = 12
METHOD: Final = (
    (
        "What customers say",
        "Phrases of two to four words, with headlines; stop words may stand inside, variants of a "
        "phrase have the same stems, and behind a negation nothing counts as said. Aspects are "
        "words that stand alone behind “the” or “my”. Low ratings (one or two stars) are compared "
        "with high ones (four or five) by Fisher's exact test on reviews; of all that is listed "
        "at most 5 % are expected to be chance (Benjamini and Hochberg 1995). What long reviews "
        "merely say more of, as of everything, is left out by the log-odds of Monroe, Colaresi "
        "and Quinn. Phrases of nothing but names, or of a word for the thing itself (“great "
        "book”), are left out too. Rising and falling: Armitage 1955. A review copied over "
        "variants of a product counts once, but for each of its products.",
    ),
    ("Products", "Variants of a product count as one where the data says what they belong to."),
    (
        "Terms",
        "Words, and pairs of neighbouring words, without stop words and numbers; from the body of "
        "the reviews, not the headline. A term counts once a review. A long text that is there "
        "several times counts once.",
    ),
    (
        "Most telling terms",
        "The 50 with the highest mean TF-IDF weight: the share of the group's reviews that have "
        "the term, times log(reviews of the category / reviews of the category with the term). "
        "Groups with fewer than 100 reviews are not compared.",
    ),
    (
        "Overlap, by chance",
        "Two groups of the same reviews, dealt out at random, do not share all of their top terms "
        "either; this is the share to expect then. An overlap well below it is a real change.",
    ),
    (
        "Rose and fell",
        "Log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008); z is over "
        "its standard deviation. Only terms with z beyond 3 are shown, and only where the share of "
        "reviews that have them goes the same way; a pair of words is left out where one of the "
        "two says the same more clearly.",
    ),
    ("Trends", "Least squares, with the 95 % interval of the slope from Student's t."),
    ("Length", "Characters of the review's body after cleaning."),
)


@in_local_copies("path")
def write_page(exploration: Exploration, path: Path) -> None:
    """Write the page, and its figures as Parquet beside it.

    Args:
        exploration: what was found.
        path: the page; ``report.html`` has its figures in the folder ``report.figures``.

    Raises:
        UsageError: the folder of the figures holds something else.
        StorageError: it cannot be written.
    """
    check_folder(figures_folder(path))
    write_figures(exploration, figures_folder(path))
    explore_page(exploration, figures_folder(path).name).write(path)


def explore_page(exploration: Exploration, folder: str) -> Page:
    """Return the page.

    Args:
        exploration: what was found.
        folder: name of the folder that the figures are in.
    """
    page = Page(_title(exploration), lead(exploration), "Exploration", SCRIPT)
    page.section("What was found", findings(sentences(exploration)), _large(exploration))
    if not exploration.reviews:
        return page
    parts = [
        exploration.everything,
        *(exploration.categories if len(exploration.categories) > 1 else []),
    ]
    if len(parts) > 1:
        page.section("Categories", *_categories(exploration))
    view = CustomersView(exploration.customers)
    shown = [
        Panel(
            f"category-{n}",
            _panel_title(part, parts),
            category_panel(part, exploration, view, len(parts)),
        )
        for n, part in enumerate(parts)
    ]
    page.section("A closer look", panels("Category", shown))
    page.section(
        "How this was measured", definitions([*_files(exploration), *METHOD]), _where(folder)
    )
    return page


def _title(exploration: Exploration) -> str:
    return (
        f"What is in {exploration.files[0]}"
        if len(exploration.files) == 1
        else "What is in the reviews"
    )


def _panel_title(part: CategoryFindings, parts: Sequence[CategoryFindings]) -> str:
    return category_name(part.category) if len(parts) > 1 else "All reviews"


def _large(exploration: Exploration) -> Html:
    total = exploration.everything.total
    large = [Figure("Reviews", count(exploration.reviews))]
    if total["products"]:
        several = share(total["products_with_several"] / total["products"], 0)
        large.append(
            Figure("Products", count(total["products"]), f"{several} with several reviews")
        )
    if exploration.reviews and total["mean_stars"] is not None:
        large.append(Figure("Mean stars", f"{total['mean_stars']:.2f}"))
    if exploration.reviews:
        spread = (
            f"characters; half have {count(total['length_p25'])} to {count(total['length_p75'])}"
        )
        large.append(Figure("Median length", count(total["length_median"]), spread))
    return figures(large)


class _Shown(NamedTuple):
    """A column of the table of categories: its heading, and how a category's cell is written."""

    column: Column
    write: Callable[[CategoryFindings], Child]


def _categories(exploration: Exploration) -> list[Html]:
    anchors = {part.category: f"#category-{n}" for n, part in enumerate(exploration.categories, 1)}

    def link(part: CategoryFindings) -> Html:
        return element("a", category_name(part.category), href=anchors[part.category])

    shown = [_Shown(Column("Category", numeric=False), link), *_columns(exploration)]
    caption = "Length: characters of the body"
    if exploration.everything.total["products"]:
        caption = f"With several: products with two reviews or more. {caption}"
    rows: list[list[Child]] = [
        [one.write(part) for one in shown] for part in exploration.categories
    ]
    blocks = [table(caption, [one.column for one in shown], rows, sortable=True)]
    if others := _others(exploration):
        blocks.append(note(others))
    apart: list[list[Child]] = [
        [link(part), ", ".join(part.distinctive)] for part in exploration.categories
    ]
    if any(part.distinctive for part in exploration.categories):
        columns = [Column("Category", numeric=False), Column("Words", numeric=False)]
        words = table("The clearest first", columns, apart)
        folded = len(exploration.categories) > MOST_UNFOLDED
        title = "Words that set a category apart"
        blocks += [details(title, words)] if folded else [subheading(title), words]
    return blocks


def _columns(exploration: Exploration) -> Iterator[_Shown]:
    """Yield the columns that this data has something for."""
    yield _Shown(Column("Reviews"), lambda part: count(part.total["reviews"]))
    if exploration.everything.total["products"]:
        yield _Shown(Column("Products"), lambda part: count(part.total["products"]))
        yield _Shown(
            Column("with several"), lambda part: count(part.total["products_with_several"])
        )
    if exploration.everything.total["mean_stars"] is not None:
        yield _Shown(Column("Mean stars"), _mean_stars)
    yield _Shown(Column("Median length"), lambda part: count(part.total["length_median"]))
    if any(part.length_trend for part in exploration.categories):
        yield _Shown(Column("trend a year"), _drift)
    if len(exploration.months) > 1:
        yield _Shown(
            Column("Reviews over time", numeric=False),
            lambda part: _spark(part, exploration.months),
        )


def _mean_stars(part: CategoryFindings) -> str:
    mean = part.total["mean_stars"]
    return NOT_DEFINED if mean is None else f"{mean:.2f}"


def _drift(part: CategoryFindings) -> str:
    trend = part.length_trend
    if trend is None:
        return NOT_DEFINED
    text = f"{trend.slope:+.0f}".replace("-", "−") if abs(trend.slope) >= 0.5 else "0"
    return text if trend.is_clear else f"({text})"


def _spark(part: CategoryFindings, months: Sequence[str]) -> Html:
    """Draw the reviews of stretches of months: a month of many is less than a dot there."""
    by_month = {row["period"]: row["reviews"] for row in part.months}
    counts = [float(by_month.get(month, 0)) for month in months]
    size = max(math.ceil(len(counts) / 60), 1)
    start = len(counts) % size  # so that the last stretch is a whole one
    sums = [sum(counts[n : n + size]) for n in range(start, len(counts), size)]
    return sparkline(sums, f"Reviews of {category_name(part.category)} over time")


def _others(exploration: Exploration) -> str:
    text = (
        "A trend in brackets may be chance."
        if any(one.length_trend and not one.length_trend.is_clear for one in exploration.categories)
        else ""
    )
    rest = exploration.reviews - sum(part.total["reviews"] for part in exploration.categories)
    if rest:
        text += (
            f" The {len(exploration.categories)} largest categories are shown; {count(rest)} "
            "reviews of the others count for all categories together."
        )
    return text.strip()


def _files(exploration: Exploration) -> list[tuple[str, str]]:
    more = len(exploration.files) - MOST_FILES
    names = ", ".join(exploration.files[:MOST_FILES]) + (f" and {more} more" if more > 0 else "")
    return [("Files" if len(exploration.files) > 1 else "File", names)]


def _where(folder: str) -> Html:
    return note(
        "The same figures, and more of them, are in Parquet files in the folder ",
        element("code", folder),
        " beside this page.",
    )
