"""Exporting: labelled reviews as files that other programs train on, one for each side."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk import __version__
from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.examples.examples import BATCH_ROWS, Examples, load_examples
from reviewdesk.examples.growing import GrowingFiles
from reviewdesk.examples.headlines import blank_default_headlines
from reviewdesk.examples.three_way import ThreeWaySplit, split_three_ways
from reviewdesk.exchange import finish_replacement
from reviewdesk.formats.augmented_manifest import augmented_manifest_lines
from reviewdesk.formats.csv import csv_header, csv_rows
from reviewdesk.formats.fasttext import fasttext_lines, label_words
from reviewdesk.formats.json_lines import json_lines
from reviewdesk.formats.libsvm import libsvm_lines
from reviewdesk.prepare.layout import MANIFEST, file_sha256
from reviewdesk.prepare.lock import locked
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress, Task
from reviewdesk.schema import REVIEWS, require_columns
from reviewdesk.settings import ExportSettings, SplitSettings, TargetSettings, TextSettings
from reviewdesk.storage import (
    checked_record,
    private_directory,
    read_json,
    storage_errors,
    write_json,
    write_record,
)
from reviewdesk.text.hashed_counts import hashed_counts
from reviewdesk.text.hashing import hash64
from reviewdesk.text.tokens import tokenize

FORMAT: Final = "reviewdesk.export"
FORMAT_VERSION: Final = 1
LABELS_FILE: Final = "labels.json"
SIDES: Final = ("train", "validation", "test")
ENDINGS: Final = {
    "csv": ".csv",
    "jsonl": ".jsonl",
    "fasttext": ".txt",
    "augmented-manifest": ".manifest",
    "libsvm": ".libsvm",
}
CHUNK_SEED: Final = 1
"""Keeps the hash that deals reviews to chunks apart from those that deal them to sides."""
TABLES: Final = ("csv", "jsonl")
"""Formats that hold the reviews as they are; the others hold words."""


@dataclass(frozen=True)
class Export:
    """A finished export.

    Args:
        path: the folder.
        manifest: what it holds.
        already: whether it was there before.
    """

    path: Path
    manifest: dict[str, Any] = field(repr=False)
    already: bool


def export(
    data: PreparedData,
    out: Path,
    *,
    target: TargetSettings,
    text: TextSettings,
    split: SplitSettings,
    export: ExportSettings,
    overwrite: bool = False,
    checkpoint_rows: int = BATCH_ROWS,
    progress: Progress = SILENT,
) -> Export:
    """Write labelled reviews as training, validation and test files with the map of labels.

    The test side is the one that a bundle trained with the same settings is tested on. A run that
    was interrupted is taken up by giving the same arguments again, and ends in the same bytes.

    Args:
        data: prepared reviews.
        out: the folder to write.
        target: what the labels are.
        text: which columns hold the text.
        split: how the sides are divided.
        export: the format, and what it holds.
        overwrite: whether another export there may be replaced.
        checkpoint_rows: about how many reviews are read between two points that an interrupted
            run goes on from.
        progress: is shown how far it has come.

    Raises:
        UsageError: the folder holds something else, or the settings do not go together.
        MissingColumn: the data lacks a column.
        NotEnoughData: there are too few reviews or labels.
        StorageError: a place cannot be used, the disk is full, or another process is writing.
    """
    _check(text, export)
    settings = {
        "target": target.check().to_json(),
        "text": text.check().to_json(),
        "split": split.check().to_json(),
        "export": export.check().to_json(),
        "clean": data.clean_settings.to_json(),
    }
    plan = {"reviewdesk": __version__, "settings": settings, "data": data.fingerprint}
    out = out.absolute().resolve()
    files = _files(export)
    private_directory(out.parent)
    with locked(out.with_name(f".{out.name}.lock"), f"the folder {out}"):
        growing = GrowingFiles(out, [name for names in files.values() for name in names], plan)
        manifest = _finished(out, plan, overwrite)
        if manifest is not None:
            growing.remove()
            return Export(out, manifest, already=True)
        examples = load_examples(data, target, text, progress=progress)
        sides = split_three_ways(examples, split, export.validation_share)
        with growing, progress.task("Exporting", len(examples), "reviews") as task:
            _Writer(examples, sides, export, growing, files, checkpoint_rows).write(task)
            write_json(growing.folder / LABELS_FILE, _label_map(examples.labels))
            manifest = _manifest(plan, examples, sides, growing, files)
            write_record(growing.folder / MANIFEST, manifest)
            growing.publish()
    return Export(out, manifest, already=False)


def _files(export: ExportSettings) -> dict[str, list[str]]:
    """Return the files of each side: one, or on the training side one a chunk."""
    ending = ENDINGS[export.format]
    files = {side: [side + ending] for side in SIDES}
    if export.chunks > 1:
        files["train"] = [f"train-{number:03d}{ending}" for number in range(export.chunks)]
    return files


def _check(text: TextSettings, export: ExportSettings) -> None:
    if export.format != "libsvm" and (export.chunks, export.ngrams) != (1, 1):
        raise UsageError(f"{export.format} has neither chunks nor runs; these are for libsvm")
    require_columns(REVIEWS, export.column, "the export")
    if export.column and export.format not in TABLES:
        raise UsageError(f"{export.format} has no columns; --column is for csv and jsonl")
    for name in export.column:
        if name in ("review_id", *text.fields) or export.column.count(name) > 1:
            raise UsageError(f"the column {name} would be there twice")


def checked_export(path: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return an export's manifest when its files are those that were written.

    Raises:
        InputError: one is not, or is missing.
        StorageError: one cannot be read.
    """
    digests = {one["file"]: one["sha256"] for one in manifest["files"]}
    for name, digest in {**digests, LABELS_FILE: manifest.get("label_map")}.items():
        file = path / name
        with storage_errors(str(file)):
            if not file.is_file() or file_sha256(file) != digest:
                raise InputError(
                    f"{file} is damaged: it is not the file that was written; export again with "
                    "--overwrite"
                )
    return manifest


