"""English words that say nothing of what a text is about.

The lists, ``stop_words.txt`` and ``negations.txt``, were made for this project: the function words
of English (articles, pronouns, prepositions, conjunctions, auxiliaries) with their contractions,
also written without the apostrophe, and a few adverbs of degree. They hold no word that praises or
blames. Words that turn a meaning round are apart: alone they say little, before another word
everything ("not worth", "never again").
"""

from pathlib import Path
from typing import Final


def _words(file: str) -> frozenset[str]:
    return frozenset(Path(__file__).with_name(file).read_text(encoding="utf-8").split())


STOP_WORDS: Final = _words("stop_words.txt")
NEGATIONS: Final = _words("negations.txt")
