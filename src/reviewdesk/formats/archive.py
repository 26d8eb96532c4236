"""Directories as ``.tar.gz`` files: written the same every time, unpacked without trust.

An archive from a stranger may name paths outside its directory, hold links or devices, or unpack to
more bytes than the disk has. Nothing is written before its name and size have been checked, and
the decompressed stream is cut off at a limit, whatever its headers say.
"""

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from reviewdesk.errors import BundleError
from reviewdesk.storage import PRIVATE_DIRECTORY, open_private, storage_errors, write_then_rename

MAX_MEMBERS: Final = 1_000
MAX_BYTES: Final = 4 << 30
MAX_NAME: Final = 255
# Names over 100 characters need headers of their own; no honest header comes near this.
MAX_HEADER_BYTES: Final = 64 << 10
CHUNK: Final = 1 << 20


def write_archive(directory: Path, out: Path) -> None:
    """Write a directory's files as a ``.tar.gz`` whose bytes depend on names and contents only.

    Raises:
        StorageError: something cannot be read or written.
    """
    with (
        write_then_rename(out) as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for path in sorted(p for p in directory.rglob("*") if p.is_file()):
            member = tarfile.TarInfo(path.relative_to(directory).as_posix())
            member.size = path.stat().st_size
            # A server that unpacks as one user and reads as another is common; who may read the
            # unpacked files is for the unpacking side's umask to say.
            member.mode = 0o644
            with path.open("rb") as content:
                tar.addfile(member, content)


def unpack_archive(
    archive: Path, into: Path, *, max_members: int = MAX_MEMBERS, max_bytes: int = MAX_BYTES
) -> None:
    """Unpack a ``.tar.gz`` into a directory that does not exist yet and that only its owner reads.

    Args:
        archive: the file; its contents are not trusted.
        into: the directory to make.
        max_members: most files and directories in it.
        max_bytes: most bytes that it may decompress to, headers included.

    Raises:
        BundleError: it is damaged, or holds anything but plain files below its own directory, or is
            over a limit.
        StorageError: it cannot be opened or unpacked here.
    """
    with storage_errors(str(into)):
        into.mkdir(mode=PRIVATE_DIRECTORY)
    with storage_errors(str(archive)), archive.open("rb") as file:
        try:
            _unpack(_Limited(gzip.GzipFile(fileobj=file), max_bytes), into, max_members)
        except BundleError as error:
            raise BundleError(f"{archive} was refused: {error}") from error
        except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
            raise BundleError(f"{archive} was refused: a file in it is a directory too") from error
        except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError) as error:
            raise BundleError(f"{archive} is not a whole .tar.gz file; get it again") from error


@contextmanager
def unpacked(archive: Path) -> Iterator[Path]:
    """Yield a temporary directory with what is in a ``.tar.gz``; see ``unpack_archive``."""
    with storage_errors("the temporary directory"), TemporaryDirectory(prefix="reviewdesk-") as top:
        directory = Path(top) / "archive"
        unpack_archive(archive, directory)
        yield directory


def safe_name(name: str) -> str:
    """Return a member's name as a plain relative path with forward slashes.

    Raises:
        BundleError: the name leads out of the directory or cannot be a file's name everywhere.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    plain = (
        name.isprintable()
        and not name.startswith("/")
        and not any(sign in name for sign in '\\:*?"<>|')
        and len(name.encode(errors="surrogateescape")) <= MAX_NAME
    )
    if not plain or ".." in parts:
        raise BundleError("it names a file outside its own directory or in an unusual way")
    return "/".join(parts)


class _Limited(io.RawIOBase):
    """A stream that refuses to be read beyond a limit, which may be moved while reading."""

    def __init__(self, stream: io.BufferedIOBase, max_bytes: int) -> None:
        self._stream = stream
        self.max_bytes = max_bytes
        self.limit = max_bytes
        self.done = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(min(size, CHUNK) if size >= 0 else CHUNK)
        self.done += len(data)
        if self.done > self.max_bytes:
            raise BundleError(f"it unpacks to more than {self.max_bytes:,} bytes")
        if self.done > self.limit:
            raise BundleError("a header in it is too large")
        return data

    def expect_header(self) -> None:
        self.limit = self.done + MAX_HEADER_BYTES

    def expect_content(self) -> None:
        self.limit = self.max_bytes


def _unpack(stream: _Limited, into: Path, max_members: int) -> None:
    stream.expect_header()
    seen: set[str] = set()
    with tarfile.open(fileobj=stream, mode="r|") as tar:
        while (member := tar.next()) is not None:
            name = safe_name(member.name)
            if len(seen) >= max_members:
                raise BundleError(f"it holds more than {max_members:,} files")
            if name.casefold() in seen:
                raise BundleError("it holds the same name twice")
            seen.add(name.casefold())
            stream.expect_content()
            _write_member(tar, member, into / name)
            tar.members.clear()  # type: ignore[attr-defined]  # a stream never goes back
            stream.expect_header()
    stream.expect_content()
    while stream.read(CHUNK):  # to the end, so that gzip's checksum is checked
        pass


def _write_member(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    if member.isdir():
        path.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        return
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse():
        raise BundleError("it holds a link, a device or another thing that is not a plain file")
    content = tar.extractfile(member)
    if content is None or member.size < 0:
        raise BundleError("it holds a file without content")
    path.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    with open_private(path) as file:
        left = member.size
        while left:
            data = content.read(min(left, CHUNK))
            if not data:
                raise EOFError
            file.write(data)
            left -= len(data)
