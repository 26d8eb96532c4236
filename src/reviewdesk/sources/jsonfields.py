"""Which fields of JSON objects are read, learnt as the objects come."""

from collections.abc import Mapping, Sequence
from typing import Any

from reviewdesk.errors import InputError
from reviewdesk.sources.column_values import NOTHING, ColumnValues
from reviewdesk.sources.jsonlines import field_names
from reviewdesk.sources.kept import with_kept
from reviewdesk.sources.mapping import map_columns


class JsonFields:
    """The map of columns of a file whose fields may come late.

    A column that the first objects have not is read from the object on that has it. A field that
    would have been taken had it come first stops the file, because the objects before would have to
    be read in another way.

    Args:
        first: names of the fields in the first objects.
        told: what the user said: column of the reviews table → field; it may come at any time.
        file: its name, for the messages.
        values: of the fields in the first objects.

    Raises:
        UsageError: the reviews table has no column that was told.
        MissingColumn: none of the fields is known to hold the text.
    """

    def __init__(
        self,
        first: Sequence[str],
        named: Mapping[str, str],
        file: str,
        values: ColumnValues = NOTHING,
    ) -> None:
        self._told = named
        self._file = file
        self._values = values
        self._names = dict.fromkeys([*first, *named.values()])
        self._outer: set[str] = set()
        self._inner: dict[str, set[str]] = {}
        self.first = map_columns(list(self._names), named, file, values)
        self.columns = dict(self.first.columns)

    def see(self, row: Mapping[str, Any], line: int) -> str:
        """Take in an object's fields; return a sentence where columns have come with it.

        Args:
            row: the object.
            line: that it begins on.

        Raises:
            InputError: one of its fields should have been read from the first object on.
        """
        if row.keys() <= self._outer and not self._has_new_inner(row):
            return ""
        self._outer.update(row)
        for outer, value in row.items():
            if isinstance(value, dict):
                self._inner.setdefault(outer, set()).update(value)
        names = field_names(row)
        if self._names.keys() >= set(names):
            return ""
        self._names.update(dict.fromkeys(names))
        return self._map_again(line)

    def _has_new_inner(self, found: Mapping[str, Any]) -> bool:
        return any(
            isinstance(value, dict) and not value.keys() <= self._inner.get(outer, set())
            for outer, value in found.items()
        )

    def _map_again(self, line: int) -> str:
        columns = map_columns(list(self._names), self._told, self._file, self._values).columns
        for name, field in self.columns.items():
            if columns[name] != field:
                raise InputError(
                    f"{self._file} has a field {columns[name]!r} from line {line} on, which may "
                    f"hold {name} rather than {field!r} does, as the lines before were read; say "
                    f"which with --map {name}={columns[name]} or --map {name}={field}"
                )
        late = {name: field for name, field in columns.items() if name not in self.columns}
        self.columns.update(late)
        return " and ".join(f"{field!r} as {name}" for name, field in late.items())


class FieldsAndKept:
    """The fields of a file that are read, with those that are kept beside the reviews table.

    Args:
        fields: learnt as the objects come.
        kept: fields that are kept, from wherever they come.
    """

    def __init__(self, fields: JsonFields, kept: Sequence[str]) -> None:
        self._fields = fields
        self._kept = kept

    @property
    def columns(self) -> dict[str, str]:
        """Column of the raw rows → field."""
        return with_kept(self._fields.columns, self._kept)

    def see(self, found: Mapping[str, Any], line: int) -> str:
        """Take in an object's fields, as ``JsonFields`` does."""
        return self._fields.see(found, line)
