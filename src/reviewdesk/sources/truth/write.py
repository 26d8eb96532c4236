"""Writes the tables of known errors into the folder beside the reviews that they are about."""

import shutil
from pathlib import Path
from typing import Any, Final

from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.exchange import finish_replacement, replace_directory
from reviewdesk.seal import write_sealed
from reviewdesk.sources.truth.schema import Truth
from reviewdesk.storage import (
    private_directory,
    read_json,
    storage_errors,
    write_record,
    write_then_rename,
)

FORMAT: Final = "reviewdesk.truth"
FORMAT_VERSION: Final = 3


def truth_directory(reviews: Path) -> Path:
    """Return where the known errors of a file or folder of reviews stand."""
    return reviews.with_name(reviews.name + ".truth")


def check_truth_directory(folder: Path) -> None:
    """Check that known errors can go to a folder without anything else being lost.

    Raises:
        UsageError: there is something else under that name.
        StorageError: it cannot be read.
    """
    finish_replacement(folder)
    with storage_errors(str(folder)):
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return
    try:
        head = read_json(folder / "truth.json")
    except (InputError, StorageError):
        head = None
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise UsageError(
            f"{folder}, where known errors would go, holds something else; name another place"
        )


def write_truth(folder: Path, truth: Truth, about: dict[str, Any]) -> None:
    """Write a folder of known errors whole or not at all.

    Args:
        folder: where to; an older one there is replaced.
        truth: the tables.
        about: what else ``truth.json`` says, as JSON values.

    Raises:
        UsageError: the folder holds something else.
        StorageError: it cannot be written.
    """
    check_truth_directory(folder)
    aside = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    private_directory(aside)
    for name, table in truth.tables().items():
        with write_then_rename(aside / f"{name}.parquet") as file:
            write_sealed(table, file)
    counts = {name: table.num_rows for name, table in truth.tables().items()}
    head = {"format": FORMAT, "format_version": FORMAT_VERSION, "planted": counts}
    write_record(aside / "truth.json", head | about)
    replace_directory(aside, folder)
