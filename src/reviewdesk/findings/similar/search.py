"""Which search a catalogue gets: an exact one, or a quick one of which is told what it finds."""

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from reviewdesk.findings.similar.approximate import nearly_nearest
from reviewdesk.findings.similar.neighbours import NOBODY, Neighbours, nearest
from reviewdesk.progress import SILENT, Progress
from reviewdesk.text.hashing import hash64

EXACT_UP_TO: Final = 50_000
"""Products of a catalogue in which all are compared with all."""
PROBES: Final = 200
"""Products whose exact neighbours tell what share of them the quick search finds."""

Ints = NDArray[np.int64]


class Searched(NamedTuple):
    """The most alike of the products asked for, and what share of the nearest these are."""

    neighbours: Neighbours
    share: float  # 1 after an exact search, else as measured on PROBES products
    exact: bool


def search(
    weights: sparse.csr_array,
    asked: Ints,
    k: int,
    *,
    ids: list[str],
    category: NDArray[np.int32],
    variant: Ints,
    exact_up_to: int = EXACT_UP_TO,
    progress: Progress = SILENT,
) -> Searched:
    """Return the k most alike products of each that is asked for.

    Args:
        weights: (p, terms) vectors of all products.
        asked: (q,) products; a search that is not exact is for all of them.
        k: how many to return for each.
        ids: (p,) their product_ids, by which those are drawn whose exact neighbours are looked up.
        category: (p,) their categories.
        variant: (p,) equal for variants of one product, 0 to p - 1.
        exact_up_to: up to so many products, they are compared with all.
        progress: is shown how far it has come.
    """
    if len(ids) <= exact_up_to:
        neighbours = nearest(
            weights, asked, k, category=category, variant=variant, progress=progress
        )
        return Searched(neighbours, 1.0, exact=True)
    neighbours = nearly_nearest(weights, k, category=category, variant=variant, progress=progress)
    probes = np.sort(np.argsort(hash64(pa.array(ids)), kind="stable")[:PROBES])
    known = nearest(weights, probes, k, category=category, variant=variant, progress=progress)
    return Searched(
        neighbours, share_found(neighbours.products[probes], known.products), exact=False
    )


def share_found(neighbours: NDArray[np.int32], known: NDArray[np.int32]) -> float:
    """Return what share of the exact neighbours is among those found, 1 where there is none.

    Args:
        neighbours: (q, k) products.
        known: (q, k) the exact neighbours of the same products.
    """
    there = known != NOBODY
    hits = (known[:, :, None] == neighbours[:, None, :]).any(axis=2) & there
    return float(hits.sum() / there.sum()) if there.any() else 1.0
