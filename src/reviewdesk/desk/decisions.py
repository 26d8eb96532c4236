"""What people decided about findings: an SQLite database that outlives every run of ``find``.

Nothing is ever changed or deleted but by ``erase``: each decision, assignment, snooze and comment
is a row with its author and time, and undoing is a row too. Findings are known by their
``finding_id``, so that a decision is still there when they are found again. A decision is on the
disk before it is acknowledged (WAL with a full sync); claims, which last minutes, are in a file of
their own without.
"""

import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Final, NamedTuple

from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.storage import open_private, private_directory, storage_errors

DATABASE: Final = "decisions.sqlite"
CLAIMS: Final = "claims.sqlite"

RIGHT: Final = "right"
WRONG: Final = "wrong"
UNSURE: Final = "unsure"
VERDICTS: Final = (RIGHT, WRONG, UNSURE)

DECIDE: Final = "decide"
ASSIGN: Final = "assign"
SNOOZE: Final = "snooze"
COMMENT: Final = "comment"
UNDO: Final = "undo"
KINDS: Final = (DECIDE, ASSIGN, SNOOZE, COMMENT, UNDO)

LEASE_SECONDS: Final = 600.0
BUSY_SECONDS: Final = 30.0
LONGEST_TEXT: Final = 2_000
"""Characters of a reason or a comment."""

