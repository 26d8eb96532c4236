"""Prepared data made from prepared data: the same parts with some reviews left out."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.prepare.layout import Part
from reviewdesk.prepare.parts import (
    TALLIED_COLUMNS,
    Contents,
    PartFile,
    PartTally,
    make_folders,
    write_part,
)
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.workspace import Workspace
from reviewdesk.progress import Progress
from reviewdesk.schema import REVIEW_LANGUAGE
from reviewdesk.storage import (
    left_record,
    storage_errors,
    write_record,
    write_then_rename,
)

Mask = NDArray[np.bool_]


def rewrite(
    data: PreparedData,
    workspace: Workspace,
    columns: tuple[str, ...],
    stays: Callable[[pa.Table], Mask],
    progress: Progress,
    *,
    ratings_stay: Callable[[pa.Table], Mask] | None = None,
) -> Contents:
    """Write every part with the reviews that stay; parts that are there already are left.

    A part of which all reviews stay is not written again but linked to, or copied where the file
    system has no links.

    Args:
        data: where the reviews are.
        workspace: where the parts and their markers go.
        columns: the columns that ``stays`` looks at.
        stays: from one part's reviews (n rows) to which of them stay, (n,).
        progress: is shown how far it has come.
        ratings_stay: the same for reviews without a text, where others of them stay.

    Returns:
        What has any review left, in order.

    Raises:
        InputError: a file is damaged.
        StorageError: the disk is full.
    """
    files = []
    parts = data.parts
    for part in progress.track(parts, "Writing", len(parts), "parts"):
        marker = workspace.marker(_part(part))
        if (done := left_record(marker)) is not None:
            files.append(PartFile.from_json(done))
            continue
        written = rewrite_part(
            data, part, workspace.result, columns, stays, ratings_stay=ratings_stay
        )
        write_record(marker, asdict(written))
        files.append(written)
    return Contents.of(files)


def rewrite_part(
    data: PreparedData,
    part: dict[str, Any],
    folder: Path,
    columns: tuple[str, ...],
    stays: Callable[[pa.Table], Mask],
    *,
    ratings_stay: Callable[[pa.Table], Mask] | None = None,
) -> PartFile:
    """Write one part with the reviews that stay.

    Args:
        data: where the reviews are.
        part: one of its parts.
        folder: the new data's.
        columns: as of ``rewrite``.
        stays: as of ``rewrite``.
        ratings_stay: as of ``rewrite``.

    Raises:
        InputError: the part is damaged.
        StorageError: the disk is full.
    """
    with_texts = part in data.manifest["partitions"]
    chosen = stays if with_texts or ratings_stay is None else ratings_stay
    staying = chosen(_table(data, part, columns))
    if staying.all():
        return _link_part(data, part, folder)
    return write_part(
        folder, _part(part), _staying(data, part, staying), data.part_schema(part), data.file_format
    )


def _part(part: dict[str, Any]) -> Part:
    return Part(part.get("month"), part.get("category"))


def _table(data: PreparedData, part: dict[str, Any], columns: tuple[str, ...]) -> pa.Table:
    schema = pa.schema([data.schema.field(name) for name in columns])
    return pa.Table.from_batches(data.part_batches(part, columns), schema)


def _staying(data: PreparedData, part: dict[str, Any], staying: Mask) -> Iterator[pa.Table]:
    start = 0
    for batch in data.part_batches(part):
        end = start + batch.num_rows
        yield pa.Table.from_batches([batch.filter(pa.array(staying[start:end]))])
        start = end


def _link_part(data: PreparedData, part: dict[str, Any], folder: Path) -> PartFile:
    tally = PartTally()
    schema = data.part_schema(part)
    columns = [name for name in (*TALLIED_COLUMNS, REVIEW_LANGUAGE.name) if name in schema.names]
    for batch in data.part_batches(part, columns):
        tally.add(pa.Table.from_batches([batch]))
    target = folder / part["file"]
    with data.local_part(part) as path, storage_errors(str(target)):
        make_folders(target)
        target.unlink(missing_ok=True)
        try:
            os.link(path, target)
        except OSError:
            with write_then_rename(target) as file, path.open("rb") as source:
                shutil.copyfileobj(source, file)
    return PartFile(
        part=_part(part),
        file=part["file"],
        bytes=part["bytes"],
        sha256=part["sha256"],
        row_sum=part["row_sum"],
        **tally.to_json(),
    )
