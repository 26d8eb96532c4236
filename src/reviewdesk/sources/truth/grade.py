"""Grades findings against known errors: did the lists keep what they promised, and find enough?"""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.sources.truth.schema import Truth
from reviewdesk.stats.calibration import wilson_interval

SIZES: Final = ((1, 1), (2, 3), (4, 9), (10, 49), (50, None))
"""Products of so many reviews, for which what was found is counted apart."""


_SAME: Final = 1e-9
_DATED: Final = ("product_id", "review_date")


@dataclass(frozen=True)
class ListGrade:
    """How one list did, over one set of data or several.

    Args:
        promise: the precision promised.
        listed: how many findings are in it.
        hits: how many of them are known errors.
        named: how many of the hits also name where it belongs; all of them where there is nothing
            to name.
        excused: findings that are right for another reason, such as a review of a product that is
            itself in the wrong category; they count neither way and are not in ``listed``.
        found: how many known errors it holds.
        planted: how many there are.
        worst: the precision in the set of data where it is lowest; None where nothing is listed.
    """

    promise: float
    listed: int
    hits: int
    named: int
    excused: int
    found: int
    planted: int
    worst: float | None

    @property
    def precision(self) -> float | None:
        """The share of the list that is right; None when it is empty."""
        return self.hits / self.listed if self.listed else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the precision; None when the list is empty."""
        if not self.listed:
            return None
        low, high = wilson_interval(np.array([self.hits]), np.array([self.listed]))
        return float(low[0]), float(high[0])

    @property
    def kept(self) -> bool:
        """Whether nothing speaks against the promise: it is not above the interval."""
        return self.interval is None or self.promise <= self.interval[1]

    @property
    def recall(self) -> float | None:
        """The share of the known errors that is in the list; None when there are none."""
        return self.found / self.planted if self.planted else None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            **asdict(self),
            "precision": self.precision,
            "interval": self.interval and list(self.interval),
            "kept": self.kept,
            "recall": self.recall,
        }


@dataclass(frozen=True)
class SizeGrade:
    """How many of the known errors of one size of product the longest list found.

    Args:
        reviews: the fewest and the most reviews that they rest on; None: any number.
        found: how many were found.
        planted: how many there are.
    """

    reviews: tuple[int, int | None]
    found: int
    planted: int


@dataclass(frozen=True)
class FinderGrade:
    """How one finder did.

    Args:
        finder: its name.
        lists: one a promise, the strictest first.
        sizes: by the reviews of the product; for a decline, those after it began.
        days_off: for each decline that was found, by how many days the day that the finding names
            is later than the true one.
        delay_days: by how many days each was noticed after it began.
        delay_reviews: after how many reviews of the worse time.
    """

    finder: str
    lists: tuple[ListGrade, ...]
    sizes: tuple[SizeGrade, ...] = ()
    days_off: tuple[int, ...] = ()
    delay_days: tuple[int, ...] = ()
    delay_reviews: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values, with medians in place of single delays."""
        medians = {
            f"median_{name}": float(np.median(values)) if values else None
            for name, values in (
                ("days_off", self.days_off),
                ("delay_days", self.delay_days),
                ("delay_reviews", self.delay_reviews),
            )
        }
        return {
            "finder": self.finder,
            "lists": [one.to_json() for one in self.lists],
            "sizes": [asdict(one) for one in self.sizes],
            **medians,
        }


@dataclass(frozen=True)
class Grade:
    """How finders did.

    Args:
        finders: one grade each.
        sets: over how many sets of data.
    """

    finders: tuple[FinderGrade, ...]
    sets: int = 1

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"sets": self.sets, "finders": [one.to_json() for one in self.finders]}


@dataclass(frozen=True)
class _Errors:
    """The known errors that a finder can find, by their id.

    Args:
        right: where each belongs; None where there is nothing to name.
        reviews: how many reviews each rests on; empty where that says nothing.
        began: the day on which each began; empty where errors stand from the first day on.
    """

    right: Mapping[str, str | None]
    reviews: Mapping[str, int] = field(default_factory=dict)
    began: Mapping[str, datetime.date] = field(default_factory=dict)

    def include(self, row: Mapping[str, Any]) -> bool:
        """Say whether a finding is about one of them, and not from before it began."""
        noticed, began = row["noticed"], self.began.get(row["what"])
        early = noticed is not None and began is not None and noticed < began
        return row["what"] in self.right and not early


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
        reviews: ``review_id``, ``product_id`` and ``review_date`` of the data: with it, misfiled
            reviews that are found under a product that is itself in the wrong category are excused,
            and it is counted after how many reviews a decline was noticed.

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


def pooled(grades: Sequence[Grade]) -> Grade:
    """Return one grade over several sets of data, such as seeds: sums of hits over sums of flags.

    Args:
        grades: of the same promises; a finder may be missing in some.
    """
    names = [
        name for name in GRADED if any(one.finder == name for g in grades for one in g.finders)
    ]
    found = []
    for name in names:
        parts = [one for each in grades for one in each.finders if one.finder == name]
        found.append(
            FinderGrade(
                name,
                tuple(_sum_lists(lists) for lists in zip(*(p.lists for p in parts), strict=True)),
                tuple(_sum_sizes(sizes) for sizes in zip(*(p.sizes for p in parts), strict=True)),
                tuple(day for part in parts for day in part.days_off),
                tuple(day for part in parts for day in part.delay_days),
                tuple(number for part in parts for number in part.delay_reviews),
            )
        )
    return Grade(tuple(found), sum(one.sets for one in grades))


