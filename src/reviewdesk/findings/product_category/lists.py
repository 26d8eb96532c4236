"""The lists of products in the wrong category: each size of product keeps its own promise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.findings.base import PROMISES, PromisedList
from reviewdesk.report.numbers import count

BANDS: Final = ((2, 3), (4, 9), (10, 49), (50, None))
"""Sizes of products, in reviews: promises are kept for each alone, or many sure large ones would
pay for unsure small ones."""

DOUBTS: Final = (2.0, 1.0, 1.0, 1.0)
"""In each size, errors are expected as many times as often as the probabilities say: what few
reviews say that are like each other is believed too much (measured in decision 0191)."""

LIKELY: Final = 0.5
"""What is less likely wrong than this is in no list, however much the sure ones could make up for
it."""

SIZES: Final = pa.schema(
    [
        pa.field("from_reviews", pa.int64(), False),
        pa.field("to_reviews", pa.int64(), True),  # null: any number
        pa.field("products", pa.int64(), False),  # how many of that size were judged
        pa.field("promise", pa.float64(), False),
        pa.field("listed", pa.int64(), False),
        pa.field("expected_errors", pa.float64(), False),
    ]
)
"""How many products of each size are in each list."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ProductLists:
    """The lists, nested.

    Args:
        products: (m,) the products of the longest list, the surest first.
        promise: (m,) of the strictest list that holds each.
        lists: one for each promise, the strictest first.
        sizes: by size of product, schema ``SIZES``.
    """

    products: Ints
    promise: Floats
    lists: tuple[PromisedList, ...]
    sizes: pa.Table


def list_products(
    reviews: Ints,
    wrong: Floats,
    candidates: NDArray[np.bool_],
    promises: Sequence[float] = PROMISES,
) -> ProductLists:
    """List as many products as each promise allows.

    Args:
        reviews: (p,) how many reviews each product has.
        wrong: (p,) how likely its category is wrong.
        candidates: (p,) which may be listed.
        promises: precisions, the strictest first.
    """
    promise, rows = np.zeros(len(reviews)), []
    for (low, high), doubt in zip(BANDS, DOUBTS, strict=True):
        inside = candidates & (reviews >= low) & (reviews <= (high or np.inf))
        products = np.flatnonzero(inside)
        products = products[np.argsort(-wrong[products], kind="stable")]
        likely = wrong[products][wrong[products] >= LIKELY]
        false = doubt * np.cumsum(1 - likely)
        lengths = [longest(false, promised) for promised in promises]
        for promised, length in reversed(list(zip(promises, lengths, strict=True))):
            promise[products[:length]] = promised
        rows += [
            (
                low,
                high,
                len(products),
                promised,
                length,
                float(false[length - 1]) if length else 0.0,
            )
            for promised, length in zip(promises, lengths, strict=True)
        ]
    listed = np.flatnonzero(promise > 0)
    listed = listed[np.argsort(-wrong[listed], kind="stable")]
    sizes = pa.Table.from_pylist([dict(zip(SIZES.names, row, strict=True)) for row in rows], SIZES)
    lists = tuple(_promised(promised, rows, int(candidates.sum())) for promised in promises)
    return ProductLists(listed, promise[listed], lists, sizes)


def no_lists(why: str, promises: Sequence[float] = PROMISES) -> ProductLists:
    """Return empty lists, with the reason why."""
    empty = np.empty(0)
    lists = tuple(PromisedList(promised, 0, 0.0, why) for promised in promises)
    return ProductLists(empty.astype(np.int64), empty, lists, SIZES.empty_table())


def longest(false: Floats, promise: float) -> int:
    """Return how long a list may be, 0 for none.

    Args:
        false: (m,) how many of the first 1, 2, ... are expected to be false, never falling.
        promise: the share that has to be right.
    """
    kept = np.flatnonzero(false <= (1 - promise) * np.arange(1, len(false) + 1))
    return int(kept[-1]) + 1 if len(kept) else 0


def _promised(
    promise: float,
    rows: Sequence[tuple[int, int | None, int, float, int, float]],
    candidates: int,
) -> PromisedList:
    listed = sum(row[4] for row in rows if row[3] == promise)
    errors = sum(row[5] for row in rows if row[3] == promise)
    why = None
    if not listed:
        why = (
            f"of {count(candidates)} products none is as surely in a wrong category"
            if candidates
            else "there is no product that could be judged"
        )
    return PromisedList(promise, listed, errors, why)
