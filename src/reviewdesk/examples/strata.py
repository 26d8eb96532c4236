"""Groups of rows dealt out by label: what splits and folds have in common."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.hashing import combine64, hash64_text


class OrderedGroups(NamedTuple):
    """The groups of some rows, ordered by stratum and inside a stratum by a seeded hash.

    A group's stratum is the most frequent label of its rows, of equally frequent ones the first.
    """

    of_row: NDArray[np.int64]  # (n,) each row's place in the order of the groups
    sizes: NDArray[np.int64]  # (g,) rows of each group
    strata: NDArray[np.int64]  # (g,) ascending


def ordered_groups(
    labels: NDArray[np.int32], groups: NDArray[np.uint64], seed: int, purpose: str
) -> OrderedGroups:
    """Return the groups in the order in which they are dealt out.

    Args:
        labels: (n,) the label of each row, none of them negative.
        groups: (n,) equal for rows that stay together.
        seed: another seed gives another order.
        purpose: a name that keeps the orders of different steps apart.
    """
    keys, of_row, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    strata = _most_frequent(labels, of_row)
    salt = np.full(len(keys), hash64_text(f"{purpose} {seed}"), np.uint64)
    order = np.lexsort((keys, combine64(keys, salt), strata))
    place = np.empty(len(keys), np.int64)
    place[order] = np.arange(len(keys))
    return OrderedGroups(place[of_row], sizes[order], strata[order])


def _most_frequent(labels: NDArray[np.int32], of_row: NDArray[np.int64]) -> NDArray[np.int64]:
    width = int(labels.max(initial=0)) + 1
    pairs, counts = np.unique(of_row * width + labels, return_counts=True)
    group, label = np.divmod(pairs, width)
    order = np.lexsort((label, -counts, group))
    first = np.unique(group[order], return_index=True)[1]
    frequent: NDArray[np.int64] = label[order[first]]
    return frequent


def take_share(groups: OrderedGroups, share: float) -> NDArray[np.bool_]:
    """Choose groups that hold a share of every stratum's rows, as exactly as their sizes allow.

    Groups are taken in their order; one that no longer fits is passed over for smaller ones.
    A stratum is never taken whole.

    Returns:
        (g,) whether each group is taken.
    """
    rows = np.bincount(groups.strata, weights=groups.sizes).astype(np.int64)
    quotas = np.minimum(_quotas(rows, share), np.maximum(rows - 1, 0))
    starts = np.searchsorted(groups.strata, np.arange(len(rows) + 1))
    taken = np.zeros(len(groups.sizes), np.bool_)
    for stratum in np.flatnonzero(quotas):
        begin, end = starts[stratum], starts[stratum + 1]
        taken[begin:end] = _fill(groups.sizes[begin:end], int(quotas[stratum]))
    return taken


def _quotas(rows: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    """Divide the rounded share of all rows among strata by the largest remainder."""
    exact = rows * share
    quotas: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    missing = round(float(exact.sum())) - int(quotas.sum())
    largest = np.argsort(quotas - exact, kind="stable")
    quotas[largest[:missing]] += 1
    return quotas


def _fill(sizes: NDArray[np.int64], quota: int) -> NDArray[np.bool_]:
    """Say which groups are taken: in order, each that still fits."""
    taken = np.zeros(len(sizes), np.bool_)
    places = np.flatnonzero(sizes <= quota)
    while len(places):
        fits = int(np.searchsorted(np.cumsum(sizes[places]), quota, side="right"))
        taken[places[:fits]] = True
        quota -= int(sizes[places[:fits]].sum())
        places = places[fits:]
        places = places[sizes[places] <= quota]
    rest = np.flatnonzero(~taken)
    smallest = rest[np.argmin(sizes[rest])]
    if len(rest) > 1 and sizes[smallest] < 2 * quota:  # a little too many is nearer than too few
        taken[smallest] = True
    return taken
