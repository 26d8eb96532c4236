"""Prepared reviews of which only those in some languages are read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

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

    def batches(
        self, columns: Sequence[str] | None = None, batch_rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Yield the reviews in these languages, part by part, in their order."""
        names = list(self.schema.names if columns is None else columns)
        for batch in super().batches(list(dict.fromkeys((*names, LANGUAGE))), batch_rows):
            stays = pc.is_in(batch.column(LANGUAGE), pa.array(self.codes))
            yield batch.select(names).filter(stays)
