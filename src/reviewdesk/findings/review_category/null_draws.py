"""Reviews put into other categories by way of trial: what wrong labels would look like."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.findings.review_category.products import ProductTopics

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EACH: Final = 4
"""So many times each review is put somewhere else."""


class NullDraws(NamedTuple):
    """What is known of d null draws.

    Args:
        surprisal: (d,) of the labels that they were given.
        labels: (d,) these.
    """

    surprisal: Floats
    labels: Ints


def make_null_draws(
    shares: NDArray[np.floating],
    labels: NDArray[np.integer],
    product: NDArray[np.integer],
    seem_right: NDArray[np.bool_],
    topics: ProductTopics,
) -> NullDraws:
    """Put reviews that seem to stand right under products of other categories.

    Every other category is as likely; the product is that of one of its reviews.

    Args:
        shares: (n, k) probabilities.
        labels: (n,) the categories in which they stand.
        product: (n,) their products; -1 for none.
        seem_right: (n,) which are put elsewhere.
        topics: what products' reviews speak of.
    """
    random = np.random.default_rng(0)
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels, minlength=shares.shape[1])
    starts = np.cumsum(sizes) - sizes
    present = np.flatnonzero(sizes)
    drawn: list[NullDraws] = []
    for _ in range(EACH):
        rows = np.flatnonzero(seem_right)
        to = present[random.integers(0, len(present), len(rows))]
        place = order[starts[to] + (random.random(len(rows)) * sizes[to]).astype(np.int64)]
        away = to != labels[rows]
        rows, to, place = rows[away], to[away], place[away]
        surprisal = topics.surprisal(shares[rows], to, product[place], counted=False)
        drawn.append(NullDraws(surprisal, to))
    return NullDraws(*(np.concatenate(column) for column in zip(*drawn, strict=True)))
