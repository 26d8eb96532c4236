"""Keeps account of the errors in a corpus while it is written."""

import numpy as np
import pyarrow as pa

from reviewdesk.sources.generated import calendar, identifiers
from reviewdesk.sources.generated.catalogue import NEVER, Catalogue
from reviewdesk.sources.generated.facts import Facts
from reviewdesk.sources.generated.rolls import Flags, Ints
from reviewdesk.sources.generated.table import category_names
from reviewdesk.sources.truth import DECLINING, PRODUCT_CATEGORY, REVIEW_CATEGORY, VARIANTS, Truth


class Planted:
    """Counts what stands in the file, so that the truth tells of nothing else.

    Args:
        catalogue: the products.
        seed: the corpus's.
    """

    def __init__(self, catalogue: Catalogue, seed: int) -> None:
        self.catalogue = catalogue
        self.seed = seed
        self._families = catalogue.product_family
        products = len(self._families)
        self.reviews = np.zeros(products, dtype=np.int64)  # by product, as all that follow
        self._after = np.zeros(products, dtype=np.int64)
        self._stars = np.zeros(products, dtype=np.int64)
        self._stars_after = np.zeros(products, dtype=np.int64)
        self._wrong_reviews: list[Ints] = []  # (3, n): the review, its shown and right product

    def add(self, facts: Facts, first: int) -> None:
        """Count a block whose first review has the given number in the corpus."""
        products = len(self.reviews)
        late = facts.day >= self.catalogue.declines[self._families[facts.shown]]
        self.reviews += np.bincount(facts.shown, minlength=products)
        self._after += np.bincount(facts.shown[late], minlength=products)
        np.add.at(self._stars, facts.shown, facts.stars)
        np.add.at(self._stars_after, facts.shown[late], facts.stars[late])
        wrong = np.flatnonzero(facts.shown != facts.right)
        self._wrong_reviews.append(
            np.stack([first + wrong, facts.shown[wrong], facts.right[wrong]])
        )

    @property
    def products(self) -> int:
        """How many products have reviews."""
        return int(np.count_nonzero(self.reviews))

    def truth(self) -> Truth:
        """Return the account as tables, in the order of the file and of the products."""
        return Truth(
            review_category=self._review_category_table(),
            product_category=self._product_category_table(),
            declining=self._declining_table(),
            variants=self._variants_table(),
        )

    def _reviewed(self, families: Flags) -> Ints:
        """Return the products of some families that have reviews."""
        return np.flatnonzero(families[self._families] & (self.reviews > 0))

    def _category(self, products: Ints, *, right: bool) -> pa.StringArray:
        categories = self.catalogue.category if right else self.catalogue.shown_category
        return category_names(self.catalogue, categories[self._families[products]])

    def _review_category_table(self) -> pa.Table:
        number, shown, right = np.concatenate(self._wrong_reviews, axis=1)
        columns = [
            identifiers.review_ids(number, self.seed),
            identifiers.product_ids(shown),
            self._category(shown, right=False),
            identifiers.product_ids(right),
            self._category(right, right=True),
        ]
        return pa.table(columns, schema=REVIEW_CATEGORY)

    def _product_category_table(self) -> pa.Table:
        products = self._reviewed(self.catalogue.shown_category != self.catalogue.category)
        columns = [
            identifiers.product_ids(products),
            self._category(products, right=False),
            self._category(products, right=True),
            self.reviews[products],
        ]
        return pa.table(columns, schema=PRODUCT_CATEGORY)

    def _declining_table(self) -> pa.Table:
        products = self._reviewed(self.catalogue.declines < NEVER)
        after = self._after[products]
        before = self.reviews[products] - after
        stars_after = self._stars_after[products]
        columns = [
            identifiers.product_ids(products),
            calendar.dates(self.catalogue.declines[self._families[products]]),
            before,
            after,
            _means(self._stars[products] - stars_after, before),
            _means(stars_after, after),
        ]
        return pa.table(columns, schema=DECLINING)

    def _variants_table(self) -> pa.Table:
        products = self._reviewed(self.catalogue.variants > 1)
        columns = [
            identifiers.product_ids(products),
            identifiers.parent_ids(self._families[products]),
            self.reviews[products],
        ]
        return pa.table(columns, schema=VARIANTS)


def _means(sums: Ints, counts: Ints) -> pa.Array:
    return pa.array(sums / np.maximum(counts, 1), mask=counts == 0)
