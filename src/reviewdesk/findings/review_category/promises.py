"""How long lists may be so that what they promise is kept.

With a reference, reviews known to be right, the number of false findings in a list is told by how
many of the reference would stand in it. Without one it is told by the probabilities, which have to
be believed.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.stats.generalised_pareto import SHAPE_PRIOR, fit_generalised_pareto

Floats = NDArray[np.float64]

TAIL: Final = 0.1
"""The share of the reference whose scores the tail is fitted to."""
BELIEVED: Final = 10.0
"""How many reviews of the reference it is worth what the fitted tail says."""
SMALLEST: Final = 1e-12
CAUTION: Final = 0.75
"""What a tail's variance counts. One half makes estimates with normal logs right on average; more
makes up for lists that end where the estimate is too low."""
FEWEST_LISTED: Final = 5
"""A shorter list says nothing about a precision."""


class ListCut(NamedTuple):
    """A list: its first ``listed`` candidates, of which so many are expected to be false."""

    listed: int
    false: float


class ReferenceTail:
    """The share of rightly filed reviews with a score of at least so much.

    Args:
        scores: (m,) of the reference; high scores are those of wrong labels.
    """

    def __init__(self, scores: Floats) -> None:
        self.scores = np.sort(scores)
        self.start = float(np.quantile(self.scores, 1 - TAIL))
        above = self.scores[self.scores > self.start]
        self.counted = max(len(above), 1)
        self.share = self.counted / len(self.scores)
        self.beyond = fit_generalised_pareto(above - self.start)

    def share_above(self, scores: Floats) -> Floats:
        """Return the share for each of some scores, (n,)."""
        counted = len(self.scores) - np.searchsorted(self.scores, scores, side="left")
        fitted = np.maximum(self.share * self.beyond.share_above(scores - self.start), SMALLEST)
        # What was counted corrects the curve, the more the more there was to count.
        both = (counted + BELIEVED) / (len(self.scores) + BELIEVED / fitted)
        both *= self._caution(fitted)
        rate: Floats = np.where(scores > self.start, both, counted / len(self.scores))
        return np.minimum(rate, 1.0)

    def _caution(self, fitted: Floats) -> Floats:
        """Return by how much shares have to be raised to be kept on average.

        Of lists that are as long as a wrong share allows, those with too small a share are the
        longest, so that together they hold more errors than promised: in proportion to the
        share's variance, which grows with the distance from what was counted.
        """
        depth = np.log(self.share / fitted).clip(0.0)
        of_shape = depth**4 / 4 / (self.counted + SHAPE_PRIOR)
        variance = (1 + depth**2) / self.counted + of_shape
        return np.asarray(np.exp(CAUTION * np.minimum(variance, 4.0)))


def false_by_reference(ranked: Floats, tail: ReferenceTail) -> Floats:
    """Return how many of the first 1, 2, ... candidates are expected to be false, (n,).

    Args:
        ranked: (n,) scores of the candidates, the highest first.
        tail: of the reviews known to be right.
    """
    above, listed = tail.share_above(ranked), _last_of_ties(ranked)
    # As many candidates as a list has more than rightly filed ones would put there are wrong.
    wrong = float(np.max(listed - above * len(ranked), initial=0.0))
    return np.asarray(np.minimum(above * (len(ranked) - wrong), listed))


def false_by_posterior(ranked: Floats) -> Floats:
    """Return the same from the probability of each candidate, highest score first, to be wrong."""
    return np.cumsum(1 - ranked)


def cut_lists(false: Floats, ranked: Floats, promises: Sequence[float]) -> list[ListCut]:
    """Return the longest list for each promise; no list is shorter than one promised more.

    Args:
        false: (n,) how many of the first 1, 2, ... candidates are expected to be false.
        ranked: (n,) their scores; candidates of one score are listed together or not at all.
        promises: precisions in 0-1, the strictest first.
    """
    cuts: list[ListCut] = []
    listed = np.arange(1, len(false) + 1)
    ends = _last_of_ties(ranked) == listed
    for promise in promises:
        kept = np.flatnonzero(ends & (false <= (1 - promise) * listed) & (listed >= FEWEST_LISTED))
        length = int(kept[-1]) + 1 if len(kept) else 0
        cuts.append(ListCut(length, float(false[length - 1]) if length else 0.0))
    return cuts


def _last_of_ties(ranked: Floats) -> NDArray[np.int64]:
    """Return how long a list is that holds each candidate and all that have its score."""
    counts: NDArray[np.int64] = np.searchsorted(-ranked, -ranked, side="right").astype(np.int64)
    return counts
