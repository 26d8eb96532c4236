"""What is to be worked through: all findings in their order, with what was decided about each.

Facets and filters are arrays of codes, so that counting 100,000 findings takes milliseconds.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.desk.actions import ASSIGN, DECIDE, SNOOZE, UNDO, Action, Subject
from reviewdesk.desk.decisions import DecisionLog
from reviewdesk.findings.base import GOING_ON, OVER, FinderInfo, PromisedList
from reviewdesk.findings.store import StoredFindings
from reviewdesk.schema import FINDINGS

OPEN: Final = "open"
DECIDED: Final = "decided"
SNOOZED: Final = "snoozed"
STATUSES: Final = (OPEN, DECIDED, SNOOZED)

NONE: Final = ""
"""The value of a facet for findings that have none."""

BLOCK: Final = 200
"""Findings that are offered to a claim at once."""

Codes = NDArray[np.int32]
Mask = NDArray[np.bool_]
Days = NDArray[np.datetime64]


@dataclass(frozen=True)
class Filter:
    """Which findings are wanted; an empty field wants all.

    Args:
        finder: of which kind, as in ``review-category``.
        category: where they stand.
        product: the title of the product that they are about.
        promise: the strictest list that holds them, as in ``0.95``.
        state: how a change stands, or ``new``.
        assignee: who they are assigned to.
        year: of its date: the first day of a change, or when the review was written.
        since: the first date, as in 2015-03-01.
        until: the last date.
        verdict: what was decided.
        status: one of ``STATUSES``.
        text: words of the title, or an id.
    """

    finder: str = ""
    category: str = ""
    product: str = ""
    promise: str = ""
    state: str = ""
    assignee: str = ""
    year: str = ""
    since: str = ""
    until: str = ""
    verdict: str = ""
    status: str = OPEN
    text: str = ""

    def query(self) -> dict[str, str]:
        """Return the fields that are set, as they stand in an address."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            name: value
            for name, value in fields.items()
            if value and not (name == "status" and value == OPEN)
        }


FACETS: Final = (
    "status",
    "finder",
    "category",
    "product",
    "promise",
    "state",
    "year",
    "assignee",
    "verdict",
)
MOST_PRODUCTS: Final = 30
"""Of so many products at most, those with the most findings, it is said how many there are."""
ABSENT: Final = "-"
"""Stands in a filter for findings without a value."""


@dataclass
class Current:
    """What is decided about one finding now."""

    verdict: str = ""
    reason: str = ""
    author: str = ""
    at: str = ""
    batch: int = 0
    assignee: str = ""
    snoozed: str = ""
    _history: dict[str, list[Action]] = field(default_factory=dict)


