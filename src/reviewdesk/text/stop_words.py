"""Words that say nothing of what a text is about, in English and thirteen other languages.

The English lists, ``stop_words.txt`` and ``negations.txt``, were made for this project: the
function words of English (articles, pronouns, prepositions, conjunctions, auxiliaries) with their
contractions, also written without the apostrophe, and a few adverbs of degree. The others,
``stop_words.json``, are what the lists of spaCy and stopwords-iso (both MIT) agree on;
``bench/stop_word_lists.py`` builds them. They hold no word that praises or blames. Words that turn
a meaning round are apart: alone they say little, before another word everything ("not worth",
"never again").
"""

import json
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

FILE: Final = Path(__file__).with_name("stop_words.json")


def _words(file: str) -> frozenset[str]:
    return frozenset(Path(__file__).with_name(file).read_text(encoding="utf-8").split())


STOP_WORDS: Final = _words("stop_words.txt")
NEGATIONS: Final = _words("negations.txt")


class DullWords(NamedTuple):
    """The words of a language that say little alone."""

    stop_words: frozenset[str]
    negations: frozenset[str]


ENGLISH: Final = DullWords(STOP_WORDS, NEGATIONS)


@cache
def dull_words() -> dict[str, DullWords]:
    """Return them by the code of the language, English first."""
    lists = json.loads(FILE.read_text(encoding="utf-8"))
    others = {
        code: DullWords(frozenset(one["stop_words"].split()), frozenset(one["negations"].split()))
        for code, one in lists.items()
    }
    return {"en": ENGLISH, **others}
