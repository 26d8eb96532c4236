"""What grading says: how lists did, also by size of product, and how late things were noticed."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import numpy as np

from reviewdesk.stats.shares import share_interval

Part = TypeVar("Part")


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
        return share_interval(self.hits, self.listed)

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
    """How one list did with products of one size.

    Args:
        reviews: the fewest and the most reviews that they rest on; None: any number.
        promise: the precision promised.
        listed: how many findings of that size are in the list; None where findings do not count
            their reviews as the known errors do.
        hits: how many of them are known errors; None as ``listed``.
        found: how many known errors of that size it holds.
        planted: how many there are.
    """

    reviews: tuple[int, int | None]
    promise: float
    listed: int | None
    hits: int | None
    found: int
    planted: int

    @property
    def precision(self) -> float | None:
        """The share of what is listed that is right; None when nothing is, or it is not known."""
        return self.hits / self.listed if self.listed and self.hits is not None else None

    @property
    def recall(self) -> float | None:
        """The share of the known errors that is in the list; None when there are none."""
        return self.found / self.planted if self.planted else None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {**asdict(self), "precision": self.precision, "recall": self.recall}


@dataclass(frozen=True)
class FinderGrade:
    """How one finder did.

    Args:
        finder: its name.
        lists: one a promise, the strictest first.
        sizes: one a promise and size of product; for a decline, by its reviews after it began.
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
            "sizes": [one.to_json() for one in self.sizes],
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


def pooled(grades: Sequence[Grade]) -> Grade:
    """Return one grade over several sets of data, such as seeds: sums of hits over sums of flags.

    Args:
        grades: finders, promises and sizes may be missing in some.
    """
    finders = _together((one.finder, one) for each in grades for one in each.finders)
    found = tuple(_sum_finders(parts) for parts in finders)
    return Grade(found, sum(one.sets for one in grades))


def _together(pairs: Iterable[tuple[Hashable, Part]]) -> list[list[Part]]:
    """Return values that have one key together; keys as they come first."""
    found: dict[Hashable, list[Part]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return list(found.values())


def _sum_finders(parts: Sequence[FinderGrade]) -> FinderGrade:
    lists = _together((one.promise, one) for part in parts for one in part.lists)
    sizes = _together(((one.promise, one.reviews), one) for part in parts for one in part.sizes)
    return FinderGrade(
        parts[0].finder,
        tuple(sorted(map(_sum_lists, lists), key=lambda one: -one.promise)),
        tuple(sorted(map(_sum_sizes, sizes), key=lambda one: (-one.promise, one.reviews[0]))),
        tuple(day for part in parts for day in part.days_off),
        tuple(day for part in parts for day in part.delay_days),
        tuple(number for part in parts for number in part.delay_reviews),
    )


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
    listed = [one for one in sizes if one.listed is not None]
    return SizeGrade(
        reviews=sizes[0].reviews,
        promise=sizes[0].promise,
        listed=sum(one.listed or 0 for one in listed) if listed else None,
        hits=sum(one.hits or 0 for one in listed) if listed else None,
        found=sum(one.found for one in sizes),
        planted=sum(one.planted for one in sizes),
    )
