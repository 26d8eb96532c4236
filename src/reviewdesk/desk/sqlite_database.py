"""Decisions in a folder: SQLite, which every Python has."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from reviewdesk.desk.database import VERSION, Transaction, Values, check_version, tables
from reviewdesk.errors import InputError, StorageError
from reviewdesk.storage import open_private, private_directory, storage_errors

DATABASE: Final = "decisions.sqlite"
CLAIMS: Final = "claims.sqlite"
BUSY_SECONDS: Final = 30.0

_APPLICATION: Final = 0x52444B31  # says whose file it is


class SqliteDatabase:
    """Decisions in a file; claims, which last minutes, are in one of their own without a sync.

    Args:
        folder: where the files are, or are made.

    Raises:
        StorageError: they cannot be opened.
        InputError: it is not a database of decisions, or another release's.
    """

    def __init__(self, folder: Path) -> None:
        path = private_directory(folder) / DATABASE
        self.place = str(path)
        for each in (path, folder / CLAIMS):
            if not each.exists():
                with storage_errors(str(each)):
                    open_private(each).close()
        self._lock = threading.RLock()
        with _database_errors(self.place):
            self._base = sqlite3.connect(
                path, BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._base.execute("ATTACH ? AS claims", (str(folder / CLAIMS),))
            self._prepare()

    def _prepare(self) -> None:
        application = self._pragma("application_id")
        if self._pragma("main.schema_version") and application != _APPLICATION:
            raise InputError(f"{self.place} is not a database of decisions; move it away")
        if application == _APPLICATION:
            check_version(self._pragma("user_version"), self.place)
        self._base.execute("PRAGMA main.journal_mode = WAL")
        self._base.execute("PRAGMA claims.journal_mode = WAL")
        self._base.execute("PRAGMA main.synchronous = FULL")
        self._base.execute("PRAGMA claims.synchronous = OFF")
        with self.writing() as writing:
            for statement in tables("INTEGER", "claims.leases"):
                writing.run(statement)
            writing.run(f"PRAGMA application_id = {_APPLICATION}")
            writing.run(f"PRAGMA user_version = {VERSION}")

    def _pragma(self, name: str) -> int:
        return int(self._base.execute(f"PRAGMA {name}").fetchone()[0])

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Read."""
        with self._lock, _database_errors(self.place):
            yield _Statements(self._base)

    @contextmanager
    def writing(self, *, brief: bool = False) -> Iterator[Transaction]:
        """Read and write, alone; which file a table is in says whether it is on the disk."""
        with self._lock, _database_errors(self.place):
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield _Statements(self._base)
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")

    def scrub(self) -> None:
        """Leave nothing of what was deleted in free pages and in the log."""
        with self._lock, _database_errors(self.place):
            self._base.execute("VACUUM")
            self._base.execute("PRAGMA main.wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            self._base.close()


class _Statements:
    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base

    def rows(self, statement: str, values: Values | None = None) -> list[tuple[Any, ...]]:
        return self._base.execute(statement, values or {}).fetchall()

    def run(self, statement: str, values: Values | None = None) -> int:
        return self._base.execute(statement, values or {}).rowcount

    def run_each(self, statement: str, values: Sequence[Values]) -> None:
        self._base.executemany(statement, values)


@contextmanager
def _database_errors(path: str) -> Iterator[None]:
    """Turn SQLite's errors into one sentence about the database.

    Raises:
        StorageError: it cannot be read or written.
        InputError: it is damaged.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StorageError(f"cannot use {path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise InputError(
            f"{path} is damaged or no database; move it away, and import an export of it"
        ) from error
