"""The pages that other steps have written: found by what they are, under whichever name they lie.

Only what lies in a job or in folders beside it counts, as files of their own: no link is followed,
neither to a file nor to a folder, so that nothing elsewhere can be read through the desk.
"""

import datetime
import functools
import os
import stat
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from reviewdesk.report.page import HEAD_BYTES, PageHead, page_head

DEPTH_IN_JOB: Final = 4
DEPTH_BESIDE: Final = 2
"""Folders below the one in which the job lies."""
MOST_ENTRIES: Final = 20_000
"""So many files and folders are looked at in one place; those nearest to its top come first."""
MOST_BYTES: Final = 64 * 1024 * 1024
_WITHOUT_PAGES: Final = frozenset({"prepared", "desk", "bundle", "node_modules", "__pycache__"})


class PageFile(NamedTuple):
    """One page of another step.

    Args:
        name: in the address: its path below a place, so that links between pages lead there too.
        path: where it is.
        head: what it says of itself.
        written: when.
    """

    name: str
    path: Path
    head: PageHead
    written: datetime.datetime


def page_files(job: Path, others: Path | None, marker: str) -> Iterator[PageFile]:
    """Yield the pages of a job, of folders beside it, and of one further folder, the job's first.

    Args:
        job: the folder of the job.
        others: a folder elsewhere that belongs to it, as that of its findings; None without.
        marker: the file that makes a folder a job's: pages of other jobs are left to their desks.
    """
    job = job.absolute()
    yield from _below(job, DEPTH_IN_JOB, job.name, marker)
    yield from _below(job.parent, DEPTH_BESIDE, "", marker)
    if others is not None:
        others = others.absolute()
        beside = others.is_relative_to(job.parent)
        name = str(others.relative_to(job.parent)) if beside else f"+/{others.name}"
        yield from _below(others, DEPTH_BESIDE, name, marker)


def read_page(file: PageFile) -> bytes | None:
    """Return a page's markup; None where the file is no such page any more."""
    try:
        markup = _read(file.path, MOST_BYTES + 1)
    except OSError:
        return None
    return markup if len(markup) <= MOST_BYTES and page_head(markup[:HEAD_BYTES]) else None


def _below(top: Path, depth: int, name: str, marker: str) -> Iterator[PageFile]:
    """Yield the pages in a folder and in those below it, the nearest first."""
    folders = deque([(top, name, depth)])
    looked_at = 0
    while folders:
        folder, prefix, left = folders.popleft()
        entries = _entries(folder)
        if folder != top and any(entry.name == marker for entry in entries):
            continue
        for entry in entries:
            looked_at += 1
            if looked_at > MOST_ENTRIES:
                return
            below = f"{prefix}/{entry.name}".lstrip("/")
            if entry.is_dir(follow_symlinks=False):
                if left and not entry.name.startswith(".") and entry.name not in _WITHOUT_PAGES:
                    folders.append((Path(entry.path), below, left - 1))
            elif (file := _page_file(entry, below)) is not None:
                yield file


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what is in a folder by name; nothing where it may not be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _page_file(entry: "os.DirEntry[str]", name: str) -> PageFile | None:
    try:
        if not entry.name.endswith(".html") or not entry.is_file(follow_symlinks=False):
            return None
        state = entry.stat(follow_symlinks=False)
        head = _head(entry.path, state.st_mtime_ns, state.st_size)
    except OSError:
        return None
    if head is None or not name.isprintable():
        return None
    written = datetime.datetime.fromtimestamp(state.st_mtime, datetime.UTC)
    return PageFile(name, Path(entry.path), head, written)


@functools.lru_cache(maxsize=4_096)
def _head(path: str, modified: int, size: int) -> PageHead | None:
    """Return what a file says of itself; read again when it has changed."""
    return page_head(_read(Path(path), HEAD_BYTES)) if size <= MOST_BYTES else None


def _read(path: Path, most: int) -> bytes:
    """Return the first bytes of a file; of nothing but a file, whatever has taken its place."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(most) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
