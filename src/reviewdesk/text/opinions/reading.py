"""How much a text praises and blames: words of a list, turned round where they are negated."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from reviewdesk.text.opinions.word_list import WordList
from reviewdesk.text.tokens import tokenize

CLAUSE: Final = re.compile(r"[.!?;:,\n…。！？；，、~]+")
REACH: Final = 3
"""How many words a negation turns round; of what stands before it, praise two words away."""
STRONGER: Final = 1.5
NEGATED_PRAISE: Final = -0.7
NEGATED_BLAME: Final = -0.4
"""Not bad is less than good."""
LONGEST: Final = 4
"""Words of a phrase, at most; of unspaced text, twice as many characters."""


class Opinion(NamedTuple):
    """What a text says.

    Args:
        score: above 0 where it praises more than it blames; of long texts not larger than of short.
        words: how many words of the list it has.
    """

    score: float
    words: int


def opinion(text: str, words: WordList) -> Opinion:
    """Return how much a clean text praises and blames.

    Args:
        text: the text.
        words: the list of its language.
    """
    read = _unspaced if words.unspaced else _spaced
    found = [value for clause in CLAUSE.split(text.lower()) for value in read(clause, words)]
    return Opinion(sum(found) / math.sqrt(len(found) + 1), len(found))


def _spaced(clause: str, words: WordList) -> Iterator[float]:
    """Yield what each listed word or phrase of a clause says."""
    tokens = tokenize(clause)
    at, negation, stronger = 0, -REACH - 1, False
    while at < len(tokens):
        length, value = _longest(tokens, at, words)
        before = at - negation <= REACH and not (length > 1 and tokens[at] in words.negations)
        following = tokens[at + 1 : at + REACH] if length == 1 and value > 0 else []
        behind = not words.after.isdisjoint(following)
        if value:
            yield _turned(value, stronger=stronger, negated=before or behind)
        if length == 1 and tokens[at] in words.negations:
            negation = at
        stronger = length == 1 and tokens[at] in words.intensifiers
        at += length


def _longest(tokens: Sequence[str], at: int, words: WordList) -> tuple[int, float]:
    for length in range(min(LONGEST, len(tokens) - at), 1, -1):
        value = words.values.get(" ".join(tokens[at : at + length]))
        if value is not None:
            return length, value
    return 1, words.value(tokens[at])


def _unspaced(clause: str, words: WordList) -> Iterator[float]:
    """Yield what each listed run of characters says, the longest at each place."""
    at, negation, stronger = 0, -REACH - 1, False
    while at < len(clause):
        length, run = 1, ""
        for length in range(min(2 * LONGEST, len(clause) - at), 0, -1):
            run = clause[at : at + length]
            if run in words.values or run in words.negations or run in words.intensifiers:
                break
        value = words.values.get(run, 0.0)
        if value:
            behind = value > 0 and any(
                clause.startswith(tuple(words.after), at + length + step) for step in range(REACH)
            )
            yield _turned(value, stronger=stronger, negated=at - negation <= REACH or behind)
        elif run in words.negations:
            negation = at + length - 1
        stronger = run in words.intensifiers
        at += length


def _turned(value: float, *, stronger: bool, negated: bool) -> float:
    value *= STRONGER if stronger else 1.0
    if not negated:
        return value
    return value * (NEGATED_PRAISE if value > 0 else NEGATED_BLAME)
