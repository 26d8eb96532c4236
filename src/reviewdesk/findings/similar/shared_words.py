"""Why two products are alike: the terms that most of their similarity comes from."""

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.findings.similar.vectors import ProductVectors
from reviewdesk.text.compiled import compiled

MOST_WORDS: Final = 5
NO_TERM: Final = -1
RARE_ENOUGH: Final = 4.0
"""Rarer terms, those of fewer than one product in twenty, come before others no more for that."""

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]


def shared_words(
    vectors: ProductVectors, left: NDArray[np.integer], right: NDArray[np.integer]
) -> list[list[tuple[str, float]]]:
    """Return the terms that two products share, with the share of their similarity from each.

    What adds most comes first, rare terms before those that many products have. A term that has a
    word in common with one before it is left out: it says the same again.

    Args:
        vectors: what is said of products.
        left: (m,) one product of each pair.
        right: (m,) the other.
    """
    terms, shares = _terms(vectors, left, right)
    return [
        [(vectors.names[term], float(share)) for term, share in zip(*pair, strict=True) if share]
        for pair in zip(terms.tolist(), shares.tolist(), strict=True)
    ]


def shared_word_lists(
    vectors: ProductVectors, left: NDArray[np.integer], right: NDArray[np.integer]
) -> pa.ListArray:
    """Return the terms of ``shared_words`` alone, for more pairs than Python lists could hold."""
    terms, shares = _terms(vectors, left, right)
    there = shares != 0
    ends = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    words = pa.array(vectors.names, pa.string()).take(pa.array(terms[there]))
    return pa.ListArray.from_arrays(pa.array(ends.astype(np.int32)), words)


def _terms(
    vectors: ProductVectors, left: NDArray[np.integer], right: NDArray[np.integer]
) -> tuple[Ints, Floats]:
    """Return what each pair shares, (m, MOST_WORDS), and how much comes from each, 0 for none."""
    terms = np.full((len(left), MOST_WORDS), NO_TERM, np.int32)
    shares = np.zeros((len(left), MOST_WORDS), np.float32)
    weights = vectors.weights
    _share(
        weights.data,
        weights.indices.astype(np.int32),
        weights.indptr.astype(np.int64),
        vectors.parts,
        vectors.rarity,
        np.asarray(left, np.int64),
        np.asarray(right, np.int64),
        terms,
        shares,
    )
    return terms, shares


@compiled
def _share(
    values: Floats,
    columns: Ints,
    ends: NDArray[np.int64],
    parts: Ints,
    rarity: Floats,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    terms: Ints,
    shares: Floats,
) -> None:
    room = 0
    for row in range(len(ends) - 1):
        room = max(room, ends[row + 1] - ends[row])
    common, adds = np.empty(room, np.int32), np.empty(room, np.float32)
    ranks = np.empty(room, np.float32)
    for pair in range(len(left)):
        at, other, count = ends[left[pair]], ends[right[pair]], 0
        while at < ends[left[pair] + 1] and other < ends[right[pair] + 1]:
            if columns[at] == columns[other]:
                common[count] = columns[at]
                adds[count] = values[at] * values[other]
                ranks[count] = adds[count] * min(rarity[columns[at]], RARE_ENOUGH)
                at, other, count = at + 1, other + 1, count + 1
            elif columns[at] < columns[other]:
                at += 1
            else:
                other += 1
        _choose(common[:count], ranks[:count], adds[:count], parts, terms[pair], shares[pair])


@compiled
def _choose(
    common: Ints, ranks: Floats, adds: Floats, parts: Ints, terms: Ints, shares: Floats
) -> None:
    """Write the terms that rank first; those chosen, and what repeats them, have no rank then."""
    total = adds.sum()
    for rank in range(len(terms)):
        best = -1
        for at in range(len(common)):
            if ranks[at] > 0 and (best < 0 or ranks[at] > ranks[best]):
                best = at
        if best < 0:
            return
        chosen = common[best]
        terms[rank], shares[rank] = chosen, adds[best] / total
        for at in range(len(common)):
            if _repeats(parts, common[at], chosen):
                ranks[at] = 0


@compiled
def _repeats(parts: Ints, term: int, chosen: int) -> bool:
    """Say whether two terms have a word in common."""
    if term == chosen:
        return True
    for one in parts[term]:
        for other in parts[chosen]:
            if one >= 0 and one == other:
                return True
    return False
