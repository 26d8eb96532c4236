"""Where everything is in a prepared folder."""

import hashlib
from pathlib import Path
from typing import Final

from reviewdesk.schema import REVIEW_MONTH

FORMAT: Final = "reviewdesk.prepared"
FORMAT_VERSION: Final = 2

MANIFEST: Final = "manifest.json"
LOG: Final = "log.json"
REJECTS_TABLE: Final = "rejects.parquet"


def month_file(month: str) -> str:
    """Return where a month's file is below the folder.

    Args:
        month: ``YYYY-MM`` or ``unknown``.
    """
    return f"reviews/{REVIEW_MONTH}={month}/part-00000.parquet"


def file_sha256(path: Path) -> str:
    """Return the digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
