"""What a word is, and when two texts are the same text."""

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

# Marks that belong to the letter before them (accents, Hebrew, Arabic, the scripts of India, Thai,
# Burmese); Python's \w leaves them out.
_MARKS: Final = (
    r"\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    r"\u0900-\u0963\u0970-\u0dff\u0e31-\u0e4e\u102b-\u103e"
)

WORD_PATTERN: Final = (
    r"\d+(?:[.,]\d+)+"  # 3.5 and 1,000
    rf"|[^\W_]+(?:(?:['’]|[{_MARKS}]+)[^\W_]+)*[{_MARKS}]*"  # don't is one word
    # An emoji says as much as a word, and so does :-).
    r"|[\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff\U0001f000-\U0001fbff]"
    r"|(?:[:;=][-']?[()\[\]]|<3|(?<!\w)[:;=][-']?[/\\|*DdPp])(?!\w)"
)
"""A regular expression of Python's ``re`` for one word; it has no groups that capture."""

_WORD: Final = re.compile(WORD_PATTERN)

# A run of white space and punctuation that is not just one space. Symbols are neither: 👍 and 👎
# are not the same text.
_BETWEEN_WORDS: Final = r" *[^ \pL\pM\pN\pS][^\pL\pM\pN\pS]*| {2,}"


def tokenize(text: str) -> list[str]:
    """Return the words of a clean text in order, in lower case and with straight apostrophes."""
    return _WORD.findall(text.lower().replace("’", "'"))


def normalised_key(values: pa.Array) -> pa.StringArray:
    """Return the form in which two texts count as the same text.

    Case, punctuation and white space make no difference, but where a text has nothing else.

    Args:
        values: (n,) clean texts of any Arrow string type; null stays null.
    """
    lower = pc.utf8_lower(values.cast(pa.string()))
    words = pc.utf8_trim(pc.replace_substring_regex(lower, _BETWEEN_WORDS, " "), " ")
    return pc.if_else(pc.equal(words, ""), lower, words)
