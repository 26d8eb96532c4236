"""Exporting: labelled reviews as files that other programs train on, one for each side."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from reviewdesk import __version__
from reviewdesk.engines.base import Engine
from reviewdesk.engines.local_copies import in_local_copies
from reviewdesk.engines.shared import file_sizes, folder, local_file
from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.examples.distributed import ExportTask, export_on
from reviewdesk.examples.examples import BATCH_ROWS, load_examples
from reviewdesk.examples.export_lines import Exported, LineWriter, header
from reviewdesk.examples.growing import GrowingFiles
from reviewdesk.examples.three_way import split_three_ways
from reviewdesk.exchange import finish_replacement, replace_directory
from reviewdesk.formats.fasttext import LABELS_FILE, label_map
from reviewdesk.prepare.layout import MANIFEST, REVIEWS_FOLDER
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.shared_workspace import (
    SharedWorkspace,
    absolute,
    output_lock,
    workspace_of,
)
from reviewdesk.prepare.workspace import Workspace
from reviewdesk.progress import SILENT, Progress, Task
from reviewdesk.schema import REVIEWS, require_columns
from reviewdesk.settings import (
    SEVERAL,
    ExportSettings,
    SplitSettings,
    TargetSettings,
    TextSettings,
)
from reviewdesk.storage import (
    address_of,
    checked_record,
    file_sha256,
    is_remote,
    read_json,
    storage_errors,
    write_json,
    write_record,
)

FORMAT: Final = "reviewdesk.export"
FORMAT_VERSION: Final = 1
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


@in_local_copies("out")
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
    engine: Engine | None = None,
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
    if engine is not None and target.target == SEVERAL:
        raise UsageError(
            "reviews with several labels each are exported on one machine: leave --engine out"
        )
    out = absolute(out)
    files = _files(export)
    with output_lock(out):
        growing = GrowingFiles(out, [name for names in files.values() for name in names], plan)
        manifest = _finished(out, plan, overwrite)
        if manifest is not None:
            if not is_remote(address_of(out)):
                growing.remove()
            return Export(out, manifest, already=True)
        if engine is not None:
            manifest = _on_cluster(
                engine,
                out,
                plan,
                ExportTask(data.absolute(), target, text, split, export, files),
                progress,
            )
            return Export(out, manifest, already=False)
        examples = load_examples(data, target, text, progress=progress)
        sides = split_three_ways(examples, split, export.validation_share)
        with growing, progress.task("Exporting", len(examples), "reviews") as task:
            writer = LineWriter(examples, sides, export, growing, files)
            _write(writer, growing, files, header(export, text), checkpoint_rows, task)
            exported = Exported(
                labels=examples.labels,
                reviews=len(examples),
                left_out={**examples.left_out, **sides.left_out},
                small_categories=examples.small_categories,
                counts=writer.counts,
                digests=_digests(growing.folder, files),
            )
            manifest = _finish(growing.folder, plan, exported, files)
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
    location = address_of(out)
    if is_remote(location):
        if not file_sizes(location) or SharedWorkspace(out).was_interrupted():
            return None
        with local_file(f"{location}/{MANIFEST}") as path:
            return _same(out, read_json(path), plan, overwrite)
    finish_replacement(out)
    with storage_errors(location):
        if not out.exists() or (out.is_dir() and not any(out.iterdir())):
            return None
        if not out.is_dir():
            raise StorageError(f"{out} is a file; name a folder")
    manifest = read_json(out / MANIFEST) if (out / MANIFEST).is_file() else None
    return _same(out, manifest, plan, overwrite)


def _same(out: Path, manifest: Any, plan: dict[str, Any], overwrite: bool) -> dict[str, Any] | None:
    """Return the manifest that was found when it is of what is asked for."""
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
            return manifest if is_remote(address_of(out)) else checked_export(out, manifest)
        except InputError:
            if not overwrite:
                raise
    if overwrite:
        return None
    raise UsageError(
        f"{out} holds an export of other data or with other settings; name another folder, or "
        "replace it with --overwrite"
    )


def _on_cluster(
    engine: Engine, out: Path, plan: dict[str, Any], question: ExportTask, progress: Progress
) -> dict[str, Any]:
    """Write an export on a cluster, and return its manifest."""
    workspace = workspace_of(out)
    workspace.remove()
    workspace.begin(plan)
    result = str(workspace.result)
    if isinstance(workspace, Workspace):
        shutil.rmtree(workspace.result / REVIEWS_FOLDER)  # an export has none
    exported = export_on(engine, question, str(workspace.path), result, progress)
    with folder(result) as local:
        manifest = _finish(local, plan, exported, question.files)
    if isinstance(workspace, Workspace):
        replace_directory(workspace.result, out)
    workspace.remove()
    return manifest


def _write(
    writer: LineWriter,
    growing: GrowingFiles,
    files: Mapping[str, Sequence[str]],
    first: bytes,
    checkpoint_rows: int,
    task: Task,
) -> None:
    """Write what an interrupted run has not."""
    done = 0
    if growing.state:
        done = growing.state["done"]
        writer.counts.update(growing.state["counts"])
    elif first:
        for names in files.values():
            growing.append(names[0], first)
    at = 0
    for batch in writer.batches():
        if at >= done:
            writer.write(batch, at)
            if at + len(batch) - done >= checkpoint_rows:
                done = at + len(batch)
                growing.checkpoint({"done": done, "counts": writer.counts})
        at += len(batch)
        task.advance(len(batch))
    growing.checkpoint({"done": at, "counts": writer.counts})


def _digests(folder: Path, files: Mapping[str, Sequence[str]]) -> dict[str, tuple[int, str]]:
    found = {}
    for path in [folder / name for names in files.values() for name in names]:
        with storage_errors(str(path)):
            found[path.name] = (path.stat().st_size, file_sha256(path))
    return found


def _finish(
    folder: Path,
    plan: dict[str, Any],
    exported: Exported,
    files: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Write the map of labels and then the manifest, which is returned."""
    write_json(folder / LABELS_FILE, label_map(exported.labels))
    counts = exported.counts
    own = {reason: counts.get(reason, 0) for reason in ("no_words", "no_label")}
    left_out = {**exported.left_out, **own}
    described: list[dict[str, Any]] = []
    for side, name in [(side, name) for side, names in files.items() for name in names]:
        size, digest = exported.digests[name]
        rows = counts.get(name, 0)
        described.append(
            {"side": side, "file": name, "rows": rows, "bytes": size, "sha256": digest}
        )
    manifest = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **plan,
        "labels": exported.labels,
        "rows": {"in": exported.reviews, "out": sum(one["rows"] for one in described)},
        "left_out": {reason: number for reason, number in left_out.items() if number},
        "small_categories": dict(exported.small_categories),
        "neutralised_cells": counts.get("neutralised_cells", 0),
        "files": described,
        "label_map": file_sha256(folder / LABELS_FILE),
    }
    write_record(folder / MANIFEST, manifest)
    return manifest
