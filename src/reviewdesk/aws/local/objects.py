"""Objects below an address, on S3 or in a folder of this machine (``file://``)."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

import pyarrow.fs as pafs

from reviewdesk.aws.local.request import LOCAL
from reviewdesk.errors import InputError
from reviewdesk.storage import filesystem, storage_errors


@dataclass(frozen=True)
class Object:
    """A file of this machine or an object on S3.

    Args:
        files: the file system.
        path: where it is there.
        name: its path below the address that was given.
    """

    files: pafs.FileSystem
    path: str
    name: str

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open it for reading."""
        with storage_errors(self.path), self.files.open_input_stream(self.path, None) as stream:
            yield stream

    def read(self) -> bytes:
        """Return all of it."""
        with self.open() as stream:
            return bytes(stream.read())

    def copy(self, to: Path) -> None:
        """Write it to a local file."""
        with storage_errors(str(to)):
            to.parent.mkdir(parents=True, exist_ok=True)
            with self.open() as stream, to.open("wb") as out:
                shutil.copyfileobj(stream, out)


def path_of(address: str) -> str:
    """Return an address as files are opened by: without ``file://``."""
    return address.removeprefix(LOCAL)


def objects(address: str) -> list[Object]:
    """Return what an address begins, as S3 understands a prefix, by name.

    A prefix that ends inside a name matches all that go on from it.

    Raises:
        InputError: there is nothing.
        StorageError: it cannot be listed.
    """
    files, path = filesystem(path_of(address))
    folder = path if address.endswith("/") or is_folder(address) else _above(path)
    with storage_errors(address):
        selector = pafs.FileSelector(folder, recursive=True, allow_not_found=True)
        listed = [
            Object(files, one.path, str(PurePosixPath(one.path).relative_to(folder)))
            for one in files.get_file_info(selector)
            if one.type == pafs.FileType.File and one.path.startswith(path)
        ]
    if not listed:
        raise InputError(f"there is no object below {address}")
    return sorted(listed, key=lambda one: one.name)


def is_folder(address: str) -> bool:
    """Say whether an address is that of a whole folder.

    Raises:
        StorageError: it cannot be reached.
    """
    files, path = filesystem(path_of(address))
    with storage_errors(address):
        return bool(files.get_file_info(path).type == pafs.FileType.Directory)


def manifest_objects(address: str) -> list[Object]:
    """Return what a manifest names: a JSON list of a prefix and names below it.

    Raises:
        InputError: it is no such list, or names what is not there.
    """
    entries = _json(one_object(address).read(), address)
    fits = isinstance(entries, list) and entries and isinstance(entries[0], dict)
    if not fits or not isinstance(entries[0].get("prefix"), str):
        raise InputError(f'{address} is no manifest: it must be [{{"prefix": "s3://..."}}, ...]')
    prefix = entries[0]["prefix"]
    named = [one for name in entries[1:] for one in objects(prefix + str(name))]
    return named if len(entries) > 1 else objects(prefix)


def manifest_lines(address: str) -> list[dict[str, Any]]:
    """Return the lines of an augmented manifest.

    Raises:
        InputError: a line is no JSON object.
    """
    lines = [line for line in one_object(address).read().split(b"\n") if line.strip()]
    found = [_json(line, f"line {number} of {address}") for number, line in enumerate(lines, 1)]
    if not all(isinstance(one, dict) for one in found):
        raise InputError(f"{address} holds a line that is no JSON object")
    return found


def one_object(address: str) -> Object:
    """Return the object of exactly this address.

    Raises:
        StorageError: it cannot be reached.
    """
    files, path = filesystem(path_of(address))
    return Object(files, path, PurePosixPath(path).name)


def put(source: Path, address: str) -> None:
    """Write a local file to an address.

    Raises:
        StorageError: it cannot be written.
    """
    files, path = filesystem(path_of(address))
    with storage_errors(address):
        if isinstance(files, pafs.LocalFileSystem):
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as content, files.open_output_stream(path, None) as out:
            shutil.copyfileobj(content, out)


def below(address: str, name: str) -> str:
    """Return the address of a name below another address."""
    return f"{address.rstrip('/')}/{name}"


def _json(raw: bytes, where: str) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is not JSON") from error


def _above(path: str) -> str:
    return str(PurePosixPath(path).parent)
