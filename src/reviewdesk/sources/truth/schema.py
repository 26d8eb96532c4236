"""The tables of known errors. They hold identifiers and figures, no text."""

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

_MAY_BE_NULL: Final = ("product_id", "right_product_id", "stars_before", "stars_after")
"""Of a product there is nothing to say in data without products; the tables that are about products
have its id in every row all the same."""


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, kind, name in _MAY_BE_NULL) for name, kind in columns.items()])


REVIEW_CATEGORY: Final = _schema(
    review_id=pa.string(),
    product_id=pa.string(),  # what it stands under
    product_category=pa.string(),
    right_product_id=pa.string(),  # what it is about
    right_category=pa.string(),
)
"""Reviews that stand under the wrong product."""

PRODUCT_CATEGORY: Final = _schema(
    product_id=pa.string(),
    product_category=pa.string(),  # what it is filed under
    right_category=pa.string(),
    reviews=pa.int64(),  # how many stand under it
)
"""Products that stand in the wrong category."""

DECLINING: Final = _schema(
    product_id=pa.string(),
    declines_from=pa.date32(),  # the first day of the worse time
    reviews_before=pa.int64(),
    reviews_after=pa.int64(),
    stars_before=pa.float64(),  # the mean; null when there are no reviews
    stars_after=pa.float64(),
)
"""Products that get worse from a day on, in stars and in words."""

VARIANTS: Final = _schema(product_id=pa.string(), product_parent=pa.string(), reviews=pa.int64())
"""Products that are variants of one: they have the same parent and share copies of reviews."""


@dataclass(frozen=True)
class Truth:
    """Everything that is known to be wrong, or alike, in one set of reviews."""

    review_category: pa.Table
    product_category: pa.Table
    declining: pa.Table
    variants: pa.Table

    def tables(self) -> dict[str, pa.Table]:
        """Return the tables by the names of their files."""
        return {
            "review_category": self.review_category,
            "product_category": self.product_category,
            "declining": self.declining,
            "variants": self.variants,
        }

    def reviews(self) -> pa.Array:
        """Return the ids of all reviews that are named."""
        return self.review_category["review_id"].unique()

    def products(self) -> pa.Array:
        """Return the ids of all products that are named."""
        columns = [
            self.review_category["right_product_id"],
            *(table["product_id"] for table in self.tables().values()),
        ]
        chunks = [one for column in columns for one in column.chunks]
        return pa.chunked_array(chunks, pa.string()).unique().drop_null()
