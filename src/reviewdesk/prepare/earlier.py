"""What prepared data keeps of its own making, so that later files can be added to it.

Beside the reviews, in ``.append``, lie the staged rows of all inputs (those that were dropped as
duplicates as well, because a later file can bring them back), what became of each row, and how the
inputs were read. Adding files stages only these, decides about duplicates over all rows as one run
over all files does, and writes only the parts in which anything changed.
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk.errors import UsageError
from reviewdesk.prepare.copies import COPIES_FILE, Copies
from reviewdesk.prepare.corrections import Corrections
from reviewdesk.prepare.duplicates import VERDICTS_FILE, PlacedRun
from reviewdesk.prepare.identity import KEYS, keys
from reviewdesk.prepare.layout import Part, files_sha256
from reviewdesk.prepare.parts import PartFile, RowDecisions, make_folders
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.runs import AS_RATINGS, StagedRun, order_of, pieces, write_run
from reviewdesk.prepare.staged import MARKER, InputGroup, StagedGroup, staged
from reviewdesk.prepare.staging import KEYS_FILE, first_place
from reviewdesk.prepare.workspace import Workspace
from reviewdesk.settings import PrepareSettings, SourceSettings
from reviewdesk.sources import Input, SourceFile
from reviewdesk.sources.catalog import source_class
from reviewdesk.sources.mapping import ColumnMap
from reviewdesk.storage import (
    left_record,
    private_directory,
    read_record,
    storage_errors,
    write_record,
    write_then_rename,
)

FOLDER: Final = ".append"
RECORD: Final = "earlier.json"
INPUTS: Final = "inputs"
_ROWS: Final = 65_536

_NOTHING_KEPT: Final = (
    "{path} does not keep what later files are compared with (it was made by an older release, as "
    "a copy or a sample, or with --no-appendable); prepare all files in one run"
)


@dataclass(frozen=True)
class EarlierGroup:
    """Inputs that were staged together by an earlier run.

    Args:
        inputs: each of them, with the way in which its ratings and dates were read.
        staged: what is known of them.
        directory: where their rows are.
    """

    inputs: tuple[Input, ...]
    staged: StagedGroup
    directory: Path


@dataclass(frozen=True)
class Earlier:
    """What an earlier run left for later files.

    Args:
        data: what it wrote.
        groups: its inputs, in the order in which they were staged.
        parts: the files that it wrote; empty where they have changed since.
        history: fingerprints of the states of the data before, the oldest first.
    """

    data: PreparedData
    groups: tuple[EarlierGroup, ...]
    parts: tuple[PartFile, ...]
    history: tuple[str, ...]

    @classmethod
    def open(cls, data: PreparedData) -> "Earlier":
        """Return what is kept beside prepared data.

        Raises:
            UsageError: nothing is, or not all.
        """
        folder = data.path / FOLDER
        record = left_record(folder / RECORD)
        if record is None:
            raise UsageError(_NOTHING_KEPT.format(path=data.path))
        groups = []
        for number, inputs in enumerate(record["groups"]):
            directory = group_directory(folder / INPUTS, number)
            found = staged(directory)
            if found is None:
                raise UsageError(_NOTHING_KEPT.format(path=data.path))
            groups.append(EarlierGroup(tuple(_input(one) for one in inputs), found, directory))
        parts = tuple(PartFile.from_json(one) for one in record["parts"])
        return cls(data, tuple(groups), parts, tuple(record["history"]))

    def link(
        self, workspace: Workspace, corrections: Corrections, settings: PrepareSettings
    ) -> bool:
        """Put the staged rows into a workspace, as its first groups.

        Args:
            workspace: where they go.
            corrections: all of them; the rows have only those that were known before.
            settings: how the data was prepared.

        Returns:
            Whether they are as they were, so that parts can be used again.

        Raises:
            StorageError: the disk is full.
        """
        later = len(Corrections.of(self.data.path).changes) < len(corrections.changes)
        for number, group in enumerate(self.groups):
            folder = workspace.inputs(number)
            if not folder.exists():
                aside = folder.with_name(f".{folder.name}.partial")
                shutil.rmtree(aside, ignore_errors=True)
                private_directory(aside)
                for file in sorted(group.directory.iterdir()):
                    link(file, aside / file.name)
                if later:
                    _correct(group.staged, aside, number, corrections, settings)
                with storage_errors(str(folder)):
                    aside.rename(folder)
        return not later

    def reuse(self, runs: Sequence[PlacedRun], decided: RowDecisions, workspace: Workspace) -> int:
        """Link the parts in which nothing changed, so that they are not written again.

        Args:
            runs: all runs, those of the earlier inputs first.
            decided: what is to become of all rows.
            workspace: where parts and their markers go.

        Returns:
            How many there are.
        """
        changed = self._changed(runs, decided) if self.parts else set()
        reused = 0
        for part_file in self.parts:
            marker = workspace.marker(part_file.part)
            if part_file.part in changed or left_record(marker) is not None:
                continue
            place = workspace.result / part_file.file
            with storage_errors(str(place)):
                make_folders(place)
                place.unlink(missing_ok=True)
            link(self.data.path / part_file.file, place)
            write_record(marker, asdict(part_file))
            reused += 1
        return reused

    def _changed(self, runs: Sequence[PlacedRun], decided: RowDecisions) -> set[Part]:
        """Return the parts with rows of which something else becomes than before, or new ones."""
        before = self.data.path / FOLDER
        verdicts = np.fromfile(before / VERDICTS_FILE, "<i4")
        copies = Copies(before / COPIES_FILE)
        old_runs = sum(len(group.staged.runs) for group in self.groups)
        changed: set[Part] = set()
        for number, run in enumerate(runs):
            for piece in pieces(run.run):
                if piece.batch.part in changed:
                    continue
                rows, start = piece.batch.rows, run.offset + piece.start
                same = number < old_runs and bool(
                    np.array_equal(
                        verdicts[start : start + rows],
                        decided.verdicts.of(run, piece.start, rows),
                    )
                    and copies.of(run, piece.start, rows).equals(
                        decided.copies.of(run, piece.start, rows)
                    )
                )
                if not same:
                    changed.add(piece.batch.part)
        return changed


def _correct(
    group: StagedGroup,
    directory: Path,
    number: int,
    corrections: Corrections,
    settings: PrepareSettings,
) -> None:
    """Change staged rows as corrections say that came later than they did."""
    applied: Counter[str] = Counter()
    runs: list[StagedRun] = []
    for index, run in enumerate(group.runs):
        rows = pa.Table.from_batches(kept_rows(directory / run.file))
        counts: Counter[str] = Counter()
        corrected = corrections.apply(rows.combine_chunks().to_batches()[0], counts)
        applied += counts
        if not counts and len(runs) == index:
            runs.append(run)
            continue
        known = pq.read_table(directory / run.keys, partitioning=None)
        hashes = keys(
            corrected,
            corrected,
            keep=settings.duplicates == "keep",
            derived=known["has_derived_id"].combine_chunks(),
        )
        for field, values in zip(KEYS, hashes, strict=True):
            known = known.set_column(known.schema.get_field_index(field.name), field, values)
        for name in ("review_date", "total_votes", "helpful_votes"):
            column = known.schema.get_field_index(name)
            known = known.set_column(column, known.schema.field(column), corrected[name])
        both = pa.Table.from_batches([corrected])
        if not run.has_texts:  # a rating that was taken away leaves nothing
            rated = both["star_rating"].is_valid()
            both, known = both.filter(rated), known.filter(rated)
            if not len(both):
                continue
        by = settings.partition_by if run.has_texts else AS_RATINGS
        order = order_of(both, by)
        rows, extra = both.take(order), known.take(order)
        runs.append(write_staged(directory, number, len(runs), rows, extra, by))
    left = Counter(group.corrected) + applied
    new = replace(group, runs=tuple(runs), corrected=dict(left))
    write_record(directory / MARKER, new.to_json())


def write_staged(
    directory: Path,
    number: int,
    index: int,
    rows: pa.Table,
    known: pa.Table,
    partition_by: str,
) -> StagedRun:
    """Write a run of staged rows and its keys anew.

    Args:
        directory: of the group.
        number: of the group.
        index: of the run in its group.
        rows: in the order of a run.
        known: their keys, in the same order; places are given anew.
        partition_by: what has a folder of its own.
    """
    file, keys_file = f"run-{index:05d}.arrow", f"keys-{index:05d}.parquet"
    with write_then_rename(directory / file) as handle:
        batches = write_run(rows.combine_chunks(), handle, partition_by)
    first = first_place(number, index)
    places = pa.array(np.arange(first, first + known.num_rows, dtype=np.int64))
    known = known.set_column(0, KEYS_FILE.field("place"), places).cast(KEYS_FILE)
    with write_then_rename(directory / keys_file) as handle:
        pq.write_table(known, handle, compression="lz4", use_dictionary=False)
    sha256 = files_sha256(directory / file, directory / keys_file)
    return StagedRun(file, keys_file, sha256, batches)


def group_directory(folder: Path, number: int) -> Path:
    """Return where a group of staged inputs lies."""
    return folder / f"{number:05d}"


def keep(
    workspace: Workspace,
    groups: Sequence[InputGroup],
    parts: Sequence[PartFile],
    history: Sequence[str],
) -> None:
    """Move the staged rows into the result, with what later files need to know of them.

    Args:
        workspace: of a preparation that is about to be published.
        groups: its inputs, in order.
        parts: the files that it wrote.
        history: fingerprints of the states of the data before.

    Raises:
        StorageError: it cannot be written.
    """
    folder = private_directory(workspace.result / FOLDER)
    with storage_errors(str(folder)):
        for number in range(len(groups)):
            place = workspace.inputs(number)
            kept = group_directory(private_directory(folder / INPUTS), number)
            if place.exists():
                shutil.rmtree(kept, ignore_errors=True)
                place.rename(kept)
        for name in (VERDICTS_FILE, COPIES_FILE):
            link(workspace.duplicates / name, folder / name)
    record = {
        "groups": [[_told(one, group) for one in group.inputs] for group in groups],
        "parts": [asdict(one) for one in parts],
        "history": list(history),
    }
    write_record(folder / RECORD, record)


def _told(input_: Input, group: InputGroup) -> dict[str, Any]:
    return {
        "place": input_.place,
        "name": input_.name,
        "bytes": input_.bytes,
        "folder": input_.file.folder,
        "source": input_.source,
        "settings": input_.reader.settings.to_json(),
        "columns": dict(input_.columns.columns),
    }


def _input(told: dict[str, Any]) -> Input:
    """Return an input of an earlier run, as far as others are decided together with it."""
    file = SourceFile(told["place"], told["name"], told["bytes"], told["folder"])
    reader = source_class(told["source"])(SourceSettings.from_json(told["settings"]))
    return Input(file, reader, ColumnMap(told["columns"], {}))


def history_of(data: PreparedData) -> tuple[str, ...]:
    """Return the fingerprints that data had before files were added, the oldest first."""
    path = data.side_file(f"{FOLDER}/{RECORD}")
    return tuple(read_record(path)["history"]) if path.is_file() else ()


def link(file: Path, target: Path) -> None:
    """Give a file a second place, or a copy where the file system has no links.

    Raises:
        StorageError: it cannot be written.
    """
    with storage_errors(str(target)):
        target.unlink(missing_ok=True)
        try:
            os.link(file, target)
        except OSError:
            with write_then_rename(target) as copy, file.open("rb") as source:
                shutil.copyfileobj(source, copy)


def kept_rows(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file of staged rows or rejects."""
    with path.open("rb") as file:
        try:
            with pa.ipc.open_file(file) as reader:
                yield from (reader.get_batch(n) for n in range(reader.num_record_batches))
        except pa.ArrowInvalid:
            file.seek(0)
            with pa.ipc.open_stream(file) as stream:
                yield from stream
