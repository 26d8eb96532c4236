"""A finder by its name, with its settings."""

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from reviewdesk.errors import BrokenPlugin, ReviewdeskError, UsageError
from reviewdesk.findings.base import Finder
from reviewdesk.findings.catalog import FINDERS

ANSWERS: Final = "answers"
"""The setting of finders that take a person's answers: a file."""
VECTORS: Final = "vectors"
"""The setting of finders that take the user's vectors of products: a file."""


def new_finder(name: str, settings: Mapping[str, Any]) -> Finder:
    """Return a finder with its settings.

    Raises:
        UsageError: no such finder, or it has no such setting, or one of another type, or a count
            is below 0.
        BrokenPlugin: it is another package's and does not work.
    """
    kind = FINDERS.load(name)
    if not issubclass(kind, Finder):
        raise BrokenPlugin(f"the finder {name!r} is not a finder")
    known = inspect.signature(kind).parameters
    for one, value in settings.items():
        if one not in known:
            has = f"it has: {', '.join(known)}" if known else "it has none"
            raise UsageError(f"the finder {name} has no setting {one!r}; {has}")
        _check(name, one, value, known[one].default)
    with plugin_errors(name):
        return kind(**settings)


@contextmanager
def plugin_errors(name: str) -> Iterator[None]:
    """Turn what goes wrong inside another package's finder into an error that names it.

    Raises:
        BrokenPlugin: something did that is not one of our own errors.
    """
    try:
        yield
    except ReviewdeskError:
        raise
    except Exception as error:
        if not FINDERS.is_plugin(name):
            raise
        raise FINDERS.broken(name, error) from error


def takes_answers(finder: str) -> bool:
    """Say whether a finder takes a person's answers."""
    return ANSWERS in inspect.signature(FINDERS.load(finder)).parameters


def takes_text(finder: str, setting: str) -> bool:
    """Say whether a finder has a setting that is a text."""
    known = inspect.signature(FINDERS.load(finder)).parameters
    return setting in known and isinstance(known[setting].default, str)


def changed_settings(finder: Finder, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that are not what everybody gets."""
    defaults = inspect.signature(type(finder)).parameters
    return {one: value for one, value in settings.items() if value != defaults[one].default}


def _check(finder: str, name: str, value: Any, default: Any) -> None:
    wanted = type(default)
    if type(value) is not wanted and not (wanted is float and type(value) is int):
        raise UsageError(
            f"the setting {name} of the finder {finder} is of type {wanted.__name__}, as in "
            f"{default!r}, not {value!r}"
        )
    if wanted is int and value < 0 <= default:
        raise UsageError(
            f"the setting {name} of the finder {finder} counts from 0, as in {default!r}; it "
            f"cannot be {value!r}"
        )
