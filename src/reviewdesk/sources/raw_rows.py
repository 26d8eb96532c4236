"""Rows as a file has them: text under the names of the reviews table, not yet typed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

MAX_ROWS: Final = 16_384
MAX_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True)
class RawRows:
    """Rows as text.

    Args:
        columns: (n,) strings each, named as in the reviews table; what a file lacks is left out.
        count: n.
        lines: (n,) where each row begins, from 1; None where the format has no lines.
        raw: the bytes of row i, for the rejects.
        member: for a folder or an archive, the path of row i's file inside it.
        own: of formats whose values have types, where asked for, the same rows as they stand.
    """

    columns: Mapping[str, pa.Array]
    count: int
    lines: Sequence[int] | None
    raw: Callable[[int], bytes]
    member: Callable[[int], str] = lambda _: ""
    own: pa.RecordBatch | None = None

    @classmethod
    def none(cls) -> Self:
        """Return no rows."""
        return cls({}, 0, None, lambda _: b"")

    def with_default(self, name: str, value: str) -> Self:
        """Return the rows with a value where a column has none; an empty one changes nothing."""
        if not value:
            return self
        given = self.columns.get(name, pa.nulls(self.count, pa.string()))
        return replace(self, columns={**self.columns, name: given.fill_null(value)})

    def without(self, rows: NDArray[np.int64]) -> Self:
        """Return all rows but those with the given numbers."""
        if not len(rows):
            return self
        kept = np.delete(np.arange(self.count), rows)
        lines, raw, member = self.lines, self.raw, self.member
        return replace(
            self,
            columns={name: values.take(pa.array(kept)) for name, values in self.columns.items()},
            count=len(kept),
            lines=None if lines is None else [lines[row] for row in kept.tolist()],
            raw=lambda row: raw(int(kept[row])),
            member=lambda row: member(int(kept[row])),
        )

    def line(self, row: int) -> int | None:
        """Return the line on which a row begins."""
        return None if self.lines is None else int(self.lines[row])


class RowBuilder:
    """Gathers rows that are read one by one, until there are enough for a batch.

    Args:
        names: the columns of the reviews table that the rows hold.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._clear()

    def _clear(self) -> None:
        self._values: list[Sequence[str | None]] = []
        self._lines: list[int] = []
        self._raw: list[bytes] = []
        self._members: list[str] = []
        self._bytes = 0

    @property
    def full(self) -> bool:
        """Whether it is time to take the rows."""
        return len(self._values) >= MAX_ROWS or self._bytes >= MAX_BYTES

    def add(
        self, values: Sequence[str | None], raw: bytes, line: int | None = None, member: str = ""
    ) -> None:
        """Add one row.

        Args:
            values: as many as there are names, without lone surrogates.
            raw: the row as it stood.
            line: where it begins, from 1; given for all rows or for none.
            member: for a folder or an archive, the path of its file inside.
        """
        self._values.append(values)
        self._raw.append(raw)
        self._members.append(member)
        self._bytes += len(raw)
        if line is not None:
            self._lines.append(line)

    def take(self) -> RawRows:
        """Return the rows gathered since the last call."""
        values, raw, members = self._values, self._raw, self._members
        columns = zip(*values, strict=True) if values else ((),) * len(self.names)
        arrays = {
            name: pa.array(column, pa.string())
            for name, column in zip(self.names, columns, strict=True)
        }
        lines = self._lines or None
        self._clear()
        return RawRows(arrays, len(values), lines, raw.__getitem__, members.__getitem__)
