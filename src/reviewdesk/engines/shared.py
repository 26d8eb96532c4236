"""Storage that all machines of a cluster share: a folder, or ``s3://``, under one name."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from reviewdesk.storage import filesystem, is_remote, private_directory, storage_errors

COPY_BYTES = 8 << 20


@contextmanager
def folder(address: str) -> Iterator[Path]:
    """Give the block a local folder whose files are at an address when it ends well.

    Args:
        address: a local path, which is the folder itself, or an address.

    Raises:
        StorageError: it cannot be written.
    """
    if not is_remote(address):
        yield private_directory(Path(address))
        return
    with tempfile.TemporaryDirectory(prefix="reviewdesk-") as scratch:
        yield Path(scratch)
        for path in sorted(Path(scratch).rglob("*")):
            if path.is_file():
                upload(path, f"{address}/{path.relative_to(scratch)}")


def upload(file: Path, address: str) -> None:
    """Write a file of this machine to an address.

    Raises:
        StorageError: it cannot be read or written.
    """
    files, path = filesystem(address)
    with (
        storage_errors(address),
        file.open("rb") as source,
        files.open_output_stream(path) as out,
    ):
        shutil.copyfileobj(source, out, COPY_BYTES)


def download(address: str, file: Path) -> None:
    """Write what is at an address to a file of this machine.

    Raises:
        StorageError: it is not there, or cannot be read or written.
    """
    files, path = filesystem(address)
    with (
        storage_errors(address),
        files.open_input_stream(path) as source,
        file.open("wb") as out,
    ):
        shutil.copyfileobj(source, out, COPY_BYTES)


@contextmanager
def local_file(address: str) -> Iterator[Path]:
    """Give the block a file on this machine: the file itself, or a copy of what is at an address.

    Raises:
        StorageError: it is not there or cannot be read.
    """
    if not is_remote(address):
        yield Path(address)
        return
    with tempfile.TemporaryDirectory(prefix="reviewdesk-") as scratch:
        copy = Path(scratch) / address.rpartition("/")[2]
        download(address, copy)
        yield copy


def read_table(address: str, columns: list[str] | None = None, filters: Any = None) -> pa.Table:
    """Return a Parquet file's rows.

    Raises:
        StorageError: it cannot be read.
    """
    files, path = filesystem(address)
    with storage_errors(address):
        return pq.read_table(
            path, columns=columns, filters=filters, filesystem=files, partitioning=None
        )


def file_sizes(address: str) -> dict[str, int]:
    """Return the size of each file below an address, by its path there; nothing where it is not.

    Raises:
        StorageError: it cannot be looked at.
    """
    files, path = filesystem(address)
    with storage_errors(address):
        within = files.get_file_info(pafs.FileSelector(path, recursive=True, allow_not_found=True))
    return {
        one.path.removeprefix(path).lstrip("/"): one.size
        for one in within
        if one.type == pafs.FileType.File
    }


def exists(address: str) -> bool:
    """Say whether there is a file or a folder at an address.

    Raises:
        StorageError: it cannot be looked at.
    """
    files, path = filesystem(address)
    with storage_errors(address):
        return bool(files.get_file_info(path).type != pafs.FileType.NotFound)


def remove(address: str) -> None:
    """Remove a folder and all in it, if it is there.

    Raises:
        StorageError: it cannot be removed.
    """
    files, path = filesystem(address)
    with storage_errors(address):
        if exists(address):
            files.delete_dir(path)
