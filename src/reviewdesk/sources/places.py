"""From what the user names (files, folders, patterns) to the files to read."""

import errno
import os
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Final

import pyarrow.fs as pafs

from reviewdesk.errors import InputError
from reviewdesk.sources.files import SourceFile, check_name
from reviewdesk.storage import filesystem, is_remote, storage_errors

_WILD: Final = re.compile(r"[*?\[]")


def named(address: str) -> list[SourceFile]:
    """Return the files and folders that a place names: itself, or what a pattern matches.

    Raises:
        StorageError: it is not there.
        InputError: a pattern matches nothing, or it is neither file nor folder.
    """
    info = _info(address)
    if info.type == pafs.FileType.NotFound and _WILD.search(address):
        matches = _remote_matches(address) if is_remote(address) else _matches(address)
        found = sorted(matches, key=lambda match: match[0])
        if not found:
            raise InputError(f"no file matches {address}")
        return [_source_file(match, info) for match, info in found]
    return [_source_file(address, info)]


def identity(file: SourceFile) -> str:
    """Return what is the same for all names of one file or folder: links and dots resolved."""
    place = file.place
    same = place.rstrip("/") if is_remote(place) else _resolved(place)
    return f"{same}:{file.member}" if file.member else same


def _resolved(place: str) -> str:
    """Return a path without links and dots; a folder is looked at once for many files in it."""
    folder, name = os.path.split(os.path.abspath(place))  # noqa: PTH100
    if not name or ".." in place or os.path.islink(place):  # noqa: PTH114
        return str(Path(place).resolve())
    return f"{_resolved_folder(folder)}/{name}"


@lru_cache(maxsize=64)
def _resolved_folder(folder: str) -> str:
    return str(Path(folder).resolve())


def data_files(folder: SourceFile) -> list[SourceFile]:
    """Return the files in a folder that may hold reviews.

    Hidden files, those that begin with ``_`` (as in ``_SUCCESS``), and the truth beside a generated
    corpus are left out.

    Raises:
        InputError: there is none.
    """
    files = [file for file in folder.members() if not _is_aside(file.name)]
    if not files:
        raise InputError(f"the folder {folder.place} has no files in it")
    return files


def aside_files(folder: SourceFile) -> list[SourceFile]:
    """Return the files in a folder that ``data_files`` leaves out."""
    return [file for file in folder.members() if _is_aside(file.name)]


def _is_aside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return any(part.startswith((".", "_")) for part in parts) or any(
        part.endswith(".truth") for part in parts[:-1]
    )


def _info(place: str) -> pafs.FileInfo:
    files, path = filesystem(place)
    with storage_errors(place):
        return files.get_file_info(path)


def _check_there(place: str, info: pafs.FileInfo | None = None) -> None:
    info = info or _info(place)
    if info.type == pafs.FileType.NotFound:
        with storage_errors(place):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def _source_file(address: str, info: pafs.FileInfo) -> SourceFile:
    _check_there(address, info)
    name = PurePosixPath(address).name if is_remote(address) else Path(address).resolve().name
    if info.type == pafs.FileType.Directory:
        folder = SourceFile(address, name, 0, folder=True)
        return SourceFile(address, name, sum(one.size for one in folder.members()), folder=True)
    if info.type != pafs.FileType.File:
        raise InputError(f"{address} is neither a file nor a folder; save it as a file first")
    return SourceFile(address, name, info.size)


def _matches(pattern: str) -> Iterator[tuple[str, pafs.FileInfo]]:
    path = Path(pattern)
    anchor = Path(path.anchor)
    relative = path.relative_to(anchor) if path.anchor else path
    for match in anchor.glob(str(relative)):
        check_name(str(match))
        yield str(match), _info(str(match))


def _remote_matches(pattern: str) -> Iterator[tuple[str, pafs.FileInfo]]:
    """Yield what matches as it would on a disk, from one listing of the folder before the stars."""
    scheme, _, wanted = pattern.partition("://")
    _check_there(f"{scheme}://{wanted.partition('/')[0]}")  # a bucket's name holds no stars
    wild = _WILD.search(pattern)
    folder = pattern[: pattern.rfind("/", 0, wild.start() if wild else None)]
    files, path = filesystem(folder)
    with storage_errors(folder):
        found = files.get_file_info(pafs.FileSelector(path, recursive=True, allow_not_found=True))
    for info in found:
        if _fits(info.path.split("/"), wanted.rstrip("/").split("/")):
            yield f"{scheme}://{info.path}", info


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Say whether a path matches: a star stays inside one part, ``**`` is any number of parts."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return _fits(parts, pattern[1:]) or (bool(parts) and _fits(parts[1:], pattern))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])
