"""Which terms tell a group of reviews apart, how far two groups share them, what rose and fell."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.explore.terms import Groups
from reviewdesk.stats.log_odds import informative_prior, log_odds
from reviewdesk.text.hashing import hash64_text

TOP_TERMS: Final = 50
FEWEST_REVIEWS: Final = 100
"""Groups with fewer reviews are not compared: their top terms are mostly chance."""

CHANCE_DRAWS: Final = 20
CHANCE_TERMS: Final = 300  # from those most telling in both groups together the top ones come
CLEAR_Z: Final = 3.0
MOST_CHANGED: Final = 25
MOST_DISTINCTIVE: Final = 12

Floats = NDArray[np.float64]


class Telling(NamedTuple):
    """One of a group's most telling terms: its mean TF-IDF weight, and how many reviews have it."""

    term: str
    score: float
    reviews: int


class Overlap(NamedTuple):
    """How far two groups share their most telling terms.

    Args:
        left: which group is one of them: its place among the groups.
        right: which is the other.
        shared: share of the top terms that is in both.
        by_chance: the share to expect if the reviews were dealt out to the two at random.
    """

    left: int
    right: int
    shared: float
    by_chance: float


class Change(NamedTuple):
    """A term that is clearly more, or less, frequent in the recent window than before.

    Args:
        term: the word or the two words.
        z: the log-odds over their standard deviation; above zero for a term that rose.
        log_odds: of recent to before.
        before: how many reviews had it.
        recent: how many have it.
        before_share: share of the reviews that had it.
        recent_share: share of the reviews that have it.
    """

    term: str
    z: float
    log_odds: float
    before: int
    recent: int
    before_share: float
    recent_share: float


def telling_terms(
    groups: Groups, names: Sequence[str], most: int = TOP_TERMS
) -> list[list[Telling]]:
    """Return each group's most telling terms; none for groups with too few reviews.

    A term's weight in a review is its inverse document frequency if the review has it, else zero;
    its score is the mean over the group's reviews.
    """
    scores = _scores(groups, _idf(groups))
    return [
        [
            Telling(names[place], float(row[place]), int(counts[place]))
            for place in _top(row, most)
            if counts[place]
        ]
        if reviews >= FEWEST_REVIEWS
        else []
        for row, counts, reviews in zip(scores, groups.terms, groups.reviews, strict=True)
    ]


def overlaps(groups: Groups, pairs: Sequence[tuple[int, int]]) -> list[Overlap]:
    """Return the overlap of each pair of groups that both have enough reviews.

    Args:
        groups: all of a category's groups: the inverse document frequencies are from them all.
        pairs: which groups to compare.
    """
    idf = _idf(groups)
    scores = _scores(groups, idf)
    found = []
    for left, right in pairs:
        if min(groups.reviews[left], groups.reviews[right]) < FEWEST_REVIEWS:
            continue
        tops = [set(_top(scores[side], TOP_TERMS).tolist()) for side in (left, right)]
        size = min(map(len, tops))
        if size:
            shared = len(tops[0] & tops[1]) / size
            found.append(Overlap(left, right, shared, _by_chance(groups, idf, left, right)))
    return found


def changes(window: Groups, names: Sequence[str]) -> list[Change]:
    """Return the terms that rose most and those that fell most, the clearest first.

    The prior is spread over the terms as both windows together are.

    Args:
        window: the groups before and recent.
        names: the terms.
    """
    if min(window.reviews) < FEWEST_REVIEWS:
        return []
    before, recent = window.terms
    found = log_odds(recent, before, informative_prior(before + recent))
    order = np.argsort(found.z, kind="stable")
    places = [*order[::-1][:MOST_CHANGED].tolist(), *order[:MOST_CHANGED].tolist()]
    shares = window.terms / window.reviews[:, None]
    # Reviews may get shorter as a whole: a term then takes more of the words but is in no more
    # reviews. Only terms of which both are true have changed.
    same_way = (shares[1] - shares[0]) * found.z > 0
    clear = [
        place
        for place in dict.fromkeys(places)
        if abs(found.z[place]) >= CLEAR_Z and same_way[place]
    ]
    clear = _without_parts(clear, names, found.z)
    return [
        Change(
            names[place],
            float(found.z[place]),
            float(found.ratio[place]),
            *(int(window.terms[side, place]) for side in (0, 1)),
            *(float(shares[side, place]) for side in (0, 1)),
        )
        for place in clear
    ]


