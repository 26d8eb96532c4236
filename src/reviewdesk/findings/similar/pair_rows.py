"""Pairs of similar products as rows of findings, with the evidence that a person needs."""

from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.findings.products import Products
from reviewdesk.findings.review_terms import ReviewTerms
from reviewdesk.findings.samples import telling_samples
from reviewdesk.findings.similar.shared_words import shared_words
from reviewdesk.findings.similar.vectors import ProductVectors
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.schema import FINDINGS

NO_PROMISE: Final = 0.0
RANKED: Final = "Offer it beside the other product, or look in its reviews for the same complaint."
PAIRED: Final = (
    "Look whether the two are one product under two numbers; if they are, join them, and if not, "
    "offer one beside the other."
)

Ints = NDArray[np.int64]


class Pairs(NamedTuple):
    """Pairs of products, the most alike first."""

    one: Ints  # (m,)
    other: Ints  # (m,)
    similarity: NDArray[np.float32]  # (m,)


def pair_rows(
    data: PreparedData,
    terms: ReviewTerms,
    products: Products,
    vectors: ProductVectors,
    pairs: Pairs,
    *,
    ranked: bool,
) -> pa.Table:
    """Return pairs as schema ``FINDINGS``.

    Args:
        data: the reviews.
        terms: their terms.
        products: their products.
        vectors: what is said of these.
        pairs: which of them are alike.
        ranked: whether the pairs are the ranking of one product, whose others are the findings.
    """
    words = shared_words(vectors, pairs.one, pairs.other)
    samples = _samples(data, terms, products, pairs, words)
    rows = []
    for pair in range(len(pairs.one)):
        one, other = int(pairs.one[pair]), int(pairs.other[pair])
        what, beside = (other, one) if ranked else (one, other)
        rows.append(
            {
                "finder": "similar",
                "kind": "product",
                "what": products.ids[what],
                "title": products.titles[what],
                "where": products.category_name(what),
                "suggested": f"like {_name(products, beside)}",
                "reviews": int(products.reviews[what]),
                "score": float(min(pairs.similarity[pair], 1.0)),
                "promise": NO_PROMISE,
                "action": RANKED if ranked else PAIRED,
                "words": [{"word": word, "weight": share} for word, share in words[pair]],
                "numbers": _numbers(products, what, beside),
                "chart": [{"name": word, "value": share} for word, share in words[pair]],
                "samples": samples[pair],
            }
        )
    return pa.Table.from_pylist(rows, FINDINGS)


def _name(products: Products, product: int) -> str:
    title = products.titles[product]
    return products.ids[product] if title is None else f"{title} ({products.ids[product]})"


def _numbers(products: Products, what: int, beside: int) -> list[dict[str, Any]]:
    return [
        {"name": "reviews of it", "value": float(products.reviews[what])},
        {"name": "reviews of the other", "value": float(products.reviews[beside])},
    ]


def _samples(
    data: PreparedData,
    terms: ReviewTerms,
    products: Products,
    pairs: Pairs,
    words: list[list[tuple[str, float]]],
) -> list[list[str]]:
    """Return for each pair two telling reviews of the one and one of the other.

    The more of the shared words a review has, the more telling it is.
    """
    if not len(pairs.one):
        return []
    columns = {name: column for column, name in enumerate(terms.names)}
    word_columns = [[columns[word] for word, _ in one] for one in words]
    halves = np.concatenate([pairs.one, pairs.other])
    rows, scores = _tell(terms, products, halves, word_columns + word_columns)
    first, second = (
        telling_samples(data, rows[half], scores[half], most=most)
        for half, most in ((slice(len(word_columns)), 2), (slice(len(word_columns), None), 1))
    )
    return [one + other for one, other in zip(first, second, strict=True)]


def _tell(
    terms: ReviewTerms, products: Products, halves: Ints, word_columns: list[list[int]]
) -> tuple[list[Ints], list[NDArray[np.float64]]]:
    """Return for each half of a pair its product's reviews, and how many shared words each has."""
    order = np.argsort(products.of_review, kind="stable")
    ends = np.searchsorted(products.of_review[order], np.arange(len(products) + 1))
    rows = [order[ends[product] : ends[product + 1]] for product in halves]
    scores = [np.zeros(len(one)) for one in rows]
    asked = np.zeros((len(word_columns), len(terms.names)), np.bool_)
    for group, columns in enumerate(word_columns):
        asked[group, columns] = True
    for at, batch in terms.batches("Choosing samples"):
        for group, of in enumerate(rows):
            low, high = np.searchsorted(of, (at, at + len(batch.ends) - 1))
            for review in range(low, high):
                begin, end = batch.ends[of[review] - at], batch.ends[of[review] - at + 1]
                scores[group][review] = asked[group, batch.columns[begin:end]].sum()
    return rows, scores
