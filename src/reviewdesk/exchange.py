"""A directory put in the place of another: a kill at any moment leaves the older one or the new.

On Linux the two change places in one step. Where the system cannot do that, the steps are such
that what lies on disk says how far they had come, and the next command that looks at the place
goes on from there:

    .NAME.new   is finished and about to become NAME; it gets this name in one step
    .NAME.old   was NAME, and is removed once the new one is there
"""

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from reviewdesk.storage import storage_errors, sync_directory

_HERE: Final = -100  # AT_FDCWD: paths are relative to the working directory
_EXCHANGE: Final = 2  # RENAME_EXCHANGE
_CANNOT: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EXDEV})


def replace_directory(aside: Path, final: Path) -> None:
    """Put a finished directory in its place; an older one there is removed afterwards.

    Args:
        aside: the finished directory, on the same file system. After a kill it can be the older
            one, which is still to be removed.
        final: its place.

    Raises:
        StorageError: it cannot be renamed.
    """
    finish_replacement(final)
    new, old = _names(final)
    shutil.rmtree(new, ignore_errors=True)
    with storage_errors(str(final)):
        if final.exists() and exchange(aside, final):
            sync_directory(final.parent)
            shutil.rmtree(aside, ignore_errors=True)
            return
        aside.rename(new)
        sync_directory(final.parent)
        if final.exists():
            final.rename(old)
        _put(new, final)
        shutil.rmtree(old, ignore_errors=True)


def finish_replacement(final: Path) -> None:
    """Finish what a killed process began; call it before a place is looked at.

    Where nothing was begun, nothing happens.

    Raises:
        StorageError: it cannot be renamed.
    """
    new, old = _names(final)
    with storage_errors(str(final)):
        if not final.exists():
            if new.exists():
                _put(new, final)
            elif old.exists():
                _put(old, final)
        if final.exists() and old.exists():
            shutil.rmtree(old, ignore_errors=True)


def _names(final: Path) -> tuple[Path, Path]:
    return final.with_name(f".{final.name}.new"), final.with_name(f".{final.name}.old")


def _put(aside: Path, final: Path) -> None:
    try:
        aside.rename(final)
    except FileNotFoundError:
        if not final.exists():  # else another process has finished it
            raise
    sync_directory(final.parent)


def exchange(first: Path, other: Path) -> bool:
    """Let two directories change places in one step; say whether the system can.

    Raises:
        OSError: it can, and failed.
    """
    call = _renameat2()
    if call is None:
        return False
    sys.audit("os.rename", str(first), str(other), -1, -1)
    if call(_HERE, os.fsencode(first), _HERE, os.fsencode(other), _EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(other))


@cache
def _renameat2() -> Callable[..., int] | None:
    """Return the C library's function; None where it has none."""
    if not sys.platform.startswith("linux"):
        return None
    call: Callable[..., int] | None = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    return call