def distinctive(groups: Groups, names: Sequence[str]) -> list[list[str]]:
    """Return for each group the terms that set it apart from all others, the clearest first.

    Args:
        groups: at least two; a group with too few reviews has no such terms.
        names: the terms.
    """
    total = groups.terms.sum(axis=0)
    prior = informative_prior(total)
    found: list[list[str]] = []
    for counts, reviews in zip(groups.terms, groups.reviews, strict=True):
        if reviews < FEWEST_REVIEWS or reviews == groups.reviews.sum():
            found.append([])
            continue
        z = log_odds(counts, total - counts, prior).z
        places = [place for place in _top(z, 2 * MOST_DISTINCTIVE).tolist() if z[place] >= CLEAR_Z]
        kept = _without_parts(places, names, z)[:MOST_DISTINCTIVE]
        found.append([names[place] for place in kept])
    return found


def _without_parts(places: Sequence[int], names: Sequence[str], z: Floats) -> list[int]:
    """Leave out a pair of words where one of them says the same more clearly."""
    by_name = {names[place]: z[place] for place in places}
    kept = []
    for place in places:
        words = names[place].split(" ")
        parts = [by_name.get(word, 0.0) for word in words] if len(words) > 1 else []
        if not any(part * z[place] > 0 and abs(part) >= abs(z[place]) for part in parts):
            kept.append(place)
    return kept


def _idf(groups: Groups) -> Floats:
    """Return ``log(reviews / reviews with the term)`` over all groups; zero where none has it."""
    having = groups.terms.sum(axis=0)
    total = max(int(groups.reviews.sum()), 1)
    return np.where(having > 0, np.log(total / np.maximum(having, 1)), 0.0)


def _scores(groups: Groups, idf: Floats) -> Floats:
    return groups.terms * (idf / np.maximum(groups.reviews, 1)[:, None])


def _top(scores: Floats, most: int) -> NDArray[np.intp]:
    """Return the places of the highest scores above zero, highest first, ties by place."""
    most = min(most, int(np.count_nonzero(scores > 0)))
    if not most:
        return np.empty(0, np.intp)
    least = np.partition(scores, len(scores) - most)[len(scores) - most]
    places = np.flatnonzero(scores >= least)
    return places[np.argsort(-scores[places], kind="stable")][:most]


def _by_chance(groups: Groups, idf: Floats, left: int, right: int) -> float:
    """Deal the reviews of both groups out at random and return the mean overlap.

    How many reviews with a term fall to the left is hypergeometric; terms are dealt out one by one.
    """
    sizes = groups.reviews[[left, right]]
    both = groups.terms[left] + groups.terms[right]
    places = _top(both * idf, CHANCE_TERMS)
    having, idf = both[places], idf[places]
    total = int(sizes.sum())
    random = np.random.default_rng(hash64_text(f"{left} {right} {total}"))
    shape = (CHANCE_DRAWS, len(places))
    dealt = random.hypergeometric(having, total - having, int(sizes[0]), shape)
    tops = [
        _are_top(counts * idf / size)
        for counts, size in zip((dealt, having - dealt), sizes, strict=True)
    ]
    least = np.minimum(*(top.sum(axis=1) for top in tops))
    return float(np.mean((tops[0] & tops[1]).sum(axis=1) / np.maximum(least, 1)))


def _are_top(scores: Floats) -> NDArray[np.bool_]:
    """Say of each row's scores which are the highest above zero, (rows, terms)."""
    top = np.zeros(scores.shape, np.bool_)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :TOP_TERMS]
    np.put_along_axis(top, order, True, axis=1)
    return top & (scores > 0)