def _misfiled(truth: Truth) -> _Errors:
    return _Errors(_by_id(truth.misfiled, "review_id", "right_category"))


def _misplaced(truth: Truth) -> _Errors:
    """Reviews under another product of the same category."""
    same = truth.misfiled.filter(
        pc.equal(truth.misfiled["product_category"], truth.misfiled["right_category"])
    )
    return _Errors(_by_id(same, "review_id", "right_product_id"))


def _miscategorised(truth: Truth) -> _Errors:
    table = truth.miscategorised
    return _Errors(
        _by_id(table, "product_id", "right_category"), _by_id(table, "product_id", "reviews")
    )


def _declining(truth: Truth) -> _Errors:
    products = truth.declining["product_id"].to_pylist()
    return _Errors(
        dict.fromkeys(products),
        _by_id(truth.declining, "product_id", "reviews_after"),
        _by_id(truth.declining, "product_id", "declines_from"),
    )


GRADED: Final[Mapping[str, Callable[[Truth], _Errors]]] = {
    "misfiled": _misfiled,
    "misplaced": _misplaced,
    "miscategorised": _miscategorised,
    "declining": _declining,
}
"""The finders that can be graded, and from which of the known errors."""


def _grade(
    finder: str,
    rows: list[dict[str, Any]],
    truth: Truth,
    promises: Sequence[float],
    reviews: pa.Table | None,
) -> FinderGrade:
    errors = GRADED[finder](truth)
    excused = _excused(truth, reviews) if finder == "misfiled" else {}
    lists = []
    for promise in sorted(promises, reverse=True):
        listed = [row for row in rows if row["promise"] >= promise - _SAME]
        lists.append(_list_grade(promise, listed, errors, excused))
    hits = [row for row in rows if errors.include(row)]
    sizes = _sizes(errors, {row["what"] for row in hits})
    return FinderGrade(finder, tuple(lists), sizes, **_delays(hits, errors.began, reviews))


def _delays(
    hits: list[dict[str, Any]], began: Mapping[str, datetime.date], reviews: pa.Table | None
) -> dict[str, tuple[int, ...]]:
    """Return how late changes were noticed, and how far off the days named for them are."""
    named = [row for row in hits if row["what"] in began and row["since"] is not None]
    told = [row for row in hits if row["what"] in began and row["noticed"] is not None]
    delays = {
        "days_off": tuple((row["since"] - began[row["what"]]).days for row in named),
        "delay_days": tuple((row["noticed"] - began[row["what"]]).days for row in told),
    }
    if reviews is not None and told:
        dated = reviews.filter(
            pc.is_in(reviews["product_id"], pa.array([row["what"] for row in told], pa.string()))
        )
        days: dict[str, list[datetime.date]] = {}
        for product, day in zip(*(dated[name].to_pylist() for name in _DATED), strict=True):
            if day is not None:
                days.setdefault(product, []).append(day)
        delays["delay_reviews"] = tuple(
            sum(began[row["what"]] <= day <= row["noticed"] for day in days.get(row["what"], []))
            for row in told
        )
    return delays


def _list_grade(
    promise: float, rows: list[dict[str, Any]], errors: _Errors, excused: Mapping[str, str]
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


def _sizes(errors: _Errors, found: set[str]) -> tuple[SizeGrade, ...]:
    if not errors.reviews:
        return ()
    sizes = []
    for low, high in SIZES:
        inside = {
            name
            for name, reviews in errors.reviews.items()
            if low <= reviews and (high is None or reviews <= high)
        }
        sizes.append(SizeGrade((low, high), len(inside & found), len(inside)))
    return tuple(sizes)


def _excused(truth: Truth, reviews: pa.Table | None) -> dict[str, str]:
    """Return the reviews of miscategorised products, and where these belong."""
    if reviews is None:
        return {}
    right = _by_id(truth.miscategorised, "product_id", "right_category")
    theirs = reviews.filter(
        pc.is_in(reviews["product_id"], truth.miscategorised["product_id"].combine_chunks())
    )
    pairs = zip(theirs["review_id"].to_pylist(), theirs["product_id"].to_pylist(), strict=True)
    return {review: right[product] for review, product in pairs}


def _by_id(table: pa.Table, name: str, value: str) -> dict[str, Any]:
    return dict(zip(table[name].to_pylist(), table[value].to_pylist(), strict=True))


def _sum_lists(lists: Sequence[ListGrade]) -> ListGrade:
    worst = [one.worst for one in lists if one.worst is not None]
    return ListGrade(
        promise=lists[0].promise,
        listed=sum(one.listed for one in lists),
        hits=sum(one.hits for one in lists),
        named=sum(one.named for one in lists),
        excused=sum(one.excused for one in lists),
        found=sum(one.found for one in lists),
        planted=sum(one.planted for one in lists),
        worst=min(worst, default=None),
    )


def _sum_sizes(sizes: Sequence[SizeGrade]) -> SizeGrade:
    found, planted = sum(one.found for one in sizes), sum(one.planted for one in sizes)
    return SizeGrade(sizes[0].reviews, found, planted)
