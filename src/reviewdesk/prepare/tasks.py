"""What a cluster's machines do for a preparation: each function is one task, and may run twice.

A task writes what is large to the storage that all machines share and returns a few lines about it.
Staged inputs lie in a folder of the attempt's own; every other file depends on the rows alone, so
that a second attempt puts the same bytes under the same name.
"""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewdesk.engines.base import Batches
from reviewdesk.engines.shared import folder, read_table
from reviewdesk.prepare.duplicates import DERIVED_ID, DUPLICATE_RULES, LENGTH_RULES
from reviewdesk.prepare.layout import RATINGS, REJECTS_TABLE, Part
from reviewdesk.prepare.merging import DecidedRun, merged, merged_ratings
from reviewdesk.prepare.parts import write_part
from reviewdesk.prepare.rejects import write_rejects
from reviewdesk.prepare.runs import Key, Piece, RunBatch, pieces
from reviewdesk.prepare.staged import REJECTS_FILE, StagedGroup
from reviewdesk.prepare.staging import PLACE_ROW_BITS, first_place, stage
from reviewdesk.progress import SILENT
from reviewdesk.schema import COPY_OF, prepared_schema, ratings_schema
from reviewdesk.settings import CleanSettings, PrepareSettings
from reviewdesk.sources.deciding import Deciding
from reviewdesk.sources.descriptions import input_from_json
from reviewdesk.storage import filesystem

PIECES_FILE: Final = "pieces.parquet"
DECIDED_ROWS: Final = 8_192
"""Rows in a row group of decided rows: a part reads those that are its own."""

PIECES: Final = pa.schema(
    [
        pa.field("part", pa.string(), False),  # as JSON
        pa.field("item", pa.int64(), False),
        pa.field("run", pa.int32(), False),
        pa.field("number", pa.int32(), False),
        pa.field("start", pa.int64(), False),
        pa.field("rows", pa.int64(), False),
        pa.field("size", pa.int64(), False),
        pa.field("day", pa.int64(), False),
        pa.field("review_id", pa.string(), False),
        pa.field("following_day", pa.int64()),
        pa.field("following_id", pa.string()),
    ]
)
"""Where a part's rows are: one batch of one run in each row."""

DECIDED: Final = pa.schema(
    [pa.field("place", pa.int64(), False), pa.field("verdict", pa.int32(), False)]
)
COPIES: Final = pa.schema(
    [pa.field("place", pa.int64(), False), pa.field("original", pa.string(), False)]
)


def run_file(directory: str, run: int) -> str:
    """Return where the rows of a run are."""
    return f"{directory}/run-{run:05d}.arrow"


def keys_file(directory: str, run: int) -> str:
    """Return where the keys of a run are."""
    return f"{directory}/keys-{run:05d}.parquet"


def stage_item(item: str) -> str:
    """Read inputs, or a part of one, and write their reviews aside.

    Args:
        item: JSON with ``number``, ``inputs``, ``workspace`` and the settings.

    Returns:
        JSON with the folder that was written, its number of runs, and what was counted.
    """
    task = json.loads(item)
    number = task["number"]
    directory = f"{task['workspace']}/inputs/{number:07d}-{uuid.uuid4().hex[:12]}"
    with folder(directory) as local, SILENT.task("") as progress:
        staged = stage(
            [input_from_json(one) for one in task["inputs"]],
            number,
            local / "staged",
            prepare=PrepareSettings.from_json(task["prepare"]),
            clean=CleanSettings.from_json(task["clean"]),
            task=progress,
            deciding=Deciding(),
        )
        _write_pieces(staged, number, local / "staged" / PIECES_FILE)
    counted = {**staged.to_json(), "runs": []}
    return json.dumps(
        {
            "directory": f"{directory}/staged",
            "runs": len(staged.runs),
            "rating_runs": [at for at, run in enumerate(staged.runs) if not run.has_texts],
            "staged": counted,
        }
    )


def _write_pieces(staged: StagedGroup, number: int, path: Path) -> None:
    rows = []
    for index, run in enumerate(staged.runs):
        for piece in pieces(run):
            batch, after = piece.batch, piece.following
            rows.append(
                {
                    "part": json.dumps(batch.part),
                    "item": number,
                    "run": index,
                    "number": piece.number,
                    "start": piece.start,
                    "rows": batch.rows,
                    "size": batch.size,
                    "day": batch.first.day,
                    "review_id": batch.first.review_id,
                    "following_day": after and after.day,
                    "following_id": after and after.review_id,
                }
            )
    pq.write_table(pa.Table.from_pylist(rows, PIECES), path, compression="lz4")


