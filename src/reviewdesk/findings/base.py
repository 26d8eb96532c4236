"""What every finder takes and returns.

A finder is one file, or one folder, a kind. To write the next one: derive from ``Finder``, read the
prepared reviews and the predictions that ``FinderInputs`` hands over, and return ``Findings``: the
table of ``schema.FINDINGS`` and, for each promised precision, how long the list is and how many
errors are expected in it, or why there is none. Another package adds its finder with an entry point
in the group ``reviewdesk.finders``.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple

import pyarrow as pa

from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.schema import FINDINGS

PROMISES: Final = (0.95, 0.9, 0.8)
"""The precisions that lists are promised at, the strictest first."""

GOING_ON: Final = "going on"
RECOVERED: Final = "recovered"
LOST_AGAIN: Final = "lost again"
"""A change for the better that was undone."""
CHANGED_AGAIN: Final = "followed by a later change"
NO_REVIEWS: Final = "no reviews for a year"
OVER: Final = (RECOVERED, LOST_AGAIN, CHANGED_AGAIN, NO_REVIEWS)
"""States of changes that are over; a finding without a state is no change."""


@dataclass(frozen=True)
class PromisedList:
    """One list: what it promises, and what it holds.

    Args:
        promise: the precision promised, in 0–1.
        listed: how many findings are in it.
        expected_errors: how many of them are expected to be wrong.
        why_empty: one sentence when it cannot honestly be made; then ``listed`` is 0.
    """

    promise: float
    listed: int
    expected_errors: float
    why_empty: str | None = None


@dataclass(frozen=True)
class Findings:
    """What a finder found.

    Args:
        finder: the finder's name.
        table: schema ``FINDINGS``, the surest first.
        lists: one for each promise, the strictest first; nested.
        looked_at: how many reviews or products were judged.
        left_out: how many were not, by reason in words; where it begins with "reviews", so many
            reviews.
        notes: sentences for people: what was found besides, such as categories that overlap.
        tables: further tables by file name without suffix, such as ``overlaps``.
        settings: what it was found with, as JSON values.
    """

    finder: str
    table: pa.Table
    lists: tuple[PromisedList, ...]
    looked_at: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.table.schema.equals(FINDINGS):
            raise TypeError(f"the table of {self.finder} has not the columns of findings")


@dataclass(frozen=True)
class FinderInputs:
    """What finders may read.

    Args:
        data: the prepared reviews.
        predictions: for each target, as in ``"category"``, predictions tables (Parquet) of all
            reviews by classifiers that have not seen their product, one a base model.
        reference: review_ids that are known to be filed rightly; None without.
    """

    data: PreparedData
    predictions: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    reference: pa.Array | None = None


class FinderInfo(NamedTuple):
    """What people are told of a finder beside what it found.

    Args:
        title: what a list of its findings is called.
        description: what it looks for, in one sentence or two.
        similarity: whether scores say how alike two things are.
    """

    title: str
    description: str
    similarity: bool


class Finder(ABC):
    """A kind of finding.

    Its ``__init__`` takes keyword settings with defaults, stores them and checks nothing; other
    packages' finders too.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    """What a list of its findings is called on a page, as in "Reviews in the wrong category"."""
    description: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    """The columns of the reviews that it needs filled."""
    targets: ClassVar[tuple[str, ...]] = ()
    """The targets whose predictions it needs."""
    similarity: ClassVar[bool] = False
    """Whether ``score`` says how alike two things are, and not how surely something is wrong."""

    @classmethod
    def info(cls) -> FinderInfo:
        """Return what people are told of it."""
        return FinderInfo(cls.title, cls.description, cls.similarity)

    @abstractmethod
    def find(self, inputs: FinderInputs, *, progress: Progress = SILENT) -> Findings:
        """Find, and promise only what can be kept.

        Args:
            inputs: the reviews and what was predicted for them.
            progress: shows how far it has come.

        Raises:
            MissingColumn: a column that it needs is not filled.
            InputError: the predictions are not about these reviews.
        """
