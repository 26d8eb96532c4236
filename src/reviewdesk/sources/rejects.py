"""Rows that could not be used: collected with their place and reason, exactly as they stood."""

from typing import Final

import pyarrow as pa

from reviewdesk.schema import REJECTS

REASONS: Final = {
    "bad_utf8": "the bytes are not UTF-8 text",
    "wrong_field_count": "the line has more or fewer fields than the header",
    "bad_quotes": "a quote was opened and not closed",
    "bad_json": "the line is not a JSON object",
    "bad_record": "the record is not written as the format has it",
    "bad_file_name": "the file's name does not hold an id and a rating",
    "too_long": "the line is longer than the limit; only its first part is kept",
    "truncated": "the file ends early or is damaged from here on",
    "damaged_rows": "a group of rows in a Parquet file is damaged",
}
"""Every reason that the house's own sources give, and what it means."""

DAMAGE: Final = ("truncated", "damaged_rows")
"""The reasons that stand for an unknown number of rows: a part of the file is lost."""

KEPT_OF_TOO_LONG: Final = 1024 * 1024
"""How much of a row over the limit is kept, in bytes."""


class Rejects:
    """Collects the rejects of one file until a batch takes them along.

    Args:
        file: the name under which the file is listed.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self._rows: list[tuple[str, int | None, str, bytes]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, line: int | None, reason: str, raw: bytes, *, member: str = "") -> None:
        """Keep one row.

        Args:
            line: from 1, in the decompressed file; None where the format has no lines.
            reason: a short machine-readable name, one of ``REASONS`` for the house's own sources.
            raw: the row's bytes.
            member: for a folder or an archive, the path of the file inside it.
        """
        file = f"{self.file}/{member}" if member else self.file
        self._rows.append((file, line, reason, raw))

    def waiting(self, reason: str) -> list[tuple[int | None, bytes]]:
        """Return line and bytes of those of a reason that were not taken yet."""
        return [(line, raw) for _, line, why, raw in self._rows if why == reason]

    def take(self) -> pa.RecordBatch:
        """Return what was collected since the last call, in the order it was met."""
        rows, self._rows = self._rows, []
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(REJECTS)
        arrays = [
            pa.array(column, field.type) for column, field in zip(columns, REJECTS, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=REJECTS)
