"""Dates: how they are written, and in which order a column of them has day, month and year.

A value is first read as what it says by itself; only of numbers such as ``04/07/2019`` the column
decides which is the day: one 13/06 proves that the day comes first.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

LONGEST_DATE: Final = 96

ORDERS: Final = ("dmy", "mdy", "ymd")
SEPARATORS: Final = "/-."

_MONTHS: Final = (
    "january jan januar jaenner janner jan janvier janv enero ene gennaio gen janeiro januari",
    "february feb februar fevrier fevr fev febrero febbraio fevereiro februari",
    "march mar marz maerz mrz mars marzo marco maart mrt",
    "april apr avril avr abril abr aprile",
    "may mai mayo maggio mag maio mei",
    "june jun juni juin junio giugno giu junho",
    "july jul juli juillet juil julio luglio lug julho",
    "august aug aout agosto ago augustus",
    "september sep sept septembre septiembre setiembre settembre set setembro",
    "october oct oktober okt octobre octubre ottobre ott outubro out",
    "november nov novembre noviembre novembro",
    "december dec dezember dez decembre diciembre dic dicembre dezembro",
)
"""English, German, French, Spanish, Italian, Portuguese, Dutch; without accents."""

MONTHS: Final = {
    name: number for number, names in enumerate(_MONTHS, start=1) for name in names.split()
}

_TIME: Final = r"(?:[T\s,].*?\d{1,2}(?:[:h]\d{2}|\s*[ap]\.?m\b).*)?"
_WORDS_BEFORE: Final = r"(?:[A-Za-z][^\d]{0,60}[\s:(])?"
"""As in ``Posted on 13/06/2018``."""
_YEAR_FIRST: Final = re.compile(
    rf"{_WORDS_BEFORE}(\d{{4}})(?:([-/.])(\d{{1,2}})\2(\d{{1,2}})(?:[T ].*|{_TIME})"
    r"|(\d\d)(\d\d)(?:T\d{4,6}Z?|\d{6})?)",
    re.ASCII,
)
_EAST_ASIAN: Final = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일].*")
_NUMBERS: Final = re.compile(
    rf"{_WORDS_BEFORE}(\d{{1,2}})([-/.])\s?(\d{{1,2}})\2\s?(\d{{4}}|\d{{2}}){_TIME}", re.ASCII
)
_MCAULEY: Final = re.compile(r"(\d{1,2}) (\d{1,2}), (\d{4})", re.ASCII)
_BEFORE: Final = r"(?:.*?[\s,(:])?"
_NAME: Final = r"(?P<month>[^\W\d_]{3,12})"
_DAY: Final = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|º|°|\.)?"
_NAMED: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_BEFORE}{_DAY}[\s/-]*(?:(?:de|of)\s+)?{_NAME}\.?[\s,/-]*(?:del?\s+)?"
        rf"(?P<year>\d{{4}}|(?<=[\s/-])'?\d{{2}}){_TIME}",
        rf"{_BEFORE}{_NAME}\.?[\s-]*{_DAY}[\s,-]+(?P<year>\d{{4}}|(?<=-)\d{{2}}){_TIME}",
        rf"{_BEFORE}{_NAME}\.?\s+{_DAY}[\s,]+\d{{1,2}}:\d{{2}}\S*\s.*?(?P<year>\d{{4}})",
        rf"(?P<year>\d{{4}})[\s/-]{_NAME}[\s/-]{_DAY}{_TIME}",
    )
)
_EPOCH: Final = re.compile(r"(-?\d{9,19})(?:\.\d*)?", re.ASCII)
_SCIENTIFIC: Final = re.compile(r"\d(?:\.\d{1,17})?[eE]\+?\d{1,2}", re.ASCII)
_EPOCH_UNITS: Final[dict[int, float]] = {
    9: 1,
    10: 1,
    12: 1e3,
    13: 1e3,
    15: 1e6,
    16: 1e6,
    18: 1e9,
    19: 1e9,
}
"""Digits of the number → parts of a second that it counts."""

_DAYS: Final = re.compile(r"(\d{5})(?:\.\d*)?", re.ASCII)
_SPREADSHEET_DAYS: Final = range(34_700, 62_500)  # 1995 to 2071
_UNIX_DAYS: Final = range(10_000, 22_300)  # 1997 to 2031
_CENTURY_TURNS: Final = 69
"""Years of two digits from here on are of the last century, as POSIX has it."""


MISTAKES: Final = 0.01
"""Dates that prove another order count as mistakes up to this share."""

EITHER: Final = "either"
_CUSTOMS: Final = {".": "dmy", "/": "mdy"}
_WORDS: Final = {"d": "day", "m": "month", "y": "year"}


_AFTER: Final = " .,;)]"
"""What ends the sentence that a date stands in, as in ``Posted November 5, 2011.``"""


class WrittenDate(NamedTuple):
    """What a date says by itself.

    Args:
        day: the day; None where its column has to decide.
        numbers: else its three numbers as they stand.
        separator: what stands between them.
    """

    day: date | None
    numbers: tuple[int, int, int] = (0, 0, 0)
    separator: str = ""


@lru_cache(maxsize=65_536)
def read_date(text: str) -> WrittenDate | None:
    """Return what a date says by itself; None where it is none.

    Times are cut off: times with an offset keep the day that they name, epochs are days in UTC.

    Args:
        text: without blanks around it.
    """
    if len(text) > LONGEST_DATE:
        return None
    try:
        plain = text.rstrip(_AFTER)
        return next(filter(None, (read(plain) for read in _READERS)), None)
    except (ValueError, OverflowError, OSError):  # numbers that no calendar has
        return None


def _year_first(text: str) -> WrittenDate | None:
    found = _YEAR_FIRST.fullmatch(text) or _EAST_ASIAN.fullmatch(text)
    if found is None:
        return None
    year, month, day = (one for one in found.groups() if one and one.isdigit())
    return _on(year, month, day)


def _numeric(text: str) -> WrittenDate | None:
    if parts := _MCAULEY.fullmatch(text):
        return _on(parts[3], parts[1], parts[2])
    if not (parts := _NUMBERS.fullmatch(text)):
        return None
    first, second, year = int(parts[1]), int(parts[3]), int(parts[4])
    if first == second and len(parts[4]) == len("2019"):
        return WrittenDate(date(year, first, second))
    return WrittenDate(None, (first, second, year), parts[2])


def _on(year: str, month: str, day: str) -> WrittenDate:
    return WrittenDate(date(int(year), int(month), int(day)))


def _full(year: int) -> int:
    return year + (1900 if year >= _CENTURY_TURNS else 2000) if year < 100 else year


def _counted(text: str) -> WrittenDate | None:
    """Return the day of an epoch, or of a number of days as spreadsheets and Arrow have them."""
    if parts := _DAYS.fullmatch(text):
        days = int(parts[1])
        if days in _SPREADSHEET_DAYS:
            return WrittenDate(date(1899, 12, 30) + timedelta(days))
        return WrittenDate(date(1970, 1, 1) + timedelta(days)) if days in _UNIX_DAYS else None
    if _SCIENTIFIC.fullmatch(text):
        text = str(int(float(text)))
    if not (parts := _EPOCH.fullmatch(text)):
        return None
    unit = _EPOCH_UNITS.get(len(parts[1].lstrip("-")))
    return (
        None
        if unit is None
        else WrittenDate(datetime.fromtimestamp(float(text) / unit, UTC).date())
    )


def _named(text: str) -> WrittenDate | None:
    for pattern in _NAMED:
        if (found := pattern.fullmatch(text)) and (month := MONTHS.get(_plain(found["month"]))):
            year = _full(int(found["year"].lstrip("'")))
            return WrittenDate(date(year, month, int(found["day"])))
    return None


_READERS: Final = (_year_first, _numeric, _counted, _named)


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.lower())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def day_of(written: WrittenDate | None, orders: Mapping[str, str]) -> date | None:
    """Return a date's day; None where it is none, or its column does not say which number it is.

    Args:
        written: from ``read_date``.
        orders: separator → one of ``ORDERS``; a separator that is missing decides nothing.
    """
    if written is None or written.day is not None:
        return None if written is None else written.day
    order = orders.get(written.separator) or _proven(written.numbers)
    numbers = dict(zip(order, written.numbers, strict=True)) if order else {}
    try:
        return date(_full(numbers["y"]), numbers["m"], numbers["d"])
    except (KeyError, ValueError):
        return None


def _proven(numbers: tuple[int, int, int]) -> str:
    """Return the one order in which numbers can be a date; empty where there are several."""
    first, second, third = numbers
    if 31 < first < 100 and 0 < second <= 12 and 0 < third <= 31:
        return "ymd"
    if 12 < first <= 31 and 0 < second <= 12:
        return "dmy"
    return "mdy" if 12 < second <= 31 and 0 < first <= 12 else ""


def date_evidence(written: WrittenDate | None) -> str:
    """Return the name under which a date counts when its column's order is decided."""
    if written is None:
        return "unread"
    if written.day is not None:
        return "read"
    first, second, _ = written.numbers
    order = _proven(written.numbers)
    if not order and not (0 < first <= 12 and 0 < second <= 12):
        return "unread"
    return f"{written.separator} {order or EITHER}"


