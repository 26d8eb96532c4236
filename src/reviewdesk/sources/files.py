"""Files and folders of reviews, local or on S3, and the bytes in them."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Final, Self

import pyarrow.fs as pafs

from reviewdesk.errors import InputError
from reviewdesk.storage import filesystem, is_remote, storage_errors

CHUNK: Final = 1024 * 1024
FIRST_REMOTE_CHUNK: Final = 256 * 1024
REMOTE_CHUNK: Final = 8 * 1024 * 1024
"""Over a network every chunk is a request: few for who reads on, small for who looks at the start.
"""

SMALL: Final = 64 * 1024
"""Bytes of a file that is read once and then held while it is looked at."""


@dataclass(frozen=True)
class SourceFile:
    """One file, or one folder that is read as a whole.

    Args:
        place: local path or ``s3://`` address.
        name: how it is listed: its own name, or its path below the folder that the user gave.
        size: bytes on disk; for a folder, those of all files in it.
        folder: whether it is a folder.
        digests: where given, takes the SHA-256, by place, of every file that is read to its end.
        member: where the place is an archive, the path of the file inside it.
        encoding: of its text, where it is not UTF-8 and its first bytes do not show it.
        row_groups: of a Parquet file, the first one to read and the one behind the last; None: all.
        held: its bytes, where they were read already.
    """

    place: str
    name: str
    size: int
    folder: bool = False
    digests: dict[str, str] | None = field(default=None, compare=False, repr=False)
    member: str = ""
    encoding: str = ""
    row_groups: tuple[int, int] | None = None
    held: bytes | None = field(default=None, compare=False, repr=False)

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes as they lie on disk.

        Raises:
            StorageError: it cannot be read.
        """
        if self.held is not None:
            if self.digests is not None and self.place not in self.digests:
                self.digests[self.place] = hashlib.sha256(self.held).hexdigest()
            yield self.held
            return
        files, path = filesystem(self.place)
        with storage_errors(self.place):
            stream = files.open_input_stream(path, compression=None)
        digest = hashlib.sha256()
        size = FIRST_REMOTE_CHUNK if is_remote(self.place) else CHUNK
        with stream:
            while True:
                with storage_errors(self.place):
                    chunk: bytes = stream.read(size)
                if not chunk:
                    break
                if self.digests is not None:
                    digest.update(chunk)
                yield chunk
                if size < REMOTE_CHUNK and is_remote(self.place):
                    size *= 2
        if self.digests is not None:
            self.digests[self.place] = digest.hexdigest()

    def at_hand(self) -> Self:
        """Return a small local file with its bytes, so that each look at it is not a read.

        Raises:
            StorageError: it cannot be read.
        """
        if self.size > SMALL or self.folder or self.member or self.held is not None:
            return self
        if is_remote(self.place):
            return self
        with storage_errors(self.place), Path(self.place).open("rb") as file:
            held = file.read(SMALL + 1)
        return replace(self, held=held) if len(held) <= SMALL else self

    def has(self, relative: str) -> bool:
        """Say whether a folder holds a file or folder of that path."""
        files, path = filesystem(self.place)
        with storage_errors(self.place):
            info = files.get_file_info(f"{path}/{relative}")
        return bool(info.type != pafs.FileType.NotFound)

    def members(self) -> list["SourceFile"]:
        """Return the files of a folder, at any depth, sorted; named by their path inside it.

        Raises:
            StorageError: it cannot be listed.
            InputError: a name in it is not UTF-8.
        """
        files, path = filesystem(self.place)
        with storage_errors(self.place):
            found = files.get_file_info(pafs.FileSelector(path, recursive=True))
        root = len(path.rstrip("/")) + 1
        try:
            paths = [(info.path[root:], info) for info in found]
        except UnicodeDecodeError:
            _check_names(path)  # says which
            raise
        members = [
            SourceFile(f"{self.place.rstrip('/')}/{name}", name, info.size, digests=self.digests)
            for name, info in paths
            if info.type != pafs.FileType.Directory
        ]
        return sorted(members, key=lambda member: member.name)

    def sha256(self) -> str:
        """Return the digest of the bytes; of a folder, that of its files' names and digests.

        What is in ``digests`` is not read again. Of a file in pieces the first one has it, and the
        others have the empty text.
        """
        if self.row_groups is not None and self.row_groups[0]:
            return ""
        digest = hashlib.sha256()
        if self.folder:
            for member in self.members():
                digest.update(f"{member.sha256()} {member.name}\n".encode())
        elif self.digests is not None and self.place in self.digests:
            return self.digests[self.place]
        else:
            for chunk in self.chunks():
                digest.update(chunk)
        return digest.hexdigest()


def check_name(path: str) -> None:
    """Check that a path can be written as text.

    Raises:
        InputError: it is not UTF-8.
    """
    try:
        path.encode()
    except UnicodeEncodeError as error:
        shown = path.encode(errors="surrogateescape").decode(errors="backslashreplace")
        raise InputError(f"the name {shown} is not valid UTF-8; rename it") from error


def _check_names(folder: str) -> None:
    for root, *names in os.walk(folder):
        for name in chain(*names):
            check_name(f"{root}/{name}")
