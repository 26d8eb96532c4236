"""One writer at a time: a lock that ends with its process, however that ends."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reviewdesk.errors import StorageError
from reviewdesk.file_lock import lock_at_once
from reviewdesk.storage import PRIVATE_FILE, storage_errors


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold a lock while the block runs.

    The operating system gives the lock back when the process ends, also after ``kill -9``; a file
    that is left behind means nothing.

    Args:
        path: the lock file; removed afterwards.
        what: what the lock is for, as in ``"the folder reviews"``; it goes into the error message.

    Raises:
        StorageError: another process holds it, or the file cannot be made.
    """
    with storage_errors(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _acquire(path)
    if descriptor is None:
        raise StorageError(f"another process is writing {what}; wait for it or stop it")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()  # while it is held, so that nobody loses a lock on the old file
        os.close(descriptor)


def _acquire(path: Path) -> int | None:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        if not lock_at_once(descriptor):
            os.close(descriptor)
            return None
        if _is_open_file(path, descriptor):
            return descriptor
        os.close(descriptor)  # its last holder removed it between open and lock


def _is_open_file(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
