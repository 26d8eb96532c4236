"""Keyword arguments as the settings of several steps."""

from collections.abc import Mapping
from typing import Any

from reviewdesk.errors import UsageError
from reviewdesk.settings import Settings


def settings_from(options: Mapping[str, Any], *classes: type[Settings]) -> list[Any]:
    """Return one settings object of each class; every option goes to the class that has it.

    Args:
        options: settings by name, as on the command line with underscores.
        classes: no two of them have a setting of one name.

    Raises:
        UsageError: none of the classes has a setting, or a value is not allowed.
    """
    names = {c: [name for name, *_ in c.described()] for c in classes}
    known = sorted(name for own in names.values() for name in own)
    for name in options:
        if name not in known:
            raise UsageError(f"there is no setting {name!r}; there are: {', '.join(known)}")
    return [
        c.from_json({name: _plain(options[name]) for name in own if name in options})
        for c, own in names.items()
    ]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
