"""Which phrases tell a part's low ratings from its high ones: counts, tests, false discoveries."""

from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.explore.customers.mentions import HIGH, LOW, NONE, Mentions
from reviewdesk.stats.contingency import fisher_chances, least_chances
from reviewdesk.stats.false_discovery import benjamini_hochberg
from reviewdesk.stats.log_odds import informative_prior, log_odds

FALSE_SHARE: Final = 0.05
"""So much of what is listed is chance, at most, as expected."""
FEWEST: Final = 3  # reviews of one side that say it
POSSIBLE: Final = 0.01
"""What cannot be as clear as this, however its reviews fall, is not tested."""
LEAST_RATIO: Final = 1.25
"""So many times as much of what a side says must it be: long reviews say more of everything."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Contrast(NamedTuple):
    """Phrases of parts that tell their sides apart, (c,) each.

    Args:
        part: the part, as in the codes given.
        phrase: the phrase.
        side: LOW or HIGH: where more of the reviews say it.
        own: how many reviews of that side say it.
        other: how many of the other side.
        own_of: how many reviews that side has.
        other_of: how many the other has.
        ratio: log-odds of what is said on that side to the other.
        z: the ratio over its standard deviation.
        chance: Fisher's exact p-value.
        q: the share of chance findings among all that are at least as clear.
    """

    part: Ints
    phrase: Ints
    side: Ints
    own: Ints
    other: Ints
    own_of: Ints
    other_of: Ints
    ratio: Floats
    z: Floats
    chance: Floats
    q: Floats

    def take(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> "Contrast":
        """Return some of them."""
        columns: Any = (column[chosen] for column in self)
        return Contrast(*columns)


class _Counted(NamedTuple):
    """How many low and high reviews of a part say a phrase, (pairs,) each, parts ascending."""

    part: Ints
    phrase: Ints
    low: Ints
    high: Ints

    def take(self, chosen: NDArray[np.bool_]) -> "_Counted":
        return _Counted(*(column[chosen] for column in self))


def contrast(
    mentions: Mentions,
    part: NDArray[np.int32],
    wanted: NDArray[np.bool_],
    known: Contrast | None = None,
) -> Contrast:
    """Return the phrases that tell low from high, of all parts together.

    A phrase must be clear in shares of reviews (Fisher's exact test, Benjamini and Hochberg over
    all that is tested), and be more of what its side says (log-odds with an informative prior). A
    part with few reviews has also those that are clear in all reviews and lean the same way in it.

    Args:
        mentions: which review says what.
        part: (n,) the part of each review, NONE for none.
        wanted: (v,) which phrases are looked at.
        known: what is clear in all reviews, where parts may rest on that.
    """
    pairs = _counts(mentions, part, len(wanted))
    ratio, z = _log_odds(pairs, mentions.phrases.counts[:, 0])
    sizes = [
        np.bincount(part[(mentions.side == side) & (part != NONE)], minlength=part.max() + 1)
        for side in (LOW, HIGH)
    ]
    enough = wanted[pairs.phrase] & (np.maximum(pairs.low, pairs.high) >= FEWEST)
    pairs, ratio, z = pairs.take(enough), ratio[enough], z[enough]
    low_of, high_of = (size[pairs.part] for size in sizes)
    chance, q = _chances(pairs, low_of, high_of)
    lower = pairs.low * high_of > pairs.high * low_of
    contrasts = Contrast(
        pairs.part,
        pairs.phrase,
        np.where(lower, LOW, HIGH),
        np.where(lower, pairs.low, pairs.high),
        np.where(lower, pairs.high, pairs.low),
        np.where(lower, low_of, high_of),
        np.where(lower, high_of, low_of),
        np.where(lower, ratio, -ratio),
        np.where(lower, z, -z),
        chance,
        q,
    )
    clear = contrasts.q <= FALSE_SHARE
    if known is not None:
        side_of = np.full(len(wanted), NONE)
        side_of[known.phrase] = known.side
        clear |= side_of[contrasts.phrase] == contrasts.side
    clear &= (contrasts.ratio >= np.log(LEAST_RATIO)) & (contrasts.own >= FEWEST)
    return contrasts.take(clear)


def _chances(pairs: _Counted, low_of: Ints, high_of: Ints) -> tuple[Floats, Floats]:
    """Return p and q of each pair; 1 for those that cannot be clear and so are not tested."""
    chance, q = np.ones(len(pairs.part)), np.ones(len(pairs.part))
    tested = np.flatnonzero(least_chances(pairs.low + pairs.high, low_of, high_of) <= POSSIBLE)
    chance[tested] = fisher_chances(
        pairs.low[tested], pairs.high[tested], low_of[tested], high_of[tested]
    )
    q[tested] = benjamini_hochberg(chance[tested])
    return chance, q


def _counts(mentions: Mentions, part: NDArray[np.int32], phrases: int) -> _Counted:
    of = part[mentions.review].astype(np.int64)
    inside = of != NONE
    side = mentions.side[mentions.review[inside]]
    keys = (of[inside] * phrases + mentions.phrase[inside]) * 2 + side
    keys.sort()
    firsts = np.flatnonzero(np.diff(keys, prepend=-1))
    counts, keys = np.diff(firsts, append=len(keys)), keys[firsts]
    pairs, place = np.unique(keys >> 1, return_inverse=True)
    both = np.zeros((2, len(pairs)), np.int64)
    both[keys & 1, place] = counts
    return _Counted(pairs // phrases, pairs % phrases, both[LOW], both[HIGH])


def _log_odds(pairs: _Counted, background: Ints) -> tuple[Floats, Floats]:
    """Return the log-odds of low to high, and z, part by part."""
    ratio, z = np.zeros(len(pairs.part)), np.zeros(len(pairs.part))
    starts = np.flatnonzero(np.diff(pairs.part, prepend=-1))
    for start, end in pairwise([*starts.tolist(), len(pairs.part)]):
        span = slice(start, end)
        prior = informative_prior(background[pairs.phrase[span]])
        compared = log_odds(pairs.low[span], pairs.high[span], prior)
        ratio[span], z[span] = compared.ratio, compared.z
    return ratio, z
