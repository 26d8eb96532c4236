"""Exploring: counts from the engine, terms from the texts, and what they come to by category."""

import math
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.engines.base import Engine
from reviewdesk.errors import UsageError
from reviewdesk.explore.counts import (
    ALL,
    STARS,
    count_product_ids,
    count_reviews,
    months_between,
)
from reviewdesk.explore.customers.customers import read_customers
from reviewdesk.explore.customers.tables import Customers
from reviewdesk.explore.distributed import (
    count_product_ids_on,
    count_terms_on,
    read_customers_on,
    workspace_beside,
)
from reviewdesk.explore.in_languages import InLanguages
from reviewdesk.explore.terms import MOST_CATEGORIES, TermTable, Window, count_terms
from reviewdesk.explore.words import (
    Change,
    Overlap,
    Telling,
    changes,
    distinctive,
    overlaps,
    telling_terms,
)
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.runlog import RunLog
from reviewdesk.schema import UNKNOWN_MONTH
from reviewdesk.stats.trend import Trend, fit_trend
from reviewdesk.text.languages import checked_languages

FEWEST_FOR_LENGTH: Final = 20
"""Periods with fewer reviews have no median length: it would jump about."""

Row = dict[str, Any]


@dataclass(frozen=True)
class YearPair:
    """How far two consecutive years share their most telling terms; ``left`` comes first."""

    left: int
    right: int
    overlap: Overlap


@dataclass(frozen=True)
class CategoryFindings:
    """What was found in one category, or in all together.

    Args:
        category: its name; ``*`` is all together, and empty is reviews without one.
        total: the row of the counts over all time.
        months: the rows of its months, ascending; those without a date are left out.
        years: the rows of its years, in the same way.
        length_trend: of the median length, in characters a year.
        year_pairs: the overlap of consecutive years.
        year_trend: of this overlap, in shares a year.
        star_pairs: the overlap of star ratings; groups are the stars.
        star_trend: of this overlap, in shares a star apart.
        telling_by_year: the most telling terms of each year that has some.
        telling_by_stars: the most telling terms of each number of stars that has some.
        changed: terms that clearly rose or fell in the recent window.
        window_reviews: reviews before and in the recent window, copies left out.
        distinctive: terms that set the category apart from all others, the clearest first.
    """

    category: str
    total: Row
    months: list[Row]
    years: list[Row]
    length_trend: Trend | None = None
    year_pairs: list[YearPair] = field(default_factory=list)
    year_trend: Trend | None = None
    star_pairs: list[Overlap] = field(default_factory=list)
    star_trend: Trend | None = None
    telling_by_year: dict[int, list[Telling]] = field(default_factory=dict)
    telling_by_stars: dict[int, list[Telling]] = field(default_factory=dict)
    changed: list[Change] = field(default_factory=list)
    window_reviews: tuple[int, int] = (0, 0)
    distinctive: list[str] = field(default_factory=list)

    @property
    def rose(self) -> list[Change]:
        """Return the terms that rose, the clearest first."""
        return [one for one in self.changed if one.z > 0]

    @property
    def fell(self) -> list[Change]:
        """Return the terms that fell, the clearest first."""
        return [one for one in self.changed if one.z < 0]


@dataclass(frozen=True)
class Exploration:
    """Everything that was found.

    Args:
        files: names of the files that the reviews came from.
        counts: the table of counts, of all categories.
        months: every month from the first to the last; empty without dates.
        window: the spans that terms are compared over.
        copies: long texts that were there before, left out of the terms.
        everything: all categories together.
        categories: each of the largest categories, the largest first.
        customers: what they say in low and in high ratings.
        product_ids: how many there are; variants of a product have ids of their own.
        log: how long it took, from what.
        languages: how many reviews are in each language, the most frequent first.
    """

    files: list[str]
    counts: pa.Table
    months: list[str]
    window: Window | None
    copies: int
    everything: CategoryFindings
    categories: list[CategoryFindings]
    customers: Customers = field(repr=False)
    product_ids: int
    log: RunLog = field(repr=False)
    languages: dict[str, int] = field(default_factory=dict)

    @property
    def reviews(self) -> int:
        """How many reviews there are."""
        return int(self.everything.total["reviews"])


