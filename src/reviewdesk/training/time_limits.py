"""Time limits as people write them."""

from typing import Final

from reviewdesk.errors import UsageError

UNITS: Final = {"s": 1, "m": 60, "h": 3600}


def seconds_of(limit: str) -> float:
    """Return a time limit, such as 90s, 30m or 2h, in seconds; infinity where there is none.

    Raises:
        UsageError: it is no number with s, m or h.
    """
    if not limit:
        return float("inf")
    unit = UNITS.get(limit[-1].lower())
    try:
        value = float(limit[:-1]) * unit if unit else 0
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        raise UsageError(f"a time limit is written as 90s, 30m or 2h, not as {limit!r}")
    return value
