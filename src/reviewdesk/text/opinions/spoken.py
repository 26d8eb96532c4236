"""In which of the languages that have a list of opinion words each of some texts is."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa

from reviewdesk.text.languages import language_column
from reviewdesk.text.opinions.word_list import LISTS, UNSPACED, word_list
from reviewdesk.text.tokens import tokenize

SPACED: Final = tuple(code for code in LISTS if code not in UNSPACED)
KANA: Final = re.compile(r"[\u3040-\u30ff]")
IDEOGRAPHS: Final = re.compile(r"[\u3400-\u9fff]")
UNSPACED_SHARE: Final = 0.15
"""So large a share of a text in an unspaced script makes it a text in that script."""
CERTAIN: Final = 1e6
"""More than any words of a text can count."""

ROUNDS: Final = 3
LEAST_SHARE: Final = 1e-3


def spoken(texts: Sequence[str]) -> list[str]:
    """Return the likeliest language of each text, among ``LISTS``.

    Texts are told by their letters (``text.languages``). Those that are too short for it, or in a
    language without a list, are told by the words of the lists, function words among them; where
    these say little, a text is in a language that many of the others are in.
    """
    counts, known = np.zeros((len(texts), len(SPACED))), _columns_of_words()
    codes = language_column(pa.array(texts, pa.string())).to_pylist()
    for row, (text, code) in enumerate(zip(texts, codes, strict=True)):
        if code in SPACED:
            counts[row, SPACED.index(code)] = CERTAIN
            continue
        for word in set(tokenize(text)):
            for column in known.get(word, ()):
                counts[row, column] += 1
    shares = np.full(len(SPACED), 1 / len(SPACED))
    best = np.zeros(len(texts), np.int64)
    for _ in range(ROUNDS):  # how frequent each language is, and with that which each text is in
        best = (counts + np.log(shares + LEAST_SHARE)).argmax(axis=1)
        shares = np.bincount(best, minlength=len(SPACED)) / max(len(texts), 1)
    return [
        code if code in UNSPACED else _unspaced(text) or SPACED[row]
        for text, code, row in zip(texts, codes, best.tolist(), strict=True)
    ]


@lru_cache
def _columns_of_words() -> dict[str, list[int]]:
    """Return in which of the languages each single word is listed."""
    found: dict[str, list[int]] = {}
    for column, code in enumerate(SPACED):
        words = word_list(code)
        for word in {*words.function, *words.values, *words.negations}:
            found.setdefault(word, []).append(column)
    return found


def _unspaced(text: str) -> str:
    """Return the language of a text in a script that does not divide words; empty for others."""
    letters = max(sum(not letter.isspace() for letter in text), 1)
    kana = len(KANA.findall(text)) / letters
    if kana > UNSPACED_SHARE:
        return "ja"
    return "zh" if kana + len(IDEOGRAPHS.findall(text)) / letters > UNSPACED_SHARE else ""
