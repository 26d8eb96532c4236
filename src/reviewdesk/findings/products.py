"""The products that reviews are about: their names, categories and variants."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.errors import MissingColumn
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.text.hashing import Hashes, hash64

NONE: Final = -1
COPIED: Final = 0.5
"""Two products are variants of one when so much of the smaller one's reviews are copies between
them. One customer who says the same of two products makes no variants."""

_COLUMNS: Final = ("product_id", "product_parent", "product_title", "product_category")
_IDS: Final = ("review_id", "product_id", "copy_of")

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Products:
    """The p products of n reviews, in the order of their ids.

    Args:
        ids: (p) product_ids.
        titles: (p) names; None where a product has none.
        categories: the names of all categories.
        category: (p,) the category that most reviews of each product stand in; -1 for none.
        variant: (p,) equal for variants of one product: 0, 1, ...
        of_review: (n,) the product of each review; -1 for none.
        reviews: (p,) how many reviews each has.
    """

    ids: list[str]
    titles: list[str | None]
    categories: list[str]
    category: NDArray[np.int32]
    variant: Ints
    of_review: NDArray[np.int32]
    reviews: Ints

    def __len__(self) -> int:
        return len(self.ids)

    def category_name(self, product: int) -> str | None:
        """Return the name of a product's category."""
        category = int(self.category[product])
        return None if category == NONE else self.categories[category]


def read_products(
    data: PreparedData, progress: Progress = SILENT, *, ratings: bool = False
) -> Products:
    """Read which products there are.

    Args:
        data: the reviews.
        progress: is shown how far it has come.
        ratings: whether reviews without a text count; they come behind all others.

    Raises:
        MissingColumn: no review says which product it is about.
    """
    keys, filed, first = [], [], _First()
    batches = data.star_batches(_COLUMNS) if ratings else data.batches(_COLUMNS)
    rows = data.rows + (data.ratings if ratings else 0)
    with progress.task("Reading products", rows, "reviews") as task:
        for batch in batches:
            hashes = hash64(batch.column("product_id"))
            first.add(batch, hashes)
            keys.append(hashes)
            filed.append(hash64(batch.column("product_category")))
            task.advance(len(batch))
    products = first.table().sort_by("product_id")
    if not len(products):
        raise MissingColumn(
            "finding among products needs the column product_id, and no review here has one"
        )
    names = hash64(products.column("product_id"))
    order = np.argsort(names)
    of_review = _look_up(names, order, np.concatenate(keys))
    filed_as = _majority(of_review, np.concatenate(filed), len(products))
    categories, category = _named(filed_as, first.categories)
    return Products(
        ids=products.column("product_id").to_pylist(),
        titles=products.column("product_title").to_pylist(),
        categories=categories,
        category=category,
        variant=_variants(data, products.column("product_parent"), names, order, of_review),
        of_review=of_review,
        reviews=np.bincount(of_review[of_review >= 0], minlength=len(products)),
    )


class _First:
    """The first review of each product, for what does not change from one to the next."""

    def __init__(self) -> None:
        self._known = np.empty(0, np.uint64)
        self._batches: list[pa.RecordBatch] = []
        self.categories: dict[int, str] = {}

    def add(self, batch: pa.RecordBatch, hashes: Hashes) -> None:
        filled = np.flatnonzero(batch.column("product_id").is_valid().to_numpy(False))
        found, first = np.unique(hashes[filled], return_index=True)
        new = ~np.isin(found, self._known)
        if new.any():
            self._known = np.union1d(self._known, found[new])
            self._batches.append(batch.take(pa.array(filled[first[new]])))
        named = pc.unique(batch.column("product_category").drop_null())
        self.categories |= zip(hash64(named).tolist(), named.to_pylist(), strict=True)

    def table(self) -> pa.Table:
        fields = [pa.field(name, pa.string()) for name in _COLUMNS]
        return pa.Table.from_batches(
            [one.cast(pa.schema(fields)) for one in self._batches], pa.schema(fields)
        )


def _look_up(names: Hashes, order: Ints, keys: Hashes) -> NDArray[np.int32]:
    """Return where each key stands among names, -1 where it does not; ``order`` sorts names."""
    place = np.minimum(np.searchsorted(names, keys, sorter=order), len(names) - 1)
    found = order[place]
    return np.where(names[found] == keys, found, NONE).astype(np.int32)


