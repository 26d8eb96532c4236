"""Fetching one file over HTTP: taken up where it stopped, its size checked, its digest recorded.

Source: RFC 9110, range requests (section 14) and If-Range (13.1.5).
"""

import contextlib
import http.client
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.file_lock import lock_at_once
from reviewdesk.progress import SILENT, Progress, Task
from reviewdesk.sources.files import SourceFile
from reviewdesk.sources.web import DownloadRefused, Lost, answer, length_of, part_of
from reviewdesk.storage import (
    PRIVATE_FILE,
    private_directory,
    read_json,
    storage_errors,
    sync_directory,
    write_json,
    write_text,
)

CHUNK: Final = 256 * 1024
ATTEMPTS: Final = 5
"""How often nothing at all may arrive before it gives up."""

PAGE_HEAD: Final = 4096
_PAGE: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s|<!--.*?-->|<\?xml.*?\?>)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Fetched:
    """A file that was fetched.

    Args:
        path: where it is.
        bytes: its size.
        sha256: its digest as it was seen; also in ``NAME.sha256`` beside it.
        already: whether it was there before.
        checked: whether anyone said what its size should be.
    """

    path: Path
    bytes: int
    sha256: str
    already: bool
    checked: bool = True


def size_of(address: str) -> int | None:
    """Ask a server for a file's size; None when it does not say.

    Raises:
        UsageError: the address is not one of HTTP.
        InputError: there is no such file.
        StorageError: the server cannot be reached.
    """
    try:
        with answer(address, "HEAD", {}) as response:
            return length_of(response)
    except DownloadRefused as refused:
        if refused.code in (405, 501):
            return None
        raise InputError(str(refused)) from refused
    except Lost as lost:
        raise StorageError(f"the connection to {address} was lost; try again") from lost


def fetch(
    address: str,
    folder: Path,
    *,
    size: int | None = None,
    wait: float = 1.0,
    progress: Progress = SILENT,
) -> Fetched:
    """Fetch a file into a folder.

    What has arrived is kept in ``.NAME.partial`` and taken up by the next attempt, or the next run,
    as long as the server still has the same file. A finished file is never written again.

    Args:
        address: of the file.
        folder: where it goes, under its own name.
        size: how many bytes it must have; None: as many as the server says.
        wait: seconds before the second attempt in which nothing arrives; longer each time.
        progress: is shown how far it has come.

    Raises:
        UsageError: the address is not one of HTTP.
        InputError: there is no such file, or it is not of the right size.
        StorageError: the connection is lost again and again, or the disk is full.
    """
    name = PurePosixPath(urlsplit(address).path).name
    if not name or name.startswith("."):
        raise UsageError(f"{address} does not end in the name of a file")
    path = private_directory(folder) / name
    with _alone_in(folder):
        if path.exists():
            return _recorded(path, already=True)
        partial = _Partial(path)
        with progress.task(f"Fetching {name}", size, "bytes") as task:
            whole = _fill(address, partial, size, wait, task)
        with storage_errors(str(path)):
            if _is_page(partial.path, name):
                partial.remove()
                raise InputError(
                    f"{address} is a web page and not the file {name}: perhaps one to sign in, or "
                    "one that says that the file has moved; it was not kept"
                )
            partial.path.rename(path)
            sync_directory(folder)
        partial.forget()
        return _recorded(path, already=False, checked=whole is not None)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes from fetching into the folder while the block runs."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if not lock_at_once(descriptor):
            raise StorageError(f"another process is fetching into {folder}; wait for it")
        yield
    finally:
        os.close(descriptor)


def _fill(
    address: str, partial: "_Partial", size: int | None, wait: float, task: Task
) -> int | None:
    """Ask again until all has arrived; return how much that had to be, if anyone said."""
    idle, most = 0, partial.size()
    task.advance(most)
    if most == size:
        return size  # it was killed before the file got its name
    while True:
        expected, ended = _attempt(address, partial, size, task)
        arrived = partial.size()
        if expected is not None and arrived > expected:
            partial.remove()
            raise InputError(
                f"{address} sent more than the {expected:,} bytes that the file has; it is of "
                "something else, so it was not kept"
            )
        if arrived == expected or (expected is None and ended):
            return expected
        idle = 0 if arrived > most else idle + 1
        most = max(most, arrived)
        if idle == ATTEMPTS:
            of = "" if expected is None else f" of {expected:,}"
            raise StorageError(
                f"the connection to {address} ended {idle} times with nothing new, at "
                f"{arrived:,}{of} bytes; the same command goes on there"
            )
        time.sleep(wait * idle)


