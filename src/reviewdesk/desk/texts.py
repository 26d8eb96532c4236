"""All that the desk says, from one file, so that it can be translated.

``texts.toml`` holds every sentence by its name, as in ``queue.title``; a file in another language
may hold some or all of them. What a name lacks there is said in English.
"""

import functools
import string
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Self

from reviewdesk.errors import InputError
from reviewdesk.report.numbers import count
from reviewdesk.storage import storage_errors
from reviewdesk.text.language_names import LANGUAGE_NAMES

FILE: Final = "texts.toml"


class Texts:
    """Sentences by name.

    Args:
        sentences: each by its name, with the fields of ``str.format`` that its values go into.
        language: the code of the language, as HTML has it.
    """

    def __init__(self, sentences: dict[str, str], language: str = "en") -> None:
        self._sentences = sentences
        self.language = language

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Return the desk's sentences.

        Args:
            path: a file in another language; None for English.

        Raises:
            StorageError: it cannot be read.
            InputError: it is no TOML, names what the desk does not say, or has other fields.
        """
        own = _flat(tomllib.loads((files("reviewdesk.desk") / FILE).read_text("utf-8")))
        languages = {f"language_name.{code}": name for code, name in LANGUAGE_NAMES.items()}
        english = {**languages, **own}
        if path is None:
            return cls(english)
        with storage_errors(str(path)):
            raw = path.read_bytes()
        try:
            other = _flat(tomllib.loads(raw.decode()))
        except (UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError) as error:
            raise InputError(f"{path} is no TOML file of sentences") from error
        for name, sentence in other.items():
            if name not in english:
                raise InputError(f"{path}: the desk says nothing under the name {name[:60]!r}")
            if _fields(sentence) != _fields(english[name]):
                raise InputError(
                    f"{path}: {name} needs the fields {sorted(_fields(english[name]))}"
                )
        return cls({**english, **other}, other.get("language", "en"))

    @classmethod
    @functools.cache
    def english(cls) -> Self:
        """Return the desk's sentences in English, read once."""
        return cls.load()

    def below(self, name: str) -> dict[str, str]:
        """Return all sentences of a table of the file, as they stand there."""
        return {
            key.removeprefix(f"{name}."): text
            for key, text in self._sentences.items()
            if key.startswith(f"{name}.")
        }

    def __call__(self, name: str, /, **values: str | int) -> str:
        """Return a sentence with its values; whole numbers get their separators."""
        shown = {
            key: count(value) if isinstance(value, int) else value for key, value in values.items()
        }
        return self._sentences[name].format(**shown)

    def has(self, name: str) -> bool:
        """Say whether there is such a sentence."""
        return name in self._sentences

    def number(self, name: str, value: int, /) -> str:
        """Return a count with its noun: the sentences ``NAME.one`` and ``NAME.many``."""
        return self(f"{name}.{'one' if value == 1 else 'many'}", n=value)


def _flat(tree: dict[str, Any], above: str = "") -> dict[str, str]:
    sentences: dict[str, str] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            sentences |= _flat(value, f"{above}{name}.")
        elif isinstance(value, str):
            sentences[above + name] = value
        else:
            raise TypeError(name)
    return sentences


def _fields(sentence: str) -> set[str]:
    """Return the plain fields of a sentence; anything cleverer is none and so refused."""
    try:
        return {
            f"{name}{f'!{turned}' if turned else ''}{f':{form}' if form else ''}"
            for _, name, form, turned in string.Formatter().parse(sentence)
            if name is not None
        }
    except ValueError:
        return {"?"}
