"""What commands print: tables for people, JSON for programs, notes beside both."""

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


def console() -> Console:
    """Return the console that figures and findings go to: standard output."""
    return Console(soft_wrap=True, highlight=False)


def say(text: str) -> None:
    """Print one line for people on standard output, exactly as it is."""
    print(text)


def note(text: str) -> None:
    """Print one line beside the result, on standard error."""
    print(text, file=sys.stderr)


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None
) -> None:
    """Print a table: the first column to the left, figures to the right."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*[cell.replace("[", r"\[") for cell in row])
    console().print(table)


def program() -> str:
    """Return what the user has to type to run reviewdesk: its name, or its path if not found."""
    called = Path(sys.argv[0])
    found = shutil.which("reviewdesk")
    if called.name != "reviewdesk" or (found and Path(found).resolve() == called.resolve()):
        return "reviewdesk"
    return str(called)


def count(number: int, noun: str) -> str:
    """Return a number with its noun, as in ``1 review`` or ``12,000 reviews``."""
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number:,} {noun if number == 1 else plural}"
