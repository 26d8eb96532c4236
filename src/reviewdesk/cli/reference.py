"""The reference page of the documentation, made from the commands themselves.

`python -m reviewdesk.cli.reference > docs/reference.md` writes it; a test fails when it is old.
"""

import inspect
from typing import Any

import typer
from typer.main import get_command

from reviewdesk.cli.commands import COMMANDS
from reviewdesk.cli.main import EPILOG, load_command

HEADER = """# Reference: every command and setting

Made from the program itself by `make docs`; change the help texts, not this page.
"""


def reference() -> str:
    """Return the reference page as Markdown."""
    parts = [HEADER, EPILOG, ""]
    for name in COMMANDS:
        parts += _section(name)
    return "\n".join(parts)


def _section(name: str) -> list[str]:
    function = load_command(name)
    lines = [f"## reviewdesk {name}", "", inspect.cleandoc(function.__doc__ or ""), ""]
    lines += ["| option | default | meaning |", "|---|---|---|"]
    lines += [_row(parameter) for parameter in _parameters(name) if parameter.name != "help"]
    return [*lines, ""]


def _parameters(name: str) -> list[Any]:
    program = typer.Typer()
    program.command(name)(load_command(name))
    return list(get_command(program).params)


def _row(parameter: Any) -> str:
    names = [*parameter.opts, *parameter.secondary_opts]
    shown = " ".join(f"`{one}`" for one in names)
    if parameter.param_type_name == "argument":
        shown = f"`{parameter.metavar or parameter.name.upper()}`"
    default = parameter.default
    if default in (None, "", [], ()) or callable(default):
        default = ""
    elif isinstance(default, list | tuple):
        default = " ".join(str(one) for one in default)
    elif isinstance(default, bool):
        default = "on" if default else "off"
    meaning = (parameter.help or "").replace("|", "\\|").replace("\n", " ")
    return f"| {shown} | {default} | {meaning} |"


if __name__ == "__main__":
    print(reference())
