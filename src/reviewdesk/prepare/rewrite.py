"""Prepared data made from prepared data: the same months with some reviews left out."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.prepare.layout import month_file
from reviewdesk.prepare.months import (
    TALLIED_COLUMNS,
    MonthFile,
    Tally,
    write_month,
)
from reviewdesk.prepare.prepared import BATCH_ROWS, PreparedData
from reviewdesk.prepare.workspace import Workspace
from reviewdesk.progress import Progress
from reviewdesk.storage import (
    private_directory,
    read_json,
    storage_errors,
    write_json,
    write_then_rename,
)

Mask = NDArray[np.bool_]


def rewrite(
    data: PreparedData,
    workspace: Workspace,
    columns: tuple[str, ...],
    stays: Callable[[pa.Table], Mask],
    progress: Progress,
) -> list[MonthFile]:
    """Write every month with the reviews that stay; months that are there already are left.

    A month of which all reviews stay is not written again but linked to, or copied where the file
    system has no links.

    Args:
        data: where the reviews are.
        workspace: where the months and their markers go.
        columns: the columns that ``stays`` looks at.
        stays: from one month's reviews (n rows) to which of them stay, (n,).
        progress: is shown how far it has come.

    Returns:
        The months that have any review left, in order.

    Raises:
        InputError: a file is damaged.
        StorageError: the disk is full.
    """
    found = []
    parts = data.manifest["partitions"]
    for part in progress.track(parts, "Writing", len(parts), "months"):
        marker = workspace.months / f"{part['month']}.json"
        if marker.exists():
            found.append(MonthFile.from_json(read_json(marker)))
            continue
        path = data.path / part["file"]
        staying = stays(pa.Table.from_batches(_batches(path, columns), _schema(path, columns)))
        if staying.all():
            month = _link_month(path, part, workspace.result)
        else:
            rows = _staying(path, staying)
            month = write_month(workspace.result, part["month"], rows, _schema(path))
        write_json(marker, asdict(month))
        found.append(month)
    return [month for month in found if month.rows]


def _staying(path: Path, staying: Mask) -> Iterator[pa.Table]:
    start = 0
    for batch in _batches(path):
        end = start + batch.num_rows
        yield pa.Table.from_batches([batch.filter(pa.array(staying[start:end]))])
        start = end


def _link_month(path: Path, part: dict[str, Any], folder: Path) -> MonthFile:
    tally = Tally()
    for batch in _batches(path, TALLIED_COLUMNS):
        tally.add(pa.Table.from_batches([batch]))
    place = folder / month_file(part["month"])
    with storage_errors(str(place)):
        private_directory(place.parent)
        place.unlink(missing_ok=True)
        try:
            os.link(path, place)
        except OSError:
            with write_then_rename(place) as file, path.open("rb") as source:
                shutil.copyfileobj(source, file)
    return MonthFile(
        month=part["month"],
        file=part["file"],
        bytes=part["bytes"],
        sha256=part["sha256"],
        **tally.to_json(),
    )


def _batches(path: Path, columns: tuple[str, ...] | None = None) -> Iterator[pa.RecordBatch]:
    with _opened(path) as file:
        yield from file.iter_batches(BATCH_ROWS, columns=columns)


def _schema(path: Path, columns: tuple[str, ...] | None = None) -> pa.Schema:
    with _opened(path) as file:
        schema = file.schema_arrow
    return schema if columns is None else pa.schema([schema.field(name) for name in columns])


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    with storage_errors(str(path)):
        try:
            with pq.ParquetFile(path) as file:
                yield file
        except pa.ArrowException as error:
            raise InputError(f"{path} is damaged; prepare the data again") from error
