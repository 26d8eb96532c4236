"""How a setting is declared and checked: name, default, meaning and limits, once."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, Self, get_args, get_origin, get_type_hints

from reviewdesk.errors import UsageError


@dataclass(frozen=True)
class Limits:
    """What a setting may be, beside its type."""

    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None

    def __str__(self) -> str:
        if self.choices:
            return ", ".join(self.choices)
        bounds = {"from": self.minimum, "to": self.maximum}
        return " ".join(f"{word} {bound:,}" for word, bound in bounds.items() if bound is not None)


@dataclass(frozen=True)
class Search:
    """Where a good value of a setting is looked for.

    Args:
        low: the smallest value of a range.
        high: the largest.
        log: whether small values are tried as densely as large ones, by their logarithm.
        whole: whether only whole numbers are tried.
        values: the only values to try, in place of a range.
        reverse: whether it is the distance to 1 that is tried by its logarithm; of a range below 1.
    """

    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    values: tuple[Any, ...] = ()
    reverse: bool = False


def setting(
    default: Any,
    meaning: str,
    *,
    choices: tuple[str, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    search: Search | None = None,
) -> Any:
    """Declare one setting of a settings class.

    Args:
        default: its value when the user says nothing.
        meaning: one sentence, shown by ``--help`` and in the documentation.
        choices: the allowed values of a text setting; empty means any.
        minimum: the smallest allowed number.
        maximum: the largest allowed number.
        search: where tuning looks for a good value; None: it leaves the default.
    """
    limits = Limits(choices, minimum, maximum)
    metadata = {"meaning": meaning, "limits": limits, "search": search}
    if isinstance(default, dict):
        return field(default_factory=default.copy, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The base of all settings classes: to and from JSON, checks, and a digest."""

    def check(self) -> Self:
        """Return self when every value is within its limits.

        Raises:
            UsageError: names the setting, what it got and what it may be.
        """
        hints = get_type_hints(type(self))
        for item in fields(self):
            _check(item, hints[item.name], getattr(self, item.name))
        return self

    def to_json(self) -> dict[str, Any]:
        """Return the settings as plain JSON values."""
        return {item.name: _plain(getattr(self, item.name)) for item in fields(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return settings from plain JSON values; what is missing gets its default.

        Raises:
            UsageError: a name is unknown or a value is not allowed.
        """
        hints = get_type_hints(cls)
        unknown = set(data) - set(hints)
        if unknown:
            raise UsageError(f"unknown setting {sorted(unknown)[0]!r} in {cls.__name__}")
        values = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        return cls(**values).check()

    def digest(self) -> str:
        """Return a short name (16 hex digits) that is the same for the same settings."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @classmethod
    def described(cls) -> Iterator[tuple[str, Any, str, Limits]]:
        """Yield name, default, meaning and limits of every setting."""
        for item in fields(cls):
            default = item.default
            if default is MISSING:
                default = item.default_factory() if item.default_factory is not MISSING else None
            yield item.name, default, item.metadata["meaning"], item.metadata["limits"]

    @classmethod
    def searched(cls) -> dict[str, Search]:
        """Return where tuning looks for good values, for each setting that it looks at."""
        found = {item.name: item.metadata["search"] for item in fields(cls)}
        return {name: search for name, search in found.items() if search is not None}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _check(item: Field[Any], hint: Any, value: Any) -> None:
    limits: Limits = item.metadata["limits"]
    if not _is_a(value, hint):
        raise UsageError(f"setting {item.name} is of the wrong type: {type(value).__name__}")
    if limits.choices:
        for one in value if isinstance(value, tuple) else (value,):
            if one not in limits.choices:
                allowed = ", ".join(limits.choices)
                raise UsageError(f"setting {item.name} is {one!r}; it may be: {allowed}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        if limits.minimum is not None and not value >= limits.minimum:
            raise UsageError(
                f"setting {item.name} is {value}; it must be at least {limits.minimum}"
            )
        if limits.maximum is not None and not value <= limits.maximum:
            raise UsageError(f"setting {item.name} is {value}; it must be at most {limits.maximum}")


def _is_a(value: Any, hint: Any) -> bool:
    origin = get_origin(hint)
    if origin is None:
        if hint is float:
            return isinstance(value, int | float) and not isinstance(value, bool)
        if hint is int:
            return isinstance(value, int) and not isinstance(value, bool)
        return isinstance(value, hint)
    if origin is tuple:
        return isinstance(value, tuple) and all(_is_a(v, get_args(hint)[0]) for v in value)
    if origin is dict:
        key, item = get_args(hint)
        return isinstance(value, dict) and all(
            _is_a(k, key) and _is_a(v, item) for k, v in value.items()
        )
    return any(value is None if one is type(None) else _is_a(value, one) for one in get_args(hint))
