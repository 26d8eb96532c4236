"""Findings on disk: a folder with their table, what is promised of it, and a page.

    review-category/
    ├── findings.json      lists with promises, what was looked at, settings, digests
    ├── findings.parquet   schema.FINDINGS
    ├── findings.html      the page; not counted among the digests, as it is made from the rest
    └── overlaps.parquet   further tables, each finder's own

The folder is written aside and renamed. The same findings make the same bytes.
"""

import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from reviewdesk import __version__
from reviewdesk.engines.local_copies import local_copy, remote_files
from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.exchange import finish_replacement, replace_directory
from reviewdesk.findings.base import FinderInfo, Findings, PromisedList
from reviewdesk.prepare.lock import locked
from reviewdesk.seal import read_sealed, write_sealed
from reviewdesk.storage import (
    address_of,
    checked_record,
    file_sha256,
    is_remote,
    private_directory,
    read_json,
    storage_errors,
    write_record,
    write_text,
    write_then_rename,
)

FORMAT: Final = "reviewdesk.findings"
FORMAT_VERSION: Final = 3
SUMMARY: Final = "findings.json"
TABLE: Final = "findings.parquet"
PAGE: Final = "findings.html"

_AGAIN: Final = "find again with --overwrite"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class StoredFindings:
    """A folder of findings.

    Args:
        path: the folder.
        findings: what was found.
        info: what people are told of the finder.
        about: what it was found in and by which predictions, as JSON values.
    """

    path: Path
    findings: Findings
    info: FinderInfo
    about: Mapping[str, Any]


def write_findings(
    folder: Path,
    findings: Findings,
    info: FinderInfo,
    about: Mapping[str, Any],
    page: str | None = None,
) -> None:
    """Write a folder whole or not at all; older findings there are replaced.

    Args:
        folder: where to.
        findings: what was found.
        info: what people are told of the finder.
        about: what it was found in and by which predictions, as JSON values.
        page: the page's HTML; None for none.

    Raises:
        UsageError: the folder holds something else.
        StorageError: it cannot be written.
    """
    aside, lock = _beside(folder)
    with locked(lock, f"the folder {folder}"):
        check_folder(folder)
        with storage_errors(str(aside)):
            if aside.exists():
                shutil.rmtree(aside)
        private_directory(aside)
        for name, table in {"findings": findings.table, **_further(findings)}.items():
            with write_then_rename(aside / f"{name}.parquet") as file:
                write_sealed(table, file)
        if page is not None:
            write_text(aside / PAGE, page)
        files = {path.name: file_sha256(path) for path in sorted(aside.glob("*.parquet"))}
        summary = {**_summary(findings), **info._asdict(), "about": dict(about), "files": files}
        write_record(aside / SUMMARY, summary)
        replace_directory(aside, folder)


def remove_left_over(folder: Path) -> None:
    """Remove what a killed process left beside a folder of findings.

    Raises:
        StorageError: another process is writing the folder, or something cannot be removed.
    """
    finish_replacement(folder)
    aside, lock = _beside(folder)
    with storage_errors(str(folder)):
        if not aside.exists() and not lock.exists():
            return
        with locked(lock, f"the folder {folder}"):
            if aside.exists():
                shutil.rmtree(aside)


def _beside(folder: Path) -> tuple[Path, Path]:
    """Return where a folder is written, and what locks it."""
    return folder.with_name(f".{folder.name}.partial"), folder.with_name(f".{folder.name}.lock")


def folders_in(path: Path) -> list[Path]:
    """Return the folders of findings at a place: itself, or those in it.

    Raises:
        StorageError: it is not there or cannot be read.
        InputError: there are none.
    """
    if is_remote(address_of(path)):
        return _remote_folders(address_of(path))
    with storage_errors(str(path)):
        path.stat()
        if not path.is_dir() or (path / SUMMARY).exists():
            return [path]
        folders = [
            path
            for path in sorted(path.iterdir())
            if not path.name.startswith(".") and (path / SUMMARY).exists()
        ]
    if not folders:
        raise InputError(f"{path} holds no findings")
    return folders


