"""What keeps decisions: statements of SQL that SQLite and PostgreSQL both understand.

Values are named (``:author``), never written into a statement. Whoever writes holds the only right
to: two writers take turns, so that a number is given once and a finding is claimed once.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from reviewdesk.errors import InputError

VERSION: Final = 2
"""Of the tables; a release that finds another one does not touch them."""

Value = str | int | float | None
Values = Mapping[str, Value]


class Transaction(Protocol):
    """What is asked and written at once; stands whole or not at all."""

    def rows(self, statement: str, values: Values | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of an answer."""
        ...

    def run(self, statement: str, values: Values | None = None) -> int:
        """Write; return how many rows were changed."""
        ...

    def run_each(self, statement: str, values: Sequence[Values]) -> None:
        """Write once for each of some values."""
        ...


class Database(Protocol):
    """A database of decisions; safe to use from several threads, beside other processes.

    Args:
        place: where it is, as it may be said.
    """

    place: str

    def reading(self) -> AbstractContextManager[Transaction]:
        """Read. Errors are one sentence about the database."""
        ...

    def writing(self, *, brief: bool = False) -> AbstractContextManager[Transaction]:
        """Read and write, alone.

        Args:
            brief: of what is written a power cut may take the last; else it is on the disk at the
                end.
        """
        ...

    def scrub(self) -> None:
        """Leave nothing of what was deleted in the database's files."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


def marks(values: Sequence[Value], name: str = "n") -> tuple[str, dict[str, Value]]:
    """Return a list for ``IN (...)``, and its values."""
    named = {f"{name}{number}": value for number, value in enumerate(values)}
    return ", ".join(f":{each}" for each in named) or "NULL", named


def tables(whole_number: str, leases: str = "leases") -> list[str]:
    """Return the statements that make the tables where they are not there.

    Args:
        whole_number: the type of numbers of 64 bits.
        leases: the name of the table of claims.
    """
    return [
        f"""CREATE TABLE IF NOT EXISTS actions (
            id {whole_number} PRIMARY KEY,
            batch {whole_number} NOT NULL,
            at TEXT NOT NULL,
            author TEXT NOT NULL,
            finding_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            value TEXT NOT NULL,
            reason TEXT NOT NULL,
            undone {whole_number}
        )""",
        "CREATE INDEX IF NOT EXISTS actions_of_finding ON actions (finding_id, kind)",
        "CREATE INDEX IF NOT EXISTS actions_of_batch ON actions (batch)",
        """CREATE TABLE IF NOT EXISTS subjects (
            finding_id TEXT NOT NULL PRIMARY KEY,
            finder TEXT NOT NULL,
            kind TEXT NOT NULL,
            what TEXT NOT NULL,
            title TEXT,
            stands TEXT,
            suggested TEXT,
            score DOUBLE PRECISION NOT NULL,
            promise DOUBLE PRECISION NOT NULL
        )""",
        f"""CREATE TABLE IF NOT EXISTS draws (
            stratum TEXT NOT NULL PRIMARY KEY,
            number {whole_number} NOT NULL
        )""",
        f"""CREATE TABLE IF NOT EXISTS {leases} (
            finding_id TEXT NOT NULL PRIMARY KEY,
            holder TEXT NOT NULL,
            until DOUBLE PRECISION NOT NULL
        )""",
    ]


def check_version(version: int, name: str) -> None:
    """Refuse the tables of another release.

    Raises:
        InputError: they are such.
    """
    if version > VERSION:
        raise InputError(f"{name} was written by a later release; use that one")
    if version < VERSION:
        raise InputError(
            f"{name} was written by an earlier release, whose findings had other names; move it "
            "away, or use that release"
        )
