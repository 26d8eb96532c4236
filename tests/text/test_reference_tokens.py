"""Our words beside those of other libraries, on reviews in thirteen languages.

Scripts with spaces: the word boundaries of Unicode Standard Annex 29 as uniseg finds them. Scripts
without: the pairs of characters of scikit-learn's ``CountVectorizer(analyzer="char")``.
"""

import re

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from uniseg.wordbreak import words as uniseg_words

from reviewdesk.text.letters import letters
from reviewdesk.text.tokens import tokenize
from reviewdesk.text.words import hash_words
from tests.text.reviews import LANGUAGES, reviews_in

UNSPACED = {"ja", "th", "zh"}
SPACED = [code for code in LANGUAGES if code not in UNSPACED]
RUN = re.compile("[\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u30fc\u4e00-\u9fff]+|[\u0e01-\u0e4f]+")


def _kernel_words(text: str) -> list[str]:
    data = text.encode()
    hashes, spans = np.empty(len(data), np.uint64), np.empty((len(data), 2), np.int64)
    bytes_ = np.frombuffer(data, np.uint8)
    count = hash_words(bytes_, 0, len(data), np.uint64(0), letters(), hashes, spans)
    return [data[begin:end].decode().lower() for begin, end in spans[:count]]


def _has_letter(word: str) -> bool:
    return any(char.isalpha() for char in word)


def _reference(text: str) -> list[str]:
    """Return the words of UAX 29 that have a letter or a digit."""
    found = uniseg_words(text.lower().replace("’", "'"))
    return [word for word in found if any(char.isalnum() for char in word)]


@pytest.mark.parametrize("code", SPACED)
def test_words_are_those_of_unicode(code: str) -> None:
    for text in reviews_in(code):
        ours = [word for word in tokenize(text) if any(char.isalnum() for char in word)]
        assert ours == _reference(text)
        words = [word for word in _kernel_words(text) if _has_letter(word)]
        assert words == [word for word in _reference(text) if _has_letter(word)]


@pytest.mark.parametrize("code", sorted(UNSPACED))
def test_scripts_without_spaces_give_pairs(code: str) -> None:
    pairs = CountVectorizer(analyzer="char", ngram_range=(2, 2), lowercase=False).build_analyzer()
    for text in reviews_in(code):
        runs = RUN.findall(text)
        expected = [pair for run in runs for pair in (pairs(run) if len(run) > 1 else [run])]
        assert [word for word in _kernel_words(text) if RUN.fullmatch(word)] == expected
