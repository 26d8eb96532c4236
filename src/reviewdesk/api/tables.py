"""DataFrames of any library in and out, through Arrow."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import pyarrow as pa

from reviewdesk.errors import InputError
from reviewdesk.optional import require

Table: TypeAlias = Any
"""A pandas or polars DataFrame, an Arrow table, or whatever exports an Arrow stream of rows."""

Files: TypeAlias = str | Path | Sequence[str | Path]

EXTRA: Final = "dataframes"


def is_table(data: object) -> bool:
    """Say whether something has rows and named columns."""
    return hasattr(data, "__arrow_c_stream__") and hasattr(data, "columns")


def arrow_table(data: Table) -> pa.Table:
    """Return rows and named columns as an Arrow table; a pandas index is left out.

    Raises:
        InputError: a column cannot be made Arrow's, such as one of mixed types.
    """
    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data])
    if isinstance(data, pa.Table):
        return data
    try:
        if hasattr(data, "iloc"):
            return pa.Table.from_pandas(data, preserve_index=False)
        return pa.table(data)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise InputError(
            "a column of the table holds values of several types; make each column of one type, "
            "as texts for example"
        ) from error


class ArrowRows:
    """What holds rows: readable by pandas, polars, DuckDB and all that speak Arrow."""

    def to_arrow(self) -> pa.Table:
        """Return the rows as an Arrow table."""
        raise NotImplementedError

    def to_pandas(self) -> Any:
        """Return the rows as a pandas DataFrame.

        Raises:
            MissingExtra: pandas is not installed.
        """
        require("pandas", EXTRA)
        return self.to_arrow().to_pandas()

    def to_polars(self) -> Any:
        """Return the rows as a polars DataFrame.

        Raises:
            MissingExtra: polars is not installed.
        """
        return require("polars", EXTRA).from_arrow(self.to_arrow())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return int(self.to_arrow().num_rows)
