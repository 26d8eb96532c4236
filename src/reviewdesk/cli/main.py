"""The entry point: one place where errors become one sentence and an exit code."""

import gc
import importlib
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from reviewdesk import __version__
from reviewdesk.cli.commands import COMMANDS, GROUPS
from reviewdesk.cli.output import command_with, given, note
from reviewdesk.errors import ReviewdeskError, UsageError
from reviewdesk.progress import listen

INTERRUPTED: Final = 130

MANUAL: Final = """Turns customer reviews into decisions.

Start with one command, on your own file or on generated reviews:

    reviewdesk demo-data --out reviews.tsv.gz

    reviewdesk run reviews.tsv.gz --target sentiment --out job

    reviewdesk serve sentiment=job/sentiment/bundle

Every command says more with --help and shows an example.
"""

EPILOG: Final = (
    "Exit codes: 0 done, 1 error, 2 wrong option, 3 data cannot be used, 4 done but too many rows "
    "were unreadable, 5 bundle refused, 6 package missing, 7 a place cannot be read or written, "
    "130 interrupted (the same command goes on or starts again)."
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code.

    Args:
        arguments: the command line without the program's name; that of the process by default.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in _before_separator(words)
    if debug:
        words.remove("--debug")
    words = _one_map_each(words)
    given(words)
    if sys.stderr.isatty():
        listen(note)
    try:
        _check_encoding(words)
        code = _application(words)(words, standalone_mode=False, prog_name="reviewdesk")
    except Exception as error:  # the boundary: whatever happens below becomes one sentence
        if debug:
            raise
        code = _report(error)
    if code == INTERRUPTED:
        print("interrupted; give the same command again to finish", file=sys.stderr)
    sys.exit(code if isinstance(code, int) else 0)


def _before_separator(words: list[str]) -> list[str]:
    return words[: words.index("--")] if "--" in words else words


def _check_encoding(words: list[str]) -> None:
    """Raise UsageError when an option holds bytes that are no text, as file names can."""
    for place, word in enumerate(words, start=1):
        if not word.isascii() and any("\ud800" <= letter <= "\udfff" for letter in word):
            raise UsageError(
                f"word {place} of the command is not valid UTF-8; write it, or rename the file, so"
            )


def _one_map_each(words: list[str]) -> list[str]:
    """Let one ``--map`` take several pairs: ``--map a=b c=d`` becomes ``--map a=b --map c=d``."""
    given: list[str] = []
    for word in words:
        follows = len(given) >= 2 and given[-2] == "--map"
        pair = re.fullmatch(r"[a-z_]+=.+", word, re.DOTALL)
        if follows and pair and not Path(word).exists():
            given.append("--map")
        given.append(word)
    return given


def _application(words: list[str]) -> typer.Typer:
    """Return the program with the one command that is wanted loaded, so that help stays quick."""
    named = [word for word in words if not word.startswith("-")]
    length = 1
    while length < len(named) and " ".join(named[:length]) in GROUPS:
        length += 1
    wanted = " ".join(named[:length])
    program = typer.Typer(
        name="reviewdesk",
        help=MANUAL,
        epilog=EPILOG,
        no_args_is_help=True,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    program.callback()(_options)
    groups: dict[str, typer.Typer] = {}
    for name, command in COMMANDS.items():
        group, _, last = name.rpartition(" ")
        for name_of_group in _with_those_above(group):
            if name_of_group not in groups:
                above, _, own = name_of_group.rpartition(" ")
                groups[name_of_group] = _group(
                    groups[above] if above else program, name_of_group, own
                )
        place = groups[group] if group else program
        if name == wanted:
            place.command(last, rich_help_panel=command.panel)(load_command(name))
        else:
            place.command(last, help=command.summary, rich_help_panel=command.panel)(_unloaded)
    return program


def _with_those_above(group: str) -> list[str]:
    """Return a group's name behind those of the groups that it is in."""
    parts = group.split()
    return [" ".join(parts[: length + 1]) for length in range(len(parts))]


def _group(program: typer.Typer, name: str, own: str) -> typer.Typer:
    """Add a group of commands to the program, or to another group, and return it."""
    group = typer.Typer(
        no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_enable=False
    )
    about = GROUPS[name]
    program.add_typer(group, name=own, help=about.summary, rich_help_panel=about.panel)
    return group


def load_command(name: str) -> Callable[..., Any]:
    """Return the function behind a command's name."""
    module, _, function = COMMANDS[name].function.partition(":")
    gc.disable()  # looking for garbage while modules load finds none and is a tenth of the start
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    finally:
        gc.enable()
    return found


def _unloaded() -> None:
    """Stand in for a command that is not run."""


def _version(wanted: bool) -> None:
    if wanted:
        print(f"reviewdesk {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Say the version."),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where an error came from (with any command).")
    ] = False,
) -> None:
    pass


def _report(error: Exception) -> int:
    """Say an error as one sentence on standard error and return the exit code."""
    sentence, code = _sentence(error)
    note(f"reviewdesk: {sentence.strip()}")
    remedies = error.remedies if isinstance(error, ReviewdeskError) else ()
    if remedies:
        note("try:" if len(remedies) == 1 else "try one of:")
    for options in remedies:
        note(f"    {command_with(*options)}")
    return code


def _sentence(error: Exception) -> tuple[str, int]:
    if isinstance(error, ReviewdeskError):
        return str(error), error.exit_code
    if hasattr(error, "format_message"):  # a mistake on the command line, found by the parser
        return str(error.format_message()), int(getattr(error, "exit_code", 2))
    if isinstance(error, MemoryError):
        return "the memory does not suffice; give less at a time, or use a larger machine", 1
    return (
        f"internal error ({type(error).__name__}); "
        "run the same command with --debug to see where, and please report it",
        1,
    )
