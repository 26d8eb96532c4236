"""What is known to be wrong, as what each finder can find of it."""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.sources.truth.schema import Truth


@dataclass(frozen=True)
class KnownErrors:
    """The known errors that a finder can find, by their id.

    Args:
        right: where each belongs; None where there is nothing to name.
        reviews: how many reviews each rests on; empty where that says nothing.
        sized: whether findings count their ``reviews`` in the same way.
        began: the day on which each began; empty where errors stand from the first day on.
    """

    right: Mapping[str, str | None]
    reviews: Mapping[str, int] = field(default_factory=dict)
    sized: bool = False
    began: Mapping[str, datetime.date] = field(default_factory=dict)

    def include(self, row: Mapping[str, Any]) -> bool:
        """Say whether a finding is about one of them, and not from before it began."""
        noticed, began = row["noticed"], self.began.get(row["what"])
        early = noticed is not None and began is not None and noticed < began
        return row["what"] in self.right and not early


def _review_category(truth: Truth) -> KnownErrors:
    return KnownErrors(by_id(truth.review_category, "review_id", "right_category"))


def _review_product(truth: Truth) -> KnownErrors:
    """Reviews under another product of the same category."""
    same = truth.review_category.filter(
        pc.equal(truth.review_category["product_category"], truth.review_category["right_category"])
    )
    return KnownErrors(by_id(same, "review_id", "right_product_id"))


def _product_category(truth: Truth) -> KnownErrors:
    table = truth.product_category
    return KnownErrors(
        by_id(table, "product_id", "right_category"),
        by_id(table, "product_id", "reviews"),
        sized=True,
    )


def _declining(truth: Truth) -> KnownErrors:
    products = truth.declining["product_id"].to_pylist()
    return KnownErrors(
        dict.fromkeys(products),
        by_id(truth.declining, "product_id", "reviews_after"),
        began=by_id(truth.declining, "product_id", "declines_from"),
    )


GRADED: Final[Mapping[str, Callable[[Truth], KnownErrors]]] = {
    "review-category": _review_category,
    "review-product": _review_product,
    "product-category": _product_category,
    "declining": _declining,
}
"""The finders that can be graded, and from which of the known errors."""


def by_id(table: pa.Table, name: str, value: str) -> dict[str, Any]:
    """Return one column by another that names each row."""
    return dict(zip(table[name].to_pylist(), table[value].to_pylist(), strict=True))
