"""Inputs as plain JSON values, so that another machine can open them as they were found here."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from reviewdesk.settings import SourceSettings
from reviewdesk.sources.catalog import Input, source_class
from reviewdesk.sources.files import SourceFile
from reviewdesk.sources.mapping import ColumnMap
from reviewdesk.sources.readings import Reading
from reviewdesk.storage import is_remote


def input_json(input_: Input) -> dict[str, Any]:
    """Return an input as plain JSON values; local places are made absolute."""
    return {
        "file": _file_json(input_.file),
        "source": input_.source,
        "settings": input_.reader.settings.to_json(),
        "companions": [_file_json(file) for file in input_.reader.companions],
        "columns": {field.name: _plain(getattr(input_.columns, field.name)) for field in _COLUMNS},
        "reading": None if input_.reading is None else input_.reading.to_json(),
    }


def input_from_json(data: Mapping[str, Any]) -> Input:
    """Return the input that ``input_json`` described.

    Raises:
        UsageError: this machine has no source of that name.
    """
    companions = [_file(file) for file in data["companions"]]
    settings = SourceSettings.from_json(data["settings"])
    columns = {**data["columns"], "left_over": tuple(data["columns"]["left_over"])}
    return Input(
        _file(data["file"]),
        source_class(data["source"])(settings, companions),
        ColumnMap(**columns),
        None if data["reading"] is None else Reading.from_json(data["reading"]),
    )


_COLUMNS = fields(ColumnMap)


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else list(value)


def _file(data: Mapping[str, Any]) -> SourceFile:
    groups = data["row_groups"]
    return SourceFile(**{**data, "row_groups": groups and tuple(groups)})


def _file_json(file: SourceFile) -> dict[str, Any]:
    place = file.place if is_remote(file.place) else str(Path(file.place).absolute())
    return {
        "place": place,
        "name": file.name,
        "size": file.size,
        "folder": file.folder,
        "member": file.member,
        "encoding": file.encoding,
        "row_groups": file.row_groups and list(file.row_groups),
    }
