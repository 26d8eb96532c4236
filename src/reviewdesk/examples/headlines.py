"""Headlines that the shop filled in itself, read as empty."""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.text.headlines import is_default_headline

HEADLINE: Final = "review_headline"


def blank_default_headlines(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the batch with null in place of headlines such as "Five Stars"."""
    if HEADLINE not in batch.schema.names:
        return batch
    column = batch.schema.get_field_index(HEADLINE)
    headlines = batch.column(column)
    if headlines.null_count == len(headlines):
        return batch
    blank = pc.if_else(is_default_headline(headlines), pa.scalar(None, headlines.type), headlines)
    return batch.set_column(column, batch.schema.field(column), blank)
