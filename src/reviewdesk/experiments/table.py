"""Tables of outcomes as people have them: Parquet, CSV, tab-separated, JSON lines."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.json as pajson
import pyarrow.parquet as pq

from reviewdesk.errors import InputError, UsageError
from reviewdesk.storage import storage_errors

ENDINGS: Final = (".parquet", ".csv", ".tsv", ".jsonl")


def read_outcomes(paths: Sequence[Path]) -> pa.Table:
    """Return the rows of tables, one after the other.

    Args:
        paths: ``.parquet``, ``.csv``, ``.tsv`` or ``.jsonl``, the latter three also with ``.gz``.

    Raises:
        UsageError: a file ends in something else.
        InputError: a file is not what its name says, or types of columns do not go together.
    """
    tables = [_read(path) for path in paths]
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowInvalid as error:
        raise InputError("the tables have columns of one name and different types") from error


def _read(path: Path) -> pa.Table:
    name = path.name.removesuffix(".gz")
    kind = next((ending for ending in ENDINGS if name.endswith(ending)), "")
    if not kind:
        raise UsageError(f"{path} is no table; it must end in {', '.join(ENDINGS)}")
    with storage_errors(str(path)):
        try:
            if kind == ".parquet":
                return pq.read_table(path)
            if kind == ".jsonl":
                return pajson.read_json(path)
            options = pacsv.ParseOptions(delimiter="\t" if kind == ".tsv" else ",")
            return pacsv.read_csv(path, parse_options=options)
        except pa.ArrowInvalid as error:
            raise InputError(f"{path} cannot be read as {kind}; it may be damaged") from error
