"""Reviews in memory that can be read again and again, as prepared data can."""

import datetime
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from reviewdesk.examples.examples import Examples, load_examples
from reviewdesk.schema import REVIEWS
from reviewdesk.settings import TargetSettings, TextSettings


class Shop:
    """The reviews of one table, in small batches."""

    def __init__(self, table: pa.Table, batch_rows: int = 7) -> None:
        self.content = table
        self.batch_rows = batch_rows

    @property
    def rows(self) -> int:
        return len(self.content)

    def batches(
        self, columns: Sequence[str] | None = None, batch_rows: int = 65_536
    ) -> Iterator[pa.RecordBatch]:
        chosen = self.content.select(list(columns or self.content.schema.names))
        yield from chosen.to_batches(min(batch_rows, self.batch_rows))


def shop(n: int, batch_rows: int = 7, **columns: Any) -> Shop:
    """Return n reviews with the given columns; ids and bodies are made up, the rest is null."""
    known = {
        "review_id": [f"R{row}" for row in range(n)],
        "review_body": [f"review number {row}" for row in range(n)],
        **columns,
    }
    arrays = [pa.array(known.get(field.name, [None] * n), field.type) for field in REVIEWS]
    return Shop(pa.table(arrays, schema=REVIEWS), batch_rows)


def loaded(reviews: Shop, target: str = "sentiment", **settings: Any) -> Examples:
    """Return the reviews as examples of a target, read with the default text settings."""
    return load_examples(reviews, TargetSettings(target=target, **settings), TextSettings())


def day(number: int) -> datetime.date:
    """Return a day of the year 2014."""
    return datetime.date(2014, 1, 1) + datetime.timedelta(days=number)


def corpus(n: int = 1_000, /, **columns: Any) -> Examples:
    """Return reviews of which 1 in 4 is negative, 5 of each product and 3 by each customer."""
    rows = np.arange(n)
    known = {
        "star_rating": np.where(rows % 4 == 0, 1, 5).tolist(),
        "product_id": [f"B{row // 5}" for row in rows],
        "customer_id": [f"C{row % (n // 3)}" for row in rows],
        "review_date": [day(int(row) % 100) for row in rows],
        **columns,
    }
    return loaded(shop(n, 128, **known))
