"""Figures as people read them; every page writes them the same way."""

import math

NOT_DEFINED = "–"
SPACE = "\N{NO-BREAK SPACE}"


def count(value: float) -> str:
    """Return a whole number with thousands separators, as in ``12,345``."""
    return f"{value:,.0f}"


def share(value: float, decimals: int = 1) -> str:
    """Return a share of one as a percentage, as in ``89.3 %``; a dash when it is NaN."""
    if math.isnan(value):
        return NOT_DEFINED
    return f"{value * 100:.{decimals}f}{SPACE}%"


def score(value: float) -> str:
    """Return a score with three decimals, as in ``0.954``; a dash when it is NaN."""
    return NOT_DEFINED if math.isnan(value) else f"{value:.3f}"


def plural(value: int, one: str, many: str) -> str:
    """Return a count with the word that fits it, as in ``1 review`` or ``2 reviews``."""
    return f"{count(value)} {one if value == 1 else many}"
