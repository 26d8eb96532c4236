"""Which of many things, reviews or products, are moved to which other category.

Pure functions of hashes of their ids: the same things move in whatever order they come.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.hashing import combine64, hash64_text, unit_interval

NONE: Final = -1
BATCH_SHARE: Final = 0.1
"""Clustered: the share of a category that moves together, at least."""

Hashes = NDArray[np.uint64]
Ints = NDArray[np.int64]


class Moves(NamedTuple):
    """What moves, and where to."""

    chosen: Ints  # (c,) places among the things
    destination: Ints  # (c,) their new categories


class Categories(NamedTuple):
    """What is known of the k categories."""

    keys: Hashes  # (k,) hashes of their names
    similarity: NDArray[np.float64]  # (k, k) how alike their words are, 0 to 1


def salted(keys: Hashes, purpose: str, seed: int) -> Hashes:
    """Return hashes that are unrelated to those of another purpose or seed."""
    return combine64(keys, np.full(len(keys), hash64_text(f"{purpose} {seed}"), np.uint64))


def choose_moves(
    keys: Hashes,
    category: NDArray[np.integer],
    categories: Categories,
    *,
    share: float,
    moves: str,
    purpose: str,
    seed: int,
) -> Moves:
    """Choose a share of things and a category for each that it is not in.

    Args:
        keys: (m,) hashes of their ids.
        category: (m,) where they are, 0 to k - 1.
        categories: the k categories; nothing moves to one that nothing is in.
        share: how many to move, of all.
        moves: ``uniform``: to any other category alike; ``confusable``: the more alike the words
            of the two categories, the likelier; ``clustered``: a tenth of a category, or ``share``
            where that is more, moves together to one other category.
        purpose: what the choice is for; choices for two purposes are unrelated.
        seed: another seed chooses others.

    Returns:
        What moves; nothing when all are in one category.
    """
    k = len(categories.keys)
    filled = np.bincount(category, minlength=k) > 0
    amount = int(np.floor(share * len(keys) + 0.5))
    if filled.sum() < 2 or amount == 0:
        return Moves(np.empty(0, np.int64), np.empty(0, np.int64))
    order = np.argsort(salted(keys, f"{purpose}: which", seed), kind="stable")
    if moves == "clustered":
        return _clustered(order, category, categories.keys, filled, share, amount, purpose, seed)
    chosen = order[:amount]
    weights = categories.similarity if moves == "confusable" else np.ones((k, k))
    where_to = unit_interval(salted(keys[chosen], f"{purpose}: where to", seed))
    return Moves(chosen, _drawn(weights, filled, category[chosen].astype(np.int64), where_to))


def _clustered(
    order: Ints,
    category: NDArray[np.integer],
    names: Hashes,
    filled: NDArray[np.bool_],
    share: float,
    amount: int,
    purpose: str,
    seed: int,
) -> Moves:
    """Take one category after another, and of each the first of its things in the given order."""
    one_each = np.flatnonzero(filled)
    drawn = unit_interval(salted(names[one_each], f"{purpose}: where to", seed))
    uniform = np.ones((len(filled), len(filled)))
    destination = np.full(len(filled), NONE, np.int64)
    destination[one_each] = _drawn(uniform, filled, one_each, drawn)
    sources = one_each[np.argsort(salted(names[one_each], f"{purpose}: from", seed))]
    batches, left = [], amount
    for source in sources:
        things = order[category[order] == source]
        batch = things[: min(left, int(np.ceil(max(share, BATCH_SHARE) * len(things))))]
        batches.append(batch)
        left -= len(batch)
    chosen = np.concatenate(batches)
    return Moves(chosen, destination[category[chosen]])


def _drawn(
    weights: NDArray[np.float64],
    filled: NDArray[np.bool_],
    sources: Ints,
    where_to: NDArray[np.float64],
) -> Ints:
    """Draw another category for each thing.

    Args:
        weights: (k, k) how likely each move is, beside the others from the same category.
        filled: (k,) which categories may be moved to.
        sources: (c,) where the things are.
        where_to: (c,) numbers in [0, 1).
    """
    others = filled[np.newaxis, :] & ~np.eye(len(filled), dtype=np.bool_)
    allowed = np.where(others, weights, 0.0)
    none = allowed.sum(axis=1) == 0
    allowed[none] = others[none]
    targets = np.empty(len(sources), np.int64)
    for source in np.unique(sources):
        ends = np.cumsum(allowed[source])
        rows = sources == source
        targets[rows] = np.searchsorted(ends, where_to[rows] * ends[-1], side="right")
    return targets
