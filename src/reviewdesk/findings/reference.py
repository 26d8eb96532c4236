"""A trusted reference: the ids of reviews that are known to be filed rightly."""

from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.errors import InputError
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.seal import opened
from reviewdesk.storage import storage_errors

ID: Final = "review_id"


def read_reference(path: Path, data: PreparedData) -> pa.Array:
    """Read the review_ids of a file.

    Args:
        path: a Parquet file with a column review_id, or a text file with an id a line; a first
            line "review_id" and quotes around ids are taken for what they are.
        data: the reviews that they are among.

    Returns:
        The ids, each once, of those that are in the data.

    Raises:
        InputError: it cannot be read so, or none of the ids is in the data.
        StorageError: it cannot be opened.
    """
    given = _ids(path)
    known = [
        pc.filter(batch.column(0), pc.is_in(batch.column(0), value_set=given))
        for batch in data.batches([ID])
    ]
    found = pa.chunked_array(known, pa.string()).combine_chunks()
    if not len(found):
        raise InputError(f"none of the ids in {path} is the review_id of one of these reviews")
    return found


def _ids(path: Path) -> pa.Array:
    with storage_errors(str(path)):
        if path.read_bytes()[:4] == b"PAR1":
            return _column(path)
        text = path.read_bytes()
    try:
        lines = [line.strip().strip('"') for line in text.decode("utf-8-sig").splitlines()]
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is neither a Parquet file nor text in UTF-8") from error
    ids = [line for line in lines[lines[:1] == [ID] :] if line]
    return pa.array(sorted(set(ids)), pa.string())


def _column(path: Path) -> pa.Array:
    try:
        with opened(path) as file:
            if ID not in file.schema_arrow.names:
                raise InputError(f"{path} has no column {ID}")
            column = file.read([ID]).column(0)
        return pc.unique(column.cast(pa.string())).drop_null()
    except pa.ArrowException as error:
        raise InputError(f"{path} is damaged, or its {ID} is not text") from error
