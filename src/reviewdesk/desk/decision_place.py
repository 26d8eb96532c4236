"""Where the decisions of a desk are: in its folder, or in the database of a team.

The URL of a team's database is written down in the folder, without a password, so that every
command on the job, such as ``erase``, reaches the same decisions.
"""

from pathlib import Path
from typing import Final

from reviewdesk.desk.decisions import DecisionLog
from reviewdesk.desk.sqlite_database import DATABASE, SqliteDatabase
from reviewdesk.desk.team_database import TeamDatabase, url_without_password
from reviewdesk.errors import InputError
from reviewdesk.storage import private_directory, read_record, write_record

PLACE: Final = "decisions.json"


def open_decisions(folder: Path, url: str = "") -> DecisionLog:
    """Open the decisions of a desk.

    Args:
        folder: the desk's folder.
        url: of a team's database; empty for the one that was named before, else the folder itself.
            What was decided in the folder before is taken over into a database that is named for
            the first time.

    Raises:
        MissingExtra: a package that speaks to the database is not installed.
        UsageError: the URL is none of a database that can be used.
        StorageError: the decisions cannot be opened or written.
        InputError: they are damaged, or another release's.
    """
    before = _url_of(folder)
    if not url and not before:
        return DecisionLog(SqliteDatabase(folder))
    decisions = DecisionLog(TeamDatabase(url or before))
    if url and url_without_password(url) != before:
        if (folder / DATABASE).exists():
            _move(DecisionLog(SqliteDatabase(folder)), decisions)
        write_record(private_directory(folder) / PLACE, {"url": url_without_password(url)})
    return decisions


def all_decisions(folder: Path) -> list[DecisionLog]:
    """Open the decisions of a desk wherever they are, to erase from all of them."""
    opened = [DecisionLog(SqliteDatabase(folder))] if (folder / DATABASE).exists() else []
    before = _url_of(folder)
    return [*opened, DecisionLog(TeamDatabase(before))] if before else opened


def _move(old: DecisionLog, new: DecisionLog) -> None:
    new.take_over(old.since(0), old.subjects())
    new.take_over_draws(old.draws())
    old.close()


def _url_of(folder: Path) -> str:
    if not (folder / PLACE).exists():
        return ""
    url = read_record(folder / PLACE).get("url")
    if not isinstance(url, str):
        raise InputError(f"{folder / PLACE} is damaged; delete it, and name the database again")
    return url
