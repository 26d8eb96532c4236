"""Reads a folder of known errors."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from reviewdesk.errors import InputError
from reviewdesk.seal import read_sealed
from reviewdesk.sources.truth.schema import (
    DECLINING,
    PRODUCT_CATEGORY,
    REVIEW_CATEGORY,
    VARIANTS,
    Truth,
)
from reviewdesk.sources.truth.write import FORMAT, FORMAT_VERSION
from reviewdesk.storage import checked_record, read_json, storage_errors


def read_truth(folder: Path) -> Truth:
    """Read the tables that ``write_truth`` wrote.

    Raises:
        StorageError: the folder is not there or cannot be read.
        InputError: it holds no known errors, those of another version, or it is damaged.
    """
    with storage_errors(str(folder)):
        folder.stat()
    head: Any = read_json(folder / "truth.json") if (folder / "truth.json").is_file() else None
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise InputError(f"{folder} holds no known errors: its truth.json is missing or of others")
    if head.get("format_version") != FORMAT_VERSION:
        raise InputError(
            f"{folder} holds known errors of version {head.get('format_version')}, and this "
            f"release reads version {FORMAT_VERSION}; plant them again"
        )
    checked_record(folder / "truth.json", head)
    return Truth(
        review_category=_table(folder, "review_category", REVIEW_CATEGORY),
        product_category=_table(folder, "product_category", PRODUCT_CATEGORY),
        declining=_table(folder, "declining", DECLINING),
        variants=_table(folder, "variants", VARIANTS),
    )


def _table(folder: Path, name: str, schema: pa.Schema) -> pa.Table:
    path = folder / f"{name}.parquet"
    table = read_sealed(path, again="make the known errors again")
    try:
        return table.select(schema.names).cast(schema)
    except (pa.ArrowException, KeyError, ValueError) as error:
        raise InputError(f"{path} is damaged; make the known errors again") from error
