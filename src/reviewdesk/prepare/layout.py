"""Where everything is in a prepared folder."""

import hashlib
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from reviewdesk.schema import REVIEW_MONTH
from reviewdesk.storage import file_sha256

FORMAT: Final = "reviewdesk.prepared"
FORMAT_VERSION: Final = 6

MANIFEST: Final = "manifest.json"
LOG: Final = "log.json"
REJECTS_TABLE: Final = "rejects.parquet"

REVIEWS_FOLDER: Final = "reviews"
RATINGS_NAME: Final = "ratings"

CATEGORY: Final = "category"
"""The partition column of categories: not ``product_category``, which the files hold as well; some
readers of partitioned data stumble over a column that is in both."""

NO_VALUE: Final = "__HIVE_DEFAULT_PARTITION__"
LONGEST_FOLDER_NAME: Final = 150


class Part(NamedTuple):
    """One of the parts that the reviews are divided into.

    Without month and category it is ``RATINGS``: the reviews that have stars and no text.

    Args:
        month: ``YYYY-MM`` or ``unknown``; None: the part is of any month.
        category: empty for reviews without one; None: the part is of any category.
    """

    month: str | None = None
    category: str | None = None

    @property
    def file_stem(self) -> str:
        """A name for files about the part."""
        if self == RATINGS:
            return RATINGS_NAME
        if self.category is None and self.month is not None:
            return self.month
        return hashlib.sha256(self._folder().encode()).hexdigest()[:32]

    def file(self, file_format: str) -> str:
        """Return where the part's file is below the prepared folder."""
        if self == RATINGS:
            return f"{RATINGS_NAME}.{file_format}"
        return f"{REVIEWS_FOLDER}/{self._folder()}/part-00000.{file_format}"

    def _folder(self) -> str:
        folders = []
        if self.month is not None:
            folders.append(f"{REVIEW_MONTH}={self.month}")
        if self.category is not None:
            folders.append(f"{CATEGORY}={_folder_name(self.category)}")
        return "/".join(folders)


RATINGS: Final = Part()


def _folder_name(category: str) -> str:
    """Return a category as Hive, Spark, DuckDB and Arrow write and read it in a folder's name."""
    if not category:
        return NO_VALUE
    name = quote(category, safe=" ,&()+-_.'")
    if name == NO_VALUE:
        return f"%5F{name[1:]}"
    if len(name) <= LONGEST_FOLDER_NAME:
        return name
    return f"{name[:LONGEST_FOLDER_NAME]}~{hashlib.sha256(category.encode()).hexdigest()[:16]}"


def files_sha256(*paths: Path) -> str:
    """Return one digest of several files."""
    return hashlib.sha256("".join(map(file_sha256, paths)).encode()).hexdigest()


def are_files(sha256: str, *paths: Path) -> bool:
    """Say whether files are there and ``files_sha256`` of them is this one."""
    return all(path.exists() for path in paths) and files_sha256(*paths) == sha256
