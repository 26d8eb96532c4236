"""What a source is: a public format, read into the reviews table with its bad rows kept aside.

To add one, write a class in one file: ``recognises`` says from a file's first bytes whether it is
of the format, ``rows`` yields its rows as text under the names of the reviews table. Typing,
derived ids, rejects and batch sizes are done here, once for all. Then name the class in
``catalog.SOURCES`` or, from another package, in an entry point of the group
``reviewdesk.sources``.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final, final

import pyarrow as pa

from reviewdesk.settings import SourceSettings
from reviewdesk.sources.columns import to_reviews
from reviewdesk.sources.files import SourceFile
from reviewdesk.sources.rejects import Rejects
from reviewdesk.sources.rows import RawRows

MAX_BATCH_ROWS: Final = 65_536

__all__ = ["MAX_BATCH_ROWS", "Probe", "RawRows", "Source", "SourceBatch", "SourceFile", "Tally"]


@dataclass(frozen=True)
class SourceBatch:
    """Part of a file: its good rows, its bad rows, and how much of the file they took.

    Args:
        reviews: schema ``REVIEWS``.
        rejects: schema ``REJECTS``.
        bytes_read: bytes of the file as it lies on disk, read since the last batch.
        unreadable: per column, how many optional values could not be read and became null.
        notes: sentences about the file that its owner must see, such as where it is cut off.
    """

    reviews: pa.RecordBatch
    rejects: pa.RecordBatch
    bytes_read: int
    unreadable: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Tally:
    """What a pass over one file met beside good rows, since the last batch.

    Args:
        file: the name under which the file is listed.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.rejects = Rejects(file)
        self.bytes_read = 0
        self.unreadable: Counter[str] = Counter()
        self.notes: list[str] = []

    def batch(self, reviews: pa.RecordBatch) -> SourceBatch:
        """Return the good rows together with everything tallied, and start anew."""
        batch = SourceBatch(
            reviews,
            self.rejects.take(),
            self.bytes_read,
            dict(sorted(self.unreadable.items())),
            tuple(self.notes),
        )
        self.bytes_read = 0
        self.unreadable = Counter()
        self.notes = []
        return batch


@dataclass(frozen=True)
class Probe:
    """What a source may look at to recognise its format.

    Args:
        file: the file or folder.
        head: its first decompressed bytes (64 KiB at most); empty for a folder.
    """

    file: SourceFile
    head: bytes

    def has(self, relative: str) -> bool:
        """Say whether a folder holds a file or folder of that path."""
        return self.file.folder and self.file.has(relative)


class Source(ABC):
    """One public format.

    Args:
        settings: how the file is to be read.
        companions: files given with it that describe its products, see ``accompanies``.
    """

    name: ClassVar[str]
    """How the user calls it, as in ``--source-format amazon``."""
    title: ClassVar[str]
    """The format's own name."""
    description: ClassVar[str]
    """One sentence: what its files look like."""
    general: ClassVar[bool] = False
    """Whether it reads files of almost any shape; such a source is asked last."""

    def __init__(self, settings: SourceSettings, companions: Sequence[SourceFile] = ()) -> None:
        self.settings = settings
        self.companions = tuple(companions)

    @classmethod
    @abstractmethod
    def recognises(cls, probe: Probe) -> bool:
        """Say whether a file or folder is of this format."""

    @classmethod
    def accompanies(cls, probe: Probe) -> bool:
        """Say whether a file holds no reviews, but what this format's reviews are joined with."""
        return False

    def inspect(self, file: SourceFile) -> dict[str, str]:
        """Check, before any work starts, that a file can be read.

        Returns:
            The columns that were guessed: column of the reviews table → column of the file.

        Raises:
            MissingColumn: names the column, what the file has, and what to do.
        """
        return {}

    @abstractmethod
    def rows(self, file: SourceFile, tally: Tally) -> Iterator[RawRows]:
        """Yield a file's rows as text, and tally bytes read and rows that are none.

        Yield often, if need be with no rows, so that neither rows nor rejects pile up.
        """

    @final
    def read(self, file: SourceFile) -> Iterator[SourceBatch]:
        """Yield a file's reviews in batches of bounded size, in the file's order.

        Raises:
            StorageError: the file cannot be read.
            MissingColumn: it lacks a column that is needed.
        """
        tally = Tally(file.name)
        for rows in self.rows(file, tally):
            reviews = to_reviews(
                rows, tally.rejects, tally.unreadable, category=self.settings.category
            )
            yield tally.batch(reviews[:MAX_BATCH_ROWS])
            for start in range(MAX_BATCH_ROWS, len(reviews), MAX_BATCH_ROWS):
                yield tally.batch(reviews[start : start + MAX_BATCH_ROWS])
        if tally.bytes_read or len(tally.rejects) or tally.notes:
            yield tally.batch(to_reviews(RawRows.none(), tally.rejects, tally.unreadable))
