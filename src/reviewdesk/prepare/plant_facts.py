"""Reads what planting needs to know of prepared data: a few numbers a review."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import Progress
from reviewdesk.schema import COPY_OF, prepared_schema
from reviewdesk.sources.truth.facts import NO_DAY, NO_STARS, NONE, ReviewFacts
from reviewdesk.sources.truth.moves import Categories
from reviewdesk.sources.truth.similarity import CategoryWords
from reviewdesk.text.hashing import hash64, unit_interval

SAMPLED_REVIEWS: Final = 2_000
"""So many reviews of a category, about, tell its words."""

_SAMPLE_SEED: Final = 1

_COLUMNS: Final = (
    "review_id",
    "product_id",
    "product_category",
    "review_date",
    "star_rating",
    COPY_OF.name,
)


@dataclass(frozen=True)
class PlantFacts:
    """Facts of the reviews, and the names of the categories in their order."""

    facts: ReviewFacts
    names: list[str]


def read_facts(data: PreparedData, *, similar: bool, progress: Progress) -> PlantFacts:
    """Read the facts of all reviews.

    Args:
        data: the reviews.
        similar: whether it matters how alike the categories' words are.
        progress: is shown how far it has come.

    Raises:
        InputError: a file is damaged.
    """
    names = sorted(data.manifest["categories"])
    places = pa.array(names, pa.string())
    batches = [_facts(_nothing(), places)]
    with progress.task("Looking", data.rows, "reviews") as task:
        for batch in data.batches(_COLUMNS):
            batches.append(_facts(batch, places))
            task.advance(len(batch))
    key, product, category, day, stars, copies = (
        np.concatenate(parts)
        for parts in zip(*(batches or [_facts(_nothing(), places)]), strict=True)
    )
    product_key, number = np.unique(product, return_inverse=True)
    if len(product_key) and product_key[0] == 0:  # reviews without a product
        product_key, number = product_key[1:], number - 1
    facts = ReviewFacts(
        key=key,
        product=number.astype(np.int32),
        product_key=product_key,
        category=category,
        categories=Categories(hash64(places), _similarity(data, names, similar=similar)),
        day=day,
        stars=stars,
        copied=np.isin(key, copies[copies != 0]) | (copies != 0),
    )
    return PlantFacts(facts, names)


def _facts(batch: pa.RecordBatch, names: pa.Array) -> tuple[NDArray[Any], ...]:
    """Return hashes of id, product and original, and category, day and stars; each is (n,)."""
    product = batch["product_id"]
    product = pc.if_else(pc.equal(product, ""), pa.scalar(None, pa.string()), product)
    category = pc.index_in(batch["product_category"], names)
    return (
        hash64(batch["review_id"]),
        hash64(product),
        category.fill_null(NONE).to_numpy(zero_copy_only=False),
        batch["review_date"].cast(pa.int32()).fill_null(NO_DAY).to_numpy(zero_copy_only=False),
        batch["star_rating"].fill_null(NO_STARS).to_numpy(zero_copy_only=False),
        hash64(batch[COPY_OF.name]),
    )


def _nothing() -> pa.RecordBatch:
    schema = prepared_schema(tokens=False)
    return pa.RecordBatch.from_pylist([], pa.schema([schema.field(name) for name in _COLUMNS]))


def _similarity(data: PreparedData, names: list[str], *, similar: bool) -> NDArray[np.float64]:
    """Return how alike the categories' words are, from reviews sampled by their ids."""
    if not similar:
        return np.zeros((len(names), len(names)))
    counts = np.array([data.manifest["categories"][name] for name in names])
    words = CategoryWords(len(names))
    places = pa.array(names, pa.string())
    for batch in data.batches(("review_id", "product_category", "review_body")):
        category = pc.index_in(batch["product_category"], places).fill_null(NONE).to_numpy()
        share = np.append(SAMPLED_REVIEWS / np.maximum(counts, 1), 0.0)[category]
        taken = unit_interval(hash64(batch["review_id"], _SAMPLE_SEED)) < share
        words.add(batch["review_body"].filter(pa.array(taken)), category[taken])
    return words.similarity()
