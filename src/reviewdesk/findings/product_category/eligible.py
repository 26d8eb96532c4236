"""Which products are judged, where they stand, and why others are not judged."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.errors import MissingColumn
from reviewdesk.findings.predictions import BaseProbabilities
from reviewdesk.findings.product_category.pooling import Pooled, most_frequent, pool
from reviewdesk.prepare.prepared import PreparedData

FEWEST_REVIEWS: Final = 2

NO_PRODUCT: Final = "reviews that name no product"
NO_CATEGORY: Final = "products in no category that the predictions know"
ONE_REVIEW: Final = (
    "products with one review, of which the list of reviews in the wrong category tells"
)

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class EligibleProducts:
    """What is known of n reviews and p products.

    Args:
        names: the k categories.
        label: (n,) int32, the category in which each review stands; -1 for none.
        product: (n,) int32, its product; -1 for none.
        ids: (p) product_ids.
        titles: (n) names of products, one a review.
        assigned: (p,) the category of most of each product's reviews; -1 for none.
        pooled: what base models say of all products.
        products: (q,) those that are judged.
        left_out: how many are not, by reason.
    """

    names: list[str]
    label: NDArray[np.int32]
    product: NDArray[np.int32]
    ids: pa.Array
    titles: pa.ChunkedArray
    assigned: Ints
    pooled: Pooled
    products: Ints
    left_out: dict[str, int]

    def rows(self) -> "ProductRows":
        """Return where the reviews of each product are."""
        order = np.argsort(self.product, kind="stable")
        return ProductRows(
            order, np.searchsorted(self.product[order], np.arange(len(self.ids) + 1))
        )


@dataclass(frozen=True, eq=False)
class ProductRows:
    """The reviews of each product, as places in the data."""

    order: Ints
    starts: Ints

    def of(self, product: int) -> Ints:
        """Return the reviews of one product, (m,), ascending."""
        return self.order[self.starts[product] : self.starts[product + 1]]


def read_eligible(data: PreparedData, predicted: BaseProbabilities) -> EligibleProducts:
    """Read where reviews stand and decide which products are judged.

    Raises:
        MissingColumn: no review has a category, or none a product.
    """
    table = data.table(["product_id", "product_title", "product_category"])
    for name in ("product_id", "product_category"):
        if table[name].null_count == len(table):
            raise MissingColumn(
                f"finding products in the wrong category needs the column {name} filled"
            )
    named = pc.if_else(pc.equal(table["product_id"], ""), None, table["product_id"])
    encoded = named.combine_chunks().dictionary_encode()
    product = encoded.indices.fill_null(-1).to_numpy().astype(np.int32)
    names = pa.array(predicted.labels, pa.string())
    label = pc.index_in(table["product_category"], value_set=names).fill_null(-1).to_numpy()
    products = len(encoded.dictionary)
    assigned = most_frequent(product, label, products, len(predicted.labels))
    pooled = pool(predicted.probabilities, product, products)
    known = assigned >= 0
    enough = pooled.reviews >= FEWEST_REVIEWS
    return EligibleProducts(
        names=predicted.labels,
        label=label.astype(np.int32),
        product=product,
        ids=encoded.dictionary,
        titles=table["product_title"],
        assigned=assigned,
        pooled=pooled,
        products=np.flatnonzero(known & enough),
        left_out={
            NO_PRODUCT: int((product < 0).sum()),
            NO_CATEGORY: int((~known).sum()),
            ONE_REVIEW: int((known & ~enough).sum()),
        },
    )
