"""How the ratings and dates of a column are read, decided over all its values.

Values are read batch by batch, and what tells of their scale and order is counted on the way. The
counts add up over batches and files, so that the decision is the same in whatever order and pieces
a table comes. Tables of one format whose column has one name are one column.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple, Self

from reviewdesk.errors import UsageError
from reviewdesk.settings import SourceSettings
from reviewdesk.sources.dates import (
    SEPARATORS,
    date_evidence,
    day_of,
    decide_order,
    read_date,
)
from reviewdesk.sources.stars import (
    FIVE,
    PLUS_MINUS,
    YES_NO,
    decide_scale,
    rating_evidence,
    read_rating,
    stars_of,
)

AUTO: Final = "auto"


@dataclass
class Evidence:
    """What the values of a column of ratings, and of one of dates, tell of scale and order.

    Args:
        ratings: how often each name of ``stars.rating_evidence`` occurs.
        dates: how often each name of ``dates.date_evidence`` occurs.
    """

    ratings: Counter[str] = field(default_factory=Counter)
    dates: Counter[str] = field(default_factory=Counter)

    def add(self, column: str, text: str, count: int) -> None:
        """Count what a value tells.

        Args:
            column: of the reviews table; most columns tell nothing.
            text: the value, without blanks around it.
            count: how often it occurs.
        """
        if column == "star_rating":
            self.ratings[rating_evidence(read_rating(text))] += count
        elif column == "review_date":
            self.dates[date_evidence(read_date(text))] += count

    def update(self, other: "Evidence") -> None:
        """Add what other values tell."""
        self.ratings.update(other.ratings)
        self.dates.update(other.dates)

    def to_json(self) -> dict[str, dict[str, int]]:
        """Return it as plain JSON values."""
        return {"ratings": dict(self.ratings), "dates": dict(self.dates)}

    @classmethod
    def from_json(cls, data: Mapping[str, Mapping[str, int]]) -> Self:
        """Return it from plain JSON values."""
        return cls(Counter(data["ratings"]), Counter(data["dates"]))


@dataclass(frozen=True)
class Reading:
    """How ratings and dates are read.

    Args:
        scale: what bare numbers mean as stars, one of ``stars.SCALES``.
        orders: separator → order of a date's numbers, one of ``dates.ORDERS``.
        date_format: how dates are written, as ``strptime`` has it; empty: as they say themselves.
    """

    scale: str = FIVE
    orders: tuple[tuple[str, str], ...] = (("/", "mdy"), (".", "dmy"))
    date_format: str = ""

    def stars(self, text: str) -> int | None:
        """Return a rating as 1 to 5 stars; None where it cannot be read."""
        return stars_of(read_rating(text), self.scale)

    def day(self, text: str) -> date | None:
        """Return a date's day; None where it cannot be read."""
        if self.date_format:
            return _formatted(text, self.date_format)
        return day_of(read_date(text), dict(self.orders))

    def reads_as(self, other: "Reading", evidence: Evidence) -> bool:
        """Say whether values are read in the same way.

        Args:
            other: another way.
            evidence: what the values tell.
        """
        if evidence.ratings and self.scale != other.scale:
            return False
        if not evidence.dates or self.date_format != other.date_format:
            return not evidence.dates
        mine, theirs = dict(self.orders), dict(other.orders)
        asked = {name[0] for name in evidence.dates if name[0] in SEPARATORS}
        return all(mine.get(separator) == theirs.get(separator) for separator in asked)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "scale": self.scale,
            "orders": dict(self.orders),
            "date_format": self.date_format,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return it from plain JSON values."""
        return cls(data["scale"], tuple(data["orders"].items()), data["date_format"])


class ReadingQuestion(NamedTuple):
    """What has to be asked about a column's values, because two readings give good ones.

    Args:
        sentence: the question.
        remedies: the options that answer it, as words of a command.
    """

    sentence: str
    remedies: tuple[tuple[str, ...], ...]

    def error(self) -> UsageError:
        """Return the error that asks it."""
        return UsageError(self.sentence).with_remedies(*self.remedies)


@dataclass(frozen=True)
class Decision:
    """How a column's values are read, and what has to be said of it.

    Args:
        reading: how.
        sentences: what was decided, where values do not say it themselves.
        questions: what has to be asked.
    """

    reading: Reading
    sentences: tuple[str, ...] = ()
    questions: tuple[ReadingQuestion, ...] = ()


def decide(
    evidence: Evidence,
    settings: SourceSettings,
    columns: Mapping[str, str],
    scale: str = AUTO,
) -> Decision:
    """Return how ratings and dates are read.

    Args:
        evidence: of all values.
        settings: what the user said of them.
        columns: column of the reviews table → of the file, for the sentences.
        scale: that of the format, where it has one.
    """
    rating = columns.get("star_rating", "star_rating")
    scale = settings.stars_scale if settings.stars_scale != AUTO else scale
    stars = decide_scale(evidence.ratings, rating) if scale == AUTO else None
    sentences = [] if stars is None else [stars.sentence]
    questions = []
    if stars is not None and stars.question:
        scales = (FIVE, YES_NO, PLUS_MINUS)
        questions.append(
            ReadingQuestion(stars.question, tuple(("--stars-scale", one) for one in scales))
        )
    orders: Mapping[str, str] = dict.fromkeys(SEPARATORS, settings.date_order)
    if settings.date_order == AUTO and not settings.date_format:
        order = decide_order(evidence.dates, columns.get("review_date", "review_date"))
        orders = order.orders
        sentences.append(order.sentence)
        if order.question:
            both = ("--date-order", "dmy"), ("--date-order", "mdy")
            questions.append(ReadingQuestion(order.question, both))
    reading = Reading(
        scale=scale if stars is None else stars.name,
        orders=tuple(sorted(orders.items())),
        date_format=settings.date_format,
    )
    return Decision(reading, tuple(filter(None, sentences)), tuple(questions))


def check_date_format(settings: SourceSettings) -> None:
    """Check that a format of dates tells day, month and year.

    Raises:
        UsageError: it does not, or it is none.
    """
    if not settings.date_format:
        return
    if settings.date_order != AUTO:
        raise UsageError("--date-format says the order as well; leave --date-order out")
    day = datetime(2013, 12, 31, tzinfo=UTC)
    try:
        same = _formatted(day.strftime(settings.date_format), settings.date_format) == day.date()
    except ValueError:
        same = False
    if not same:
        raise UsageError(
            f"--date-format {settings.date_format!r} does not tell a day with its month and year; "
            "write it as in %d/%m/%Y or '%d %b %y %H:%M'"
        )


@lru_cache(maxsize=65_536)
def _formatted(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date()  # the day as it is written
    except ValueError:
        return None
