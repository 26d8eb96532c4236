"""Merging: the rows of one part are gathered from all runs, sorted and written as one file.

A part is a month, a category or both. Its file depends on the part's rows alone: not on how they
were spread over runs and inputs, nor on where an interrupted run stopped. A part is written whole
or not at all, and its marker last.
"""

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.prepare.blocks import blocks
from reviewdesk.prepare.copies import Copies
from reviewdesk.prepare.duplicates import PlacedRun, Verdicts
from reviewdesk.prepare.fingerprint import RowSum
from reviewdesk.prepare.layout import RATINGS, REVIEWS_FOLDER, Part
from reviewdesk.prepare.merging import merged, merged_ratings
from reviewdesk.prepare.part_files import ROW_GROUP_BYTES, ROW_GROUP_ROWS, part_writer
from reviewdesk.prepare.runs import Piece, months_of, pieces
from reviewdesk.prepare.workspace import Workspace
from reviewdesk.progress import Progress
from reviewdesk.schema import COPY_OF, REVIEW_LANGUAGE, prepared_schema, ratings_schema
from reviewdesk.settings import PrepareSettings
from reviewdesk.storage import (
    file_sha256,
    left_record,
    private_directory,
    storage_errors,
    write_record,
    write_then_rename,
)
from reviewdesk.text.headlines import is_default_headline

THREADS: Final = 2


@dataclass(frozen=True)
class PartFile:
    """One finished part.

    Args:
        part: which.
        file: path below the prepared folder.
        rows: reviews in it.
        bytes: its size.
        sha256: its digest.
        row_sum: the sum of its rows' hashes, from ``RowSum.to_text``.
        months: reviews by month, ``unknown`` where there is no date.
        categories: reviews by category; those without one are not in it.
        stars: reviews by stars; ``none`` where there are no stars.
        default_headlines: reviews whose headline the shop filled in.
        copies: reviews that are copies of another one over variants of its product.
        languages: reviews by language; empty of reviews without a text.
    """

    part: Part
    file: str
    rows: int
    bytes: int
    sha256: str
    row_sum: str
    months: Mapping[str, int]
    categories: Mapping[str, int]
    stars: Mapping[str, int]
    default_headlines: int
    copies: int
    languages: Mapping[str, int]

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return it from plain JSON values."""
        return cls(**{**data, "part": Part(*data["part"])})


class Contents(NamedTuple):
    """What prepared data holds.

    Args:
        parts: the reviews, part by part.
        ratings: the reviews that have stars and no text; None where there are none.
    """

    parts: Sequence[PartFile]
    ratings: PartFile | None = None

    @classmethod
    def of(cls, files: Iterable[PartFile]) -> Self:
        """Return what files hold; those without rows do not count."""
        filled = [one for one in files if one.rows]
        ratings = [one for one in filled if one.part == RATINGS]
        return cls([one for one in filled if one.part != RATINGS], *ratings)

    @property
    def files(self) -> list[PartFile]:
        """All that was written, reviews without a text last."""
        return [*self.parts, *([self.ratings] if self.ratings else [])]

    @property
    def rows(self) -> int:
        """How many reviews there are, without those that have no text."""
        return sum(one.rows for one in self.parts)


class RowDecisions(NamedTuple):
    """What was found out about the rows of all runs."""

    verdicts: Verdicts
    copies: Copies


def write_parts(
    runs: Sequence[PlacedRun],
    decided: RowDecisions,
    settings: PrepareSettings,
    workspace: Workspace,
    progress: Progress,
    kept: Sequence[str] = (),
) -> Contents:
    """Write the parts that are not there yet; return all, in order.

    Args:
        runs: all runs.
        decided: what is to become of their rows.
        settings: how reviews are divided, and what is written beside the reviews table.
        workspace: where the parts and their markers go.
        progress: is shown how far it has come.
        kept: the columns beside the reviews table.

    Raises:
        StorageError: the disk is full.
    """
    merge = _Merge(
        runs, decided, settings, workspace, prepared_schema(tokens=settings.tokens, kept=kept)
    )
    parts = sorted(merge.pieces.keys() - {RATINGS})
    parts += [RATINGS] if RATINGS in merge.pieces else []
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="parts")
    try:
        done = pool.map(merge.part, parts)
        files = list(progress.track(done, "Writing", len(parts), "parts"))
    finally:
        pool.shutdown(cancel_futures=True)
    return Contents.of(files)


def write_part(
    folder: Path,
    part: Part,
    tables: Iterable[pa.Table],
    schema: pa.Schema,
    file_format: str = "parquet",
) -> PartFile:
    """Write one part's file, whole or not at all; without rows there is no file.

    Args:
        folder: the prepared folder.
        part: which.
        tables: its reviews, in order.
        schema: of the reviews.
        file_format: ``parquet`` or ``csv``.

    Raises:
        StorageError: it cannot be written.
    """
    path = folder / part.file(file_format)
    tally, row_sum = PartTally(), RowSum()
    make_folders(path)
    with write_then_rename(path) as file, part_writer(file, schema, file_format) as write:
        for block in blocks(tables, ROW_GROUP_ROWS, ROW_GROUP_BYTES):
            write(block)
            tally.add(block)
            row_sum += RowSum.of(block)
    with storage_errors(str(path)):
        size, sha256 = path.stat().st_size, file_sha256(path)
        if not tally.rows and part == RATINGS:
            path.unlink()
        elif not tally.rows:
            shutil.rmtree(path.parent)
    return PartFile(
        part=part,
        file=part.file(file_format),
        bytes=size,
        sha256=sha256,
        row_sum=row_sum.to_text(),
        **tally.to_json(),
    )


def make_folders(path: Path) -> None:
    """Make the folders that a part's file lies in, each for its owner only.

    Raises:
        StorageError: one cannot be made.
    """
    if path.parent.parent.name != REVIEWS_FOLDER:
        private_directory(path.parent.parent)
    private_directory(path.parent)


@dataclass(frozen=True)
class _DecidedRun:
    """A run with what was found out about its rows.

    Args:
        placed: the run.
        found: about all rows.
    """

    placed: PlacedRun
    decided: RowDecisions

    @property
    def file(self) -> str:
        return str(self.placed.directory / self.placed.run.file)

    def verdicts(self, start: int, rows: int) -> NDArray[np.int32]:
        return self.decided.verdicts.of(self.placed, start, rows)

    def originals(self, start: int, rows: int) -> pa.Array:
        return self.decided.copies.of(self.placed, start, rows)


class _Merge:
    """Merges parts; several may be merged at once."""

    def __init__(
        self,
        runs: Sequence[PlacedRun],
        decided: RowDecisions,
        settings: PrepareSettings,
        workspace: Workspace,
        schema: pa.Schema,
    ) -> None:
        self.pieces = _by_part(runs)
        self._decided = decided
        self._settings = settings
        self._schema = schema
        self._workspace = workspace

    def part(self, part: Part) -> PartFile:
        """Return a part's file, written now or by an earlier run."""
        marker = self._workspace.marker(part)
        if (left := left_record(marker)) is not None:
            done = PartFile.from_json(left)
            if not done.rows or self._is_whole(done):
                return done
        folder, file_format = self._workspace.result, self._settings.format
        rows, schema = self._rows(part)
        found = write_part(folder, part, rows, schema, file_format)
        write_record(marker, asdict(found))
        return found

    def _is_whole(self, done: PartFile) -> bool:
        path = self._workspace.result / done.file
        return path.exists() and file_sha256(path) == done.sha256

    def _rows(self, part: Part) -> tuple[Iterator[pa.Table], pa.Schema]:
        runs = [(_DecidedRun(one, self._decided), found) for one, found in self.pieces[part]]
        if part != RATINGS:
            return merged(runs, self._settings), self._schema
        return merged_ratings(runs, self._settings), ratings_schema()