def _attempt(
    address: str, partial: "_Partial", size: int | None, task: Task
) -> tuple[int | None, bool]:
    """Ask once for what is missing.

    Returns:
        The size of the whole file, None when nobody says; and whether the answer came to its end.
    """
    start = partial.size()
    headers = partial.range_headers()
    try:
        with answer(address, "GET", headers) as response:
            start = partial.begin(response, start)
            length = length_of(response)
            part = part_of(response)
            total = part[1] if part else None
            if total is None and length is not None:
                total = start + length
            if size is not None and total is not None and total != size:
                partial.remove()
                raise InputError(
                    f"{address} has {total:,} bytes and should have {size:,}; it is of something "
                    "else, so it was not kept"
                )
            expected = total if size is None else size
            ended = partial.take(response, expected, task)
            return expected, ended
    except DownloadRefused as refused:
        if refused.code == 416:  # the server has less than has arrived: it has another file
            partial.remove()
            return size, False
        if refused.code < 500 and refused.code != 429:
            raise InputError(str(refused)) from refused
        return size, False
    except Lost:
        return size, False


class _Partial:
    """What has arrived of a file, and of which state of it."""

    def __init__(self, final: Path) -> None:
        self.path = final.with_name(f".{final.name}.partial")
        self._note = final.with_name(f".{final.name}.partial.json")

    def size(self) -> int:
        with storage_errors(str(self.path)):
            return self.path.stat().st_size if self.path.exists() else 0

    def range_headers(self) -> dict[str, str]:
        """Return headers that ask for the rest; without a mark of its state, for all."""
        mark = self._mark()
        if not self.size() or not mark:
            return {}
        return {"Range": f"bytes={self.size()}-", "If-Range": mark}

    def begin(self, response: Any, start: int) -> int:
        """Return where the answer goes on; what it does not go on from is dropped."""
        part = part_of(response)
        if response.status == 206 and part and part[0] == start:
            return start
        self.remove()
        if response.status == 206:
            raise Lost  # another part than was asked for; the next attempt asks for all
        mark = response.headers.get("ETag", "")
        if not mark or mark.startswith("W/"):
            mark = response.headers.get("Last-Modified", "")
        write_json(self._note, {"state": mark})
        return 0

    def take(self, response: Any, expected: int | None, task: Task) -> bool:
        """Write what arrives; return whether the answer came to its end."""
        with storage_errors(str(self.path)):
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
        with os.fdopen(descriptor, "ab") as file:
            arrived = file.tell()
            while True:
                try:
                    data = response.read(CHUNK)
                except (OSError, http.client.HTTPException):
                    return False
                with storage_errors(str(self.path)):
                    file.write(data)
                    if not data:
                        file.flush()
                        os.fsync(file.fileno())
                        return True
                arrived += len(data)
                task.advance(len(data))
                if expected is not None and arrived > expected:
                    return False

    def remove(self) -> None:
        with storage_errors(str(self.path)):
            self.path.unlink(missing_ok=True)
        self.forget()

    def forget(self) -> None:
        with storage_errors(str(self._note)):
            self._note.unlink(missing_ok=True)

    def _mark(self) -> str:
        with contextlib.suppress(StorageError, InputError, KeyError, TypeError):
            return str(read_json(self._note)["state"])
        return ""


def _is_page(path: Path, name: str) -> bool:
    """Say whether a file holds HTML under a name that is not one of HTML."""
    with path.open("rb") as file:
        begin = file.read(PAGE_HEAD)
    return not name.lower().endswith((".html", ".htm")) and _PAGE.match(begin) is not None


def _recorded(path: Path, *, already: bool, checked: bool = True) -> Fetched:
    """Return a finished file; its digest is recorded, or compared with the one that is recorded.

    Raises:
        InputError: it is not the file that was fetched.
    """
    record = path.with_name(f"{path.name}.sha256")
    with storage_errors(str(path)):
        size = path.stat().st_size
        known = record.read_bytes().split(b" ", 1)[0] if record.exists() else b""
        page = _is_page(path, path.name)
    digest = SourceFile(str(path), path.name, size).sha256()
    if page or known not in (b"", digest.encode()):
        what = "holds a web page" if page else "is not the file that was fetched"
        raise InputError(f"{path} {what}; delete it and {record.name}, and fetch it again")
    if not known:
        write_text(record, f"{digest}  {path.name}\n")
    return Fetched(path, size, digest, already, checked)