@dataclass(frozen=True)
class WriteDecided:
    """Writes what is to become of rows of one run.

    Args:
        workspace: the storage that all machines share.
        kind: ``decided`` or ``copies``.
        directories: of each item.
        inputs: how many inputs each item has.
    """

    workspace: str
    kind: str
    directories: Sequence[str]
    inputs: Sequence[int]

    def __call__(self, batches: Batches) -> str:
        """Write the rows of one run; return which run it is, and its counts by input as JSON."""
        schema = DECIDED if self.kind == "decided" else COPIES
        rows = pa.Table.from_batches(list(batches))
        item, run = rows["item"][0].as_py(), rows["run"][0].as_py()
        with folder(f"{self.workspace}/{self.kind}") as local:
            path = local / f"{decided_name(item, run)}"
            aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
            table = rows.select(schema.names).cast(schema)
            pq.write_table(table, aside, row_group_size=DECIDED_ROWS, compression="lz4")
            aside.replace(path)
        counts = self._counts(rows, item, run) if self.kind == "decided" else {}
        return json.dumps({"item": item, "run": run, **counts})

    def _counts(self, rows: pa.Table, item: int, run: int) -> dict[str, Any]:
        verdicts = rows["verdict"].to_numpy()
        inputs = np.zeros(len(verdicts), np.int64)
        if self.inputs[item] > 1:
            keys = read_table(keys_file(self.directories[item], run), ["input"])
            numbers = rows["place"].to_numpy() & ((1 << PLACE_ROW_BITS) - 1)
            inputs = keys["input"].to_numpy()[numbers].astype(np.int64)
        dropped = {
            rule: np.bincount(inputs[verdicts == code]).tolist()
            for code, rule in {**DUPLICATE_RULES, **LENGTH_RULES}.items()
        }
        derived = int(np.count_nonzero(verdicts > DERIVED_ID))
        numbered = int(np.count_nonzero(verdicts > 0)) - derived
        return {"dropped": dropped, "numbered": numbered, "derived": derived}


def decided_name(item: int, run: int) -> str:
    """Return the name of the file with what is to become of rows of a run."""
    return f"{item:07d}-{run:05d}.parquet"


@dataclass(frozen=True)
class WritePart:
    """Writes one part of the prepared folder.

    Args:
        workspace: the storage that all machines share.
        result: the folder that becomes the prepared one.
        directories: of each item.
        decided: the runs of which any row is decided, as ``decided_name``.
        copies: the same for rows that are copies.
        settings: of the preparation, as JSON.
        kept: the columns beside the reviews table.
    """

    workspace: str
    result: str
    directories: Sequence[str]
    decided: frozenset[str]
    copies: frozenset[str]
    settings: Mapping[str, Any]
    kept: Sequence[str]

    def __call__(self, batches: Batches) -> str:
        """Write the part whose pieces come; return what the manifest says of it, as JSON."""
        rows = pa.Table.from_batches(list(batches)).to_pylist()
        part = Part(*json.loads(rows[0]["part"]))
        runs = [
            (self._run(item, run, own), own)
            for (item, run), own in (
                (key, [_piece(row, part) for row in group])
                for key, group in groupby(rows, key=lambda row: (row["item"], row["run"]))
            )
        ]
        settings = PrepareSettings.from_json(self.settings)
        schema = prepared_schema(tokens=settings.tokens, kept=self.kept)
        tables = merged(runs, settings)
        if part == RATINGS:
            schema, tables = ratings_schema(), merged_ratings(runs, settings)
        with folder(self.result) as local:
            (local / "reviews").mkdir(mode=0o700, exist_ok=True)
            written = write_part(local, part, tables, schema, settings.format)
        return json.dumps(asdict(written))

    def _run(self, item: int, run: int, own: Sequence[Piece]) -> DecidedRun:
        name, first = decided_name(item, run), first_place(item, run)
        start, end = own[0].start, own[-1].start + own[-1].batch.rows
        within = [("place", ">=", first + start), ("place", "<", first + end)]
        decided = copies = None
        if name in self.decided:
            decided = read_table(f"{self.workspace}/decided/{name}", None, within)
        if name in self.copies:
            copies = read_table(f"{self.workspace}/copies/{name}", None, within)
        return _SharedRun(run_file(self.directories[item], run), first, decided, copies)


def _piece(row: Mapping[str, Any], part: Part) -> Piece:
    following = row["following_day"]
    return Piece(
        row["number"],
        row["start"],
        RunBatch(part, row["rows"], row["size"], Key(row["day"], row["review_id"])),
        None if following is None else Key(following, row["following_id"]),
    )


@dataclass(frozen=True)
class _SharedRun:
    """A run on shared storage, with what is to become of one part's rows."""

    file: str
    first: int
    decided: pa.Table | None
    copies: pa.Table | None

    def verdicts(self, start: int, rows: int) -> NDArray[np.int32]:
        verdicts = np.zeros(rows, np.int32)
        if self.decided is not None:
            numbers, own = self._within(self.decided, start, rows)
            verdicts[numbers] = own["verdict"].to_numpy()
        return verdicts

    def originals(self, start: int, rows: int) -> pa.Array:
        if self.copies is None:
            return pa.nulls(rows, COPY_OF.type)
        numbers, own = self._within(self.copies, start, rows)
        copied = np.zeros(rows, np.bool_)
        copied[numbers] = True
        originals = own["original"].combine_chunks().cast(COPY_OF.type)
        return pc.replace_with_mask(pa.nulls(rows, COPY_OF.type), pa.array(copied), originals)

    def _within(self, table: pa.Table, start: int, rows: int) -> tuple[NDArray[np.int64], pa.Table]:
        places = table["place"].to_numpy()
        low, high = np.searchsorted(places, [self.first + start, self.first + start + rows])
        return places[low:high] - self.first - start, table.slice(low, high - low)


def write_all_rejects(item: str) -> str:
    """Write the table of rows that could not be read.

    Args:
        item: JSON with ``result`` and the ``directories`` of all items, in order.
    """
    task = json.loads(item)
    with folder(task["result"]) as local:
        write_rejects(local / REJECTS_TABLE, _rejects(task["directories"]))
    return ""


def _rejects(directories: Sequence[str]) -> Iterator[pa.Table]:
    for directory in directories:
        files, path = filesystem(f"{directory}/{REJECTS_FILE}")
        with files.open_input_file(path) as file, pa.ipc.open_stream(file) as reader:
            for batch in reader:
                yield pa.Table.from_batches([batch])
