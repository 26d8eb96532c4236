"""Local copies of folders and files on S3: fetched to be read, published once they are written.

Nothing can be renamed on S3. What is new of a folder goes up under ``.NAME.next`` beside its place,
and last a small file that lists it: from then on it is the folder's content, wherever it lies. Then
it is copied to its place, on S3's side, and removed there. So an upload that is interrupted leaves
the old, a copying that is interrupted the new, and the next writer finishes it.
"""

import errno
import functools
import hashlib
import inspect
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar
from uuid import uuid4

import pyarrow.fs as pafs

from reviewdesk.engines.shared import download, exists, local_file, remove, upload
from reviewdesk.errors import InputError, ReviewdeskError, StorageError
from reviewdesk.s3 import SCHEME
from reviewdesk.storage import (
    address_of,
    file_sha256,
    filesystem,
    is_remote,
    private_directory,
    read_record,
    storage_errors,
    write_record,
)

P = ParamSpec("P")
R = TypeVar("R")

LISTED: Final = "published.json"
"""Under ``.NAME.next``: what of the folder's content lies there, and what is no part of it."""
MANIFESTS: Final = ("manifest.json", "findings.json", "job.json")
"""Say what a folder is, so that they arrive last."""
CONNECTIONS: Final = 8


class RemoteFile(NamedTuple):
    """A file on S3.

    Args:
        address: where it is.
        size: in bytes.
    """

    address: str
    size: int


def remote_files(address: str) -> dict[str, RemoteFile]:
    """Return a folder's files by their paths below it; of a file itself, by an empty one.

    Raises:
        StorageError: it cannot be looked at.
    """
    files, path = filesystem(address)
    with storage_errors(address):
        there = files.get_file_info(path)
        if there.type == pafs.FileType.File:
            return {"": RemoteFile(address, there.size)}
    found, listed = _below(address), _published(address)
    if listed is None:
        return found
    staged = _below(staging(address))
    kept = {name: file for name, file in found.items() if name not in listed["removed"]}
    return {**kept, **{name: staged[name] for name in listed["files"] if name in staged}}


@contextmanager
def local_copy(source: Path | str) -> Iterator[Path]:
    """Give the block a file or folder on this machine: itself, or a copy of what is at an address.

    Raises:
        StorageError: it is not there or cannot be read.
    """
    address = address_of(source) if isinstance(source, Path) else source
    if not is_remote(address):
        yield Path(address)
        return
    with TemporaryDirectory(prefix="reviewdesk-") as scratch:
        local = Path(scratch) / address.rpartition("/")[2]
        if not _fetch(address, local):
            with storage_errors(address):
                raise FileNotFoundError(errno.ENOENT, "nothing is there")
        yield local


def kept_copy(address: str, key: str) -> Path:
    """Return a copy of a file at an address that is there as long as this process.

    Args:
        address: the file.
        key: names its content.

    Raises:
        StorageError: it is not there or cannot be read.
    """
    # Hashed, since whoever wrote the folder has chosen both.
    path = Path(_kept().name) / hashlib.sha256(f"{key} {address}".encode()).hexdigest()
    if not path.exists():
        aside = path.with_name(f"{path.name}.{uuid4().hex}")
        download(address, aside)
        aside.replace(path)  # in one step: another thread may want it as well
    return path


@functools.cache
def _kept() -> "TemporaryDirectory[str]":
    return TemporaryDirectory(prefix="reviewdesk-")  # removed when the process ends


@contextmanager
def published(target: Path) -> Iterator[Path]:
    """Give the block a local place; what is there when it ends well replaces what is at an address.

    The block finds there what is at the address. What it writes beside the place is published
    beside the address; what is as it was is not sent again. An error names the address.

    Args:
        target: a local path, which is itself the place, or an address.

    Raises:
        StorageError: it cannot be read or written.
    """
    address = address_of(target)
    if not is_remote(address):
        yield target
        return
    with TemporaryDirectory(prefix="reviewdesk-") as scratch:
        local = Path(scratch) / address.rpartition("/")[2]
        _finish(address)
        _fetch(address, local)
        before = _digests(local)
        try:
            yield local
        except ReviewdeskError as error:
            error.args = tuple(
                each.replace(scratch, address.rpartition("/")[0]) if isinstance(each, str) else each
                for each in error.args
            )
            raise
        for other in sorted(Path(scratch).iterdir(), key=lambda path: path == local):
            if not other.name.startswith("."):
                beside = f"{address.rpartition('/')[0]}/{other.name}"
                _publish(other, beside, before if other == local else {})


