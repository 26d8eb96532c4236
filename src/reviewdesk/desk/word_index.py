"""The words of reviews in FTS5: at once for a few reviews, for many by a process of its own.

A desk on a million reviews opens in seconds that way; until its words are indexed, too, it says so.
The process writes aside and renames, so that a kill leaves either all of the words or none.
"""

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from reviewdesk.errors import ReviewdeskError
from reviewdesk.prepare.lock import locked
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.storage import open_private, read_json, storage_errors, write_json

WORDS: Final = "words.sqlite"
PARTIAL: Final = ".words.partial"
LOCK: Final = ".words.lock"
DONE: Final = "words.json"
AT_ONCE: Final = 100_000
"""Up to so many reviews nobody waits longer than two seconds."""
BATCH_ROWS: Final = 16_384
_CACHE_KIB: Final = 131_072
BUSY: Final = 75
"""The exit code where another process writes the words; sysexits.h has it for "try again"."""
AGAIN_SECONDS: Final = 2.0
_NICE: Final = 5
"""The answers of the desk go first."""


class ReviewWords:
    """The words of n reviews, as far as they are indexed.

    Args:
        folder: where the index of these reviews is.
        data: the reviews, in files that nobody replaces.
    """

    def __init__(self, folder: Path, data: PreparedData) -> None:
        self._folder = folder
        self._data = data
        self.failed = False
        """Whether indexing has ended without a result."""

    def is_there(self) -> bool:
        """Say whether all words are indexed."""
        return (self._folder / WORDS).is_file()

    def share(self) -> float:
        """Return which share of the reviews is indexed so far."""
        with contextlib.suppress(ReviewdeskError, KeyError, TypeError):
            return float(read_json(self._folder / DONE)["reviews"]) / max(1, self._data.rows)
        return 0.0

    def connect(self) -> sqlite3.Connection:
        """Return a connection for one thread, read-only."""
        place = f"file:{(self._folder / WORDS).absolute()}?mode=ro"
        return sqlite3.connect(place, uri=True, check_same_thread=False)

    def make(self, progress: Progress = SILENT) -> None:
        """Index the words where they are not: now, or in a process of its own if there are many.

        Raises:
            StorageError: they cannot be written.
        """
        if self.is_there():
            return
        if self._data.rows <= AT_ONCE:
            write_words(self._folder, self._data, progress)
        else:
            threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        command = [sys.executable, "-m", __name__, str(self._folder), str(self._data.path)]
        ended = BUSY
        while ended == BUSY and not self.is_there() and self._folder.is_dir():
            ended = subprocess.run(  # noqa: S603
                command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
            ).returncode
            time.sleep(AGAIN_SECONDS if ended == BUSY else 0)
        self.failed = not self.is_there()


def write_words(folder: Path, data: PreparedData, progress: Progress = SILENT) -> None:
    """Write which reviews have which words; nothing where another process has.

    Args:
        folder: where the index of these reviews is.
        data: the reviews.
        progress: is shown how far it has come.

    Raises:
        StorageError: they cannot be written, or another process is writing them.
    """
    with locked(folder / LOCK, f"the words in {folder}"), storage_errors(str(folder)):
        if (folder / WORDS).is_file():
            return
        aside = folder / PARTIAL
        aside.unlink(missing_ok=True)
        open_private(aside).close()
        with contextlib.closing(sqlite3.connect(aside, isolation_level=None)) as base:
            _fill(base, folder, data, progress)
        aside.rename(folder / WORDS)


def _fill(base: sqlite3.Connection, folder: Path, data: PreparedData, progress: Progress) -> None:
    for pragma in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{_CACHE_KIB}"):
        base.execute(f"PRAGMA {pragma}")
    base.execute(
        "CREATE VIRTUAL TABLE reviews USING fts5(text, content='', "
        'tokenize="unicode61 remove_diacritics 2")'
    )
    base.execute("BEGIN")
    with progress.task("Indexing words", data.rows, "reviews") as task:
        done = 0
        for rows in _texts(data):
            base.executemany("INSERT INTO reviews (rowid, text) VALUES (?, ?)", rows)
            done += len(rows)
            write_json(folder / DONE, {"reviews": done})
            task.advance(len(rows))
    base.execute("COMMIT")


def _texts(data: PreparedData) -> Iterator[Sequence[tuple[int, str]]]:
    """Yield places with headlines and bodies as one text."""
    start = 0
    for batch in data.batches(["review_headline", "review_body"], BATCH_ROWS):
        headlines = batch.column("review_headline").to_pylist()
        bodies = batch.column("review_body").to_pylist()
        texts = [
            f"{headline or ''}\n{body}" for headline, body in zip(headlines, bodies, strict=True)
        ]
        yield list(enumerate(texts, start))
        start += len(texts)


def main(folder: str, prepared: str) -> None:
    """Write the words of an index; where another process does, leave it to that."""
    os.nice(_NICE)
    try:
        write_words(Path(folder), PreparedData.open(Path(prepared)))
    except ReviewdeskError:
        raise SystemExit(BUSY if (Path(folder) / LOCK).exists() else 1) from None


if __name__ == "__main__":
    main(*sys.argv[1:])
