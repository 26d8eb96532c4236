"""Grades findings against known errors: did the lists keep what they promised, and find enough?"""

import datetime
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.sources.truth.grades import FinderGrade, Grade, ListGrade, SizeGrade
from reviewdesk.sources.truth.known import GRADED, KnownErrors, by_id
from reviewdesk.sources.truth.schema import Truth

SIZES: Final = ((1, 1), (2, 3), (4, 9), (10, 49), (50, None))
"""Products of so many reviews are counted apart."""

_SAME: Final = 1e-9
_DATED: Final = ("product_id", "review_date")


def grade(
    findings: pa.Table,
    truth: Truth,
    promises: Sequence[float],
    *,
    finders: Sequence[str] = (),
    reviews: pa.Table | None = None,
) -> Grade:
    """Compare findings with what is known to be wrong.

    A finding is a hit when it is about a known error; a decline also has to be noticed after it
    began. Finders that nothing is known about, such as ``similar``, are passed over.

    Args:
        findings: schema ``FINDINGS``, of one finder or several.
        truth: the known errors of the same data.
        promises: the precisions that there are lists for.
        finders: finders that are graded even when they found nothing.
        reviews: ``review_id``, ``product_id`` and ``review_date`` of the data: with it, reviews
            that are listed under a product that is itself in the wrong category are excused, and it
            is counted after how many reviews a decline was noticed.

    Returns:
        A grade for each finder that is graded, in the order of ``GRADED``.
    """
    names = {*findings["finder"].to_pylist(), *finders}
    graded = []
    for name in GRADED:
        if name in names:
            rows = findings.filter(pc.equal(findings["finder"], name)).to_pylist()
            graded.append(_grade(name, rows, truth, promises, reviews))
    return Grade(tuple(graded))


def _grade(
    finder: str,
    rows: list[dict[str, Any]],
    truth: Truth,
    promises: Sequence[float],
    reviews: pa.Table | None,
) -> FinderGrade:
    errors = GRADED[finder](truth)
    excused = _excused(truth, reviews) if finder == "review-category" else {}
    lists, sizes = [], []
    for promise in sorted(promises, reverse=True):
        listed = [row for row in rows if row["promise"] >= promise - _SAME]
        lists.append(_list_grade(promise, listed, errors, excused))
        sizes += _size_grades(promise, listed, errors)
    hits = [row for row in rows if errors.include(row)]
    return FinderGrade(finder, tuple(lists), tuple(sizes), **_delays(hits, errors.began, reviews))


def _delays(
    hits: list[dict[str, Any]], began: Mapping[str, datetime.date], reviews: pa.Table | None
) -> dict[str, tuple[int, ...]]:
    """Return how late changes were noticed, and how far off the days named for them are."""
    named = [row for row in hits if row["what"] in began and row["since"] is not None]
    noticed = [row for row in hits if row["what"] in began and row["noticed"] is not None]
    delays = {
        "days_off": tuple((row["since"] - began[row["what"]]).days for row in named),
        "delay_days": tuple((row["noticed"] - began[row["what"]]).days for row in noticed),
    }
    if reviews is not None and noticed:
        dated = reviews.filter(
            pc.is_in(reviews["product_id"], pa.array([row["what"] for row in noticed], pa.string()))
        )
        days: dict[str, list[datetime.date]] = {}
        for product, day in zip(*(dated[name].to_pylist() for name in _DATED), strict=True):
            if day is not None:
                days.setdefault(product, []).append(day)
        delays["delay_reviews"] = tuple(
            sum(began[row["what"]] <= day <= row["noticed"] for day in days.get(row["what"], []))
            for row in noticed
        )
    return delays


def _list_grade(
    promise: float, rows: list[dict[str, Any]], errors: KnownErrors, excused: Mapping[str, str]
) -> ListGrade:
    hits = [row for row in rows if errors.include(row)]
    others = [row for row in rows if row["what"] not in errors.right]
    right = sum(excused.get(row["what"], "") == row["suggested"] for row in others)
    listed = len(rows) - right
    return ListGrade(
        promise=promise,
        listed=listed,
        hits=len(hits),
        named=sum(errors.right[row["what"]] in (None, row["suggested"]) for row in hits),
        excused=right,
        found=len({row["what"] for row in hits}),
        planted=len(errors.right),
        worst=len(hits) / listed if listed else None,
    )


def _size_grades(
    promise: float, rows: list[dict[str, Any]], errors: KnownErrors
) -> list[SizeGrade]:
    """Return how one list did with each size; nothing where known errors have no size."""
    if not errors.reviews:
        return []
    hits = [row["what"] for row in rows if errors.include(row)]
    grades = []
    for low, high in SIZES:
        most = high or sys.maxsize
        planted = {name for name, reviews in errors.reviews.items() if low <= reviews <= most}
        listed = [row for row in rows if low <= row["reviews"] <= most]
        grades.append(
            SizeGrade(
                (low, high),
                promise,
                len(listed) if errors.sized else None,
                sum(errors.include(row) for row in listed) if errors.sized else None,
                len(planted.intersection(hits)),
                len(planted),
            )
        )
    return grades


def _excused(truth: Truth, reviews: pa.Table | None) -> dict[str, str]:
    """Return the reviews of products in the wrong category, and where these belong."""
    if reviews is None:
        return {}
    right = by_id(truth.product_category, "product_id", "right_category")
    theirs = reviews.filter(
        pc.is_in(reviews["product_id"], truth.product_category["product_id"].combine_chunks())
    )
    pairs = zip(theirs["review_id"].to_pylist(), theirs["product_id"].to_pylist(), strict=True)
    return {review: right[product] for review, product in pairs}
