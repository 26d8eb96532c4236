"""Raw text columns into the typed reviews table.

One rule for every source: an empty value is null. A review without a text, or with a star rating
that is there but cannot be one, becomes a reject; any other value that cannot be read becomes null
and is counted, so that a bad date never loses a good review.
"""

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.schema import REVIEW_COLUMNS, REVIEWS
from reviewdesk.sources.ids import fill_ids
from reviewdesk.sources.rejects import Rejects
from reviewdesk.sources.rows import RawRows

LONGEST_VALUE: Final = 64
"""Numbers, flags and dates are shorter; a longer text is none, and not worth parsing."""


def to_reviews(
    rows: RawRows, rejects: Rejects, unreadable: Counter[str], *, category: str = ""
) -> pa.RecordBatch:
    """Return the rows that are reviews, typed; the others go to the rejects.

    Args:
        rows: text columns.
        rejects: where rows without a body or with an impossible rating go.
        unreadable: where other values that cannot be read are counted, by column.
        category: category of rows that have none; empty leaves them without.

    Returns:
        Schema ``REVIEWS``, in the rows' order.
    """
    text = {name: _null_if_empty(column) for name, column in rows.columns.items()}
    nothing = pa.nulls(rows.count, pa.string())
    columns = {column.name: text.get(column.name, nothing) for column in REVIEW_COLUMNS}
    stars = _parsed(columns["star_rating"], parse_stars, pa.int8())
    bad = _reject(rows, rejects, columns["review_body"], columns["star_rating"], stars)
    columns["star_rating"] = stars
    for name, parse in PARSERS.items():
        values = columns[name]
        columns[name] = _parsed(values, parse, REVIEWS.field(name).type)
        unread = pc.and_(columns[name].is_null(), values.is_valid()).to_numpy(False) & ~bad
        unreadable[name] += int(unread.sum())
    if category:
        columns["product_category"] = columns["product_category"].fill_null(category)
    batch = pa.RecordBatch.from_pydict(columns)  # nulls may be where REVIEWS allows none, for now
    if bad.any():
        batch = batch.filter(pa.array(~bad))
    return fill_ids(batch).cast(REVIEWS)


def _reject(
    rows: RawRows, rejects: Rejects, body: pa.Array, rating: pa.Array, stars: pa.Array
) -> NDArray[np.bool_]:
    no_body = body.is_null().to_numpy(False)
    bad_rating = pc.and_(stars.is_null(), rating.is_valid()).to_numpy(False)
    bad = no_body | bad_rating
    for row in np.flatnonzero(bad).tolist():
        reason = "missing_body" if no_body[row] else "bad_rating"
        rejects.add(rows.line(row), reason, rows.raw(row), member=rows.member(row))
    found: NDArray[np.bool_] = bad
    return found


def _null_if_empty(values: pa.Array) -> pa.Array:
    empty = pc.equal(pc.binary_length(values), 0)
    if not pc.any(empty).as_py():
        return values
    return pc.if_else(empty, pa.scalar(None, values.type), values)


def _parsed(values: pa.Array, parse: Callable[[str], Any], type_: pa.DataType) -> pa.Array:
    """Parse each distinct value once; what cannot be read is null."""
    if values.null_count == len(values):
        return pa.nulls(len(values), type_)
    distinct = values.dictionary_encode()
    parsed = [
        None if value is None or len(value) > LONGEST_VALUE else parse(value.strip())
        for value in distinct.dictionary.to_pylist()
    ]
    return pa.array(parsed, type_).take(distinct.indices)


_NUMBER_WORDS: Final = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_STARS: Final = re.compile(
    r"(?P<number>\d{1,3}(?:\.\d{1,20})?|one|two|three|four|five)"
    r"(?:\s*(?:/|out of)\s*(?P<scale>5|10)(?:\.0{1,20})?)?(?:\s*stars?)?",
    re.IGNORECASE | re.ASCII,
)


def parse_stars(text: str) -> int | None:
    """Return a rating of 1 to 5 written as ``4``, ``4.0``, ``4/5``, ``8/10``, ``four`` or ``★★★★``.

    A rating out of ten is halved and rounded up, as IMDb's own labels have it (7 and above are
    positive, 4 and below negative). Ratings between two stars are no ratings.
    """
    if text and not text.strip("★☆"):
        number = float(text.count("★")) if "☆" not in text.rstrip("☆") else 0.0
    else:
        found = _STARS.fullmatch(text)
        if found is None:
            return None
        word = found["number"].lower()
        number = float(_NUMBER_WORDS.get(word, word))
        if found["scale"] == "10":
            number = (number + 1) // 2 if number.is_integer() else 0.0
    return int(number) if number in (1, 2, 3, 4, 5) else None


_COUNT: Final = re.compile(r"(\d{1,3}(?:,\d{3})+|\d{1,10})(?:\.0*)?", re.ASCII)


def parse_count(text: str) -> int | None:
    """Return a number of votes written as ``12``, ``1,234`` or ``12.0``."""
    found = _COUNT.fullmatch(text)
    if found is None:
        return None
    count = int(found[1].replace(",", ""))
    return count if count < 2**31 else None


_FLAGS: Final = {
    **dict.fromkeys(("y", "yes", "t", "true", "1", "1.0"), True),
    **dict.fromkeys(("n", "no", "f", "false", "0", "0.0"), False),
}


def parse_flag(text: str) -> bool | None:
    """Return a yes or no written as ``Y``, ``true``, ``1`` and the like."""
    return _FLAGS.get(text.lower())


_YEAR_FIRST: Final = re.compile(
    r"(\d{4})(?:([-/])(\d{1,2})\2(\d{1,2})(?:[T ].*)?|(\d\d)(\d\d))", re.ASCII
)
_UNIX_TIME: Final = re.compile(r"-?(\d{9,10}|\d{12,13})(?:\.\d*)?", re.ASCII)
_WRITTEN_DATES: Final = (
    "%m %d, %Y",  # McAuley Lab's reviewTime
    "%B %d, %Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%d %b %Y",
    "%m/%d/%Y",  # with slashes the month comes first, as the public sets of US shops have it
    "%d.%m.%Y",
)


def parse_date(text: str) -> date | None:
    """Return a day: ISO 8601 (a time is cut off), Unix seconds or milliseconds, or written out.

    Times with an offset keep the day that they name; Unix times are days in UTC.
    """
    try:
        if found := _YEAR_FIRST.fullmatch(text):
            return date(int(found[1]), int(found[3] or found[5]), int(found[4] or found[6]))
        if found := _UNIX_TIME.fullmatch(text):
            seconds = float(text) / (1000 if len(found[1]) > 10 else 1)
            return datetime.fromtimestamp(seconds, UTC).date()
    except (ValueError, OverflowError, OSError):
        return None
    for form in _WRITTEN_DATES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    return None


PARSERS: Final[dict[str, Callable[[str], Any]]] = {
    "helpful_votes": parse_count,
    "total_votes": parse_count,
    "vine": parse_flag,
    "verified_purchase": parse_flag,
    "review_date": parse_date,
}
