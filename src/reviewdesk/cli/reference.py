"""The reference page of the documentation, made from the commands themselves.

`python -m reviewdesk.cli.reference > docs/reference.md` writes it; a test fails when it is old.
"""

import inspect
import json
from typing import Any

import typer
from typer.main import get_command

from reviewdesk.cli.commands import COMMANDS
from reviewdesk.cli.main import EPILOG, load_command
from reviewdesk.models.catalog import CLASSIFIERS
from reviewdesk.settings import Settings

HEADER = """# Reference: every command and setting

Made from the program itself by `make docs`; change the help texts, not this page.
"""


def reference() -> str:
    """Return the reference page as Markdown."""
    parts = [HEADER, EPILOG, ""]
    for name in COMMANDS:
        parts += _section(name)
    parts += ["## Settings of each model", "", "What `--set NAME=VALUE` takes.", ""]
    for family in CLASSIFIERS.names():
        parts += _settings(family)
    return "\n".join(parts)


def _section(name: str) -> list[str]:
    function = load_command(name)
    lines = [f"## reviewdesk {name}", "", inspect.cleandoc(function.__doc__ or ""), ""]
    lines += ["| option | default | meaning |", "|---|---|---|"]
    lines += [_row(parameter) for parameter in _parameters(name) if parameter.name != "help"]
    return [*lines, ""]


def _settings(family: str) -> list[str]:
    lines = [f"### {family}", "", "| setting | default | limits | meaning |", "|---|---|---|---|"]
    settings_class: type[Settings] = CLASSIFIERS.load(family).settings_class  # type: ignore[attr-defined]
    for name, default, meaning, limits in settings_class.described():
        lines.append(f"| `{name}` | {json.dumps(default)} | {limits} | {meaning} |")
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
