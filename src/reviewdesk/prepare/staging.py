"""Staging: one input is read, cleaned and filtered, and its rows are written aside in sorted runs.

An input is staged whole or not at all; a marker with the counts is written last. An interrupted
run reads an input again from its beginning, but never one that has its marker.
"""

import shutil
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.prepare.ahead import read_ahead
from reviewdesk.prepare.blocks import text_bytes
from reviewdesk.prepare.identity import KEYS, keys
from reviewdesk.prepare.lengths import given_bounds
from reviewdesk.prepare.runs import Run, order_of, write_run
from reviewdesk.prepare.workspace import state_of
from reviewdesk.progress import Task
from reviewdesk.schema import REJECTS, REVIEWS, TEXT_COLUMNS
from reviewdesk.settings import CleanSettings, PrepareSettings
from reviewdesk.sources import Input, SourceBatch
from reviewdesk.sources.deciding import Deciding
from reviewdesk.sources.readings import Evidence, Reading
from reviewdesk.storage import (
    left_record,
    private_directory,
    storage_errors,
    write_record,
    write_then_rename,
)
from reviewdesk.text.clean import clean_batch

MARKER: Final = "staged.json"
REJECTS_FILE: Final = "rejects.arrow"

RUN_BYTES: Final = 64 * 1024 * 1024
RUN_ROWS: Final = 400_000

FIRST_DAY: Final = int(np.datetime64("0001-01-01", "D").astype(int))
LAST_DAY: Final = int(np.datetime64("9999-12-31", "D").astype(int))

PLACE_RUN_BITS: Final = 16
PLACE_ROW_BITS: Final = 27
"""A row's place is one number: its input, its run, and its row in the run."""

KEYS_FILE: Final = pa.schema(
    [
        pa.field("place", pa.int64(), False),
        *KEYS,
        pa.field("chars", pa.int32(), False),  # of the body
        *(
            REVIEWS.field(name)
            for name in ("review_id", "review_date", "total_votes", "helpful_votes")
        ),
    ]
)
"""What is kept beside each run to find duplicates and copies."""

_STAGED: Final = pa.schema([*REVIEWS, *KEYS, KEYS_FILE.field("chars")])

OTHER_MARKETPLACE: Final = "other_marketplace"
NO_TEXT: Final = "no_text"
NO_LETTERS: Final = "no_letters"


