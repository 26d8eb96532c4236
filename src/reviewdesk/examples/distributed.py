"""Exporting on a cluster: one task divides the reviews, and all of them write what goes where.

Labels and sides need all reviews at once, at 40 bytes a review: that is one task's work, on
whichever machine, and not that of the process that was started. Then each part of the reviews is
written for itself, and each file put together by a task of its own.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk.engines.base import Engine
from reviewdesk.engines.shared import exists, folder, local_file, read_table
from reviewdesk.examples.examples import BATCH_ROWS, Examples, load_examples
from reviewdesk.examples.export_lines import SIDES, Exported, LineWriter, header
from reviewdesk.examples.three_way import ThreeWaySplit, split_three_ways
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import Progress
from reviewdesk.settings import ExportSettings, SplitSettings, TargetSettings, TextSettings

NO_SIDE: Final = -1
COPY_BYTES: Final = 8 << 20


@dataclass(frozen=True)
class PartReviews:
    """The reviews of one part, as if there were no others.

    Args:
        data: all reviews.
        number: of the part.
    """

    data: PreparedData
    number: int

    @property
    def part(self) -> dict[str, Any]:
        """What the manifest says of it."""
        return dict(self.data.manifest["partitions"][self.number])

    @property
    def rows(self) -> int:
        """How many reviews there are."""
        return int(self.part["rows"])

    def batches(
        self, columns: Sequence[str] | None = None, batch_rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Yield some columns of the part's reviews."""
        yield from self.data.part_batches(self.part, columns, batch_rows)


@dataclass(frozen=True)
class ExportTask:
    """What is exported, and how.

    Args:
        data: prepared reviews, which all machines reach under their name.
        target: what the labels are.
        text: which columns hold the text.
        split: how the sides are divided.
        export: the format, and what it holds.
        files: the files of each side.
    """

    data: PreparedData
    target: TargetSettings
    text: TextSettings
    split: SplitSettings
    export: ExportSettings
    files: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Places:
    """Where tasks write what, on storage that all machines share.

    Args:
        workspace: a folder for what lies between.
        result: the folder of the export.
    """

    workspace: str
    result: str

    def numbers_file(self, number: int) -> str:
        """Return where the labels and sides of a part's reviews are."""
        return f"{self.workspace}/sides/{number:07d}.parquet"

    def fragments(self, number: int) -> str:
        """Return the folder of what a part adds to the files."""
        return f"{self.workspace}/fragments/{number:07d}"


def export_on(
    engine: Engine, question: ExportTask, workspace: str, result: str, progress: Progress
) -> Exported:
    """Write the files of an export; return what the manifest tells of them.

    Args:
        engine: does the work.
        question: what is exported.
        workspace: a folder that all machines reach.
        result: the folder of the export, reached in the same way.
        progress: is shown how far it has come.
    """
    places = Places(workspace, result)
    with progress.task("Dividing", 1, "task") as task:
        divided = json.loads(next(iter(engine.map_items([""], Divide(question, places)))))
        task.advance()
    numbers = [str(number) for number in range(len(question.data.manifest["partitions"]))]
    write = WriteFragments(question, places, divided["labels"])
    done = engine.map_items(numbers, write)
    counts: Counter[str] = Counter()
    for text in progress.track(done, "Exporting", len(numbers), "parts"):
        counts.update(json.loads(text))
    names = [name for files in question.files.values() for name in files]
    joined = engine.map_items(names, JoinFragments(question, places))
    digests = dict(zip(names, map(json.loads, joined), strict=True))
    return Exported(
        labels=divided["labels"],
        reviews=divided["reviews"],
        left_out=divided["left_out"],
        small_categories=divided["small_categories"],
        counts=counts,
        digests={name: (size, digest) for name, (size, digest) in digests.items()},
    )


@dataclass(frozen=True)
class Divide:
    """Labels and divides all reviews, and writes the outcome part by part."""

    question: ExportTask
    places: Places

    def __call__(self, _: str) -> str:
        """Return the labels, and what was left out, as JSON."""
        asked = self.question
        examples = load_examples(asked.data, asked.target, asked.text)
        sides = split_three_ways(examples, asked.split, asked.export.validation_share)
        side_of = np.full(len(examples), NO_SIDE, np.int8)
        for number, side in enumerate(SIDES):
            side_of[sides.masks[side]] = number
        at = 0
        for number, part in enumerate(asked.data.manifest["partitions"]):
            rows = slice(at, at + part["rows"])
            table = pa.table({"label": examples.label[rows], "side": side_of[rows]})
            place, _, name = self.places.numbers_file(number).rpartition("/")
            with folder(place) as local:
                pq.write_table(table, local / name)
            at += part["rows"]
        return json.dumps(
            {
                "labels": examples.labels,
                "reviews": len(examples),
                "left_out": {**examples.left_out, **sides.left_out},
                "small_categories": examples.small_categories,
            }
        )


@dataclass(frozen=True)
class WriteFragments:
    """Writes what the reviews of a part add to each file."""

    question: ExportTask
    places: Places
    labels: list[str]

    def __call__(self, number: str) -> str:
        """Return how many rows went to each file, and what else was counted, as JSON."""
        asked, reviews = self.question, PartReviews(self.question.data, int(number))
        table = read_table(self.places.numbers_file(int(number)))
        side_of = table["side"].to_numpy()
        none = np.empty(0, np.uint64)
        examples = Examples(
            reviews=reviews,
            target=asked.target,
            text=asked.text,
            labels=self.labels,
            label=table["label"].to_numpy(),
            groups=none,
            text_keys=none,
            default_headlines=0,
            left_out={},
            small_categories={},
        )
        masks = {side: side_of == place for place, side in enumerate(SIDES)}
        with folder(self.places.fragments(int(number))) as local:
            fragments = Fragments(local)
            writer = LineWriter(
                examples, ThreeWaySplit(masks, {}), asked.export, fragments, asked.files
            )
            writer.write_all()
        return json.dumps(writer.counts)


@dataclass(frozen=True)
class Fragments:
    """Files of one folder that grow; a second attempt at the folder begins them anew.

    Args:
        folder: where they are.
        begun: the names of those that this attempt has written to.
    """

    folder: Path
    begun: set[str] = field(default_factory=set)

    def append(self, name: str, data: bytes) -> None:
        """Write behind what a file holds."""
        with (self.folder / name).open("ab" if name in self.begun else "wb") as file:
            file.write(data)
        self.begun.add(name)


@dataclass(frozen=True)
class JoinFragments:
    """Puts one file together from what the parts add to it, in their order."""

    question: ExportTask
    places: Places

    def __call__(self, name: str) -> str:
        """Return the file's size and digest as JSON."""
        digest, size = hashlib.sha256(), 0
        with folder(self.places.result) as local, (local / name).open("wb") as out:
            for block in self._blocks(name):
                out.write(block)
                digest.update(block)
                size += len(block)
        return json.dumps([size, digest.hexdigest()])

    def _blocks(self, name: str) -> Iterator[bytes]:
        asked = self.question
        yield header(asked.export, asked.text)
        for number in range(len(asked.data.manifest["partitions"])):
            place = f"{self.places.fragments(number)}/{name}"
            if exists(place):
                with local_file(place) as path, path.open("rb") as file:
                    while block := file.read(COPY_BYTES):
                        yield block