def _by_part(
    runs: Sequence[PlacedRun],
) -> dict[Part, list[tuple[PlacedRun, Sequence[Piece]]]]:
    found: dict[Part, list[tuple[PlacedRun, Sequence[Piece]]]] = {}
    for one in runs:
        for part, candidates in groupby(pieces(one.run), lambda piece: piece.batch.part):
            found.setdefault(part, []).append((one, tuple(candidates)))
    return found


TALLIED_COLUMNS: Final = (
    "product_category",
    "star_rating",
    "review_headline",
    "review_date",
    COPY_OF.name,
)
"""And the language, where there is a text."""


class PartTally:
    """Counts what the manifest says about reviews."""

    def __init__(self) -> None:
        self.rows = 0
        self.months: Counter[str] = Counter()
        self.categories: Counter[str] = Counter()
        self.stars: Counter[str] = Counter()
        self.default_headlines = 0
        self.copies = 0
        self.languages: Counter[str] = Counter()

    def to_json(self) -> dict[str, Any]:
        """Return the counts, under the names that ``PartFile`` has for them."""
        return {
            "rows": self.rows,
            "months": dict(sorted(self.months.items())),
            "categories": dict(sorted(self.categories.items())),
            "stars": dict(sorted(self.stars.items())),
            "default_headlines": self.default_headlines,
            "copies": self.copies,
            "languages": dict(sorted(self.languages.items())),
        }

    def add(self, reviews: pa.Table) -> None:
        """Count the rows of one block; only ``TALLIED_COLUMNS`` are looked at."""
        self.rows += reviews.num_rows
        months, counts = np.unique(months_of(reviews["review_date"]), return_counts=True)
        self.months.update(dict(zip(months.tolist(), counts.tolist(), strict=True)))
        for category, count in _counts(reviews["product_category"]):
            if category is not None:
                self.categories[category] += count
        for stars, count in _counts(reviews["star_rating"]):
            self.stars["none" if stars is None else str(stars)] += count
        self.copies += reviews.num_rows - reviews[COPY_OF.name].null_count
        if REVIEW_LANGUAGE.name in reviews.column_names:
            self.languages.update(dict(_counts(reviews[REVIEW_LANGUAGE.name])))
        headlines = reviews["review_headline"].combine_chunks()
        self.default_headlines += is_default_headline(headlines).true_count


def _counts(values: pa.ChunkedArray) -> Iterator[tuple[Any, int]]:
    for pair in pc.value_counts(values).to_pylist():
        yield pair["values"], pair["counts"]
