"""Command line options made from settings classes, so that an option is written down once."""

import functools
import inspect
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer

from reviewdesk.errors import UsageError
from reviewdesk.settings import Limits, Settings

R = TypeVar("R")

# Options whose name on the command line is not the setting's own name.
FLAGS: Final = {
    "columns": "--map",
    "fields": "--text",
    "by": "--split-by",
    "hyper_parameters": "--set",
    "languages": "--language",
}

Json = Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")]
JobFolder = Annotated[Path, typer.Argument(help="Folder of a job.", metavar="JOB")]
FindingsOfJob = Annotated[
    Path | None,
    typer.Option(
        help="Folder that find wrote. By default findings in the job or beside it.", metavar="DIR"
    ),
]


def with_settings(
    *, own: Collection[str] = (), **classes: type[Settings]
) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Give a command one option for every setting of the named settings classes.

    Args:
        own: settings that the command has an option of its own for.
        classes: for each of the command's parameters that takes settings, their class.
    """

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        @functools.wraps(command)
        def wrapper(*args: Any, **options: Any) -> R:
            made = {
                parameter: _settings(settings_class, options, own)
                for parameter, settings_class in classes.items()
            }
            return command(*args, **options, **made)

        signature = inspect.signature(command)
        written = [p for p in signature.parameters.values() if p.name not in classes]
        made = [p for one in classes.values() for p in _parameters(one) if p.name not in own]
        wrapper.__signature__ = signature.replace(parameters=[*written, *made])  # type: ignore[attr-defined]
        del wrapper.__wrapped__
        wrapper.__annotations__ = {p.name: p.annotation for p in [*written, *made]}
        return wrapper

    return decorate


def given(context: typer.Context, settings: Settings) -> dict[str, Any]:
    """Return those settings that stand on the command line."""
    return {
        name: getattr(settings, name)
        for name, *_ in settings.described()
        if (source := context.get_parameter_source(name)) is not None and source.name != "DEFAULT"
    }


def flag(name: str) -> str:
    """Return a setting's option on the command line."""
    return FLAGS.get(name, "--" + name.replace("_", "-"))


def _parameters(settings_class: type[Settings]) -> list[inspect.Parameter]:
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=_shown_default(default),
            annotation=Annotated[
                _option_type(default), _option(settings_class, name, default, meaning, limits)
            ],
        )
        for name, default, meaning, limits in settings_class.described()
    ]


def _option(
    settings_class: type[Settings], name: str, default: Any, meaning: str, limits: Limits
) -> Any:
    text = meaning[0].upper() + meaning[1:] + "."
    if limits.choices:
        text += f" One of: {', '.join(limits.choices)}."
    if isinstance(default, tuple):
        text += " May be given more than once."
    names = [flag(name)]
    if isinstance(default, bool):
        names = [f"{flag(name)}/--no-{flag(name).removeprefix('--')}"]
    metavar = _pair(names[0]) if isinstance(default, dict) else None
    panel = (settings_class.__doc__ or "").partition(".")[0].partition(";")[0]
    return typer.Option(*names, help=text, metavar=metavar, rich_help_panel=panel)


def _pair(option: str) -> str:
    return "COLUMN=COLUMN" if option == FLAGS["columns"] else "NAME=VALUE"


def _option_type(default: Any) -> Any:
    return list[str] if isinstance(default, tuple | dict) else type(default)


def _shown_default(default: Any) -> Any:
    if isinstance(default, dict):
        return [f"{key}={value}" for key, value in default.items()]
    return list(default) if isinstance(default, tuple) else default


def _settings(
    settings_class: type[Settings], options: dict[str, Any], own: Collection[str]
) -> Settings:
    values: dict[str, Any] = {}
    for name, default, _, _ in settings_class.described():
        if name in own:
            continue
        value = options.pop(name)
        if isinstance(default, tuple):
            value = tuple(value)
        elif isinstance(default, dict):
            value = _pairs(flag(name), value)
        values[name] = value
    return settings_class(**values).check()


def _pairs(option: str, words: list[str]) -> dict[str, str]:
    """Return ``name=value`` words as a dictionary."""
    pairs = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not (key and equals and value):
            example = "review_body=comment" if option == FLAGS["columns"] else "name=value"
            raise UsageError(f"{option} takes {_pair(option)}, as in {option} {example}")
        pairs[key] = value
    return pairs