def in_local_copies(*names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function write to addresses as it does to paths.

    Unless a cluster writes (its argument ``engine``), what it writes at an address it writes to a
    local copy, which is published when it returns; paths in what it returns are the addresses.

    Args:
        names: its arguments that are places to write.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def write(*args: P.args, **kwargs: P.kwargs) -> R:
            bound = signature.bind(*args, **kwargs)
            given: dict[str, Any] = bound.arguments
            remote = [name for name in names if _is_address(given.get(name))]
            if not remote or given.get("engine") is not None:
                return function(*args, **kwargs)
            place = given[remote[0]]
            with published(place) as local:
                given[remote[0]] = local
                result = write(*bound.args, **bound.kwargs)  # and what else is at an address
            renamed: R = _renamed(result, local.parent, address_of(place).rpartition("/")[0])
            return renamed

        return write

    return decorate


def _is_address(place: Any) -> bool:
    return isinstance(place, Path) and is_remote(address_of(place))


def _renamed(value: Any, local: Path, address: str) -> Any:
    """Return what a function returned, with addresses in place of paths of a local copy."""
    if isinstance(value, Path) and value.is_relative_to(local):
        return Path(f"{address}/{value.relative_to(local)}")
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(_renamed(each, local, address) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {one.name: getattr(value, one.name) for one in fields(value) if one.init}
        renamed = {name: _renamed(part, local, address) for name, part in parts.items()}
        changed = {name: part for name, part in renamed.items() if part is not parts[name]}
        return replace(value, **changed) if changed else value
    return value


def staging(address: str) -> str:
    """Return where what is new of a folder goes until it is in its place."""
    parent, _, name = address.rpartition("/")
    return f"{parent}/.{name}.next"


def _below(address: str) -> dict[str, RemoteFile]:
    files, path = filesystem(address)
    with storage_errors(address):
        within = files.get_file_info(pafs.FileSelector(path, recursive=True, allow_not_found=True))
    return {
        _checked(each.path.removeprefix(f"{path}/"), address): RemoteFile(
            f"{SCHEME}{each.path}", each.size
        )
        for each in within
        if each.type == pafs.FileType.File
    }


def _checked(name: str, address: str) -> str:
    """Return a file's path below a folder; S3 allows names that would lead out of a local copy."""
    if any(part in ("", ".", "..") for part in name.split("/")) or "\0" in name:
        raise InputError(
            f"{address} holds a file whose name leads out of the folder, {name[:200]!r}; whoever "
            "wrote it may mean harm: remove it, or name another folder"
        )
    return name


def _published(address: str) -> dict[str, Any] | None:
    """Return what lies under ``.NAME.next`` and is not in its place yet, if all of it was sent."""
    aside = staging(address)
    if not exists(f"{aside}/{LISTED}"):
        return None
    with local_file(f"{aside}/{LISTED}") as path:
        return read_record(path)


def _fetch(address: str, local: Path) -> bool:
    """Copy a file or folder here; say whether there was anything."""
    there = remote_files(address)
    for name in there:
        private_directory((local / name).parent)
    try:
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(lambda name: download(there[name].address, local / name), there))
    except StorageError:
        if remote_files(address) == there:
            raise
        _remove(local)
        return _fetch(address, local)  # it was replaced meanwhile
    return bool(there)


def _remove(local: Path) -> None:
    if local.is_dir():
        shutil.rmtree(local)
    else:
        local.unlink(missing_ok=True)


def _digests(local: Path) -> dict[str, str]:
    """Return the digests of a folder's files by their paths below it; of a file, by an empty one.

    Locks and what is only half written are no part of it.
    """
    if local.is_file():
        return {"": file_sha256(local)}
    return {
        str(path.relative_to(local)): file_sha256(path)
        for path in sorted(local.rglob("*"))
        if path.is_file() and not _passing(path.relative_to(local))
    }


def _passing(path: Path) -> bool:
    return any(
        part.startswith(".") and part.endswith((".lock", ".partial", ".learning"))
        for part in path.parts
    )


def _publish(local: Path, address: str, before: Mapping[str, str]) -> None:
    now = _digests(local)
    changed = sorted((name for name in now if before.get(name) != now[name]), key=_last)
    removed = sorted(before.keys() - now.keys())
    if not changed and not removed:
        return
    if local.is_file():  # S3 replaces a file in one step
        upload(local, address)
        return
    aside = staging(address)
    remove(aside)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(lambda name: upload(local / name, f"{aside}/{name}"), changed))
    sizes = {name: (local / name).stat().st_size for name in changed}
    if {name: file.size for name, file in _below(aside).items()} != sizes:
        raise InputError(f"another command writes {address} as well; give this one again")
    with TemporaryDirectory(prefix="reviewdesk-") as scratch:
        write_record(Path(scratch) / LISTED, {"files": changed, "removed": removed})
        upload(Path(scratch) / LISTED, f"{aside}/{LISTED}")
    _finish(address)


def _last(name: str) -> tuple[bool, str]:
    return Path(name).name in MANIFESTS, name


def _finish(address: str) -> None:
    """Put what was sent in its place, unless that was done."""
    if (listed := _published(address)) is None:
        return
    files, path = filesystem(address)
    aside = filesystem(staging(address))[1]
    with storage_errors(address):
        for name in listed["files"]:
            files.copy_file(f"{aside}/{name}", f"{path}/{name}")
        for name in listed["removed"]:
            if files.get_file_info(f"{path}/{name}").type == pafs.FileType.File:
                files.delete_file(f"{path}/{name}")
        files.delete_file(f"{aside}/{LISTED}")
    remove(staging(address))
