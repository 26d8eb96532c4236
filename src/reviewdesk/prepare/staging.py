"""Staging: inputs are read, cleaned and filtered, and their rows are written aside in sorted runs.

A large input is staged for itself, small ones of one kind together. Such a group is staged whole or
not at all; a marker with the counts is written last. An interrupted run reads a group again from
its beginning, but never one that has its marker.
"""

import shutil
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.prepare.blocks import text_bytes
from reviewdesk.prepare.contract import check_contract
from reviewdesk.prepare.corrections import NONE, Corrections
from reviewdesk.prepare.erased import ERASED, NOBODY, ErasedPeople
from reviewdesk.prepare.identity import KEYS, keys
from reviewdesk.prepare.layout import files_sha256
from reviewdesk.prepare.lengths import given_bounds
from reviewdesk.prepare.prefetch import prefetch
from reviewdesk.prepare.runs import AS_RATINGS, StagedRun, order_of, write_run
from reviewdesk.prepare.staged import MARKER, REJECTS_FILE, StagedGroup, StagedInput
from reviewdesk.prepare.workspace import state_of
from reviewdesk.progress import Task
from reviewdesk.schema import REJECTS, REVIEWS, TEXT_COLUMNS, reviews_schema
from reviewdesk.settings import CleanSettings, PrepareSettings
from reviewdesk.sources import Input
from reviewdesk.sources.deciding import Deciding
from reviewdesk.sources.readings import Evidence, Reading
from reviewdesk.sources.together import GroupBatch, read_together
from reviewdesk.storage import (
    private_directory,
    storage_errors,
    write_record,
    write_then_rename,
)
from reviewdesk.text.clean import clean_batch
from reviewdesk.text.languages import checked_languages, language_column

RUN_BYTES: Final = 64 * 1024 * 1024
RUN_ROWS: Final = 400_000


PLACE_RUN_BITS: Final = 16
PLACE_ROW_BITS: Final = 27
"""A row's place is one number: its group, its run, and its row in the run."""

KEYS_FILE: Final = pa.schema(
    [
        pa.field("place", pa.int64(), False),
        *KEYS,
        pa.field("chars", pa.int32(), False),  # of the body
        pa.field("input", pa.int32(), False),  # its place in the group
        *(
            REVIEWS.field(name)
            for name in ("review_id", "review_date", "total_votes", "helpful_votes")
        ),
    ]
)
"""What is kept beside each run to find duplicates and copies."""


OTHER_MARKETPLACE: Final = "other_marketplace"
OTHER_LANGUAGE: Final = "other_language"
NO_TEXT: Final = "no_text"
NO_LETTERS: Final = "no_letters"


def stage(
    group: Sequence[Input],
    number: int,
    directory: Path,
    *,
    prepare: PrepareSettings,
    clean: CleanSettings,
    task: Task,
    deciding: Deciding,
    erased: ErasedPeople = NOBODY,
    corrections: Corrections = NONE,
) -> StagedGroup:
    """Read inputs and write their reviews aside.

    Ratings and dates are read as all values so far tell; where a later one tells otherwise, the
    inputs are read again from the beginning.

    Args:
        group: the inputs, one or several of ``groups_of``; their ratings and dates are read as they
            say, if they say how.
        number: the group's place among the groups, from 0.
        directory: where to write; what an interrupted run left there is removed.
        prepare: how reviews are filtered.
        clean: how they are cleaned.
        task: is told the bytes read.
        deciding: what the inputs before these tell.
        erased: people whose reviews are left out.
        corrections: what is changed in the reviews.

    Raises:
        InputError: an input changed while it was read, or its source broke the contract.
        StorageError: one cannot be read, or the disk is full.
    """
    first = group[0]
    reading = first.reading or deciding.decision(first).reading
    known_rows = None if first.reading else 0
    with storage_errors(str(directory)):
        while True:
            shutil.rmtree(directory, ignore_errors=True)
            private_directory(directory)
            before = [state_of(one) for one in group]
            schema = reviews_schema(first.reader.kept)
            corrections.check(schema)
            writer = _Writer(
                number, len(group), directory, prepare, clean, schema, erased, corrections
            )
            digests: dict[str, str] = {}
            inputs = [replace(one, reading=reading) for one in group]
            otherwise = _Attempt(inputs, writer, deciding, known_rows).read(digests, task)
            if otherwise is None:
                break
            reading, known_rows = otherwise, writer.rows_read
        staged = writer.staged([one.sha256(digests) for one in group], reading)
        for one, state in zip(group, before, strict=True):
            if state_of(one) != state:
                raise InputError(
                    f"{one.name} was changed while it was read; run the same command again when it "
                    "is no longer being written"
                )
        write_record(directory / MARKER, staged.to_json())
    return staged


