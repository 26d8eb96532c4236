"""Files and folders of reviews, local or on S3, and the bytes in them."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

import pyarrow.fs as pafs

from reviewdesk.errors import InputError
from reviewdesk.storage import filesystem, is_remote, storage_errors

CHUNK: Final = 1024 * 1024
FIRST_REMOTE_CHUNK: Final = 256 * 1024
REMOTE_CHUNK: Final = 8 * 1024 * 1024
"""Over a network every chunk is a request: few for who reads on, small for who looks at the start.
"""


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
    """

    place: str
    name: str
    size: int
    folder: bool = False
    digests: dict[str, str] | None = field(default=None, compare=False, repr=False)
    member: str = ""
    encoding: str = ""
    row_groups: tuple[int, int] | None = None

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes as they lie on disk.

        Raises:
            StorageError: it cannot be read.
        """
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
