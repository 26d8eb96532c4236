"""When reviews are written: more every year, most after Christmas, over the years of the corpus."""

from datetime import date, timedelta
from functools import cache
from typing import Final

import numpy as np
import pyarrow as pa

from reviewdesk.sources.generated.rolls import Ints, running_sums

FIRST_DAY: Final = date(2007, 1, 1)
LAST_DAY: Final = date(2015, 8, 31)
DAYS: Final = (LAST_DAY - FIRST_DAY).days + 1

_MONTHS: Final = (150, 110, 100, 92, 90, 90, 96, 98, 92, 95, 105, 135)  # January first
_FIRST_MIDDLE: Final = date(2010, 1, 1)
_FIRST_LATE: Final = date(2013, 1, 1)


@cache
def days_so_far() -> Ints:
    """Return the running sums of how many reviews are written on each day, (DAYS,)."""
    days = [FIRST_DAY + timedelta(day) for day in range(DAYS)]
    growth = [120 + (day * day) // 9_000 for day in range(DAYS)]
    return running_sums([g * _MONTHS[d.month - 1] for g, d in zip(growth, days, strict=True)])


def share_of_time(day: Ints) -> Ints:
    """Return how much of all writing is done before a day, in units of `days_so_far`."""
    return np.concatenate([[0], days_so_far()])[day]


def day_at(written: Ints) -> Ints:
    """Return the day on which so much of all writing is done."""
    return np.searchsorted(days_so_far(), written, side="right")


def eras(days: Ints) -> Ints:
    """Return the era of each day: 0 early, 1 middle, 2 late."""
    starts = [(start - FIRST_DAY).days for start in (_FIRST_MIDDLE, _FIRST_LATE)]
    return np.searchsorted(np.array(starts), days, side="right")


def dates(days: Ints) -> pa.Array:
    """Return days as dates."""
    epoch = (FIRST_DAY - date(1970, 1, 1)).days
    return pa.array((days + epoch).astype(np.int32)).cast(pa.date32())


@cache
def day_names() -> pa.StringArray:
    """Return every day as it stands in a file, ``YYYY-MM-DD``."""
    return pa.array([(FIRST_DAY + timedelta(day)).isoformat() for day in range(DAYS)])
