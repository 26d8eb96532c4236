"""The stars that histories are made of: ratings, or where these are missing what texts speak of."""

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.findings.base import FinderInputs
from reviewdesk.findings.declining.evidence import KINDS
from reviewdesk.findings.declining.histories import NO_DAY, Histories, histories
from reviewdesk.findings.predictions import read_predictions
from reviewdesk.findings.products import NONE, Products
from reviewdesk.text.hashing import hash64

TARGET: Final = "stars"
NO_STAR: Final = -1


class ReadStars(NamedTuple):
    """Histories, and what they leave out."""

    histories: Histories
    product: NDArray[np.int64]  # (p,) of each history, among all products
    from_texts: bool
    left_out: dict[str, int]


def read_histories(inputs: FinderInputs, products: Products) -> ReadStars:
    """Read the dated stars of all products.

    Ratings and stars of texts are never mixed, since a product would change with the mixture: all
    stars are those of texts when these are predicted and most reviews have no rating. Ratings count
    with and without a text; those without come behind all reviews.

    Args:
        inputs: the reviews and what is predicted of them.
        products: of all reviews, also those without a text.

    Raises:
        InputError: the predictions are not about these reviews, or not of stars.
    """
    rated, days, ties, copied = _columns(inputs)
    stars, from_texts = rated, False
    paths = inputs.predictions.get(TARGET, ())
    if paths and 2 * int((rated == NO_STAR).sum()) > len(rated):
        stars, from_texts = np.full(len(rated), NO_STAR), True
        stars[: inputs.data.rows] = _of_texts(inputs)
    of = products.of_review.astype(np.int64)
    unrated = int(((of != NONE) & (stars == NO_STAR) & ~copied).sum())
    stars = np.where((of == NONE) | copied, NO_STAR, stars)
    keys = hash64(pa.array(products.ids, pa.string()))
    by_product = histories(
        keys[np.maximum(of, 0)] if len(keys) else np.zeros(len(of), np.uint64), stars, days, ties
    )
    order = np.argsort(keys, kind="stable")
    product = order[np.searchsorted(keys[order], by_product.keys)]
    undated = int(((stars != NO_STAR) & (days == NO_DAY)).sum())
    left_out = {
        "reviews without a product": int((of == NONE).sum()),
        "reviews without stars": unrated,
        "reviews that repeat one of another variant": int(((of != NONE) & copied).sum()),
        "reviews without a date": undated,
        "reviews of the last month, which is not over": by_product.running,
    }
    return ReadStars(by_product, product, from_texts, left_out)


def _columns(
    inputs: FinderInputs,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.uint64], NDArray[np.bool_]]:
    """Return ratings (0 to 4), days, a hash of the ids, and which are copies, of all with stars."""
    rated, days, ties, copied = [], [], [], []
    for batch in inputs.data.star_batches(["star_rating", "review_date", "review_id", "copy_of"]):
        rated.append(
            batch.column(0).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64) - 1
        )
        day = batch.column(1).cast("int32").fill_null(NO_DAY)
        days.append(day.to_numpy(zero_copy_only=False))
        ties.append(hash64(batch.column(2)))
        copied.append(batch.column(3).is_valid().to_numpy(zero_copy_only=False))
    return (
        np.concatenate([np.empty(0, np.int64), *rated]),
        np.concatenate([np.empty(0, np.int32), *days]),
        np.concatenate([np.empty(0, np.uint64), *ties]),
        np.concatenate([np.empty(0, np.bool_), *copied]),
    )


def _of_texts(inputs: FinderInputs) -> NDArray[np.int64]:
    """Return the expected star of each text, rounded (0 to 4); several base models are averaged."""
    predicted = read_predictions(inputs.predictions[TARGET], inputs.data)
    try:
        values = np.array([int(label) for label in predicted.labels])
    except ValueError as error:
        raise InputError("the predictions of stars have labels that are no stars") from error
    expected = np.mean([one @ values for one in predicted.probabilities], axis=0)
    stars: NDArray[np.int64] = np.clip(np.rint(expected), 1, KINDS).astype(np.int64) - 1
    return stars
