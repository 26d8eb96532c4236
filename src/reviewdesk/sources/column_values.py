"""What the first values of a column tell of what it holds, where its name says too little."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from reviewdesk.sources.dates import read_date
from reviewdesk.sources.nulls import NULL_WORDS
from reviewdesk.sources.stars import read_rating

VALUES_LOOKED_AT: Final = 100
LONGEST_SHORT: Final = 64
"""Ratings, dates, ids and names are no longer."""

MOSTLY: Final = 0.9
SHORTEST_TEXT: Final = 10
"""Characters that reviews have at least, on average."""

MANY: Final = 10
REPEATED: Final = 0.5
"""Of so many values or more, so small a share of different ones is names, not texts."""

ALL_DIFFERENT: Final = 0.8


@dataclass(frozen=True)
class ColumnValues:
    """The first values of each column.

    Args:
        samples: column → its first values that are not empty; what is not there is unknown.
    """

    samples: Mapping[str, tuple[str, ...]]
    _holds: dict[tuple[str, str], bool] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of_rows(cls, names: Sequence[str], rows: Iterable[Sequence[str | None]]) -> "ColumnValues":
        """Return the values of rows; of columns of one name the first counts."""
        samples: dict[str, list[str]] = {name: [] for name in names}
        places = [(samples[name], place) for name, place in _first_places(names).items()]
        for row in rows:
            for values, place in places:
                value = (row[place] or "").strip() if place < len(row) else ""
                if value and value.lower() not in NULL_WORDS and len(values) < VALUES_LOOKED_AT:
                    values.append(value)
        return cls({name: tuple(values) for name, values in samples.items()})

    def known(self, column: str) -> bool:
        """Say whether a column has values that can be looked at."""
        return bool(self.samples.get(column))

    def empty(self, column: str) -> bool:
        """Say whether a column was looked at and has no value."""
        return column in self.samples and not self.samples[column]

    def agree(self, name: str, column: str) -> bool:
        """Say whether the values of a column can be those of one of the reviews table."""
        check = _CHECKS.get(name)
        if check is None:
            return self.known(column)
        if (name, column) not in self._holds:
            self._holds[name, column] = self.known(column) and check(self.samples[column])
        return self._holds[name, column]

    def characters(self, column: str) -> float:
        """Return how long the values of a column are on average; 0 where there are none."""
        values = self.samples.get(column, ())
        return sum(map(len, values)) / max(len(values), 1)

    def different(self, column: str) -> float:
        """Return the share of different values of a column."""
        return _different(self.samples.get(column, ()))

    def constant(self, column: str) -> bool:
        """Say whether a column has one value over and over."""
        values = self.samples.get(column, ())
        return len(values) >= MANY and len(set(values)) == 1

    def are_texts(self, column: str) -> bool:
        """Say whether values are surely texts: long enough, and mostly different."""
        values = self.samples.get(column, ())
        varied = len(values) < MANY or _different(values) >= REPEATED
        long_enough = self.characters(column) >= SHORTEST_TEXT
        return varied and long_enough and self.agree("review_body", column)


NOTHING: Final = ColumnValues({})
"""Columns of which no value was looked at."""


def _first_places(names: Sequence[str]) -> dict[str, int]:
    return {name: place for place, name in reversed(list(enumerate(names)))}


def _different(values: Sequence[str]) -> float:
    return len(set(values)) / max(len(values), 1)


def _mostly(check: Callable[[str], object]) -> Callable[[Sequence[str]], bool]:
    def are(values: Sequence[str]) -> bool:
        good = sum(len(value) <= LONGEST_SHORT and bool(check(value)) for value in values)
        return good >= MOSTLY * len(values)

    return are


def _is_number(value: str) -> bool:
    return value.replace(".", "").replace(",", "").lstrip("+-").isdigit()


_RATINGS: Final = _mostly(lambda value: read_rating(value) is not None)
_DATES: Final = _mostly(lambda value: read_date(value) is not None)
_NUMBERS: Final = _mostly(_is_number)


def _texts(values: Sequence[str]) -> bool:
    """Say whether values may be texts; also short ones, of which many are equal."""
    return not (_RATINGS(values) or _NUMBERS(values) or _DATES(values))


def _titles(values: Sequence[str]) -> bool:
    """Say whether values are titles: names of something, of which several reviews may speak."""
    return _texts(values) and sum(" " in value for value in values) >= REPEATED * len(values)


def _people(values: Sequence[str]) -> bool:
    short = _mostly(lambda value: not _is_number(value))(values)
    return short and _different(values) >= ALL_DIFFERENT


_CHECKS: Final[Mapping[str, Callable[[Sequence[str]], bool]]] = {
    "review_body": _texts,
    "star_rating": _RATINGS,
    "review_date": _DATES,
    "product_id": lambda values: not _titles(values),
    "product_title": _titles,
    "customer_id": _people,
}
"""Columns of the reviews table whose values can be told from others."""
