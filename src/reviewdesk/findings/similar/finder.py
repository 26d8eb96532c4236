"""Finds products about which people say the same."""

from pathlib import Path
from typing import ClassVar, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import UsageError
from reviewdesk.findings.base import Finder, FinderInputs, Findings
from reviewdesk.findings.products import Products, read_products
from reviewdesk.findings.review_terms import ReviewTerms
from reviewdesk.findings.similar.directions import nearest_directions
from reviewdesk.findings.similar.given import GivenVectors, read_vectors
from reviewdesk.findings.similar.neighbours import Neighbours
from reviewdesk.findings.similar.pair_rows import Pairs, pair_rows
from reviewdesk.findings.similar.search import EXACT_UP_TO, PROBES, Searched, search
from reviewdesk.findings.similar.shared_words import shared_word_lists
from reviewdesk.findings.similar.vectors import ProductVectors, product_vectors
from reviewdesk.progress import SILENT, Progress
from reviewdesk.report.numbers import count, plural, share

MOST_PAIRS: Final = 200
"""Pairs of the whole catalogue that are findings: more would be read by nobody."""
FEWEST_REVIEWS: Final = 2
"""Of a product with one review too little is said to call it the double of another."""

SIMILAR: Final = pa.schema(
    [
        pa.field("product", pa.string(), False),
        pa.field("title", pa.string(), True),
        pa.field("rank", pa.int32(), False),
        pa.field("other", pa.string(), False),
        pa.field("other_title", pa.string(), True),
        pa.field("similarity", pa.float32(), False),
        pa.field("words", pa.list_(pa.string()), False),
    ]
)
"""The ranking of each product, the most alike first."""

Ints = NDArray[np.int64]


class SimilarFinder(Finder):
    """Ranks for one product, or for each, those about which people say the same.

    Args:
        product: a product_id; empty for the whole catalogue, of which the most alike pairs are the
            findings and the rankings a table beside them.
        k: how many products a ranking holds at most.
        variants: whether variants of one product may stand beside each other in a ranking.
        vectors: a Parquet file with a vector for each product, by whose cosines products are alike;
            empty for what their reviews say. Words that explain come from reviews in either case.
        exact_up_to: in catalogues of more products, neighbours are approximate: to compare all with
            all takes time with the square of their number.
    """

    name: ClassVar[str] = "similar"
    title: ClassVar[str] = "Similar products"
    description: ClassVar[str] = (
        "Products about which people say the same, by the words of their reviews and titles. "
        "Variants of one product count as one."
    )
    columns: ClassVar[tuple[str, ...]] = ("product_id",)
    similarity: ClassVar[bool] = True

    def __init__(
        self,
        product: str = "",
        k: int = 10,
        variants: bool = False,
        vectors: str = "",
        exact_up_to: int = EXACT_UP_TO,
    ) -> None:
        self.product = product
        self.k = k
        self.variants = variants
        self.vectors = vectors
        self.exact_up_to = exact_up_to

    def find(self, inputs: FinderInputs, *, progress: Progress = SILENT) -> Findings:
        """Rank what is alike; see the contract.

        Raises:
            MissingColumn: no review says which product it is about.
            UsageError: there is no such product, it has no vector, or k is below 1.
            InputError: the file of vectors is none.
        """
        if self.k < 1:
            raise UsageError(f"k must be 1 or more, not {self.k}")
        data = inputs.data
        products = read_products(data, progress)
        asked = self._asked(products)
        given = read_vectors(Path(self.vectors), products) if self.vectors else None
        if given is not None and self.product and given.zero[asked[0]]:
            raise UsageError(
                "the vector of this product in the file is all zeros, which is like nothing; give "
                "it another, or ask for another product"
            )
        if given is not None and self.product and not given.has[asked[0]]:
            raise UsageError("the file of vectors has none for this product")
        terms = ReviewTerms(data, progress=progress)
        vectors = product_vectors(terms, products)
        k = max(1, min(self.k, len(products) - 1))  # more than there are cost room
        searched = self._nearest(products, vectors, given, asked, k, progress)
        neighbours = searched.neighbours
        pairs = _ranking(asked, neighbours) if self.product else _most_alike(products, neighbours)
        table = pair_rows(data, terms, products, vectors, pairs, ranked=bool(self.product))
        silent = _without_vector(vectors, given)
        return Findings(
            finder=self.name,
            table=table,
            lists=(),
            looked_at=len(products) - sum(silent.values()),
            left_out={
                "reviews that name no product": int(np.sum(products.of_review < 0)),
                **silent,
            },
            notes=self._notes(products, given, searched, k, table.num_rows),
            tables={"similar": ranking_table(products, vectors, asked, neighbours)},
            settings={
                "product": self.product,
                "k": self.k,
                "variants": self.variants,
                "vectors": Path(self.vectors).name,
                "exact_up_to": self.exact_up_to,
            },
        )

    def _nearest(
        self,
        products: Products,
        vectors: ProductVectors,
        given: GivenVectors | None,
        asked: Ints,
        k: int,
        progress: Progress,
    ) -> Searched:
        variant = np.arange(len(products)) if self.variants else products.variant
        if given is not None:
            directions = nearest_directions(
                given.values, asked, k, variant=variant, progress=progress
            )
            return Searched(directions, 1.0, exact=True)
        return search(
            vectors.weights,
            asked,
            k,
            ids=products.ids,
            category=products.category,
            variant=variant,
            exact_up_to=len(products) if self.product else self.exact_up_to,
            progress=progress,
        )

    def _asked(self, products: Products) -> Ints:
        """Return the products that are asked for."""
        if not self.product:
            return np.arange(len(products))
        if self.product not in products.ids:
            raise UsageError("there is no product with this id; it is the column product_id")
        return np.array([products.ids.index(self.product)])

    def _notes(
        self, products: Products, given: GivenVectors | None, searched: Searched, k: int, pairs: int
    ) -> tuple[str, ...]:
        folded = len(products) - int(products.variant.max()) - 1
        notes = []
        if given is not None:
            notes.append("How alike two products are is the cosine of the vectors that were given.")
            if given.unknown:
                notes.append(
                    f"{plural(given.unknown, 'vector is', 'vectors are')} of products that no "
                    "review here is about."
                )
        if folded and not self.variants:
            notes.append(
                f"{plural(folded, 'product is a variant', 'products are variants')} of another, "
                "and a ranking shows one of them."
            )
        if not searched.exact:
            notes.append(
                f"Neighbours are approximate: of the {k} nearest of each product, "
                f"{share(searched.share)} are found, measured on {min(PROBES, len(products))} "
                f"products. --set similar.exact_up_to={len(products)} finds all."
            )
        if not self.product and not pairs:
            notes.append(
                f"No pair is listed: no two products with {FEWEST_REVIEWS} reviews or more are "
                "alike in what is said of them."
            )
        if pairs == MOST_PAIRS:
            notes.append(f"Only the {count(pairs)} pairs most alike are listed.")
        if not self.product and len(products) > 1:
            notes.append(
                f"similar.parquet ranks for each of {count(len(products))} products up to {k} "
                "others, with the words that they share."
            )
        return tuple(notes)


