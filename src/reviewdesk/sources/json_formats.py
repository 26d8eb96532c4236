"""What the formats of JSON lines share whose fields have names of their own."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

import pyarrow.compute as pc

from reviewdesk.schema import REVIEWS
from reviewdesk.sources.base import RawRows, Source, SourceFile, Tally
from reviewdesk.sources.jsonlines import first_fields
from reviewdesk.sources.mapping import ColumnMap, closest
from reviewdesk.sources.stream import head

_OWN: Final = {name: name for name in REVIEWS.names}


class JsonFormat(Source):
    """A format of JSON lines.

    For a column for which a file has not the format's field, another one is read whose name is
    close: whoever joins reviews with other tables adds such fields.
    """

    takes_columns: ClassVar[bool] = True
    spellings: ClassVar[Mapping[str, str]] = {}
    """Other name of a field → the one in ``columns``."""

    def fields(self, file: SourceFile) -> dict[str, str]:
        """Return column of the reviews table → field that is read."""
        return {**_OWN, **self.columns, **self._guesses(file), **self.settings.columns}

    def inspect(self, file: SourceFile) -> ColumnMap:
        """Return which fields the first objects have; later ones are read all the same."""
        names = first_fields(head(file))
        others = {field: other for other, field in self.spellings.items() if other in names}
        read = {
            column: others.get(field, field)
            for column, field in self.fields(file).items()
            if _outer(field) in names or field in others or column in self.settings.columns
        }
        used = {_outer(field) for field in read.values()}
        guesses = {
            column: field for column, field in self._guesses(file).items() if field != column
        }
        return ColumnMap(read, guesses, tuple(sorted(names - used)))

    def noting_late(
        self, parts: Iterator[RawRows], file: SourceFile, tally: Tally
    ) -> Iterator[RawRows]:
        """Yield rows of a file, and note columns whose fields the first objects have not."""
        known = self.inspect(file).columns
        late = {name: field for name, field in self.fields(file).items() if name not in known}
        for rows in parts:
            for name in list(late):
                values = rows.columns.get(name)
                if values is not None and values.null_count < rows.count:
                    line = rows.line(pc.index(values.is_valid(), value=True).as_py())
                    tally.notes.append(
                        f"{tally.file} has fields from line {line} on only: {late.pop(name)!r} as "
                        f"{name}"
                    )
            yield rows

    def _guesses(self, file: SourceFile) -> dict[str, str]:
        names = first_fields(head(file))
        fields = {**self.columns, **self.settings.columns}
        known = {*map(_outer, fields.values()), *self.spellings}
        spelled = {field for other, field in self.spellings.items() if other in names}
        free = sorted(names - known)
        guessed = {
            column: closest(column, free)
            for column in REVIEWS.names
            if _outer(fields.get(column, "")) not in names and fields.get(column) not in spelled
        }
        return {column: field for column, field in guessed.items() if field is not None}


def _outer(field: str) -> str:
    return field.partition(".")[0]
