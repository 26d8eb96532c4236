"""Corrections that people decided on: what stands in a column of reviews becomes something else.

They are applied to the rows as they are read, before duplicates are looked for, and stay with the
prepared data, so that files that are added later are corrected as well.
"""

import csv
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reviewdesk.errors import InputError, UsageError
from reviewdesk.formats.csv import restore
from reviewdesk.prepare.erased import GONE
from reviewdesk.prepare.spellings import plain_id
from reviewdesk.storage import left_record, storage_errors, write_record

FILE: Final = "corrections.json"
FIELDS: Final = ("id", "column", "old", "new")
IDS: Final = ("review_id", "product_id", "product_parent")
"""What an id may be of, in this order: a review, or all reviews of a product."""

_FIXED: Final = ("review_id", "review_body")


@dataclass(frozen=True)
class Correction:
    """One change.

    Args:
        id: of a review, or of a product for all its reviews.
        column: what changes.
        old: what has to stand there; empty: anything.
        new: what stands there then; empty: nothing.
    """

    id: str
    column: str
    old: str
    new: str


@dataclass(frozen=True)
class Corrections:
    """Corrections in the order in which they were given; of two of one cell the later one counts.

    Args:
        changes: each of them once.
    """

    changes: tuple[Correction, ...] = ()
    _by_id: Mapping[str, tuple[int, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        numbers: dict[str, tuple[int, ...]] = {}
        for number, one in enumerate(self.changes):
            numbers[one.id] = (*numbers.get(one.id, ()), number)
        object.__setattr__(self, "_by_id", numbers)

    def __bool__(self) -> bool:
        return bool(self.changes)

    @classmethod
    def read(cls, path: Path) -> "Corrections":
        """Return those in a CSV or Parquet file with the columns ``id, column, old, new``.

        Raises:
            InputError: it is no such file, or names a column that cannot be corrected.
            StorageError: it cannot be read.
        """
        rows = _rows(path)
        changes = []
        for line, row in enumerate(rows, 2):
            if set(row) < set(FIELDS):
                raise InputError(f"{path} has to have the columns {', '.join(FIELDS)}")
            correction = Correction(*(str(row[name] or "") for name in FIELDS))
            if correction.column in _FIXED or not correction.column or not correction.id:
                raise InputError(
                    f"row {line} of {path} corrects {correction.column or 'no column'!r} of "
                    f"{correction.id or 'no id'!r}; name an id and any column but "
                    f"{' and '.join(_FIXED)}"
                )
            changes.append(correction)
        return cls(tuple(dict.fromkeys(changes)))

    @classmethod
    def of(cls, folder: Path) -> "Corrections":
        """Return those that a prepared folder was made with."""
        record = left_record(folder / FILE)
        return cls() if record is None else cls.from_json(record["changes"])

    @classmethod
    def from_json(cls, data: Sequence[Sequence[str]]) -> "Corrections":
        """Return them from plain JSON values."""
        return cls(tuple(Correction(*one) for one in data))

    def to_json(self) -> list[list[str]]:
        """Return them as plain JSON values."""
        return [[one.id, one.column, one.old, one.new] for one in self.changes]

    def write(self, folder: Path) -> None:
        """Write them into a prepared folder; nothing where there are none.

        Raises:
            StorageError: it cannot be written.
        """
        if self:
            write_record(folder / FILE, {"changes": self.to_json()})

    def and_later(self, later: "Corrections") -> "Corrections":
        """Return these and behind them others, each once."""
        return Corrections(tuple(dict.fromkeys((*self.changes, *later.changes))))

    def without(self, customer: str, ids: Collection[str]) -> tuple["Corrections", list[int]]:
        """Return them as they stay when a person is erased, and which of them these are.

        What was corrected in the person's reviews goes. A review that was found to be theirs still
        is, if it comes again under the id that it had: it then belongs to somebody who is gone.

        Args:
            customer: the person's id.
            ids: of their reviews.
        """
        kept: dict[int, Correction] = {}
        for number, correction in enumerate(self.changes):
            about = correction.column == "customer_id"
            if about and plain_id(correction.new) == plain_id(customer):
                kept[number] = replace(correction, new=GONE)
            elif correction.id not in ids and not (
                about and plain_id(correction.old) == plain_id(customer)
            ):
                kept[number] = correction
        return Corrections(tuple(kept.values())), list(kept)

    def check(self, schema: pa.Schema) -> None:
        """Check that the columns are there and can hold what they are to hold.

        Raises:
            UsageError: names the first one that cannot.
        """
        for correction in self.changes:
            if correction.column not in schema.names:
                raise UsageError(
                    f"a correction changes {correction.column!r}, which reviews do not have; keep "
                    "the column with --keep, or take the line out"
                )
            kind = schema.field(correction.column).type
            try:
                pa.scalar(correction.new or None, pa.string()).cast(kind)
            except pa.ArrowInvalid as error:
                raise UsageError(
                    f"a correction puts {correction.new!r} into {correction.column}, which holds "
                    f"{kind}"
                ) from error

    def apply(self, reviews: pa.RecordBatch, applied: Counter[str]) -> pa.RecordBatch:
        """Return cleaned reviews with what is to be changed in them.

        Args:
            reviews: (n,) rows, schema ``reviews_schema``.
            applied: is told of each correction, by its number, how many rows it changed.
        """
        if not self:
            return reviews
        cells: dict[str, dict[int, str]] = {}
        for row, number in self._meant(reviews):
            one = self.changes[number]
            held = cells.get(one.column, {}).get(row)
            before = _text(reviews[one.column][row]) if held is None else held
            if one.old in ("", before) and before != one.new:
                cells.setdefault(one.column, {})[row] = one.new
                applied[str(number)] += 1
        for column, values in cells.items():
            place = reviews.schema.get_field_index(column)
            reviews = reviews.set_column(
                place, reviews.schema.field(place), _changed(reviews[column], values)
            )
        return reviews

    def _meant(self, reviews: pa.RecordBatch) -> Iterator[tuple[int, int]]:
        """Yield the rows that corrections are about, with the number of each, in their order."""
        wanted = pa.array(self._by_id, pa.string())
        meant: list[tuple[int, int]] = []
        for name in IDS:
            theirs = pc.is_in(reviews[name], wanted)
            for row in pc.indices_nonzero(theirs).to_pylist():
                meant += [(number, row) for number in self._by_id[reviews[name][row].as_py()]]
        yield from ((row, number) for number, row in sorted(set(meant)))


def _text(value: pa.Scalar) -> str:
    plain: Any = value.as_py()
    return "" if plain is None else str(plain)


def _changed(column: pa.Array, values: Mapping[int, str]) -> pa.Array:
    cells = column.to_pylist()
    texts = pa.array([values[row] or None for row in values], pa.string()).cast(column.type)
    for row, new in zip(values, texts.to_pylist(), strict=True):
        cells[row] = new
    return pa.array(cells, column.type)


def _rows(path: Path) -> list[dict[str, Any]]:
    with storage_errors(str(path)):
        raw = path.read_bytes()
    try:
        if raw.startswith(b"PAR1"):
            rows: list[dict[str, Any]] = pq.read_table(path, partitioning=None).to_pylist()
            return rows
        lines = raw.decode("utf-8-sig").splitlines(keepends=True)
        plain = [*csv.DictReader(lines)]
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is neither CSV in UTF-8 nor Parquet") from error
    return [
        {name: restore(pa.array([value or ""]))[0].as_py() for name, value in row.items() if name}
        for row in plain
    ]


NONE: Final = Corrections()
"""No corrections."""
