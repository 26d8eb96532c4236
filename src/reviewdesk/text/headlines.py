"""Headlines that the shop filled in itself when the customer wrote none.

Amazon's shops filled in the star rating in words, as in "Five Stars". Such a headline tells a
classifier the answer, so results say how many there are and they can be read as empty.
"""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

DEFAULT_HEADLINES: Final = (
    *("one star", "two stars", "three stars", "four stars", "five stars"),
    *("ein stern", "zwei sterne", "drei sterne", "vier sterne", "fünf sterne"),
    *("une étoile", "deux étoiles", "trois étoiles", "quatre étoiles", "cinq étoiles"),
    *("una estrella", "dos estrellas", "tres estrellas", "cuatro estrellas", "cinco estrellas"),
    *("una stella", "due stelle", "tre stelle", "quattro stelle", "cinque stelle"),
)
"""Lower case, words divided by one space."""

_LIKELY: Final = "(?i)star|stern|toile|estrella|stell"
"""Part of every default headline, and quick to look for."""

_LONGEST: Final = 100
"""Characters; longer headlines say more than a rating. A normal form takes its time with them."""


def is_default_headline(headlines: pa.Array) -> pa.BooleanArray:
    """Say which headlines are nothing but the rating in words, whatever their case and punctuation.

    Args:
        headlines: (n,) strings.

    Returns:
        (n,) true or false; false where the headline is null.
    """
    none = pa.repeat(False, len(headlines))
    if headlines.null_count == len(headlines):
        return none
    short = pc.less_equal(pc.utf8_length(headlines), _LONGEST)
    likely = pc.fill_null(pc.and_(short, pc.match_substring_regex(headlines, _LIKELY)), False)
    lower = pc.utf8_lower(pc.utf8_normalize(headlines.filter(likely), form="NFC"))
    words = pc.replace_substring_regex(lower, r"[^\p{L}\p{N}]+", " ")
    known = pa.array(DEFAULT_HEADLINES, headlines.type)
    found = pc.is_in(pc.utf8_trim_whitespace(words), value_set=known)
    return pc.replace_with_mask(none, likely, found)