class DateOrder(NamedTuple):
    """In which order a column's dates have day, month and year.

    Args:
        orders: separator → one of ``ORDERS``.
        sentence: how dates of numbers are read; empty where there are none.
        question: what has to be asked, because two orders give good dates; else empty.
    """

    orders: Mapping[str, str]
    sentence: str = ""
    question: str = ""


def decide_order(evidence: Mapping[str, int], column: str) -> DateOrder:
    """Return the order of a column of dates, decided over all its values.

    A date that proves an order proves it for all with the same separator; slashes and dashes prove
    it for each other. Without proof, dots have the day first, and slashes the month, as the public
    sets of US shops have it; where most dates depend on that, it has to be asked.

    Args:
        evidence: how often each name of ``date_evidence`` occurs.
        column: its name in the file, for the sentences.
    """
    proofs = {separator: _proofs(evidence, separator) for separator in SEPARATORS}
    without_dots = proofs["/"] | proofs["-"]
    orders: dict[str, str] = {}
    said: list[str] = []
    unproven = 0
    for separator, own in proofs.items():
        either = evidence.get(f"{separator} {EITHER}", 0)
        if not own and not either:
            continue
        proved = own or (without_dots if separator != "." else own)
        order = next(iter(proved)) if len(proved) == 1 else ""
        if not proved:
            order = _CUSTOMS.get(separator, "")
            unproven += either if separator != "." else 0
        if order:
            orders[separator] = order
        said.append(_sentence(separator, order, len(proved), either))
    read = sum(evidence.values()) - evidence.get("unread", 0)
    if 2 * unproven > read:
        return DateOrder(orders, question=_question(column))
    return DateOrder(orders, f"{column}: {'; '.join(said)}" if said else "")


def _proofs(evidence: Mapping[str, int], separator: str) -> set[str]:
    """Return the orders that dates prove, but for those of so few that they are mistakes."""
    counts = {order: evidence.get(f"{separator} {order}", 0) for order in ORDERS}
    total = sum(counts.values())
    return {order for order, count in counts.items() if count > MISTAKES * total}


def _sentence(separator: str, order: str, proofs: int, either: int) -> str:
    shape = separator.join(_WORDS[letter] for letter in order)
    if order and proofs:
        return f"dates are read as {shape}, as some of them prove"
    if order:
        return f"dates are read as {shape}, which none of them proves (--date-order says otherwise)"
    why = "others prove several orders" if proofs else "no date proves an order"
    return (
        f"dates of numbers with {separator} between them, {either:,} in all, cannot be read, "
        f"because {why} (say it with --date-order)"
    )


def _question(column: str) -> str:
    return (
        f"most dates in {column} can be read with the day or the month first, and none proves "
        "which; say it with --date-order dmy or --date-order mdy"
    )