def _finished(out: Path, plan: dict[str, Any], overwrite: bool) -> dict[str, Any] | None:
    """Return the manifest when the folder already is what is asked for."""
    finish_replacement(out)
    with storage_errors(str(out)):
        if not out.exists() or (out.is_dir() and not any(out.iterdir())):
            return None
        if not out.is_dir():
            raise StorageError(f"{out} is a file; name a folder")
    manifest = read_json(out / MANIFEST) if (out / MANIFEST).is_file() else None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise UsageError(f"{out} holds something else than an export; name another folder")
    try:
        manifest = checked_record(out / MANIFEST, manifest)
    except InputError:
        if overwrite:
            return None
        raise
    if {name: manifest.get(name) for name in plan} == plan:
        try:
            return checked_export(out, manifest)
        except InputError:
            if not overwrite:
                raise
    if overwrite:
        return None
    raise UsageError(
        f"{out} holds an export of other data or with other settings; name another folder, or "
        "replace it with --overwrite"
    )


class _Writer:
    """Writes the sides' files, batch by batch."""

    def __init__(
        self,
        examples: Examples,
        sides: ThreeWaySplit,
        settings: ExportSettings,
        growing: GrowingFiles,
        files: dict[str, list[str]],
        checkpoint_rows: int,
    ) -> None:
        self._examples = examples
        self._split = sides
        self._settings = settings
        self._growing = growing
        self._files = files
        self._columns = ("review_id", *examples.text.fields, *settings.column)
        self._words = label_words(examples.labels)
        self._encode: Callable[[pa.RecordBatch, list[int]], tuple[bytes, int]] = {
            "csv": self._csv,
            "jsonl": self._jsonl,
            "fasttext": self._fasttext,
            "augmented-manifest": self._augmented_manifest,
            "libsvm": self._libsvm,
        }[settings.format]
        self._checkpoint_rows = checkpoint_rows
        self._done = 0
        self._counts: Counter[str] = Counter()

    def write(self, task: Task) -> None:
        """Write what an interrupted run has not."""
        state = self._growing.state
        if state:
            self._done = state["done"]
            self._counts = Counter(state["counts"])
        elif self._settings.format == "csv":
            for side in SIDES:
                names = ("review_id", "label", *self._columns[1:])
                self._growing.append(self._files[side][0], csv_header(names))
        at = 0
        for batch in self._examples.reviews.batches(self._columns, BATCH_ROWS):
            if at >= self._done:
                self._write(batch, at)
                if at + len(batch) - self._done >= self._checkpoint_rows:
                    self._checkpoint(at + len(batch))
            at += len(batch)
            task.advance(len(batch))
        self._checkpoint(at)

    def _checkpoint(self, done: int) -> None:
        self._done = done
        self._growing.checkpoint({"done": done, "counts": self._counts})

    def _write(self, batch: pa.RecordBatch, at: int) -> None:
        if self._examples.text.drop_default_headlines:
            batch = blank_default_headlines(batch)
        labels = self._examples.label[at : at + len(batch)]
        for side in SIDES:
            chosen = self._split.masks[side][at : at + len(batch)]
            for name, dealt in self._dealt(self._files[side], chosen, batch):
                rows = batch.filter(pa.array(dealt))
                lines, written = self._encode(rows, labels[dealt].tolist())
                self._growing.append(name, lines)
                self._counts[name] += written

    def _dealt(
        self, names: list[str], chosen: NDArray[np.bool_], batch: pa.RecordBatch
    ) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """Yield the files of a side with those of the chosen rows (n,) that they get."""
        chunks = hash64(batch["review_id"], seed=CHUNK_SEED) % np.uint64(len(names))
        for number, name in enumerate(names):
            dealt = chosen & (chunks == number)
            if dealt.any():
                yield name, dealt

    def _csv(self, rows: pa.RecordBatch, labels: list[int]) -> tuple[bytes, int]:
        lines, changed = csv_rows(self._with_labels(rows, labels))
        self._counts["neutralised_cells"] += changed
        return lines, len(rows)

    def _jsonl(self, rows: pa.RecordBatch, labels: list[int]) -> tuple[bytes, int]:
        named = self._with_labels(rows, labels)
        place = named.schema.get_field_index("review_date")
        if place >= 0:
            days = named["review_date"].cast(pa.string())
            named = named.set_column(place, "review_date", days)
        return json_lines(named.to_pylist()), len(rows)

    def _fasttext(self, rows: pa.RecordBatch, labels: list[int]) -> tuple[bytes, int]:
        kept, texts = self._with_words(rows, labels)
        return fasttext_lines([self._words[label] for label in kept], texts), len(kept)

    def _augmented_manifest(self, rows: pa.RecordBatch, labels: list[int]) -> tuple[bytes, int]:
        kept, texts = self._with_words(rows, labels)
        return augmented_manifest_lines(kept, texts), len(kept)

    def _libsvm(self, rows: pa.RecordBatch, labels: list[int]) -> tuple[bytes, int]:
        fields = [rows[name] for name in self._examples.text.fields]
        counted = hashed_counts(fields, self._settings.buckets, self._settings.ngrams)
        there = np.diff(counted.ends) > 0  # reviews without a word are left out
        self._counts["no_words"] += int((~there).sum())
        ends = counted.ends[np.append(True, there)]
        kept = np.array(labels)[there]
        return libsvm_lines(kept, counted.indices, counted.counts, ends), len(kept)

    def _with_labels(self, rows: pa.RecordBatch, labels: list[int]) -> pa.RecordBatch:
        names = pa.array([self._examples.labels[label] for label in labels], pa.string())
        return rows.add_column(1, "label", names)

    def _with_words(
        self, rows: pa.RecordBatch, labels: list[int]
    ) -> tuple[list[int], list[list[str]]]:
        """Return the words of each review and its label; reviews without a word are left out."""
        fields = [pc.fill_null(rows[name], "") for name in self._examples.text.fields]
        joined = pc.binary_join_element_wise(*fields, "\n") if len(fields) > 1 else fields[0]
        texts = [tokenize(text) for text in joined.to_pylist()]
        kept = [label for label, words in zip(labels, texts, strict=True) if words]
        self._counts["no_words"] += len(labels) - len(kept)
        return kept, [words for words in texts if words]


