"""Slices: how right a classifier is by category, month and length, and where it is really worse."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.examples.examples import Examples
from reviewdesk.schema import UNKNOWN_MONTH
from reviewdesk.stats.clustered import SliceShares, slice_shares
from reviewdesk.stats.false_discovery import benjamini_hochberg
from reviewdesk.training.figures import Estimate

FEWEST_ROWS: Final = 50
"""Smaller slices are put together: their accuracy says nothing."""

MOST_SLICES: Final = 300
FALSE_SHARE: Final = 0.05
"""Of the slices that are called worse, this share at most is expected to be so by chance."""

LENGTHS: Final = (50, 100, 200, 500, 1000, 2000)
NO_CATEGORY: Final = "no category"


class SliceKeys(NamedTuple):
    """The slice of each of m rows (m,), and the slices' names in their order."""

    by: str
    rows: NDArray[np.int64]
    names: list[str]


class Slice(NamedTuple):
    """One slice.

    Args:
        name: as in ``Books`` or ``2014-03``.
        rows: how many rows it has.
        accuracy: the share of them that are right.
        rest: the share of all other rows that are right.
        false_discovery_rate: the share of false findings when it and all that are surer are called
            worse.
    """

    name: str
    rows: int
    accuracy: Estimate
    rest: float
    false_discovery_rate: float

    @property
    def worse(self) -> bool:
        """Whether it is worse than the rest by more than chance explains."""
        return self.false_discovery_rate <= FALSE_SHARE and self.accuracy.value < self.rest

    def to_json(self) -> dict[str, Any]:
        """Return the slice as JSON values."""
        return {
            "name": self.name,
            "rows": self.rows,
            "accuracy": self.accuracy.to_json(),
            "rest": round(self.rest, 6),
            "false_discovery_rate": round(self.false_discovery_rate, 6),
            "worse": self.worse,
        }


@dataclass(frozen=True)
class Slicing:
    """All slices of one kind.

    Args:
        by: ``category``, ``month`` or ``length``.
        slices: those with enough rows, in their order.
        few: how many others there are, and how many rows they have together.
    """

    by: str
    slices: tuple[Slice, ...]
    few: tuple[int, int]

    def to_json(self) -> dict[str, Any]:
        """Return the slices as JSON values."""
        few = dict(zip(("slices", "rows"), self.few, strict=True))
        return {
            "by": self.by,
            "slices": [one.to_json() for one in self.slices],
            "too_few": {**few, "fewest_rows": FEWEST_ROWS},
        }


def slice_keys(examples: Examples, chosen: NDArray[np.bool_]) -> list[SliceKeys]:
    """Return which category, month and length each of the chosen rows is of.

    Args:
        examples: n reviews.
        chosen: (n,) which of them.
    """
    categories, months, lengths = [], [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for batch in examples.columns(("product_category", "review_date", "review_body"), chosen):
        named = batch.column(0)
        known = pc.if_else(pc.equal(named, ""), pa.scalar(None, named.type), named)
        categories.append(known.cast(pa.string()).dictionary_encode())
        months.append(_months(batch.column(1)))
        characters = pc.utf8_length(batch.column(2)).to_numpy()
        lengths.append(np.searchsorted(LENGTHS, characters, side="left"))
    return [
        _categories(pa.chunked_array(categories, pa.dictionary(pa.int32(), pa.string()))),
        _month_keys(np.concatenate(months)),
        SliceKeys("length", np.concatenate(lengths), _length_names()),
    ]


def slice_accuracy(
    correct: NDArray[np.bool_], groups: NDArray[Any], keys: Sequence[SliceKeys]
) -> tuple[Slicing, ...]:
    """Measure each slice against the rest; kinds of which there is one slice only are left out.

    Args:
        correct: whether each row got its label (m,).
        groups: rows of one product have equal values (m,).
        keys: the slices of each kind.
    """
    divided = [one for one in map(_fold, keys) if len(one.names) > 1]
    shares = [slice_shares(correct, one.rows, len(one.names) + 1, groups) for one in divided]
    p_values = [one.p_value[: len(kept.names)] for one, kept in zip(shares, divided, strict=True)]
    adjusted = benjamini_hochberg(np.concatenate([np.empty(0), *p_values]))
    ends = np.cumsum([len(one) for one in p_values])
    parts = np.split(adjusted, ends[:-1])
    return tuple(
        Slicing(one.by, _slices(one.names, found, rates), one.few)
        for one, found, rates in zip(divided, shares, parts, strict=False)
    )


class _Folded(NamedTuple):
    """Keys of the slices with enough rows; the rows of all others have the next number."""

    by: str
    rows: NDArray[np.int64]
    names: list[str]
    few: tuple[int, int]


def _fold(keys: SliceKeys) -> _Folded:
    counts = np.bincount(keys.rows, minlength=len(keys.names))
    largest = np.argsort(-counts, kind="stable")[:MOST_SLICES]
    kept = np.sort(largest[counts[largest] >= FEWEST_ROWS])
    places = np.full(len(counts), len(kept), np.int64)
    places[kept] = np.arange(len(kept))
    others = np.delete(counts, kept)
    few = (int(np.count_nonzero(others)), int(others.sum()))
    return _Folded(keys.by, places[keys.rows], [keys.names[place] for place in kept], few)


def _slices(
    names: list[str], shares: SliceShares, false_discovery_rates: NDArray[np.float64]
) -> tuple[Slice, ...]:
    return tuple(
        Slice(
            name,
            int(shares.rows[j]),
            Estimate(float(shares.share[j]), float(shares.low[j]), float(shares.high[j])),
            float(shares.rest[j]),
            float(false_discovery_rates[j]),
        )
        for j, name in enumerate(names)
    )


def _categories(values: pa.ChunkedArray) -> SliceKeys:
    """Number the categories, the largest first; rows without one are the last."""
    unified = values.unify_dictionaries()
    names = unified.chunk(0).dictionary.to_pylist() if unified.num_chunks else []
    codes = [pc.fill_null(chunk.indices, len(names)).to_numpy() for chunk in unified.chunks]
    rows = np.concatenate([np.empty(0, np.int64), *codes]).astype(np.int64)
    counts = np.bincount(rows, minlength=len(names) + 1)
    order = np.lexsort((np.arange(len(counts)), -counts))
    places = np.argsort(order)
    called = [*names, NO_CATEGORY]
    return SliceKeys("category", places[rows], [called[place] for place in order])


def _months(days: pa.Array) -> NDArray[np.int64]:
    """Return the number of each day's month since the year 0, or -1 where there is no day."""
    months = pc.add(pc.multiply(pc.year(days), 12), pc.subtract(pc.month(days), 1))
    numbers: NDArray[np.int64] = pc.fill_null(months, -1).to_numpy()
    return numbers


def _month_keys(months: NDArray[np.int64]) -> SliceKeys:
    found, rows = np.unique(months, return_inverse=True)
    names = [
        UNKNOWN_MONTH if month < 0 else f"{month // 12:04d}-{month % 12 + 1:02d}"
        for month in found.tolist()
    ]
    return SliceKeys("month", rows.astype(np.int64), names)


def _length_names() -> list[str]:
    """Return the names of the lengths, in characters."""
    between = [f"{low + 1:,} to {high:,}" for low, high in pairwise(LENGTHS)]
    return [f"up to {LENGTHS[0]}", *between, f"over {LENGTHS[-1]:,}"]
