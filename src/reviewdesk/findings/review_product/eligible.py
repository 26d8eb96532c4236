"""Which reviews are eligible, category by category, and how badly each fits where it stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reviewdesk.findings.products import NONE, Products, read_products
from reviewdesk.findings.review_product.categories import own_shares
from reviewdesk.findings.review_product.misfit import Fit, MisfitScores, misfit_scores, together
from reviewdesk.findings.review_product.posterior import ProductPosterior, product_posterior
from reviewdesk.findings.review_product.profiles import ProductReviews
from reviewdesk.findings.review_terms import ReviewTerms
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.text.hashing import Hashes, hash64

FEWEST_TERMS: Final = 4
"""A review with fewer known words and pairs of words says nothing of a product."""
ELSEWHERE: Final = 0.02
"""A review that is less likely about its category speaks of another one, and so does a product of
which this is the geometric mean."""
SURE: Final = 0.001
"""No review speaks more surely of another category for a product."""
TITLE: Final = 5
"""A product's title counts as so many reviews of it."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EligibleUnderProducts:
    """The eligible reviews and their scores; products are the variants of one product taken
    together.

    Args:
        products: of all reviews.
        rows: (n,) the places of the eligible reviews in the data, ascending.
        stands: (n,) the product that each stands under: the one whose variants have most reviews.
        likely: (n, c) the products that it speaks of, the likeliest first; -1 for none.
        shares: (n, c) how likely each of them is.
        own: (n,) how likely the one is that it stands under.
        scores: the scores.
        left_out: how many reviews are not eligible, by reason.
    """

    products: Products
    rows: Ints
    stands: Ints
    likely: NDArray[np.int32]
    shares: NDArray[np.float32]
    own: Floats
    scores: MisfitScores
    left_out: dict[str, int]


def score_eligible(
    data: PreparedData, *, fewest: int, longest: int, candidates: int, progress: Progress = SILENT
) -> EligibleUnderProducts:
    """Score all reviews that are eligible.

    Args:
        data: the reviews.
        fewest: how many reviews a product must have.
        longest: how many products are listed of a term, those that it says most for.
        candidates: how many likely products are named for each review.
        progress: is shown how far it has come.

    Raises:
        MissingColumn: no review says which product it is about.
    """
    products = read_products(data, progress)
    terms = ReviewTerms(data, progress=progress)
    term_rows = _term_rows(terms)
    titles = terms.of(products.titles)
    in_titles = sparse.csr_array(
        (np.ones(len(titles.columns), np.int8), titles.columns, titles.ends),
        shape=(len(products), term_rows.shape[1]),
    )
    writer, keys, copied = _facts(data)
    unit = _units(products)
    chosen = _choose(products, unit, term_rows, copied, fewest)
    rows = np.flatnonzero(chosen.eligible)
    parts = _Parts(len(rows), candidates)
    category = products.category[unit[products.of_review[rows]]]
    kinds = np.unique(category)
    with progress.task("Comparing reviews", len(rows), "reviews") as task:
        for kind in kinds:
            inside = np.flatnonzero(category == kind)
            places = rows[inside]
            names, product = np.unique(unit[products.of_review[places]], return_inverse=True)
            reviews = _with_titles(
                term_rows[places], in_titles[names], product.astype(np.int32), writer[places]
            )
            posterior = _first(product_posterior(reviews, longest=longest), len(places))
            lengths = np.diff(term_rows[places].indptr)
            put = misfit_scores(
                posterior, product.astype(np.int32), len(names), keys[places], lengths
            )
            parts.add(inside, names, product, posterior, put)
            task.advance(len(places))
    return parts.eligible(products, rows, chosen.left_out)


@dataclass(frozen=True, eq=False)
class _Choice:
    eligible: NDArray[np.bool_]
    left_out: dict[str, int]


class _Parts:
    """Gathers what comes of each category."""

    def __init__(self, rows: int, candidates: int) -> None:
        self.stands = np.full(rows, NONE, np.int64)
        self.likely = np.full((rows, candidates), NONE, np.int32)
        self.shares = np.zeros((rows, candidates), np.float32)
        self.own = np.zeros(rows)
        self.observed = Fit(np.zeros(rows), np.zeros(rows), np.zeros(rows))
        self.null_draws = [self.observed.take(slice(0))]

    def add(
        self,
        inside: Ints,
        names: Ints,
        product: NDArray[np.integer],
        posterior: ProductPosterior,
        put: MisfitScores,
    ) -> None:
        for whole, part in zip(self.observed, put.observed, strict=True):
            whole[inside] = part
        self.null_draws.append(put.null_draws)
        self.stands[inside] = names[product]
        self.own[inside] = np.where(
            posterior.products == product[:, None], posterior.shares, 0
        ).sum(axis=1)
        first = slice(0, self.likely.shape[1])
        likely = np.append(names, NONE)[posterior.products[:, first]]
        self.likely[inside, : likely.shape[1]] = likely
        self.shares[inside, : likely.shape[1]] = posterior.shares[:, first]

    def eligible(
        self, products: Products, rows: Ints, left_out: dict[str, int]
    ) -> EligibleUnderProducts:
        scores = MisfitScores(self.observed, together(self.null_draws))
        return EligibleUnderProducts(
            products, rows, self.stands, self.likely, self.shares, self.own, scores, left_out
        )