def explore(
    data: PreparedData,
    progress: Progress = SILENT,
    *,
    languages: Sequence[str] = (),
    engine: Engine | None = None,
) -> Exploration:
    """Find out what is in prepared reviews.

    Args:
        data: prepared reviews.
        progress: is shown how far it has come.
        languages: only reviews in these count, as in de; none named: all.
        engine: a cluster that counts; None: this machine does.

    Raises:
        UsageError: there is no review in the languages that are asked for.
        StorageError: a file cannot be read, or there is no space to spill to.
        InputError: a file is damaged.
    """
    wanted = checked_languages(languages)
    spoken = {code: n for code, n in data.languages.items() if not wanted or code in wanted}
    if wanted and not spoken:
        there = ", ".join(f"{code} {n:,}" for code, n in data.languages.items())
        raise UsageError(f"no review is in {' or '.join(wanted)}; there are: {there or 'none'}")
    chosen = InLanguages(data.path, data.manifest, codes=wanted) if wanted else data
    settings = {"language": list(wanted)} if wanted else {}
    log = RunLog("explore", settings, {"data": data.fingerprint}, {"reviews": data.rows})
    with workspace_beside(data) if engine else nullcontext("") as workspace:
        with log.timed("counts"):
            counts = count_reviews(data, engine, progress, wanted, workspace)
        with log.timed("terms"):
            terms = (
                count_terms_on(engine, chosen, workspace, progress)
                if engine
                else count_terms(chosen, progress)
            )
        with log.timed("customers"):
            customers = (
                read_customers_on(engine, chosen, workspace, progress)
                if engine
                else read_customers(chosen, progress)
            )
        product_ids = (
            count_product_ids_on(engine, data, workspace) if engine else count_product_ids(data)
        )
    with log.timed("words"):
        rows = _rows_by_category(counts)
        sizes = {name: part["all"][0]["reviews"] for name, part in rows.items() if name != ALL}
        largest = sorted(sizes, key=lambda name: (-sizes[name], name))[:MOST_CATEGORIES]
        names = [ALL, *largest]
        apart = dict(
            zip(terms.categories, distinctive(terms.by_category(), terms.names), strict=False)
        )
        found = [
            _category(name, rows.get(name, {}), terms, apart.get(name, []))
            for name in progress.track(names, "Comparing", len(names), "categories")
        ]
    months = [row["period"] for row in found[0].months]
    return Exploration(
        files=[one["place"] for one in data.manifest["inputs"]],
        counts=counts,
        months=list(months_between(months[0], months[-1])) if months else [],
        window=terms.window,
        copies=terms.copies,
        everything=found[0],
        categories=found[1:],
        customers=customers,
        product_ids=product_ids,
        log=log,
        languages=spoken,
    )


def _rows_by_category(counts: pa.Table) -> dict[str, dict[str, list[Row]]]:
    """Return the rows of the largest categories by grain."""
    totals = counts.filter(pc.equal(counts["grain"], "all"))
    order = pc.sort_indices(
        totals, sort_keys=[("reviews", "descending"), ("category", "ascending")]
    )
    names = totals["category"].take(order[: MOST_CATEGORIES + 1])
    rows: dict[str, dict[str, list[Row]]] = {}
    kept = counts.filter(pc.is_in(counts["category"], value_set=names.combine_chunks()))
    for row in kept.to_pylist():
        rows.setdefault(row["category"], {}).setdefault(row["grain"], []).append(row)
    return rows


def _category(
    name: str, rows: dict[str, list[Row]], terms: TermTable, apart: list[str]
) -> CategoryFindings:
    total = rows["all"][0] if rows else dict.fromkeys(("reviews", "products"), 0)
    months, years = (
        [row for row in rows.get(grain, []) if row["period"] != UNKNOWN_MONTH]
        for grain in ("month", "year")
    )
    medians = [
        row["length_median"] if row["reviews"] >= FEWEST_FOR_LENGTH else math.nan for row in years
    ]
    found = CategoryFindings(
        name,
        total,
        months,
        years,
        length_trend=fit_trend([int(row["period"]) for row in years], medians),
        distinctive=apart,
    )
    inside = None if name == ALL else name
    if inside is not None and inside not in terms.categories:
        return found
    return _with_words(found, inside, terms)


def _with_words(
    found: CategoryFindings, category: str | None, terms: TermTable
) -> CategoryFindings:
    by_year, by_stars = terms.by_year(category), terms.by_stars(category)
    years = terms.years
    nexts = [(n, n + 1) for n in range(len(years) - 1) if years[n + 1] - years[n] == 1]
    pairs = [YearPair(years[one.left], years[one.right], one) for one in overlaps(by_year, nexts)]
    star_pairs = overlaps(by_stars, list(combinations(STARS, 2)))
    window = terms.by_window(category)
    return CategoryFindings(
        found.category,
        found.total,
        found.months,
        found.years,
        length_trend=found.length_trend,
        year_pairs=pairs,
        year_trend=fit_trend([pair.right for pair in pairs], [p.overlap.shared for p in pairs]),
        star_pairs=star_pairs,
        star_trend=fit_trend(
            [one.right - one.left for one in star_pairs], [one.shared for one in star_pairs]
        ),
        telling_by_year=_there(years, telling_terms(by_year, terms.names)[: len(years)]),
        telling_by_stars=_there([0, *STARS], telling_terms(by_stars, terms.names)),
        changed=changes(window, terms.names),
        window_reviews=(int(window.reviews[0]), int(window.reviews[1])),
        distinctive=found.distinctive,
    )


def _there(groups: Sequence[int], telling: Sequence[list[Telling]]) -> dict[int, list[Telling]]:
    return {group: some for group, some in zip(groups, telling, strict=True) if some}