class Worklist:
    """All findings, the first to look at first.

    Args:
        stored: the folders of findings.
        decisions: what was decided so far; looked up again before every answer.
        today: gives the day that snoozes are compared with.
        written: gives the days on which reviews were written, by their ids; NaT for none.
    """

    def __init__(
        self,
        stored: Sequence[StoredFindings],
        decisions: DecisionLog,
        today: Callable[[], date] = date.today,
        written: Callable[[Sequence[str]], Days] | None = None,
    ) -> None:
        self.decisions = decisions
        self.finder_info: dict[str, FinderInfo] = {
            each.findings.finder: each.info for each in stored
        }
        self.lists: dict[str, tuple[PromisedList, ...]] = {
            each.findings.finder: each.findings.lists for each in stored
        }
        self.tables: dict[str, Mapping[str, pa.Table]] = {
            each.findings.finder: each.findings.tables for each in stored
        }
        self.table = _ordered([each.findings.table for each in stored])
        self.ids: list[str] = self.table.column("finding_id").to_pylist()
        self.position = {name: place for place, name in enumerate(self.ids)}
        self._today = today
        self._lock = threading.RLock()
        self._last = 0
        self._current: dict[str, Current] = {}
        self._sizes: Counter[int] = Counter()
        self._texts = _texts(self.table)
        self.dates = _dates(self.table, written)
        self._values, self._codes = _facets(self.table, self.dates)
        self._decided = np.zeros(len(self.ids), np.bool_)
        self._snoozed = np.full(len(self.ids), np.datetime64("0001-01-01"), "datetime64[D]")
        self._coded("assignee")
        self._coded("verdict")

    def __len__(self) -> int:
        return len(self.ids)

    def row(self, finding_id: str) -> dict[str, Any] | None:
        """Return a finding as schema ``FINDINGS`` has it; None where it is there no more."""
        place = self.position.get(finding_id)
        if place is None:
            return None
        rows: list[dict[str, Any]] = self.table.slice(place, 1).to_pylist()
        return rows[0]

    def rows(self, positions: Sequence[int]) -> list[dict[str, Any]]:
        """Return some findings."""
        rows: list[dict[str, Any]] = self.table.take(pa.array(positions, pa.int64())).to_pylist()
        return rows

    def about(self, kind: str, what: str) -> list[int]:
        """Return the positions of the findings about one thing, such as a product."""
        same = pc.and_(pc.equal(self.table["kind"], kind), pc.equal(self.table["what"], what))
        return [int(place) for place in np.flatnonzero(same.to_numpy(zero_copy_only=False))]

    def subjects(self, finding_ids: Iterable[str]) -> list[Subject]:
        """Return what is kept of findings beside decisions; those that are gone are left out."""
        places = [self.position[name] for name in finding_ids if name in self.position]
        return [
            Subject(
                row["finding_id"],
                row["finder"],
                row["kind"],
                row["what"],
                row["title"],
                row["where"],
                row["suggested"],
                row["score"],
                row["promise"],
            )
            for row in self.rows(places)
        ]

    def current(self, finding_id: str) -> Current:
        """Return what is decided about a finding now."""
        with self._lock:
            self._refresh()
            return self._current.get(finding_id, Current())

    def decided_alone(self, finding_id: str) -> str:
        """Return the verdict that stands if it was not one about many at once; else empty."""
        current = self._current.get(finding_id)
        if current is None or self._sizes[current.batch] != 1:
            return ""
        return current.verdict

    def refresh(self) -> None:
        """Take over what was done since the last look, by anybody."""
        with self._lock:
            self._refresh()

    def positions(self, wanted: Filter) -> NDArray[np.int64]:
        """Return where the wanted findings are, the first to look at first."""
        with self._lock:
            self._refresh()
            mask = np.ones(len(self.ids), np.bool_)
            for facet in FACETS:
                mask &= self._mask(facet, getattr(wanted, facet))
            return np.flatnonzero(mask & self._range_mask(wanted)).astype(np.int64)

    def facets(self, wanted: Filter) -> dict[str, list[tuple[str, int]]]:
        """Return for each facet its values with how many findings they would leave.

        A facet's own choice does not limit its counts, so that another value can be chosen.
        """
        with self._lock:
            self._refresh()
            masks = {facet: self._mask(facet, getattr(wanted, facet)) for facet in FACETS}
            within = self._range_mask(wanted)
            counted = {}
            for facet in FACETS:
                mask = within.copy()
                for name, other in masks.items():
                    if name != facet:
                        mask &= other
                counted[facet] = self._count(facet, mask, getattr(wanted, facet))
            return counted

    def claim(self, wanted: Filter, holder: str, but: Iterable[str] = ()) -> str | None:
        """Take the next finding that is wanted; None where there is none left.

        Args:
            wanted: which findings.
            holder: who takes it.
            but: findings that are passed over.
        """
        passed = set(but)
        open_ones = self.positions(replace(wanted, status=OPEN))
        for start in range(0, len(open_ones), BLOCK):
            block = [self.ids[place] for place in open_ones[start : start + BLOCK]]
            claimed = self.decisions.claim([x for x in block if x not in passed], holder)
            if claimed is not None:
                return claimed
        return None

    def _refresh(self) -> None:
        actions = self.decisions.since(self._last)
        if not actions:
            return
        self._last = actions[-1].id
        touched: set[str] = set()
        for action in actions:
            current = self._current.setdefault(action.finding_id, Current())
            if action.kind == UNDO:
                for kind, history in current._history.items():
                    current._history[kind] = [
                        each for each in history if each.batch != int(action.value)
                    ]
            elif action.undone is None:
                self._sizes[action.batch] += action.kind == DECIDE
                current._history.setdefault(action.kind, []).append(action)
            touched.add(action.finding_id)
        for finding_id in touched:
            self._settle(finding_id)
        self._coded("assignee")
        self._coded("verdict")

    def _settle(self, finding_id: str) -> None:
        current = self._current[finding_id]
        last = {kind: history[-1] for kind, history in current._history.items() if history}
        decided, assigned, snoozed = (last.get(kind) for kind in (DECIDE, ASSIGN, SNOOZE))
        current.verdict = decided.value if decided else ""
        current.reason = decided.reason if decided else ""
        current.author = decided.author if decided else ""
        current.at = decided.at if decided else ""
        current.batch = decided.batch if decided else 0
        current.assignee = assigned.value if assigned else ""
        current.snoozed = snoozed.value if snoozed else ""
        place = self.position.get(finding_id)
        if place is not None:
            self._decided[place] = decided is not None
            self._snoozed[place] = np.datetime64(current.snoozed or "0001-01-01")

    def _coded(self, facet: str) -> None:
        """Code what people set, which changes."""
        values, codes = [NONE], np.zeros(len(self.ids), np.int32)
        known = {NONE: 0}
        for finding_id, current in self._current.items():
            value, position = getattr(current, facet), self.position.get(finding_id)
            if position is not None and value:
                code = known.setdefault(value, len(values))
                if code == len(values):
                    values.append(value)
                codes[position] = code
        self._values[facet], self._codes[facet] = values, codes

    def _mask(self, facet: str, value: str) -> Mask:
        if facet == "status":
            return self._status_mask(value)
        if not value:
            return np.ones(len(self.ids), np.bool_)
        if facet == "state" and value == "new":
            return np.asarray(self._new)
        values = self._values[facet]
        wanted = NONE if value == ABSENT else value
        if wanted not in values:
            return np.zeros(len(self.ids), np.bool_)
        return np.asarray(self._codes[facet] == values.index(wanted))

    @property
    def _new(self) -> Mask:
        new = pc.fill_null(self.table["new"], False)
        return np.asarray(new.to_numpy(zero_copy_only=False), np.bool_)

    def _status_mask(self, value: str) -> Mask:
        later = self._snoozed > np.datetime64(self._today())
        if value == OPEN:
            return np.asarray(~self._decided & ~later)
        if value == DECIDED:
            return self._decided.copy()
        if value == SNOOZED:
            return np.asarray(~self._decided & later)
        return np.ones(len(self.ids), np.bool_)

    def _range_mask(self, wanted: Filter) -> Mask:
        """Return what has the words and lies within the days; what has no date is within none."""
        mask = self._text_mask(wanted.text)
        if wanted.since:
            mask &= self.dates >= np.datetime64(wanted.since)
        if wanted.until:
            mask &= self.dates <= np.datetime64(wanted.until)
        return mask

    def _text_mask(self, text: str) -> Mask:
        mask = np.ones(len(self.ids), np.bool_)
        for word in text.lower().split()[:8]:
            mask &= np.asarray(pc.match_substring(self._texts, word).to_numpy(zero_copy_only=False))
        return mask

    def _count(self, facet: str, mask: Mask, chosen: str) -> list[tuple[str, int]]:
        if facet == "status":
            return [(value, int((mask & self._status_mask(value)).sum())) for value in STATUSES]
        values = self._values[facet]
        counts = np.bincount(self._codes[facet][mask], minlength=len(values))
        if facet == "product":
            return _most_frequent(values, counts, chosen)
        listed = [
            (value or ABSENT, int(number))
            for value, number in zip(values, counts, strict=True)
            if number or (value or ABSENT) == chosen
        ]
        if facet == "state" and (new := int((mask & self._new).sum())):
            listed.insert(0, ("new", new))
        if facet in ("promise", "year"):
            return sorted(listed, key=lambda each: each[0], reverse=True)
        return sorted(listed, key=lambda each: (each[0] == ABSENT, -each[1], each[0]))