@dataclass(frozen=True)
class _Attempt:
    """One pass over a group of inputs.

    Args:
        group: the inputs, with the way in which their ratings and dates are read.
        writer: takes their batches.
        deciding: what the inputs before these tell.
        known_rows: as many rows were looked at before the way was decided; None: it is told.
    """

    group: Sequence[Input]
    writer: "_Writer"
    deciding: Deciding
    known_rows: int | None

    def read(self, digests: dict[str, str], task: Task) -> Reading | None:
        """Write all batches, or return how the group has to be read where that is otherwise."""
        done = 0
        with self.writer, prefetch(read_together(self.group, digests)) as batches:
            for one in batches:
                check_contract(one.batch, self.group[0])
                self.writer.add(one)
                task.advance(one.batch.bytes_read)
                done += one.batch.bytes_read
                otherwise = self._otherwise()
                if otherwise is not None:
                    task.advance(-done)
                    return otherwise
            self.writer.flush()
        return None

    def _otherwise(self) -> Reading | None:
        if self.known_rows is None or self.writer.rows_read <= self.known_rows:
            return None
        evidence, first = self.writer.evidence, self.group[0]
        reading = self.deciding.decision(first, evidence).reading
        same = first.reading is not None and reading.reads_as(first.reading, evidence)
        return None if same else reading


class _Waiting:
    """Rows until there are enough of them for a run.

    Args:
        partition_by: what the run is divided by.
    """

    def __init__(self, partition_by: str) -> None:
        self.partition_by = partition_by
        self._clear()

    def _clear(self) -> None:
        self._batches: list[pa.RecordBatch] = []
        self.rows = self._bytes = 0

    @property
    def full(self) -> bool:
        """Whether it is time to take them."""
        return self.rows >= RUN_ROWS or self._bytes >= RUN_BYTES

    def add(self, rows: pa.RecordBatch) -> None:
        """Add rows: reviews, with what is kept beside each run."""
        if len(rows):
            self._batches.append(rows)
            self.rows += len(rows)
            self._bytes += int(text_bytes(rows).sum())

    def take(self) -> pa.Table:
        """Return all rows and begin anew."""
        rows = pa.Table.from_batches(self._batches).combine_chunks()
        self._clear()
        return rows


