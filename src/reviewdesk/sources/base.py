"""What a source is: a public format, read into the reviews table with its bad rows kept aside.

To add one, write a class in one file: ``recognises`` says from a file's first bytes whether it is
of the format, ``rows`` yields its rows as text under the names of the reviews table. Typing,
derived ids, rejects and batch sizes are done here, once for all. Then name the class in
``catalog.SOURCES`` or, from another package, in an entry point of the group
``reviewdesk.sources``.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, final

from reviewdesk.schema import kept_columns
from reviewdesk.settings import SourceSettings
from reviewdesk.sources.columns import to_reviews
from reviewdesk.sources.files import SourceFile
from reviewdesk.sources.mapping import ColumnMap
from reviewdesk.sources.raw_rows import RawRows
from reviewdesk.sources.readings import Decision, Evidence, Reading, decide
from reviewdesk.sources.stars import FIVE
from reviewdesk.sources.tally import SourceBatch, Tally

MAX_BATCH_ROWS: Final = 65_536

__all__ = ["MAX_BATCH_ROWS", "Probe", "RawRows", "Source", "SourceBatch", "SourceFile", "Tally"]


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
    takes_columns: ClassVar[bool] = False
    """Whether its files name their columns or fields, so that ``--map`` can say which is read."""
    takes_row_groups: ClassVar[bool] = False
    """Whether of a Parquet file it reads the groups of rows that the file names, and no others."""
    columns: ClassVar[Mapping[str, str]] = {}
    """Column of the reviews table → the format's own, where each has one."""
    stars_scale: ClassVar[str] = FIVE
    """What bare numbers mean as ratings; ``auto`` where the column decides."""

    def __init__(self, settings: SourceSettings, companions: Sequence[SourceFile] = ()) -> None:
        self.settings = settings
        self.companions = tuple(companions)
        self.kept = kept_columns(settings.keep)
        """Columns of the files that stand beside the reviews table."""

    @classmethod
    @abstractmethod
    def recognises(cls, probe: Probe) -> bool:
        """Say whether a file or folder is of this format."""

    @classmethod
    def accompanies(cls, probe: Probe) -> bool:
        """Say whether a file holds no reviews, but what this format's reviews are joined with."""
        return False

    @classmethod
    def leaves_alone(cls, probe: Probe) -> str:
        """Say why a file that comes along with this format's reviews is not read; empty if it is.

        It is asked about files in folders only: who names a file wants it read.
        """
        return ""

    def inspect(self, file: SourceFile) -> ColumnMap:
        """Check, before any work starts, that a file can be read.

        Returns:
            Which column of the reviews table is read from which column of the file.

        Raises:
            MissingColumn: names the column, what the file has, and what to do.
        """
        return ColumnMap({**self.columns, **self.settings.columns}, {})

    @abstractmethod
    def rows(self, file: SourceFile, tally: Tally) -> Iterator[RawRows]:
        """Yield a file's rows as text, and tally bytes read and rows that are none.

        Yield often, if need be with no rows, so that neither rows nor rejects pile up.
        """

    @final
    def decide(self, evidence: Evidence, columns: Mapping[str, str]) -> Decision:
        """Return how ratings and dates are read.

        Args:
            evidence: what all values tell.
            columns: column of the reviews table → of the file.
        """
        return decide(evidence, self.settings, columns, self.stars_scale)

    @final
    def reading_by_default(self) -> Reading:
        """Return how ratings and dates are read without a look at the columns."""
        return self.decide(Evidence(), {}).reading

    @final
    def raw_rows(self, file: SourceFile, tally: Tally) -> Iterator[RawRows]:
        """Yield a file's rows as ``rows`` does, and note columns that were told but are absent."""
        parts = self.rows(file, tally)
        if self.settings.columns:
            parts = _noting_absent(parts, self.settings.columns, tally)
        return parts

    @final
    def read(self, file: SourceFile, reading: Reading | None = None) -> Iterator[SourceBatch]:
        """Yield a file's reviews in batches of bounded size, in the file's order.

        Args:
            file: what to read.
            reading: how ratings and dates are read; None: as the settings and the format have it,
                without a look at the columns.

        Raises:
            StorageError: the file cannot be read.
            MissingColumn: it lacks a column that is needed.
        """
        tally = Tally(file.name)
        how = reading or self.reading_by_default()
        for rows in self.raw_rows(file, tally):
            reviews = to_reviews(
                rows, tally, reading=how, category=self.settings.category, kept=self.kept
            )
            yield tally.batch(reviews[:MAX_BATCH_ROWS])
            for start in range(MAX_BATCH_ROWS, len(reviews), MAX_BATCH_ROWS):
                yield tally.batch(reviews[start : start + MAX_BATCH_ROWS])
        if tally.bytes_read or len(tally.rejects) or tally.notes:
            yield tally.batch(to_reviews(RawRows.none(), tally, kept=self.kept))


def _noting_absent(
    parts: Iterator[RawRows], told: Mapping[str, str], tally: Tally
) -> Iterator[RawRows]:
    """Pass rows on, and note the columns that were told but have no value in any row."""
    absent = dict(told)
    for part in parts:
        for name in list(absent):
            values = part.columns.get(name)
            if values is not None and values.null_count < part.count:
                del absent[name]
        yield part
    for name, column in absent.items():
        tally.notes.append(f"no row of {tally.file} has a value in {column!r} for {name}")
