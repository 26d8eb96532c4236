"""Made-up products for texts that have none: dealt at random, or texts that are alike together."""

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

SIZES: Final = ((1, 1, 0.3), (2, 3, 0.3), (4, 9, 0.25), (10, 40, 0.15))
"""Products of so many reviews, from the least to the most, and their share of all."""

CANDIDATES: Final = 400
"""A product's texts are those most alike among so many that are drawn."""

Ints = NDArray[np.int64]


def sizes(reviews: int, random: np.random.Generator) -> Ints:
    """Draw products' numbers of reviews that add up."""
    found: list[int] = []
    left = reviews
    shares = [share for _, _, share in SIZES]
    while left:
        low, high, _ = SIZES[random.choice(len(SIZES), p=shares)]
        found.append(min(left, int(random.integers(low, high + 1))))
        left -= found[-1]
    return np.array(found)


def deal_at_random(bodies: pa.Array, category: NDArray[np.integer], seed: int) -> Ints:
    """Return a product for each text of n, (n,), of one category each."""
    random = np.random.default_rng([seed, 1])
    product = np.empty(len(bodies), np.int64)
    made = 0
    for one in np.unique(category):
        rows = random.permutation(np.flatnonzero(category == one))
        counts = sizes(len(rows), random)
        product[rows] = made + np.repeat(np.arange(len(counts)), counts)
        made += len(counts)
    return product


def deal_alike(bodies: pa.Array, category: NDArray[np.integer], seed: int) -> Ints:
    """Do the same with texts of one product that are alike (cosine of TF-IDF).

    A product gets a text and those most like it among some hundred others that are left.
    """
    random = np.random.default_rng([seed, 2])
    product = np.empty(len(bodies), np.int64)
    texts = np.array(bodies.to_pylist(), object)
    made = 0
    for one in np.unique(category):
        rows = random.permutation(np.flatnonzero(category == one))
        words = TfidfVectorizer(min_df=2, sublinear_tf=True, stop_words="english", dtype=np.float32)
        vectors = words.fit_transform(texts[rows])
        left = np.arange(len(rows))  # in an order drawn above
        for size in sizes(len(rows), random):
            near = left[: CANDIDATES + size]
            alike = (vectors[near] @ vectors[near[0]].T).toarray().ravel()
            alike[0] = np.inf
            taken = np.argsort(-alike, kind="stable")[:size]
            product[rows[near[taken]]] = made
            made += 1
            left = np.delete(left, taken)
            random.shuffle(left)
    return product
