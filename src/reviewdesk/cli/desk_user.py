"""`reviewdesk desk-user`: accounts for the desk of a team."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.cli.output import say
from reviewdesk.desk.accounts import remove_account, set_account
from reviewdesk.desk.session import AGENT, ROLES
from reviewdesk.errors import UsageError


def desk_user(
    file: Annotated[Path, typer.Argument(help="File of accounts.", metavar="FILE")],
    name: Annotated[str, typer.Argument(help="Name that decisions are written down under.")],
    *,
    role: Annotated[
        str,
        typer.Option(help=f"What they may do. One of: {', '.join(ROLES)}; admins export reviews."),
    ] = AGENT,
    remove: Annotated[bool, typer.Option("--remove", help="Take the account out.")] = False,
) -> None:
    """An account for the desk of a team: added, changed or removed.

    Asks for the password, or reads it from standard input; it is kept as a scrypt hash in a file
    that only its owner can read. A running desk takes it into account at the next log-in; sessions
    that are open end within 12 hours, or with the desk.

    Example:

        reviewdesk desk-user accounts.json Ada --role admin
    """
    if remove:
        remove_account(file, name)
        say(f"{name} is out of {file}")
        return
    set_account(file, name, role, _password())
    say(f"{name} may log in as {role}: reviewdesk desk JOB --auth {file}")


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("password: ")
    if getpass.getpass("once more: ") != password:
        raise UsageError("the two passwords differ; nothing was changed")
    return password
