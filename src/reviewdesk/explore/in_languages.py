"""Prepared reviews of which only those in some languages are read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.prepare.prepared import BATCH_ROWS, PreparedData
from reviewdesk.schema import REVIEW_LANGUAGE

LANGUAGE: Final = REVIEW_LANGUAGE.name


@dataclass(frozen=True)
class InLanguages(PreparedData):
    """Prepared reviews in some languages; the manifest is that of all.

    Args:
        codes: the languages.
    """

    codes: tuple[str, ...] = ()

    def part_batches(
        self,
        part: dict[str, Any],
        columns: Sequence[str] | None = None,
        batch_rows: int = BATCH_ROWS,
    ) -> Iterator[pa.RecordBatch]:
        """Yield the reviews of a part that are in these languages, in their order."""
        names = list(self.schema.names if columns is None else columns)
        read = list(dict.fromkeys((*names, LANGUAGE)))
        for batch in super().part_batches(part, read, batch_rows):
            stays = pc.is_in(batch.column(LANGUAGE), pa.array(self.codes))
            yield batch.select(names).filter(stays)
