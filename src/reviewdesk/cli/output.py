"""What commands print: tables for people, JSON for programs, notes beside both."""

import json
import re
import shlex
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final

from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

OBEYED: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Kinds of characters that a terminal obeys, turns lines around by, or cannot write."""
_GIVEN: ContextVar[tuple[str, ...]] = ContextVar("given", default=())
JOINERS: Final = "\u200c\u200d"
"""Of these kinds, but part of how some languages and pictures are spelt."""

_ADDRESS_AS_PATH: Final = re.compile(r"(?<![\w/.-])s3:/(?!/)")


def console(*, aside: bool = False) -> Console:
    """Return the console that figures and findings go to: standard output.

    Args:
        aside: what stands beside the result goes to standard error.
    """
    return Console(soft_wrap=True, highlight=False, stderr=aside)


def visible(text: str) -> str:
    """Return text in which nothing is hidden and nothing moves the cursor.

    Names come from data: what a terminal would obey, or read from right to left, is written as in
    ``\\x1b`` and ``\\u202e``.
    """
    return "".join(ascii(one)[1:-1] if _obeyed(one) else one for one in text)


def say(text: str) -> None:
    """Print one line for people on standard output, with the blank lines that it has around it."""
    print(_line(text))


def note(text: str) -> None:
    """Print one line beside the result, on standard error."""
    print(_line(text), file=sys.stderr)


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output; what a terminal would obey is escaped in it."""
    text = _with_addresses(json.dumps(value, indent=2, ensure_ascii=False))
    print("".join(_json_escape(one) if one != "\n" and _obeyed(one) else one for one in text))


def print_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    title: str | None = None,
    *,
    aside: bool = False,
) -> None:
    """Print a table: the first column to the left, figures to the right.

    Args:
        headings: one for each column.
        rows: their cells.
        title: stands above it.
        aside: whether it stands beside the result, on standard error, with names instead of
            figures.
    """
    shown = None if title is None else _cell(title)
    table = Table(title=shown, title_justify="left", box=None, pad_edge=False)
    for place, heading in enumerate(headings):
        justify: JustifyMethod = "left" if place == 0 or aside else "right"
        table.add_column(_cell(heading), justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*map(_cell, row))
    console(aside=aside).print(table)


def program() -> str:
    """Return what the user has to type to run reviewdesk: its name, or its path if not found."""
    called = Path(sys.argv[0])
    found = shutil.which("reviewdesk")
    if called.name != "reviewdesk" or (found and Path(found).resolve() == called.resolve()):
        return "reviewdesk"
    return str(called)


def given(words: Sequence[str]) -> None:
    """Remember the words of the command that runs."""
    _GIVEN.set(tuple(words))


def command_with(*options: str) -> str:
    """Return the command that runs with other options, as it can be pasted into a shell."""
    words = list(_GIVEN.get())
    for name, value in zip(options[::2], options[1::2], strict=True):
        key = value.partition("=")[0] + "=" if name == "--map" else ""
        for place in range(len(words) - 1):
            if words[place] == name and words[place + 1].startswith(key):
                words[place : place + 2] = []
                break
    return shlex.join([program(), *words, *options])


def count(number: int, noun: str) -> str:
    """Return a number with its noun, as in ``1 review`` or ``12,000 reviews``."""
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{number:,} {noun if number == 1 else plural}"


def _obeyed(letter: str) -> bool:
    return unicodedata.category(letter) in OBEYED and letter not in JOINERS


def _line(text: str) -> str:
    """Return text as one line; only line breaks at its ends are ours."""
    line = _with_addresses(text).strip("\n")
    if not line:
        return text
    before, _, after = _with_addresses(text).partition(line)
    return f"{before}{visible(line)}{after}"


def _with_addresses(text: str) -> str:
    """Return text in which addresses that were made paths have the stroke that they lost again."""
    return _ADDRESS_AS_PATH.sub("s3://", text)


def _cell(text: str) -> Text:
    """Return a cell that is shown as it is, also where it looks like markup or an emoji's name."""
    return Text(visible(text))


def _json_escape(letter: str) -> str:
    return f"\\u{ord(letter):04x}" if letter <= "\x7f" else json.dumps(letter)[1:-1]
