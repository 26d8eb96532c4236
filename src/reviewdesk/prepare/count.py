"""Counting: how many reviews a place holds, by month, category and rule, with no text read.

Prepared data is counted from its manifest, Parquet from its footers (and, where these do not say
it, the columns of dates and categories). Only raw files have to be read.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

import pyarrow.fs as pafs

from reviewdesk.engines.base import Engine
from reviewdesk.errors import InputError
from reviewdesk.prepare.count_tasks import count_footers_on, count_rows, count_rows_on
from reviewdesk.prepare.layout import MANIFEST
from reviewdesk.prepare.prepared import checked_manifest
from reviewdesk.progress import SILENT, Progress
from reviewdesk.settings import SourceSettings
from reviewdesk.sources.catalog import open_inputs
from reviewdesk.sources.deciding import decided
from reviewdesk.sources.files import SourceFile
from reviewdesk.sources.footers import NO_CATEGORY, RowCounts, count_footers
from reviewdesk.sources.parquet import PARQUET_MAGIC
from reviewdesk.sources.places import data_files, named
from reviewdesk.sources.stream import head
from reviewdesk.storage import filesystem, storage_errors

PREPARED: Final = "prepared data"
PARQUET: Final = "Parquet"
RAW: Final = "raw files"

_PARQUET_ENDINGS: Final = (".parquet", ".parq", ".pq")


@dataclass(frozen=True)
class ReviewCounts:
    """How many reviews a place holds.

    Args:
        kind: how it was counted: ``prepared data``, ``Parquet`` or ``raw files``.
        rows: reviews, or rows of a Parquet file.
        files: how many files they are in.
        months: by month, ``unknown`` where there is no date; empty when nothing says it.
        categories: by category, the empty text where there is none; empty when nothing says it.
        rules: rows that are not among them, by the rule that they broke.
    """

    kind: str
    rows: int
    files: int
    months: dict[str, int]
    categories: dict[str, int]
    rules: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """Return the counts as plain JSON values."""
        return {
            "kind": self.kind,
            "rows": self.rows,
            "files": self.files,
            "months": self.months,
            "categories": self.categories,
            "rules": self.rules,
        }


def count(
    source_path: str,
    source: SourceSettings,
    progress: Progress = SILENT,
    engine: Engine | None = None,
) -> ReviewCounts:
    """Count the reviews of a place.

    Args:
        source_path: a prepared folder, a Parquet file or a folder of them, or review files; local
            or on S3.
        source: how raw files are read; its columns also say where Parquet has dates and categories.
        progress: is shown how far it has come.
        engine: a cluster that reads the files; None: this machine does.

    Raises:
        StorageError: it is not there or cannot be read.
        InputError: it is damaged, or in no format that can be read.
    """
    manifest = _manifest(source_path)
    if manifest is not None:
        return _of_manifest(manifest)
    files = _parquet_files(source_path)
    if not files:
        return _of_raw(source_path, source, progress, engine)
    if engine is not None:
        found = count_footers_on(engine, files, source.columns, progress)
    else:
        with progress.task("Counting", len(files), "files") as task:
            found = count_footers(files, source.columns, task.advance)
    return _counts(PARQUET, len(files), found, {})


def _manifest(folder: str) -> dict[str, Any] | None:
    """Return the manifest of prepared data; None where there is none."""
    files, path = filesystem(folder)
    path = str(PurePosixPath(path) / MANIFEST)
    with storage_errors(folder):
        if files.get_file_info(path).type != pafs.FileType.File:
            return None
        with files.open_input_file(path) as file:
            raw = file.read()
    try:
        manifest = json.loads(raw)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"the {MANIFEST} of {folder} is damaged") from error
    return checked_manifest(folder, manifest)


def _of_manifest(manifest: dict[str, Any]) -> ReviewCounts:
    counts = RowCounts(
        rows=manifest["rows"]["written"], categories=Counter(manifest.get("categories"))
    )
    counts.months.update(manifest["months"])
    without = counts.rows - counts.categories.total()
    if without:
        counts.categories[NO_CATEGORY] = without
    rules = {
        f"{what}: {rule}": n
        for what in ("rejected", "dropped")
        for rule, n in manifest.get(what, {}).items()
    }
    return _counts(PREPARED, len(manifest["partitions"]), counts, rules)


def _parquet_files(place: str) -> list[SourceFile]:
    """Return the Parquet files that a place names; in a folder, by their ending."""
    paths = []
    for one in named(place):
        if one.folder:
            paths += [file for file in data_files(one) if file.name.endswith(_PARQUET_ENDINGS)]
        elif head(one).startswith(PARQUET_MAGIC):
            paths.append(one)
    return paths


def _of_raw(
    place: str, source: SourceSettings, progress: Progress, engine: Engine | None
) -> ReviewCounts:
    inputs = open_inputs([place], source)
    if engine is not None:
        counted, rules = count_rows_on(engine, inputs, progress)
        return _counts(RAW, len(inputs), counted, rules)
    counted, rules = RowCounts(), Counter()
    with progress.task("Reading", sum(one.bytes for one in inputs), "bytes") as task:
        for one in decided(inputs):
            count_rows(one, counted, rules, task.advance)
    return _counts(RAW, len(inputs), counted, rules)


def _counts(kind: str, files: int, counts: RowCounts, rules: dict[str, int]) -> ReviewCounts:
    return ReviewCounts(
        kind=kind,
        rows=counts.rows,
        files=files,
        months=dict(sorted(counts.months.items())),
        categories=dict(sorted(counts.categories.items())),
        rules={rule: n for rule, n in sorted(rules.items()) if n},
    )
