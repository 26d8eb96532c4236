"""What the batches of a source have to be."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.errors import InputError
from reviewdesk.schema import REJECTS, reviews_schema
from reviewdesk.sources import Input, SourceBatch

FIRST_DAY: Final = int(np.datetime64("0001-01-01", "D").astype(int))
LAST_DAY: Final = int(np.datetime64("9999-12-31", "D").astype(int))


def check_contract(batch: SourceBatch, input_: Input) -> None:
    """Check what later steps rely on; sources can come from other packages.

    Raises:
        InputError: the rows of an input are others than its source may give.
    """
    reviews, schema = batch.reviews, reviews_schema(input_.reader.kept)
    if not (reviews.schema.equals(schema) and batch.rejects.schema.equals(REJECTS)):
        raise InputError(f"the source {input_.source} gave rows of {input_.name} in another schema")
    if reviews["review_id"].null_count or reviews["review_body"].null_count:
        raise InputError(
            f"the source {input_.source} gave reviews of {input_.name} without id or text"
        )
    days = pc.min_max(reviews["review_date"].cast(pa.int32())).as_py()
    if days["min"] is not None and not FIRST_DAY <= days["min"] <= days["max"] <= LAST_DAY:
        raise InputError(
            f"the source {input_.source} gave dates of {input_.name} outside years 1–9999"
        )
