"""Where there are too few different texts for a setting or a calibration to be learnt from them."""

from typing import Final

FEW: Final = 100
"""Of fewer different texts, rows held out for validation hardly tell how far scores may be
believed: of a few texts that are repeated, what is held out has no word in common with the rest."""

RARE: Final = 2


def least_frequency(min_df: int, texts: int) -> int:
    """Return in how many texts an n-gram must stand to count, of so many texts.

    Of few, one is enough where two were asked for: most of their words stand in one only.
    """
    return 1 if min_df == RARE and texts < FEW else min_df
