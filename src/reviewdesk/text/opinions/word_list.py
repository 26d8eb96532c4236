"""Lists of words that praise and blame, one file a language.

The lists were written for this project by hand and are under its licence. A file has sections:
``strong positive``, ``positive``, ``negative`` and ``strong negative`` words; ``negations``, which
turn round what follows, and those of them that do it ``after`` a word as well; ``intensifiers``;
and ``function``, frequent words by which the language is told. ``_`` stands between the words of a
phrase, ``*`` for any ending.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

LANGUAGES: Final = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "zh": "Chinese",
}
"""The languages that have a list, by their ISO 639 codes."""

LISTS: Final = tuple(LANGUAGES)

UNSPACED: Final = ("ja", "zh")
"""Of these, languages that do not divide words."""

VALUES: Final = {"strong positive": 2.0, "positive": 1.0, "negative": -1.0, "strong negative": -2.0}
SHORTEST_PREFIX: Final = 3

_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, eq=False)
class WordList:
    """The words of one language.

    Args:
        language: its code.
        values: words and phrases, in lower case, and what they say: above 0 for praise.
        prefixes: beginnings of words, and what they say.
        negations: words that turn round what follows.
        after: words that turn round what stands before them.
        intensifiers: words that make what follows stronger.
        function: frequent words, by which the language is told.
    """

    language: str
    values: Mapping[str, float]
    prefixes: Mapping[str, float]
    negations: frozenset[str]
    after: frozenset[str]
    intensifiers: frozenset[str]
    function: frozenset[str]

    @property
    def unspaced(self) -> bool:
        """Whether the language does not divide words."""
        return self.language in UNSPACED

    def value(self, word: str) -> float:
        """Return what one word says; 0 where it is not in the list."""
        exact = self.values.get(word)
        if exact is not None:
            return exact
        for length in range(len(word), SHORTEST_PREFIX - 1, -1):
            if word[:length] in self.prefixes:
                return self.prefixes[word[:length]]
        rest = word.rpartition("'")[2]  # j'aime, un'ottima
        return self.value(rest) if rest != word else 0.0


@lru_cache
def word_list(language: str) -> WordList:
    """Return the list of a language among ``LISTS``."""
    sections = _sections(language)
    values, prefixes = {}, {}
    for section, value in VALUES.items():
        for word in sections[section]:
            if word.endswith("*"):
                prefixes[word[:-1]] = value
            else:
                values[word] = value
    names = ("negations", "after", "intensifiers", "function")
    sets = {name: frozenset(sections.get(name, ())) for name in names}
    return WordList(language, values, prefixes, **sets)


def _sections(language: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    section: list[str] = []
    for line in (_HERE / f"{language}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), [])
        else:
            section += [word.replace("_", " ") for word in line.lower().split()]
    return found