def _term_rows(terms: ReviewTerms) -> sparse.csr_array:
    """Return the terms of all reviews, (reviews, terms), those of one ascending."""
    columns, sizes = [np.empty(0, np.int32)], [np.empty(0, np.int64)]
    for _, rows in terms.batches("Reading words"):
        columns.append(rows.columns)
        sizes.append(np.diff(rows.ends))
    lengths = np.concatenate(sizes)
    flat = np.concatenate(columns)
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    shape = (len(lengths), max(len(terms.names), 1))
    matrix = sparse.csr_array((np.ones(len(flat), np.int8), flat, ends), shape=shape)
    matrix.sort_indices()
    return matrix


def _facts(data: PreparedData) -> tuple[Ints, Hashes, NDArray[np.bool_]]:
    """Return who wrote each review, a hash of its id, and whether it repeats another."""
    writers, keys, copied = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)], []
    for batch in data.batches(["review_id", "customer_id", "copy_of"]):
        names = hash64(batch.column("review_id"))
        customers = hash64(batch.column("customer_id"))
        writers.append(np.where(customers == 0, names, customers))
        keys.append(names)
        copied.append(batch.column("copy_of").is_valid().to_numpy(zero_copy_only=False))
    _, writer = np.unique(np.concatenate(writers), return_inverse=True)
    repeats = np.concatenate([np.empty(0, np.bool_), *copied])
    return writer.astype(np.int64), np.concatenate(keys), repeats


def _units(products: Products) -> Ints:
    """Return for each product the variant of it that has most reviews; of two the first."""
    order = np.lexsort((np.arange(len(products)), -products.reviews, products.variant))
    _, first = np.unique(products.variant[order], return_index=True)
    return np.asarray(order[first][products.variant], np.int64)


def _choose(
    products: Products,
    unit: Ints,
    term_rows: sparse.csr_array,
    copied: NDArray[np.bool_],
    fewest: int,
) -> _Choice:
    """Choose the eligible reviews, and say why others are not."""
    left_out: dict[str, int] = {}
    eligible = np.ones(term_rows.shape[0], np.bool_)

    def leave_out(reason: str, which: NDArray[np.bool_]) -> None:
        left_out[reason] = int(np.sum(eligible & which))
        eligible[which] = False

    leave_out("reviews that name no product", products.of_review == NONE)
    leave_out("reviews that repeat one of another variant", copied)
    few = np.diff(term_rows.indptr) < FEWEST_TERMS
    leave_out("reviews with too few words to tell a product by", few)
    of_review = unit[np.maximum(products.of_review, 0)]
    for reason, elsewhere in _elsewhere(products, of_review, term_rows, np.flatnonzero(eligible)):
        leave_out(reason, elsewhere)
    counts = np.bincount(of_review[eligible], minlength=len(products))
    leave_out(f"reviews of products with fewer than {fewest} of them", counts[of_review] < fewest)
    category = products.category[of_review]
    there = np.unique(of_review[eligible])
    several = np.bincount(products.category[there] + 1, minlength=len(products.categories) + 1) > 1
    leave_out("reviews of the only such product of a category", ~several[category + 1])
    return _Choice(eligible, left_out)


def _elsewhere(
    products: Products, of_review: Ints, term_rows: sparse.csr_array, rows: Ints
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield which reviews speak of another category than theirs, and of which products, (n,)."""
    of_row = of_review[rows]
    shares = own_shares(term_rows[rows], of_row, products.category[of_row].astype(np.int64))
    size = len(products)
    logs = np.bincount(of_row, np.log(np.maximum(shares, SURE)), size)
    means = logs / np.maximum(np.bincount(of_row, minlength=size), 1)
    whole = (means < np.log(ELSEWHERE))[of_review]
    yield "reviews of products that seem to be of another category", whole
    single = np.zeros(len(of_review), np.bool_)
    single[rows] = shares < ELSEWHERE
    yield "reviews that speak of another category", single


def _first(posterior: ProductPosterior, rows: int) -> ProductPosterior:
    """Return what was found of the reviews, without the titles after them."""
    return ProductPosterior(
        posterior.products[:rows], posterior.shares[:rows], posterior.rest[:rows]
    )


def _with_titles(
    term_rows: sparse.csr_array,
    titles: sparse.csr_array,
    product: NDArray[np.int32],
    writer: Ints,
) -> ProductReviews:
    """Return reviews, and after them the titles of their k products, each as often as it counts."""
    k = titles.shape[0]
    whole = sparse.csr_array(sparse.vstack([term_rows, *[titles] * TITLE], format="csr"))
    whole.sort_indices()
    titled = np.tile(np.arange(k), TITLE)
    return ProductReviews(
        whole.indices.astype(np.int32),
        whole.indptr.astype(np.int64),
        np.concatenate([product, titled]).astype(np.int32),
        np.concatenate([writer, writer.max(initial=0) + 1 + np.arange(len(titled))]),
        whole.shape[1],
        k,
    )
