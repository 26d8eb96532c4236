"""Writes the tables of known errors into the folder beside the reviews that they are about."""

import shutil
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from reviewdesk.sources.truth.schema import Truth
from reviewdesk.storage import (
    private_directory,
    replace_directory,
    write_json,
    write_then_rename,
)

FORMAT: Final = "reviewdesk.truth"
FORMAT_VERSION: Final = 1


def truth_directory(reviews: Path) -> Path:
    """Return where the known errors of a file or folder of reviews stand."""
    return reviews.with_name(reviews.name + ".truth")


def write_truth(folder: Path, truth: Truth, about: dict[str, Any]) -> None:
    """Write a folder of known errors whole or not at all.

    Args:
        folder: where to; an older one there is replaced.
        truth: the tables.
        about: what else ``truth.json`` says, as JSON values.

    Raises:
        StorageError: it cannot be written.
    """
    aside = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    private_directory(aside)
    for name, table in truth.tables().items():
        with write_then_rename(aside / f"{name}.parquet") as file:
            pq.write_table(table, file)
    counts = {name: table.num_rows for name, table in truth.tables().items()}
    head = {"format": FORMAT, "format_version": FORMAT_VERSION, "planted": counts}
    write_json(aside / "truth.json", head | about)
    replace_directory(aside, folder)