def _remote_folders(address: str) -> list[Path]:
    summaries = [name for name in remote_files(address) if name.rpartition("/")[2] == SUMMARY]
    if SUMMARY in summaries:
        return [Path(address)]
    if not summaries:
        raise InputError(f"{address} holds no findings")
    return [Path(f"{address}/{name}").parent for name in sorted(summaries) if name.count("/") == 1]


def check_folder(folder: Path) -> None:
    """Check that findings can go to a folder without anything else being lost.

    Raises:
        UsageError: there is something else under that name.
    """
    finish_replacement(folder)
    with storage_errors(str(folder)):
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return
    if not is_findings(folder):
        raise UsageError(f"{folder} holds something else than findings; name another folder")


def is_findings(folder: Path) -> bool:
    """Say whether a folder says of itself that it holds findings."""
    finish_replacement(folder)
    try:
        summary = read_json(folder / SUMMARY)
    except (InputError, StorageError):
        return False
    return isinstance(summary, dict) and summary.get("format") == FORMAT


def read_findings(folder: Path) -> StoredFindings:
    """Read a folder that ``write_findings`` wrote.

    Raises:
        StorageError: it is not there or cannot be read.
        InputError: it does not hold findings, those of another version, or they are damaged.
    """
    with local_copy(folder) as here:
        stored = _read(here)
    return stored if here == folder else replace(stored, path=folder)


def _read(folder: Path) -> StoredFindings:
    finish_replacement(folder)
    with storage_errors(str(folder)):
        folder.stat()
    if not is_findings(folder):
        raise InputError(f"{folder} does not hold findings: it has no {SUMMARY} of them")
    summary = read_json(folder / SUMMARY)
    version = summary.get("format_version")
    if version != FORMAT_VERSION:
        raise InputError(
            f"{folder} holds findings of version {version}, and this release reads version "
            f"{FORMAT_VERSION}; remove it and find again"
        )
    summary = checked_record(f"the {SUMMARY} of {folder}", summary)
    try:
        tables = {name: _table(folder, name, digest) for name, digest in summary["files"].items()}
        findings = Findings(
            finder=str(summary["finder"]),
            table=tables.pop(TABLE),
            lists=tuple(PromisedList(**one) for one in summary["lists"]),
            looked_at=int(summary["looked_at"]),
            left_out=dict(summary["left_out"]),
            notes=tuple(summary["notes"]),
            tables={name.removesuffix(".parquet"): table for name, table in tables.items()},
            settings=dict(summary["settings"]),
        )
        info = FinderInfo(
            str(summary["title"]), str(summary["description"]), bool(summary["similarity"])
        )
        return StoredFindings(folder, findings, info, dict(summary["about"]))
    except InputError:
        raise  # it says which file
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"the {SUMMARY} of {folder} is damaged; {_AGAIN}") from error


def _summary(findings: Findings) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "reviewdesk": __version__,
        "finder": findings.finder,
        "lists": [asdict(one) for one in findings.lists],
        "looked_at": findings.looked_at,
        "left_out": dict(findings.left_out),
        "notes": list(findings.notes),
        "settings": dict(findings.settings),
    }


def _further(findings: Findings) -> Mapping[str, pa.Table]:
    """Return the finder's own tables; their names become those of files."""
    for name in findings.tables:
        if name == "findings" or not _NAME.fullmatch(name):
            raise UsageError(f"the finder {findings.finder} cannot have a table named {name!r}")
    return findings.tables


def _table(folder: Path, name: str, digest: str) -> pa.Table:
    """Return one table of a folder whose summary is not trusted."""
    if not _NAME.fullmatch(name.removesuffix(".parquet")) or not name.endswith(".parquet"):
        raise InputError(f"the {SUMMARY} of {folder} names a file that cannot be: {name!r}")
    path = folder / name
    with storage_errors(str(path)):
        if file_sha256(path) != digest:
            raise InputError(f"{path} is not the file that was written; {_AGAIN}")
    return read_sealed(path, again=_AGAIN)
