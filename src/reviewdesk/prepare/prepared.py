"""Prepared data on disk: opened with checks, read in a fixed order and in bounded memory."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import pyarrow as pa

from reviewdesk.engines.local_copies import RemoteFile, kept_copy, remote_files
from reviewdesk.engines.shared import local_file
from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.exchange import finish_replacement
from reviewdesk.prepare.layout import FORMAT, FORMAT_VERSION, MANIFEST, RATINGS, Part
from reviewdesk.prepare.part_files import read_part
from reviewdesk.schema import kept_columns, prepared_schema, ratings_schema, require_columns
from reviewdesk.seal import damage_errors
from reviewdesk.settings import CleanSettings, PrepareSettings
from reviewdesk.storage import (
    address_of,
    checked_record,
    file_sha256,
    is_remote,
    read_json,
    storage_errors,
)
from reviewdesk.text.languages import UNKNOWN

BATCH_ROWS: Final = 65_536

_AGAIN: Final = "prepare the data again"

_MONTH: Final = re.compile(r"\d{4}-\d{2}|unknown")


@dataclass(frozen=True)
class PreparedData:
    """A folder that ``prepare`` wrote.

    Args:
        path: the folder.
        manifest: what its manifest says.
        notes: sentences about the preparation that the user should see; empty when it is only
            opened.
        keeps_copies: whether what is fetched from S3 stays on this machine as long as the process.
    """

    path: Path
    manifest: dict[str, Any] = field(repr=False)
    notes: tuple[str, ...] = ()
    keeps_copies: bool = field(default=True, repr=False, compare=False)
    _checked: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open prepared data.

        Args:
            path: the folder.

        Raises:
            StorageError: it is not there or cannot be read.
            InputError: it is not prepared data, of another version, or damaged.
        """
        path = Path(path)
        location = address_of(path)
        if is_remote(location):
            there = remote_files(location)
            if not there:
                raise StorageError(f"{location} does not exist")
            manifest_at = there[MANIFEST].address if MANIFEST in there else None
        else:
            there = None
            finish_replacement(path)
            with storage_errors(location):
                path.stat()
            manifest_at = str(path / MANIFEST) if (path / MANIFEST).is_file() else None
        if manifest_at is None:
            raise InputError(f"{location} is not prepared data: it has no {MANIFEST}")
        with local_file(manifest_at) as manifest:
            data = cls(path, checked_manifest(location, read_json(manifest)))
        data._check_sizes(there)
        return data

    @classmethod
    def existing(cls, path: Path, *, overwrite: bool) -> Self | None:
        """Open what is at the location of an output.

        Args:
            path: a folder that is to be written.
            overwrite: whether damaged data there counts as nothing.

        Returns:
            The data; None where there is nothing, or an empty folder.

        Raises:
            StorageError: it is a file.
            UsageError: it holds something else than prepared data.
            InputError: the data is damaged.
        """
        location = address_of(path)
        if is_remote(location):
            if not (there := remote_files(location)):
                return None
            return cls._existing(path, MANIFEST in there, overwrite)
        finish_replacement(path)
        with storage_errors(location):
            if not path.exists() or (path.is_dir() and not any(path.iterdir())):
                return None
            if not path.is_dir():
                raise StorageError(f"{path} is a file; name a folder")
        return cls._existing(path, (path / MANIFEST).is_file(), overwrite)

    @classmethod
    def _existing(cls, path: Path, has_manifest: bool, overwrite: bool) -> Self | None:
        if not has_manifest:
            raise UsageError(
                f"{address_of(path)} holds something else than prepared data; name another folder"
            )
        try:
            return cls.open(path)
        except InputError:
            if overwrite:
                return None
            raise

    @property
    def rows(self) -> int:
        """How many reviews it holds."""
        return int(self.manifest["rows"]["written"])

    @property
    def ratings(self) -> int:
        """How many reviews have no text, so that only their stars count; not among ``rows``."""
        return sum(int(part["rows"]) for part in self._rating_parts)

    @property
    def parts(self) -> list[dict[str, Any]]:
        """The manifest's ``partitions``, and ``ratings`` where there are any."""
        return [*self.manifest["partitions"], *self._rating_parts]

    @property
    def languages(self) -> dict[str, int]:
        """How many reviews there are in each language, the most frequent first."""
        counts: dict[str, int] = self.manifest["languages"]
        return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))

    @property
    def main_language(self) -> str:
        """The language of most reviews that are long enough to tell; English where none is."""
        return next((code for code in self.languages if code != UNKNOWN), "en")

    @property
    def fingerprint(self) -> str:
        """A digest of all reviews: the same in any order, layout and file format."""
        return str(self.manifest["fingerprint"])

    @property
    def clean_settings(self) -> CleanSettings:
        """How the text was cleaned."""
        return CleanSettings.from_json(self.manifest["settings"]["clean"])

    def batches(
        self, columns: Sequence[str] | None = None, batch_rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Yield the reviews, part by part, in the order in which they were written.

        Args:
            columns: which columns, in this order; None: all.
            batch_rows: rows in a batch at most.

        Raises:
            MissingColumn: there is no such column.
            InputError: a file is damaged.
        """
        for part in self.manifest["partitions"]:
            yield from self.part_batches(part, columns, batch_rows)

    def star_batches(
        self, columns: Sequence[str], batch_rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Yield all that has stars: the reviews, in their order, then those without a text.

        Args:
            columns: which columns, in this order; the text is none of them.
            batch_rows: rows in a batch at most.

        Raises:
            MissingColumn: there is no such column.
            InputError: a file is damaged.
        """
        for part in self.parts:
            yield from self.part_batches(part, columns, batch_rows)

    def part_batches(
        self,
        part: dict[str, Any],
        columns: Sequence[str] | None = None,
        batch_rows: int = BATCH_ROWS,
    ) -> Iterator[pa.RecordBatch]:
        """Yield the reviews of one part.

        Args:
            part: one of ``parts``.
            columns: which columns, in this order; None: all.
            batch_rows: rows in a batch at most.

        Raises:
            MissingColumn: there is no such column.
            InputError: a file is damaged.
        """
        schema = self._chosen(self.part_schema(part), columns)
        with self.local_part(part) as path, damage_errors(path, _AGAIN):
            yield from read_part(path, schema, self.file_format, batch_rows)

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return all reviews at once, in the same order.

        Args:
            columns: which columns, in this order; None: all.
        """
        return pa.Table.from_batches(self.batches(columns), self._chosen(self.schema, columns))

    def absolute(self) -> Self:
        """Return the same data under the name by which every machine and process reaches it."""
        if is_remote(self.location):
            return replace(self, keeps_copies=False)
        return replace(self, path=self.path.absolute())

    @property
    def location(self) -> str:
        """Where it is: a local path, or an address."""
        return address_of(self.path)

    @contextmanager
    def local_part(self, part: dict[str, Any]) -> Iterator[Path]:
        """Give the block one part's file; from S3 it is fetched first.

        Args:
            part: one of ``parts``.

        Raises:
            InputError: it is not the file that was written.
        """
        if self.keeps_copies or not is_remote(self.location):
            yield self.part_path(part)
            return
        with local_file(self._address(part["file"])) as path:
            self._check_digest(part, path)
            yield path

    def part_path(self, part: dict[str, Any]) -> Path:
        """Return one part's file; when it is first asked for, its digest is compared.

        Args:
            part: one of ``parts``.

        Raises:
            StorageError: it cannot be fetched.
            InputError: it is not the file that was written.
        """
        path: Path = self.path / part["file"]
        if is_remote(self.location):
            path = kept_copy(self._address(part["file"]), part["sha256"])
        self._check_digest(part, path)
        return path

    def side_file(self, name: str) -> Path:
        """Return a file of the folder that is none of its parts; it need not be there.

        Args:
            name: its path below the folder.

        Raises:
            StorageError: it cannot be fetched.
        """
        if not is_remote(self.location) or name not in self._remote_files:
            return self.path / name
        return kept_copy(self._address(name), self.fingerprint)

    def _address(self, name: str) -> str:
        files = self._remote_files
        return files[name].address if name in files else f"{self.location}/{name}"

    @cached_property
    def _remote_files(self) -> dict[str, RemoteFile]:
        return remote_files(self.location)

    def _check_digest(self, part: dict[str, Any], path: Path) -> None:
        if part["file"] in self._checked:
            return
        with storage_errors(str(path)):
            if file_sha256(path) != part["sha256"]:
                if is_remote(self.location):
                    path.unlink()  # the copy, so that the next attempt fetches it anew
                raise InputError(_damaged(f"{self.location}/{part['file']}"))
        self._checked.add(part["file"])

    def verify(self) -> None:
        """Read every file and compare its digest with the manifest.

        Raises:
            InputError: a file is not what was written.
        """
        self._checked.clear()
        for part in self.parts:
            with self.local_part(part):
                pass

    @property
    def schema(self) -> pa.Schema:
        """All columns: those of the reviews table first."""
        return prepared_schema(tokens=self._settings.tokens, kept=self.kept)

    @property
    def kept(self) -> tuple[str, ...]:
        """The columns of the files that stand beside those of the reviews table."""
        return kept_columns(self.manifest["settings"]["source"].get("keep", ()))

    def part_schema(self, part: dict[str, Any]) -> pa.Schema:
        """Return the columns of one of ``parts``."""
        return ratings_schema() if part in self._rating_parts else self.schema

    @property
    def file_format(self) -> str:
        """What the files are: ``parquet`` or ``csv``."""
        return self._settings.format

    @property
    def _settings(self) -> PrepareSettings:
        return PrepareSettings.from_json(self.manifest["settings"]["prepare"])

    @property
    def _rating_parts(self) -> list[dict[str, Any]]:
        return [self.manifest["ratings"]] if self.manifest["ratings"] else []

    def _chosen(self, schema: pa.Schema, columns: Sequence[str] | None) -> pa.Schema:
        names = tuple(schema.names if columns is None else columns)
        require_columns(schema, names, f"reading {self.path}")
        return pa.schema([schema.field(name) for name in names])

    def _check_sizes(self, there: Mapping[str, RemoteFile] | None) -> None:
        """Check that the files have their sizes: those at an address, or those that are here."""
        for part in self.parts:
            path = self.path / part["file"]
            if there is not None:
                file = there.get(part["file"])
                if file is None or file.size != part["bytes"]:
                    raise InputError(_damaged(f"{self.location}/{part['file']}"))
                continue
            if not path.is_file():
                raise InputError(f"{path} is missing; prepare the data again")
            with storage_errors(str(path)):
                if path.stat().st_size != part["bytes"]:
                    raise InputError(_damaged(path))


def _damaged(path: Path | str) -> str:
    return f"{path} is damaged: it is not the file that was written; {_AGAIN}"


def checked_manifest(path: Path | str, manifest: Any) -> dict[str, Any]:
    """Return what stands in a manifest when it can be relied on.

    Args:
        path: the folder, for messages.
        manifest: what was read.

    Raises:
        InputError: it is of something else, of another version, or damaged.
    """
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise InputError(f"{path} is not prepared data: its {MANIFEST} is of something else")
    version = manifest.get("format_version")
    if version != FORMAT_VERSION:
        raise InputError(
            f"{path} is prepared data of version {version}, and this release reads version "
            f"{FORMAT_VERSION}; prepare the data again"
        )
    checked = checked_record(f"the {MANIFEST} of {path}", manifest)
    try:
        whole = (
            isinstance(checked["fingerprint"], str)
            and isinstance(checked["rows"]["written"], int)
            and isinstance(checked["months"], dict)
            and isinstance(checked["languages"], dict)
            and isinstance(checked["settings"]["clean"], dict)
            and isinstance(checked["settings"]["prepare"], dict)
            and all(isinstance(one, str) for one in checked["settings"]["source"].get("keep", ()))
            and all(_is_partition(part, checked) for part in checked["partitions"])
            and (checked["ratings"] is None or _is_file(checked["ratings"], RATINGS, checked))
        )
    except (KeyError, TypeError):
        whole = False
    if not whole:
        raise InputError(f"the {MANIFEST} of {path} is damaged; prepare the data again")
    return checked


def _is_partition(part: Any, manifest: dict[str, Any]) -> bool:
    """Check one entry; its path must be the one that the part has, and lead nowhere else."""
    if not isinstance(part, dict):
        return False
    month, category = part.get("month"), part.get("category")
    return (
        (month is None or (isinstance(month, str) and _MONTH.fullmatch(month) is not None))
        and (category is None or isinstance(category, str))
        and (month is not None or category is not None)
        and _is_file(part, Part(month, category), manifest)
    )


def _is_file(entry: dict[str, Any], part: Part, manifest: dict[str, Any]) -> bool:
    return (
        entry["file"] == part.file(_format(manifest))
        and isinstance(entry["rows"], int)
        and isinstance(entry["bytes"], int)
        and isinstance(entry["sha256"], str)
        and isinstance(entry["row_sum"], str)
    )


def _format(manifest: dict[str, Any]) -> str:
    return "csv" if manifest["settings"]["prepare"].get("format") == "csv" else "parquet"