def _ordered(tables: Sequence[pa.Table]) -> pa.Table:
    """Return all findings: what goes on before what is over, new first, the surest, the widest."""
    table = pa.concat_tables(tables or [FINDINGS.empty_table()]).combine_chunks()
    state = table["state"].to_pylist()
    over = np.array([value in OVER for value in state], np.bool_)
    still = np.array([value == GOING_ON for value in state], np.bool_)
    new = pc.fill_null(table["new"], False).to_numpy(zero_copy_only=False)
    sure = np.round(table["score"].to_numpy(), 2)
    # lexsort takes the last key first
    order = np.lexsort(
        (-table["reviews"].to_numpy(), -sure, -table["promise"].to_numpy(), ~still, ~new, over)
    )
    return table.take(pa.array(order))


def _texts(table: pa.Table) -> pa.Array:
    columns = [
        pc.fill_null(table[name].combine_chunks(), "")
        for name in ("title", "what", "where", "suggested")
    ]
    return pc.utf8_lower(pc.binary_join_element_wise(*columns, " "))


def _dates(table: pa.Table, written: Callable[[Sequence[str]], Days] | None) -> Days:
    """Return the date of each finding: of a change its first day, else its review's; or NaT."""
    dates = np.asarray(table["since"].to_numpy(), "datetime64[D]")
    about = pc.equal(table["kind"], "review").to_numpy(zero_copy_only=False)
    asked = np.flatnonzero(about & np.isnat(dates))
    if written is not None and len(asked):
        dates = dates.copy()
        dates[asked] = written(table["what"].take(pa.array(asked)).to_pylist())
    return dates


