"""The YAML file of work with an account: what holds for all commands, and a part for each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from reviewdesk.aws.control.settings import AccountSettings
from reviewdesk.errors import InputError, UsageError
from reviewdesk.optional import require
from reviewdesk.settings import Settings
from reviewdesk.storage import storage_errors

S = TypeVar("S", bound=Settings)

EXTRA: Final = "aws"
MOST_BYTES: Final = 1 << 20
PARTS: Final = ("train", "tune", "deploy", "predict", "webapp", "pipeline", "graph")
"""Parts of the file that belong to one command; all else holds for all."""
SECRETS: Final = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "password")


class Configuration:
    """What a YAML file says.

    Args:
        document: its values.
        place: the file, for messages.
    """

    def __init__(self, document: Mapping[str, Any], place: str = "") -> None:
        self._document = document
        self.place = place
        for name in SECRETS:
            if name in document:
                raise UsageError(
                    f"{place} holds {name}; take it out: credentials come from boto3's own places "
                    "only, as AWS_PROFILE or `aws configure`"
                )

    def account(self, given: Mapping[str, Any] | None = None) -> AccountSettings:
        """Return what holds for all commands.

        Args:
            given: settings that count instead of the file's.

        Raises:
            UsageError: a name is unknown, or a value is not allowed.
        """
        shared = {name: value for name, value in self._document.items() if name not in PARTS}
        return _settings(AccountSettings, shared, given, self.place)

    def part(
        self,
        name: str,
        settings_class: type[S],
        given: Mapping[str, Any] | None = None,
        *,
        over: str = "",
    ) -> S:
        """Return the settings of one command.

        Args:
            name: of the part, one of ``PARTS``.
            settings_class: what the command reads.
            given: settings that count instead of the file's.
            over: another part, which counts where this one says nothing.

        Raises:
            UsageError: a name is unknown, or a value is not allowed.
        """
        values = {**(self.raw(over) if over else {}), **self.raw(name)}
        return _settings(settings_class, values, given, f"{self.place}: {name}")

    def raw(self, name: str) -> dict[str, Any]:
        """Return a part of the file as it stands; empty where there is none.

        Raises:
            UsageError: it is no table of names and values.
        """
        part = self._document.get(name) or {}
        if not isinstance(part, Mapping):
            raise UsageError(f"{self.place}: {name} must hold names and values")
        return dict(part)


def read_configuration(path: Path | None) -> Configuration:
    """Return what a YAML file says; nothing where there is no file.

    Raises:
        InputError: it is no YAML, says a thing twice, or is larger than 1 MiB.
        UsageError: it is YAML of another shape, or holds credentials.
        StorageError: it cannot be read.
        MissingExtra: PyYAML is not installed.
    """
    if path is None:
        return Configuration({})
    with storage_errors(str(path)):
        data = path.read_bytes()
    if len(data) > MOST_BYTES:
        raise InputError(f"{path} is larger than 1 MiB, which no such file is")
    document = parse_yaml(data, str(path))
    if document is None:
        document = {}
    if not isinstance(document, Mapping) or not all(isinstance(name, str) for name in document):
        raise UsageError(f"{path} must hold names and values, as in `region: eu-west-1`")
    return Configuration(document, str(path))


def parse_yaml(data: bytes, place: str) -> Any:
    """Return what YAML says: plain values only, and no name twice.

    Raises:
        InputError: it is no YAML, or a name stands twice in one place.
    """
    yaml = require("yaml", EXTRA)
    try:
        _refuse_twice(yaml.compose(data, Loader=yaml.SafeLoader), place)
        return yaml.safe_load(data)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark is not None else ""
        raise InputError(f"{place} is no YAML{line}; check indents, colons and quotes") from error


def _refuse_twice(node: Any, place: str) -> None:
    """Look for names that stand twice, of which YAML's readers keep the last in silence."""
    if node is None or isinstance(node.value, str):
        return
    names: set[str] = set()
    for child in node.value:
        if not isinstance(child, tuple):
            _refuse_twice(child, place)
            continue
        key, value = child
        if isinstance(key.value, str) and key.value in names:
            line = key.start_mark.line + 1
            raise InputError(f"{place} says {key.value} twice (line {line}); keep one")
        if isinstance(key.value, str):
            names.add(key.value)
        _refuse_twice(value, place)


def _settings(
    settings_class: type[S],
    values: Mapping[str, Any],
    given: Mapping[str, Any] | None,
    place: str,
) -> S:
    defaults = {name: default for name, default, _, _ in settings_class.described()}
    merged = {name: _of_kind(value, defaults.get(name)) for name, value in values.items()}
    unknown = sorted(set(merged) - set(defaults))
    if unknown:
        raise UsageError(
            f"{place} has an unknown setting {unknown[0]!r}; there are: {', '.join(defaults)}"
        )
    try:
        return settings_class.from_json({**merged, **(given or {})})
    except UsageError as error:
        raise UsageError(f"{place or 'the command line'}: {error}") from error


def _of_kind(value: Any, default: Any) -> Any:
    """Return a value of YAML as its setting takes it: numbers as texts, one value as several."""
    if isinstance(default, dict) and isinstance(value, Mapping):
        return {str(name): as_text(one) for name, one in value.items()}
    if isinstance(default, tuple):
        return tuple(value) if isinstance(value, list) else (value,)
    if isinstance(default, str) and isinstance(value, int | float):
        return as_text(value)
    return "" if value is None and isinstance(default, str) else value


def as_text(value: Any) -> str:
    """Return a plain value as hyper-parameters and tags are written: ``true``, ``0.5``, a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