_VERSION: Final = 1
_APPLICATION: Final = 0x52444B31  # says whose file it is
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS actions (
    id INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL,
    at TEXT NOT NULL,
    author TEXT NOT NULL,
    finding_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    reason TEXT NOT NULL,
    undone INTEGER
);
CREATE INDEX IF NOT EXISTS actions_of_finding ON actions (finding_id, kind);
CREATE INDEX IF NOT EXISTS actions_of_batch ON actions (batch);
CREATE TABLE IF NOT EXISTS subjects (
    finding_id TEXT PRIMARY KEY,
    finder TEXT NOT NULL,
    kind TEXT NOT NULL,
    what TEXT NOT NULL,
    title TEXT,
    stands TEXT,
    suggested TEXT,
    score REAL NOT NULL,
    promise REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS draws (
    stratum TEXT PRIMARY KEY,
    number INTEGER NOT NULL
) WITHOUT ROWID;
"""
_CLAIMS: Final = """
CREATE TABLE IF NOT EXISTS claims.leases (
    finding_id TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until REAL NOT NULL
) WITHOUT ROWID;
"""


class Subject(NamedTuple):
    """What a decision is about, kept beside it for when the finding is there no more."""

    finding_id: str
    finder: str
    kind: str
    what: str
    title: str | None
    stands: str | None
    suggested: str | None
    score: float
    promise: float


class Action(NamedTuple):
    """One row: who did what to which finding, and when.

    Args:
        id: in the order in which they were done.
        batch: equal for what was done at once.
        at: when, in UTC, as ISO 8601 has it.
        author: who.
        finding_id: to which finding.
        kind: one of ``KINDS``.
        value: a verdict, an assignee, a day, a comment; of an undo, the batch that it undoes.
        reason: of a verdict; empty without.
        undone: the undo that undid it; None while it stands.
    """

    id: int
    batch: int
    at: str
    author: str
    finding_id: str
    kind: str
    value: str
    reason: str
    undone: int | None


class Decisions:
    """A folder's decisions; safe to use from several threads, and from several processes.

    Args:
        folder: where the database is, or is made.

    Raises:
        StorageError: it cannot be opened.
        InputError: it is not a database of decisions, or a later release's.
    """

    def __init__(self, folder: Path) -> None:
        self.path = private_directory(folder) / DATABASE
        for path in (self.path, folder / CLAIMS):
            if not path.exists():
                with storage_errors(str(path)):
                    open_private(path).close()
        self._lock = threading.RLock()
        with _database_errors(self.path):
            self._base = sqlite3.connect(
                self.path, BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._base.execute("ATTACH ? AS claims", (str(folder / CLAIMS),))
            self._prepare()

    def _prepare(self) -> None:
        application = self._value("PRAGMA application_id")
        if self._value("PRAGMA main.schema_version") and application != _APPLICATION:
            raise InputError(f"{self.path} is not a database of decisions; move it away")
        if self._value("PRAGMA user_version") > _VERSION:
            raise InputError(f"{self.path} was written by a later release; use that one")
        self._base.execute("PRAGMA main.journal_mode = WAL")
        self._base.execute("PRAGMA claims.journal_mode = WAL")
        self._base.execute("PRAGMA main.synchronous = FULL")
        self._base.execute("PRAGMA claims.synchronous = OFF")
        with self._writing():
            for statement in (_TABLES + _CLAIMS).split(";"):
                self._base.execute(statement)
            self._base.execute(f"PRAGMA application_id = {_APPLICATION}")
            self._base.execute(f"PRAGMA user_version = {_VERSION}")

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._base.close()

    def record(
        self,
        subjects: Sequence[Subject],
        kind: str,
        value: str,
        author: str,
        reason: str = "",
    ) -> int:
        """Write down what somebody did to some findings, all of it or nothing.

        Args:
            subjects: the findings.
            kind: one of ``KINDS`` but undo.
            value: a verdict; an assignee, empty for nobody; a day as in 2026-11-30, empty for none;
                a comment.
            author: who.
            reason: of a verdict; may be empty.

        Returns:
            The batch, to undo it by.

        Raises:
            UsageError: there is nothing to write down, or a value is none.
            StorageError: it cannot be written.
        """
        check_action(kind, value, author, reason)
        if not subjects:
            raise UsageError("there is no finding to decide about")
        with self._writing():
            batch = self._next()
            at = _now()
            self._base.executemany(
                "INSERT OR REPLACE INTO subjects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", subjects
            )
            self._base.executemany(
                "INSERT INTO actions VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                (
                    (number, batch, at, author, subject.finding_id, kind, value, reason)
                    for number, subject in enumerate(subjects, batch)
                ),
            )
        return batch

    def undo(self, batch: int, author: str) -> list[str]:
        """Undo what was done at once.

        Args:
            batch: what ``record`` returned.
            author: who undoes it.

        Returns:
            The finding_ids; none where it had been undone before.

        Raises:
            UsageError: there is no such batch.
            StorageError: it cannot be written.
        """
        check_action(UNDO, str(batch), author, "")
        with self._writing():
            rows = self._base.execute(
                "SELECT finding_id, undone, kind FROM actions WHERE batch = ?", (batch,)
            ).fetchall()
            if not rows or rows[0][2] == UNDO:
                raise UsageError("there is nothing to undo under that number")
            standing = [finding_id for finding_id, undone, _ in rows if undone is None]
            first, at = self._next(), _now()
            self._base.execute(
                "UPDATE actions SET undone = ? WHERE batch = ? AND undone IS NULL", (first, batch)
            )
            self._base.executemany(
                "INSERT INTO actions VALUES (?, ?, ?, ?, ?, ?, ?, '', NULL)",
                (
                    (number, first, at, author, finding_id, UNDO, str(batch))
                    for number, finding_id in enumerate(standing, first)
                ),
            )
        return standing

    def take_over(self, actions: Sequence[Action], subjects: Mapping[str, Subject]) -> int:
        """Write down what was done at another desk, with its authors and times.

        Args:
            actions: in order; those that are here already (who did what when) are passed over.
            subjects: what they are about, by finding_id.

        Returns:
            How many came in.

        Raises:
            UsageError: an action is none.
            StorageError: it cannot be written.
        """
        for action in actions:
            check_action(action.kind, action.value, action.author, action.reason)
            datetime.fromisoformat(action.at)
        with self._writing():
            asked = self._base.execute("SELECT id, at, author, finding_id, kind FROM actions")
            known = {tuple(row[1:]): int(row[0]) for row in asked}
            new = [each for each in actions if _key(each) not in known]
            known |= {_key(each): place for place, each in enumerate(new, self._next())}
            numbers = {each.id: known[_key(each)] for each in actions}
            self._base.executemany(
                "INSERT OR IGNORE INTO subjects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [subjects[name] for name in {each.finding_id for each in new}],
            )
            self._base.executemany(
                "INSERT INTO actions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (_renumbered(each, numbers) for each in new),
            )
            self._base.executemany(
                "UPDATE actions SET undone = ? WHERE id = ? AND undone IS NULL",
                (
                    (numbers[each.undone], numbers[each.id])
                    for each in actions
                    if each.undone in numbers
                ),
            )
        return len(new)

    def since(self, last: int) -> list[Action]:
        """Return what was done after an action, in order; 0 for everything."""
        return self._actions("WHERE id > ? ORDER BY id", last)

    def of_finding(self, finding_id: str) -> list[Action]:
        """Return all that was done to one finding, in order."""
        return self._actions("WHERE finding_id = ? ORDER BY id", finding_id)

    def of_batch(self, batch: int) -> list[Action]:
        """Return what was done at once."""
        return self._actions("WHERE batch = ? ORDER BY id", batch)

    def latest(self, most: int, author: str = "") -> list[Action]:
        """Return the first action of each of the last batches, the last first."""
        only = "AND author = ?" if author else "AND ? = ''"
        return self._actions(f"WHERE id = batch {only} ORDER BY id DESC LIMIT ?", author, most)

    def size_of_batch(self, batch: int) -> int:
        """Return how many findings a batch is about."""
        return int(self._value("SELECT count(*) FROM actions WHERE batch = ?", batch))

    def subjects(self) -> dict[str, Subject]:
        """Return what is known of all findings that something was done to, by finding_id."""
        with self._reading():
            rows = self._base.execute("SELECT * FROM subjects").fetchall()
        return {row[0]: Subject(*row) for row in rows}

    def claim(
        self,
        candidates: Sequence[str],
        holder: str,
        seconds: float = LEASE_SECONDS,
        *,
        again: bool = False,
    ) -> str | None:
        """Take the first finding that nobody has decided about and nobody else has taken.

        Args:
            candidates: finding_ids, the most wanted first.
            holder: who takes it.
            seconds: for how long; whoever has taken it may take it again.
            again: also findings that are decided already.

        Returns:
            Its finding_id; None where there is none.
        """
        if not candidates:
            return None
        marks = ", ".join("?" * len(candidates))
        with self._writing("claims"):
            now = time()
            taken = {
                row[0]
                for row in self._base.execute(
                    f"SELECT finding_id FROM claims.leases WHERE finding_id IN ({marks}) "
                    "AND until > ? AND holder <> ?",
                    (*candidates, now, holder),
                )
            }
            for finding_id in candidates:
                if finding_id not in taken and (again or not self._is_decided(finding_id)):
                    self._base.execute(
                        "INSERT OR REPLACE INTO claims.leases VALUES (?, ?, ?)",
                        (finding_id, holder, now + seconds),
                    )
                    return finding_id
        return None

    def draw(self, stratum: str) -> int:
        """Count one more draw from a stratum of a list; return how many there are now."""
        with self._writing():
            self._base.execute(
                "INSERT INTO draws VALUES (?, 1) "
                "ON CONFLICT (stratum) DO UPDATE SET number = number + 1",
                (stratum,),
            )
            return self._value("SELECT number FROM draws WHERE stratum = ?", stratum)

    def draws(self) -> dict[str, int]:
        """Return how many draws there were from each stratum."""
        with self._reading():
            return dict(self._base.execute("SELECT stratum, number FROM draws").fetchall())

    def holders(self, finding_ids: Collection[str] | None = None) -> dict[str, str]:
        """Return who has taken which findings now; of all where none are named."""
        with self._reading():
            rows = self._base.execute(
                "SELECT finding_id, holder FROM claims.leases WHERE until > ?", (time(),)
            ).fetchall()
        return {name: holder for name, holder in rows if finding_ids is None or name in finding_ids}

    def release(self, holder: str, but: Collection[str] = ()) -> None:
        """Give back what somebody has taken, but for some."""
        marks = ", ".join("?" * len(but))
        with self._writing("claims"):
            self._base.execute(
                f"DELETE FROM claims.leases WHERE holder = ? AND finding_id NOT IN ({marks})",
                (holder, *but),
            )

    def forget(self, finding_ids: Collection[str]) -> int:
        """Erase all that was done to some findings; return how many rows went."""
        gone = 0
        with self._writing():
            for finding_id in finding_ids:
                for table in ("actions", "subjects", "claims.leases"):
                    asked = self._base.execute(
                        f"DELETE FROM {table} WHERE finding_id = ?", (finding_id,)
                    )
                    gone += asked.rowcount
        if gone:
            with self._lock, _database_errors(self.path):
                self._base.execute("VACUUM")  # what was deleted is not left in free pages
                self._base.execute("PRAGMA main.wal_checkpoint(TRUNCATE)")
        return gone

    def _is_decided(self, finding_id: str) -> bool:
        return bool(
            self._value(
                "SELECT EXISTS (SELECT 1 FROM actions WHERE finding_id = ? AND kind = 'decide' "
                "AND undone IS NULL)",
                finding_id,
            )
        )

    def _actions(self, where: str, *values: str | int) -> list[Action]:
        with self._reading():
            rows = self._base.execute(f"SELECT * FROM actions {where}", values).fetchall()
        return [Action(*row) for row in rows]

    def _next(self) -> int:
        return int(self._value("SELECT coalesce(max(id), 0) + 1 FROM actions"))

    def _value(self, query: str, *values: str | int) -> int:
        with self._reading():
            row = self._base.execute(query, values).fetchone()
        return int(row[0])

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._lock, _database_errors(self.path):
            yield

    @contextmanager
    def _writing(self, schema: str = "main") -> Iterator[None]:
        """Hold the right to write; what the block writes stands whole or not at all."""
        with self._lock, _database_errors(self.path):
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")


def _key(action: Action) -> tuple[str, ...]:
    """Return what one action is known by at every desk."""
    return action.at, action.author, action.finding_id, action.kind


def _renumbered(action: Action, numbers: Mapping[int, int]) -> Action:
    """Return an action with the numbers that it, its batch and its undo have here."""
    value = action.value
    if action.kind == UNDO:
        value = str(numbers.get(int(value), 0))
    undone = None if action.undone is None else numbers.get(action.undone)
    return action._replace(
        id=numbers[action.id],
        batch=numbers.get(action.batch, numbers[action.id]),
        value=value,
        undone=undone,
    )


def check_action(kind: str, value: str, author: str, reason: str) -> None:
    """Refuse what cannot be written down.

    Raises:
        UsageError: a kind, a verdict, a day or an author is none, or a text is too long.
    """
    if kind not in KINDS:
        raise UsageError(f"{kind!r} is nothing that is done to findings")
    if kind == DECIDE and value not in VERDICTS:
        raise UsageError(f"a decision is {', '.join(VERDICTS[:-1])} or {UNSURE}, not {value!r}")
    if kind == SNOOZE and value:
        _check_day(value)
    if kind == UNDO and not (value.isascii() and value.isdecimal() and len(value) < 16):
        raise UsageError("an undo names the number of what it undoes")
    if kind == COMMENT and not value.strip():
        raise UsageError("the comment is empty")
    if not author.strip() or len(author) > 100:
        raise UsageError("whoever decides needs a name of at most 100 characters")
    if len(value) > LONGEST_TEXT or len(reason) > LONGEST_TEXT:
        raise UsageError(f"a reason or comment may have at most {LONGEST_TEXT:,} characters")
    try:
        f"{value}{reason}{author}".encode()
    except UnicodeEncodeError as error:
        raise UsageError("a text holds characters that are none") from error


def _check_day(value: str) -> None:
    try:
        datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise UsageError(f"{value[:20]!r} is no day; write one as in 2026-11-30") from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@contextmanager
def _database_errors(path: Path) -> Iterator[None]:
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
