"""Locks on open files, which end with the process that holds them, however that ends.

The one module that needs Linux or macOS.
"""

from reviewdesk.errors import UnsupportedPlatform
from reviewdesk.optional import is_installed

if not is_installed("fcntl"):
    raise UnsupportedPlatform(
        "reviewdesk runs on Linux and macOS; on Windows, install it in the Windows Subsystem for "
        "Linux (wsl --install)"
    )

import fcntl


def lock(descriptor: int) -> None:
    """Lock an open file, once nobody else holds it.

    Raises:
        OSError: the file system has no locks.
    """
    fcntl.flock(descriptor, fcntl.LOCK_EX)


def lock_at_once(descriptor: int) -> bool:
    """Lock an open file; say whether nobody else held it.

    Raises:
        OSError: the file system has no locks.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(descriptor: int) -> None:
    """Give a lock back while the file stays open."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)