def _without_vector(vectors: ProductVectors, given: GivenVectors | None) -> dict[str, int]:
    """Count the products that are like nothing, by reason."""
    if given is not None:
        return {"products of which the file has no vector, or only zeros": int(np.sum(~given.has))}
    silent = int(np.sum(np.diff(vectors.weights.indptr) == 0))
    return {"products of whose reviews no word could be used": silent}


def ranking_table(
    products: Products, vectors: ProductVectors, asked: Ints, neighbours: Neighbours
) -> pa.Table:
    """Return rankings as schema ``SIMILAR``."""
    there = np.flatnonzero(neighbours.products.ravel() >= 0)
    k = neighbours.products.shape[1]
    product, other = asked[there // k], neighbours.products.ravel()[there].astype(np.int64)
    ids, titles = pa.array(products.ids, pa.string()), pa.array(products.titles, pa.string())
    columns = [
        ids.take(pa.array(product)),
        titles.take(pa.array(product)),
        pa.array((there % k + 1).astype(np.int32)),
        ids.take(pa.array(other)),
        titles.take(pa.array(other)),
        pa.array(np.clip(neighbours.similarity.ravel()[there], 0, 1)),
        shared_word_lists(vectors, product, other),
    ]
    return pa.Table.from_arrays(columns, schema=SIMILAR)


def _ranking(asked: Ints, found: Neighbours) -> Pairs:
    """Return the pairs of one product, the most alike first."""
    other = found.products[0][found.products[0] >= 0].astype(np.int64)
    return Pairs(np.repeat(asked, len(other)), other, found.similarity[0, : len(other)])


def _most_alike(products: Products, neighbours: Neighbours) -> Pairs:
    """Return the most alike pairs of all products, each once, the most alike first.

    A product is in the pair with the one that is most like it.
    """
    one, other = np.arange(len(products)), neighbours.products[:, 0].astype(np.int64)
    enough = (other >= 0) & (products.reviews >= FEWEST_REVIEWS)
    enough &= products.reviews[other] >= FEWEST_REVIEWS
    one, other, similarity = one[enough], other[enough], neighbours.similarity[enough, 0]
    low, high = np.minimum(one, other), np.maximum(one, other)
    order = np.lexsort((high, low, -similarity))
    _, first = np.unique(np.stack([low, high])[:, order], axis=1, return_index=True)
    kept = order[np.sort(first)][:MOST_PAIRS]
    return Pairs(low[kept], high[kept], similarity[kept])