class _Writer:
    """Takes the batches of a group of inputs and writes runs and rejects."""

    def __init__(
        self,
        number: int,
        inputs: int,
        directory: Path,
        prepare: PrepareSettings,
        clean: CleanSettings,
        schema: pa.Schema,
        erased: ErasedPeople,
        corrections: Corrections,
    ) -> None:
        self._schema = schema
        self._corrections = corrections
        self._corrected: Counter[str] = Counter()
        self._erased = erased
        self._number = number
        self._inputs = inputs
        self._directory = directory
        self._prepare = prepare
        self._clean = clean
        self._texts = _Waiting(prepare.partition_by)
        self._ratings = _Waiting(AS_RATINGS)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="runs")
        self._writing: Future[StagedRun] | None = None
        self._runs: list[StagedRun] = []
        self._read = np.zeros(inputs, np.int64)
        self._rejected: defaultdict[str, NDArray[np.int64]] = defaultdict(self._none)
        self._dropped: defaultdict[str, NDArray[np.int64]] = defaultdict(self._none)
        self._notes: list[tuple[int, str]] = []
        self._unreadable: Counter[str] = Counter()
        self._readable: Counter[str] = Counter()
        self.evidence = Evidence()
        """What the ratings and dates so far tell."""
        self._changed: Counter[str] = Counter()
        self._lengths: Counter[int] = Counter()

    @property
    def rows_read(self) -> int:
        """Rows so far, good and bad."""
        return int(self._read.sum())

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

    def add(self, batch_of_group: GroupBatch) -> None:
        """Take one batch."""
        batch = batch_of_group.batch
        self._read += self._by_input(batch_of_group.reviews_of) + self._by_input(
            batch_of_group.rejects_of
        )
        self._unreadable.update(batch.unreadable)
        self._readable.update(batch.readable)
        self.evidence.update(batch.evidence)
        self._notes.extend(batch_of_group.notes)
        if len(batch.rejects):
            self._rejects.write_batch(batch.rejects)
            self._count_rejects(batch.rejects["reason"], batch_of_group.rejects_of)
        reviews, inputs = self._without_erased(batch.reviews, batch_of_group.reviews_of)
        reviews, inputs = self._of_marketplace(reviews, inputs)
        if not len(reviews):
            return
        cleaned = clean_batch(reviews, self._clean)
        self._count_changes(reviews, cleaned)
        cleaned = self._corrections.apply(cleaned, self._corrected)
        if self._corrections and (theirs := self._erased.are(cleaned["customer_id"])).any():
            self._dropped[ERASED] += self._by_input(inputs[theirs])
            stays = pa.array(~theirs)
            reviews, cleaned, inputs = reviews.filter(stays), cleaned.filter(stays), inputs[~theirs]
        reviews, cleaned, inputs = self._of_language(reviews, cleaned, inputs)
        chars = pc.utf8_length(cleaned["review_body"])
        letters = self._with_letters(cleaned["review_body"], chars.to_numpy(), inputs)
        kept = letters & self._right_length(chars.to_numpy(), letters, inputs)
        self._keep(self._texts, kept, reviews, cleaned, chars, inputs)
        if not letters.all():
            rated = ~letters & cleaned["star_rating"].is_valid().to_numpy(zero_copy_only=False)
            self._keep(self._ratings, rated, reviews, cleaned, chars, inputs)

    def _keep(
        self,
        waiting: "_Waiting",
        kept: NDArray[np.bool_],
        reviews: pa.RecordBatch,
        cleaned: pa.RecordBatch,
        chars: pa.Array,
        inputs: NDArray[np.int32],
    ) -> None:
        """Let some of n rows, (n,), wait for their run."""
        if not kept.all():
            stays = pa.array(kept)
            reviews, cleaned, chars = (each.filter(stays) for each in (reviews, cleaned, chars))
            inputs = inputs[kept]
        hashes = keys(reviews, cleaned, keep=self._prepare.duplicates == "keep")
        columns = [*cleaned.columns, *hashes, chars, pa.array(inputs)]
        added = (*KEYS, KEYS_FILE.field("chars"), KEYS_FILE.field("input"))
        schema = pa.schema([*self._schema, *added])
        waiting.add(pa.RecordBatch.from_arrays(columns, schema=schema))
        if waiting.full:
            self._write_waiting(waiting)

    def _none(self) -> NDArray[np.int64]:
        return np.zeros(self._inputs, np.int64)

    def _by_input(self, inputs: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return how many rows are of each input, (inputs,)."""
        return np.bincount(inputs, minlength=self._inputs)

    def _count_rejects(self, reasons: pa.Array, inputs: NDArray[np.int32]) -> None:
        for reason in reasons.unique().to_pylist():
            theirs = pc.equal(reasons, reason).to_numpy(zero_copy_only=False)
            self._rejected[reason] += self._by_input(inputs[theirs])

    def _count_changes(self, raw: pa.RecordBatch, cleaned: pa.RecordBatch) -> None:
        for name in TEXT_COLUMNS:
            if cleaned[name] is not raw[name]:
                self._changed[name] += pc.not_equal(raw[name], cleaned[name]).true_count

    def _without_erased(
        self, reviews: pa.RecordBatch, inputs: NDArray[np.int32]
    ) -> tuple[pa.RecordBatch, NDArray[np.int32]]:
        """Return the rows of people who were not erased, and which input each is of."""
        theirs = self._erased.are(reviews["customer_id"])
        if not theirs.any():
            return reviews, inputs
        self._dropped[ERASED] += self._by_input(inputs[theirs])
        return reviews.filter(pa.array(~theirs)), inputs[~theirs]

    def _of_marketplace(
        self, reviews: pa.RecordBatch, inputs: NDArray[np.int32]
    ) -> tuple[pa.RecordBatch, NDArray[np.int32]]:
        """Return the rows of the marketplaces that are wanted, and which input each is of."""
        if not self._prepare.marketplace:
            return reviews, inputs
        wanted = pa.array([name.upper() for name in self._prepare.marketplace])
        stays = pc.is_in(pc.utf8_upper(reviews["marketplace"]), wanted)
        chosen = stays.to_numpy(zero_copy_only=False)
        self._dropped[OTHER_MARKETPLACE] += self._by_input(inputs[~chosen])
        return reviews.filter(stays), inputs[chosen]

    def _of_language(
        self, reviews: pa.RecordBatch, cleaned: pa.RecordBatch, inputs: NDArray[np.int32]
    ) -> tuple[pa.RecordBatch, pa.RecordBatch, NDArray[np.int32]]:
        """Return the rows in the languages that are wanted, and which input each is of."""
        if not self._prepare.language:
            return reviews, cleaned, inputs
        wanted = pa.array(checked_languages(self._prepare.language))
        stays = pc.is_in(language_column(cleaned["review_body"]), wanted)
        chosen = stays.to_numpy(zero_copy_only=False)
        self._dropped[OTHER_LANGUAGE] += self._by_input(inputs[~chosen])
        return reviews.filter(stays), cleaned.filter(stays), inputs[chosen]

    def _with_letters(
        self, bodies: pa.Array, chars: NDArray[np.int32], inputs: NDArray[np.int32]
    ) -> NDArray[np.bool_]:
        """Say which bodies hold a letter of any script; all, where every body is wanted."""
        if not self._prepare.min_chars:
            return np.ones(len(chars), np.bool_)
        letters: NDArray[np.bool_] = pc.match_substring_regex(bodies, r"\p{L}").to_numpy(False)
        empty = chars == 0
        self._dropped[NO_TEXT] += self._by_input(inputs[empty])
        self._dropped[NO_LETTERS] += self._by_input(inputs[~letters & ~empty])
        return letters

    def _right_length(
        self, chars: NDArray[np.int32], among: NDArray[np.bool_], inputs: NDArray[np.int32]
    ) -> NDArray[np.bool_]:
        """Say which bodies are of a length that stays; all, where bounds are not known yet.

        Args:
            chars: (n,) their lengths.
            among: (n,) those that no rule has dropped; only these are counted.
            inputs: (n,) which input each is of.
        """
        if self._prepare.length == "auto":
            values, counts = np.unique(chars[among], return_counts=True)
            self._lengths.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
            return among
        bounds = given_bounds(self._prepare)
        short = chars < bounds.min_chars
        limit = bounds.max_chars
        long = chars > limit if limit else np.zeros(len(chars), np.bool_)
        self._dropped["too_short"] += self._by_input(inputs[short & among])
        self._dropped["too_long"] += self._by_input(inputs[long & ~short & among])
        stays: NDArray[np.bool_] = ~(short | long)
        return stays

    def flush(self) -> None:
        """Write what waits, and wait until it is written."""
        for waiting in (self._texts, self._ratings):
            if waiting.rows:
                self._write_waiting(waiting)
        self._finish_writing()

    def _write_waiting(self, waiting: "_Waiting") -> None:
        """Let the rows that wait be written as one run while the next ones are read."""
        self._finish_writing()
        by, number = waiting.partition_by, len(self._runs)
        self._writing = self._pool.submit(self._write, waiting.take(), number, by)

    def _finish_writing(self) -> None:
        if self._writing is not None:
            self._runs.append(self._writing.result())
            self._writing = None

    def _write(self, rows: pa.Table, number: int, partition_by: str) -> StagedRun:
        rows = rows.take(order_of(rows, partition_by))
        file, keys_file = f"run-{number:05d}.arrow", f"keys-{number:05d}.parquet"
        with write_then_rename(self._directory / file) as handle:
            batches = write_run(rows.select(self._schema.names), handle, partition_by)
        first = first_place(self._number, number)
        places = pa.array(np.arange(first, first + rows.num_rows, dtype=np.int64))
        table = rows.append_column("place", places).select(KEYS_FILE.names).cast(KEYS_FILE)
        with write_then_rename(self._directory / keys_file) as handle:
            pq.write_table(table, handle, compression="lz4", use_dictionary=False)
        sha256 = files_sha256(self._directory / file, self._directory / keys_file)
        return StagedRun(file, keys_file, sha256, batches)

    def staged(self, digests: Sequence[str], reading: Reading) -> StagedGroup:
        """Return what was counted and written.

        Args:
            digests: SHA-256 of each input's bytes.
            reading: how their ratings and dates were read.
        """
        notes: defaultdict[int, list[str]] = defaultdict(list)
        for number, note in self._notes:
            notes[number].append(note)
        rejected = self._rejected.items()
        inputs = [
            StagedInput(
                sha256=sha256,
                read=int(self._read[number]),
                rejected={reason: int(by[number]) for reason, by in rejected if by[number]},
                dropped={rule: int(by[number]) for rule, by in self._dropped.items()},
                notes=tuple(notes[number]),
            )
            for number, sha256 in enumerate(digests)
        ]
        return StagedGroup(
            inputs=tuple(inputs),
            unreadable={column: n for column, n in self._unreadable.items() if n},
            readable=dict(self._readable),
            changed={column: n for column, n in self._changed.items() if n},
            lengths=dict(self._lengths),
            evidence=self.evidence,
            reading=reading,
            runs=tuple(self._runs),
            rejects=files_sha256(self._directory / REJECTS_FILE),
            corrected=dict(self._corrected),
        )


def first_place(number: int, run: int) -> int:
    """Return the place of a run's first row."""
    return (number << PLACE_RUN_BITS | run) << PLACE_ROW_BITS