def _facets(table: pa.Table, dates: Days) -> tuple[dict[str, list[str]], dict[str, Codes]]:
    promise = [f"{value:g}" if value else NONE for value in table["promise"].to_pylist()]
    year = pc.cast(pc.year(pa.array(dates)), pa.string())
    columns = {
        "finder": table["finder"].to_pylist(),
        "category": list(_categories(table)),
        "product": table["title"].to_pylist(),
        "promise": promise,
        "state": table["state"].to_pylist(),
        "year": year,
    }
    values: dict[str, list[str]] = {}
    codes: dict[str, Codes] = {}
    for name, column in columns.items():
        coded = pc.fill_null(pa.array(column, pa.string()), NONE).dictionary_encode()
        values[name] = coded.dictionary.to_pylist()
        codes[name] = coded.indices.to_numpy().astype(np.int32)
    return values, codes


def _most_frequent(
    values: Sequence[str], counts: NDArray[np.int64], chosen: str
) -> list[tuple[str, int]]:
    """Return the products that several findings are about, and the one that is chosen."""
    most = min(MOST_PRODUCTS, len(counts))
    places = np.argpartition(-counts, most - 1)[:most] if most else np.empty(0, np.int64)
    listed = {values[place]: int(counts[place]) for place in places.tolist() if counts[place] > 1}
    if chosen in values:
        listed[chosen] = int(counts[values.index(chosen)])
    listed.pop(NONE, None)
    return sorted(listed.items(), key=lambda each: (-each[1], each[0]))


def _categories(table: pa.Table) -> Iterator[str | None]:
    """Yield where each finding stands, if that is a category and not a product."""
    kinds, places, finders = (table[name].to_pylist() for name in ("kind", "where", "finder"))
    whats = table["what"].to_pylist()
    for kind, where, finder, what in zip(kinds, places, finders, whats, strict=True):
        if kind == "category":
            yield what
        else:
            yield None if finder == "review-product" else where