def _majority(of_review: NDArray[np.int32], filed: Hashes, products: int) -> Hashes:
    """Return the most frequent category of each product; of two as frequent the lower hash."""
    rows = np.flatnonzero((of_review >= 0) & (filed != 0))
    order = np.lexsort((filed[rows], of_review[rows]))
    product, category = of_review[rows][order], filed[rows][order]
    starts = np.flatnonzero(
        np.r_[True, (product[1:] != product[:-1]) | (category[1:] != category[:-1])][: len(rows)]
    )
    counts = np.diff(np.r_[starts, len(rows)])
    most = np.lexsort((-category[starts].astype(np.float64), counts))
    found = np.zeros(products, np.uint64)
    found[product[starts[most]]] = category[starts[most]]
    return found


def _named(category: Hashes, names: dict[int, str]) -> tuple[list[str], NDArray[np.int32]]:
    """Return the categories by name, and each product's place among them."""
    ordered = sorted(names.items(), key=lambda one: one[1])
    places = {key: place for place, (key, _) in enumerate(ordered)}
    found = [places.get(int(key), NONE) for key in category]
    return [name for _, name in ordered], np.array(found, np.int32)


def _variants(
    data: PreparedData,
    parents: pa.ChunkedArray,
    names: Hashes,
    order: Ints,
    of_review: NDArray[np.int32],
) -> Ints:
    """Number the sets of products that have a parent in common or copies of the same reviews."""
    count = len(names)
    links = [_by_parent(hash64(parents)), _by_copies(data, names, order, of_review)]
    left, right = (np.concatenate(side) for side in zip(*links, strict=True))
    root = np.arange(count)
    for one, other in zip(left.tolist(), right.tolist(), strict=True):
        root[_root(root, max(one, other))] = _root(root, min(one, other))
    found = np.array([_root(root, product) for product in range(count)])
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def _root(root: Ints, product: int) -> int:
    while root[product] != product:
        root[product] = root[root[product]]
        product = int(root[product])
    return product


def _by_parent(parents: Hashes) -> tuple[Ints, Ints]:
    """Link each product to the first one with the same parent."""
    filled = np.flatnonzero(parents)
    _, first, inverse = np.unique(parents[filled], return_index=True, return_inverse=True)
    return filled[first[inverse]], filled


def _by_copies(
    data: PreparedData, names: Hashes, order: Ints, of_review: NDArray[np.int32]
) -> tuple[Ints, Ints]:
    """Link products that share so many copies of reviews that they must be one."""
    copies, originals = [np.empty(0, np.int32)], [np.empty(0, np.uint64)]
    for batch in data.batches(_IDS):
        there = pc.is_valid(batch.column("copy_of"))
        some = batch.filter(there)
        copies.append(_look_up(names, order, hash64(some.column("product_id"))))
        originals.append(hash64(some.column("copy_of")))
    copied, wanted = np.concatenate(copies), np.concatenate(originals)
    if not len(copied):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    original = _products_of(data, wanted, names, order)
    known = (copied >= 0) & (original >= 0) & (copied != original)
    low, high = np.minimum(copied, original)[known], np.maximum(copied, original)[known]
    pairs, shared = np.unique(np.stack([low, high]), axis=1, return_counts=True)
    reviews = np.bincount(of_review[of_review >= 0], minlength=len(names))
    enough = shared >= COPIED * np.minimum(reviews[pairs[0]], reviews[pairs[1]])
    return pairs[0][enough].astype(np.int64), pairs[1][enough].astype(np.int64)


def _products_of(
    data: PreparedData, reviews: Hashes, names: Hashes, order: Ints
) -> NDArray[np.int32]:
    """Return the products that reviews, known by the hashes of their ids, are about."""
    ids, products = [np.empty(0, np.uint64)], [np.empty(0, np.int32)]
    for batch in data.batches(_IDS):
        hashes = hash64(batch.column("review_id"))
        asked = np.isin(hashes, reviews)
        some = batch.column("product_id").filter(pa.array(asked))
        ids.append(hashes[asked])
        products.append(_look_up(names, order, hash64(some)))
    known, product = np.concatenate(ids), np.concatenate(products)
    if not len(known):
        return np.full(len(reviews), NONE, np.int32)
    place = _look_up(known, np.argsort(known), reviews)
    return np.where(place >= 0, product[place], NONE).astype(np.int32)