@dataclass(frozen=True)
class StagedInput:
    """What is known of a staged input.

    Args:
        sha256: digest of its bytes.
        read: rows in it, good and bad.
        rejected: rows that could not be read, by reason.
        dropped: reviews that a rule left out, by rule.
        unreadable: optional values that became null, by column.
        readable: values that could be read, by column.
        changed: texts that cleaning changed, by column.
        lengths: reviews by the characters of their body, where bounds are to be derived from them.
        notes: sentences about it that its owner must see.
        evidence: what its ratings and dates tell of how they are to be read.
        reading: how they were read.
        runs: where its reviews are.
    """

    sha256: str
    read: int
    rejected: Mapping[str, int]
    dropped: Mapping[str, int]
    unreadable: Mapping[str, int]
    readable: Mapping[str, int]
    changed: Mapping[str, int]
    lengths: Mapping[int, int]
    notes: tuple[str, ...]
    evidence: Evidence
    reading: Reading
    runs: tuple[Run, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            **values,
            "lengths": sorted(self.lengths.items()),
            "notes": list(self.notes),
            "evidence": self.evidence.to_json(),
            "reading": self.reading.to_json(),
            "runs": [run.to_json() for run in self.runs],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return it from plain JSON values."""
        found = {
            "lengths": dict(data["lengths"]),
            "notes": tuple(data["notes"]),
            "evidence": Evidence.from_json(data["evidence"]),
            "reading": Reading.from_json(data["reading"]),
            "runs": tuple(Run.from_json(run) for run in data["runs"]),
        }
        return cls(**{**data, **found})


def staged(directory: Path) -> StagedInput | None:
    """Return an input that an earlier run has staged, or None.

    Args:
        directory: the input's own.
    """
    marker = left_record(directory / MARKER)
    if marker is None:
        return None
    found = StagedInput.from_json(marker)
    with storage_errors(str(directory)):
        whole = all(_size(directory, run) == run.size for run in found.runs)
    return found if whole else None


def _size(directory: Path, run: Run) -> int:
    files = [directory / name for name in (run.file, run.keys)]
    return sum(file.stat().st_size if file.exists() else 0 for file in files)


def stage(
    one: Input,
    number: int,
    directory: Path,
    *,
    prepare: PrepareSettings,
    clean: CleanSettings,
    task: Task,
    deciding: Deciding,
) -> StagedInput:
    """Read an input and write its reviews aside.

    Ratings and dates are read as all values so far tell; where a later one tells otherwise, the
    input is read again from its beginning.

    Args:
        one: the input; its ratings and dates are read as it says, if it says how.
        number: its place among the inputs, from 0.
        directory: where to write; what an interrupted run left there is removed.
        prepare: how reviews are filtered.
        clean: how they are cleaned.
        task: is told the bytes read.
        deciding: what the inputs before this one tell.

    Raises:
        InputError: the input changed while it was read, or its source broke the contract.
        StorageError: it cannot be read, or the disk is full.
    """
    reading = one.reading or deciding.decision(one).reading
    known_rows = None if one.reading else 0
    with storage_errors(str(directory)):
        while True:
            shutil.rmtree(directory, ignore_errors=True)
            private_directory(directory)
            before = state_of(one)
            writer = _Writer(number, directory, prepare, clean)
            digests: dict[str, str] = {}
            attempt = _Attempt(replace(one, reading=reading), writer, deciding, known_rows)
            otherwise = attempt.read(digests, task)
            if otherwise is None:
                break
            reading, known_rows = otherwise, writer.read
        found = writer.staged(one.sha256(digests), reading)
        if state_of(one) != before:
            raise InputError(
                f"{one.name} was changed while it was read; run the same command again when it "
                "is no longer being written"
            )
        write_record(directory / MARKER, found.to_json())
    return found


@dataclass(frozen=True)
class _Attempt:
    """One pass over an input.

    Args:
        one: the input, with the way in which its ratings and dates are read.
        writer: takes its batches.
        deciding: what the inputs before this one tell.
        known_rows: as many rows were looked at before the way was decided; None: it is told.
    """

    one: Input
    writer: "_Writer"
    deciding: Deciding
    known_rows: int | None

    def read(self, digests: dict[str, str], task: Task) -> Reading | None:
        """Write all batches, or return how the input has to be read where that is otherwise."""
        done = 0
        with self.writer, read_ahead(self.one.read(digests)) as batches:
            for batch in batches:
                _check_contract(batch, self.one)
                self.writer.add(batch)
                task.advance(batch.bytes_read)
                done += batch.bytes_read
                otherwise = self._otherwise()
                if otherwise is not None:
                    task.advance(-done)
                    return otherwise
            self.writer.flush()
        return None

    def _otherwise(self) -> Reading | None:
        if self.known_rows is None or self.writer.read <= self.known_rows:
            return None
        evidence = self.writer.evidence
        reading = self.deciding.decision(self.one, evidence).reading
        same = self.one.reading is not None and reading.reads_as(self.one.reading, evidence)
        return None if same else reading


def _check_contract(batch: SourceBatch, one: Input) -> None:
    """Check what later steps rely on; sources can come from other packages."""
    reviews = batch.reviews
    if not (reviews.schema.equals(REVIEWS) and batch.rejects.schema.equals(REJECTS)):
        raise InputError(f"the source {one.source} gave rows of {one.name} in another schema")
    if reviews["review_id"].null_count or reviews["review_body"].null_count:
        raise InputError(f"the source {one.source} gave reviews of {one.name} without id or text")
    days = pc.min_max(reviews["review_date"].cast(pa.int32())).as_py()
    if days["min"] is not None and not FIRST_DAY <= days["min"] <= days["max"] <= LAST_DAY:
        raise InputError(f"the source {one.source} gave dates of {one.name} outside years 1–9999")


class _Writer:
    """Takes an input's batches and writes runs and rejects."""

    def __init__(
        self, number: int, directory: Path, prepare: PrepareSettings, clean: CleanSettings
    ) -> None:
        self._number = number
        self._directory = directory
        self._prepare = prepare
        self._clean = clean
        self._waiting: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="runs")
        self._writing: Future[Run] | None = None
        self._runs: list[Run] = []
        self.read = 0
        """Rows so far, good and bad."""
        self._rejected: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._unreadable: Counter[str] = Counter()
        self._readable: Counter[str] = Counter()
        self.evidence = Evidence()
        """What the ratings and dates so far tell."""
        self._changed: Counter[str] = Counter()
        self._lengths: Counter[int] = Counter()
        self._notes: list[str] = []

    def __enter__(self) -> Self:
        self._files = ExitStack()
        file = self._files.enter_context(write_then_rename(self._directory / REJECTS_FILE))
        self._rejects = self._files.enter_context(pa.ipc.new_stream(file, REJECTS))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._files.__exit__(kind, error, trace)

    def add(self, batch: SourceBatch) -> None:
        """Take one batch."""
        self.read += len(batch.reviews) + len(batch.rejects)
        self._unreadable.update(batch.unreadable)
        self._readable.update(batch.readable)
        self.evidence.update(batch.evidence)
        self._notes.extend(batch.notes)
        if len(batch.rejects):
            self._rejects.write_batch(batch.rejects)
            self._rejected.update(batch.rejects["reason"].to_pylist())
        reviews = self._of_marketplace(batch.reviews)
        if not len(reviews):
            return
        cleaned = clean_batch(reviews, self._clean)
        self._count_changes(reviews, cleaned)
        chars = pc.utf8_length(cleaned["review_body"])
        kept = self._with_letters(cleaned["review_body"], chars.to_numpy())
        kept &= self._right_length(chars.to_numpy(), kept)
        if not kept.all():
            stays = pa.array(kept)
            reviews, cleaned, chars = (one.filter(stays) for one in (reviews, cleaned, chars))
        hashes = keys(reviews, cleaned, keep=self._prepare.duplicates == "keep")
        rows = pa.RecordBatch.from_arrays([*cleaned.columns, *hashes, chars], schema=_STAGED)
        self._waiting.append(rows)
        self._rows += len(rows)
        self._bytes += int(text_bytes(rows).sum())
        if self._rows >= RUN_ROWS or self._bytes >= RUN_BYTES:
            self._write_waiting()

    def _count_changes(self, raw: pa.RecordBatch, cleaned: pa.RecordBatch) -> None:
        for name in TEXT_COLUMNS:
            if cleaned[name] is not raw[name]:
                self._changed[name] += pc.not_equal(raw[name], cleaned[name]).true_count

    def _of_marketplace(self, reviews: pa.RecordBatch) -> pa.RecordBatch:
        if not self._prepare.marketplace:
            return reviews
        wanted = pa.array([name.upper() for name in self._prepare.marketplace])
        stays = pc.is_in(pc.utf8_upper(reviews["marketplace"]), wanted)
        self._dropped[OTHER_MARKETPLACE] += len(stays) - stays.true_count
        return reviews.filter(stays)

    def _with_letters(self, bodies: pa.Array, chars: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Say which bodies hold a letter of any script; all, where every body is wanted."""
        if not self._prepare.min_chars:
            return np.ones(len(chars), np.bool_)
        letters: NDArray[np.bool_] = pc.match_substring_regex(bodies, r"\p{L}").to_numpy(False)
        empty = chars == 0
        self._dropped[NO_TEXT] += int(empty.sum())
        self._dropped[NO_LETTERS] += int((~letters & ~empty).sum())
        return letters

    def _right_length(
        self, chars: NDArray[np.int32], among: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Say which bodies are of a length that stays; all, where bounds are not known yet.

        Args:
            chars: (n,) their lengths.
            among: (n,) those that no rule has dropped; only these are counted.
        """
        if self._prepare.length == "auto":
            values, counts = np.unique(chars[among], return_counts=True)
            self._lengths.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
            return among
        bounds = given_bounds(self._prepare)
        short = chars < bounds.min_chars
        limit = bounds.max_chars
        long = chars > limit if limit else np.zeros(len(chars), np.bool_)
        self._dropped["too_short"] += int((short & among).sum())
        self._dropped["too_long"] += int((long & ~short & among).sum())
        stays: NDArray[np.bool_] = ~(short | long)
        return stays

    def flush(self) -> None:
        """Write what waits, and wait until it is written."""
        if self._rows:
            self._write_waiting()
        self._finish_writing()

    def _write_waiting(self) -> None:
        """Let the rows that wait be written as one run while the next ones are read."""
        self._finish_writing()
        rows = pa.Table.from_batches(self._waiting).combine_chunks()
        self._waiting, self._rows, self._bytes = [], 0, 0
        self._writing = self._pool.submit(self._write, rows, len(self._runs))

    def _finish_writing(self) -> None:
        if self._writing is not None:
            self._runs.append(self._writing.result())
            self._writing = None

    def _write(self, rows: pa.Table, number: int) -> Run:
        rows = rows.take(order_of(rows, self._prepare.partition_by))
        file, keys_file = f"run-{number:05d}.arrow", f"keys-{number:05d}.parquet"
        with write_then_rename(self._directory / file) as handle:
            batches = write_run(rows.select(REVIEWS.names), handle, self._prepare.partition_by)
            size = handle.tell()
        first = first_place(self._number, number)
        places = pa.array(np.arange(first, first + rows.num_rows, dtype=np.int64))
        table = rows.append_column("place", places).select(KEYS_FILE.names).cast(KEYS_FILE)
        with write_then_rename(self._directory / keys_file) as handle:
            pq.write_table(table, handle, compression="lz4", use_dictionary=False)
            size += handle.tell()
        return Run(file, keys_file, size, batches)

    def staged(self, sha256: str, reading: Reading) -> StagedInput:
        """Return what was counted and written.

        Args:
            sha256: digest of the input's bytes.
            reading: how its ratings and dates were read.
        """
        return StagedInput(
            sha256=sha256,
            read=self.read,
            rejected=dict(self._rejected),
            dropped=dict(self._dropped),
            unreadable={column: n for column, n in self._unreadable.items() if n},
            readable=dict(self._readable),
            changed={column: n for column, n in self._changed.items() if n},
            lengths=dict(self._lengths),
            notes=tuple(self._notes),
            evidence=self.evidence,
            reading=reading,
            runs=tuple(self._runs),
        )


def first_place(number: int, run: int) -> int:
    """Return the place of a run's first row."""
    return (number << PLACE_RUN_BITS | run) << PLACE_ROW_BITS
