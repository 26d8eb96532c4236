"""Finding the words of an explanation in the text that they came from."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

import numpy as np

GOES_ON = "…"
"""Stands in an explanation where the word of a run of characters goes on."""

LEVELS = 3
"""How many strengths of highlighting there are."""


@dataclass(frozen=True)
class Segment:
    """A stretch of text that is highlighted alike.

    Args:
        text: the stretch.
        level: from -LEVELS (spoke strongly against) to LEVELS (strongly for); 0 is not highlighted.
    """

    text: str
    level: int


def segments(text: str, weights: Mapping[str, float]) -> list[Segment]:
    """Cut a text where its highlighting changes; together the stretches are the text.

    Args:
        text: the text that was explained.
        weights: words, pairs of words with a space between, and characters inside a word with an
            ellipsis where the word goes on, with what they added; where a word is also part of a
            pair, both count.
    """
    weight = np.zeros(len(text))
    for word, added in weights.items():
        for match in _pattern(word.split()).finditer(text):
            weight[match.start() : match.end()] += added
    strongest = max(map(abs, weights.values()), default=0.0) or 1.0
    shares = np.clip(np.abs(weight) / strongest, 0, 1)
    levels = np.sign(weight) * np.ceil(shares * LEVELS)
    return list(_joined(text, levels.astype(int).tolist()))


def _pattern(words: list[str]) -> re.Pattern[str]:
    """Return the pattern of words that follow each other, in any case, as whole words."""
    before = "" if words and words[0].startswith(GOES_ON) else r"(?<!\w)"
    behind = "" if words and words[-1].endswith(GOES_ON) else r"(?!\w)"
    between = r"\W{1,8}?".join(re.escape(word.strip(GOES_ON)) for word in words)
    return re.compile(f"{before}{between}{behind}", re.IGNORECASE)


def _joined(text: str, levels: list[int]) -> Iterable[Segment]:
    start = 0
    for level, run in groupby(levels):
        end = start + sum(1 for _ in run)
        yield Segment(text[start:end], level)
        start = end
