"""Files of captured requests that grow while others erase from them: rotated and bounded."""

import errno
import json
import os
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reviewdesk.file_lock import lock, unlock
from reviewdesk.formats.capture_log import OWN, Captured, capture_files, capture_line
from reviewdesk.storage import (
    PRIVATE_DIRECTORY,
    PRIVATE_FILE,
    storage_errors,
    write_then_rename,
)

LARGEST_FILE: Final = 64 << 20
FEWEST_FILES: Final = 4  # that the bound allows; the oldest goes


class CaptureFolder:
    """Writes captured requests below a folder, each as one line at once.

    A line is in the file when ``write`` returns, so that killing the process loses none that was
    answered after it. Several processes may write below one folder: each has files of its own.

    Args:
        folder: where endpoints have their folders.
        most_bytes: what all files may hold together; then the oldest are deleted.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most = most_bytes
        self._largest = min(LARGEST_FILE, most_bytes // FEWEST_FILES)
        self._open: dict[tuple[str, str], _Growing] = {}
        self._lock = threading.Lock()

    def write(self, captured: Captured) -> None:
        """Add a captured request.

        Raises:
            OSError: it cannot be written; the file is as it was before.
        """
        line = capture_line(captured)
        with self._lock:
            self._growing(captured, len(line)).append(line)

    def _growing(self, captured: Captured, size: int) -> "_Growing":
        """Return the file of this hour, or a new one where that would become too large."""
        key, hour = (captured.endpoint, captured.variant), captured.time[:13]
        file = self._open.get(key)
        if file is None or file.hour != hour or file.size + size > self._largest:
            if file is not None:
                file.close()
                del self._open[key]
            self._make_room()
            day, _, clock = captured.time.partition("T")
            parts = (*key, *day.split("-"), clock[:2])
            name = f"{clock[3:5]}-{clock[6:8]}-{uuid.uuid4()}.jsonl"
            file = self._open[key] = _Growing(self._folder.joinpath(*parts, name), hour)
        return file

    def _make_room(self) -> None:
        """Delete the oldest files until one more of the largest size has room."""
        if not self._folder.is_dir():
            return
        sizes = {path: path.stat().st_size for path in capture_files(self._folder)}
        kept = {file.path for file in self._open.values()}
        total = sum(sizes.values())
        for path, size in sizes.items():
            if total + self._largest <= self._most:
                return
            if path not in kept:
                path.unlink(missing_ok=True)
                total -= size


class _Growing:
    """One open file."""

    def __init__(self, path: Path, hour: str) -> None:
        self.path = path
        self.hour = hour
        self.size = 0
        for folder in reversed(path.parents):
            folder.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)
        self._descriptor = self._opened()

    def append(self, line: bytes) -> None:
        """Add a line, whole or not at all."""
        self._lock()
        try:
            before = os.fstat(self._descriptor).st_size
            written = os.write(self._descriptor, line)
            if written < len(line):
                os.ftruncate(self._descriptor, before)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self.size = before + written
        finally:
            unlock(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)

    def _opened(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE_FILE)

    def _lock(self) -> None:
        while not _locked(self._descriptor, self.path):
            self.close()
            self.path.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
            self._descriptor = self._opened()


def _locked(descriptor: int, path: Path) -> bool:
    """Lock an open file; say whether it still is the one of that name: erasing exchanges files."""
    lock(descriptor)
    try:
        return path.stat().st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False


@dataclass(frozen=True)
class CaptureErasure:
    """What was erased from captured requests.

    Args:
        lines: how many requests.
        requests: what ground truth names them by.
    """

    lines: int
    requests: frozenset[str]


def erase_captured(folder: Path, customer: str) -> CaptureErasure:
    """Erase the requests of a customer, while a server may write more.

    These are requests that were dealt by the customer's id, and those whose kept input holds the
    id as a value of its JSON. Lines that are damaged are kept.

    Args:
        folder: what ``serve --capture`` wrote.
        customer: the customer's id.

    Raises:
        StorageError: the folder cannot be read or written.
    """
    lines, requests = 0, set()
    for path in capture_files(folder):
        gone = _without(path, lambda line: _names(line, customer))
        lines += len(gone)
        requests |= {_request(line) for line in gone}
    return CaptureErasure(lines, frozenset(requests))


def erase_truth(folder: Path, requests: frozenset[str]) -> int:
    """Erase the ground truth of requests; return how many lines went.

    Raises:
        StorageError: the folder cannot be read or written.
    """
    erased = 0
    with storage_errors(str(folder)):
        paths = sorted(folder.rglob("*.jsonl"))
    for path in paths:
        erased += len(_without(path, lambda line: _request(line) in requests))
    return erased


def _without(path: Path, leaves: Callable[[bytes], bool]) -> list[bytes]:
    """Write a file without some of its lines, while others wait to add to it; return these."""
    with storage_errors(str(path)):
        while True:
            with path.open("rb") as file:
                if not _locked(file.fileno(), path):
                    continue
                lines = file.read().splitlines(keepends=True)
                gone = [line for line in lines if leaves(line)]
                if gone:
                    with write_then_rename(path) as aside:
                        aside.writelines(line for line in lines if not leaves(line))
                return gone


def _names(line: bytes, customer: str) -> bool:
    value = _parsed(line)
    if str(value.get(OWN, {}).get("unit", "")) == customer:
        return True
    data = str(value.get("captureData", {}).get("endpointInput", {}).get("data", ""))
    if customer not in data:
        return False
    inputs = [data] if _parsed(data.encode()) else data.splitlines()
    return any(_holds(_parsed(text.encode()), customer) for text in inputs)


def _holds(value: Any, text: str) -> bool:
    """Say whether a JSON value is, or holds, a text or number that is written so."""
    if isinstance(value, dict):
        return any(_holds(one, text) for one in value.values())
    if isinstance(value, list):
        return any(_holds(one, text) for one in value)
    return str(value) == text


def _request(line: bytes) -> str:
    about = _parsed(line).get("eventMetadata", {})
    return str(about.get("inferenceId") or about.get("eventId", ""))


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