def _label_map(labels: Sequence[str]) -> list[dict[str, Any]]:
    words = label_words(labels)
    return [
        {"name": name, "number": number, "fasttext": word}
        for number, (name, word) in enumerate(zip(labels, words, strict=True))
    ]


def _manifest(
    plan: dict[str, Any],
    examples: Examples,
    sides: ThreeWaySplit,
    growing: GrowingFiles,
    files: dict[str, list[str]],
) -> dict[str, Any]:
    counts = growing.state["counts"]
    left_out = {**examples.left_out, **sides.left_out, "no_words": counts.get("no_words", 0)}
    described = []
    for side, name in [(side, name) for side, names in files.items() for name in names]:
        path = growing.folder / name
        with storage_errors(str(path)):
            size, digest = path.stat().st_size, file_sha256(path)
        rows = counts.get(name, 0)
        described.append(
            {"side": side, "file": name, "rows": rows, "bytes": size, "sha256": digest}
        )
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **plan,
        "labels": examples.labels,
        "rows": {"in": len(examples), "out": sum(one["rows"] for one in described)},
        "left_out": {reason: number for reason, number in left_out.items() if number},
        "small_categories": examples.small_categories,
        "neutralised_cells": counts.get("neutralised_cells", 0),
        "files": described,
        "label_map": file_sha256(growing.folder / LABELS_FILE),
    }
