"""The lists: of each part and side the clearest phrases and aspects, variants taken together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.explore.customers.contrast import FALSE_SHARE, Contrast
from reviewdesk.explore.customers.mentions import Mentions
from reviewdesk.explore.customers.vocabulary import Vocabulary
from reviewdesk.text.phrase_keys import NEGATED

MOST_LISTED: Final = 15
MOST_BORNE: Final = 6  # lines of a list that are not all clear in the part itself
MOST_COMPARED: Final = 90  # of so many, the clearest, variants are looked for
SAID_TOGETHER: Final = 0.5
"""Phrases that share a word and so much of the rarer one's reviews are one."""
NEGATED_TOGETHER: Final = 0.2
"""The same where one is the other's word with a negation: "don't waste", "waste of time"."""
ALWAYS_TOGETHER: Final = 0.8
"""Phrases without a common word that share so much of both reviews are one as well."""
NEARLY_ALL: Final = 0.7
"""A longer phrase that so many of the reviews say stands for a shorter one."""

Ints = NDArray[np.int64]


@dataclass(eq=False)
class Entry:
    """One line of a list.

    Args:
        row: where the phrase stands in the contrast; that of a variant that says more.
        reviews: (own,) the reviews of its side that say it, places among those read.
        variants: other phrases that say the same, by their numbers.
    """

    row: int
    reviews: Ints
    words: frozenset[int]
    variants: list[int] = field(default_factory=list)


class Postings:
    """Which reviews say a phrase.

    Args:
        mentions: which review says what.
        wanted: (v,) of which phrases that is to be known.
    """

    def __init__(self, mentions: Mentions, wanted: NDArray[np.bool_]) -> None:
        kept = np.flatnonzero(wanted[mentions.phrase])
        kept = kept[np.argsort(mentions.phrase[kept], kind="stable")]
        self._reviews = mentions.review[kept].astype(np.int64)
        self._starts = np.searchsorted(mentions.phrase[kept], np.arange(len(wanted) + 1))

    def of(self, phrase: int) -> Ints:
        """Return the reviews that say a phrase, ascending."""
        return self._reviews[self._starts[phrase] : self._starts[phrase + 1]]


def lists(
    contrasts: Contrast,
    mentions: Mentions,
    part: NDArray[np.int32],
    vocabulary: Vocabulary,
) -> Iterator[list[Entry]]:
    """Yield the lists of every part, side and kind (phrases, aspects), the clearest first.

    Args:
        contrasts: what tells sides apart.
        mentions: which review says what.
        part: (n,) the part of each review.
        vocabulary: what the words are.
    """
    wanted = np.zeros(len(vocabulary.single), np.bool_)
    wanted[contrasts.phrase] = True
    postings = Postings(mentions, wanted)
    aspect = vocabulary.single[contrasts.phrase]
    ties = vocabulary.parts[contrasts.phrase].T  # columns have no order of their own
    borne = contrasts.q > FALSE_SHARE  # by all reviews, and not by the part's own
    clearest = (*ties, -contrasts.z, contrasts.chance, borne)
    order = np.lexsort((*clearest, aspect, contrasts.side, contrasts.part))
    keys = np.stack([contrasts.part, contrasts.side, aspect])[:, order]
    starts = np.flatnonzero(np.diff(keys, axis=1, prepend=-1).any(axis=0))
    for start, end in pairwise([*starts.tolist(), len(order)]):
        of, side = contrasts.part[order[start]], contrasts.side[order[start]]
        candidates = []
        for row in order[start:end][:MOST_COMPARED].tolist():
            reviews = postings.of(int(contrasts.phrase[row]))
            reviews = reviews[(part[reviews] == of) & (mentions.side[reviews] == side)]
            words = vocabulary.parts[contrasts.phrase[row]]
            told = words[vocabulary.told[contrasts.phrase[row]]]
            candidates.append(Entry(row, reviews, frozenset(told.tolist())))
        merged = _merged(candidates, contrasts)[:MOST_LISTED]
        own = sum(not borne[entry.row] for entry in merged)
        yield merged[: max(own, MOST_BORNE)]


def _merged(candidates: Sequence[Entry], contrasts: Contrast) -> list[Entry]:
    kept: list[Entry] = []
    for entry in candidates:
        same = next((one for one in kept if _are_one(one, entry)), None)
        if same is None:
            kept.append(entry)
        elif same.words < entry.words and len(entry.reviews) >= NEARLY_ALL * len(same.reviews):
            same.variants.append(int(contrasts.phrase[same.row]))
            same.row, same.reviews, same.words = entry.row, entry.reviews, entry.words
        else:
            same.variants.append(int(contrasts.phrase[entry.row]))
    return kept


def _are_one(entry: Entry, other: Entry) -> bool:
    """Say whether two phrases say the same: in the same words, or in the same reviews."""
    if entry.words <= other.words or other.words <= entry.words:
        return True
    both = len(np.intersect1d(entry.reviews, other.reviews, assume_unique=True))
    sizes = len(entry.reviews), len(other.reviews)
    mine, yours = entry.words - {NEGATED}, other.words - {NEGATED}
    if mine <= yours or yours <= mine:
        return both >= NEGATED_TOGETHER * min(sizes)
    return both >= (SAID_TOGETHER * min(sizes) if mine & yours else ALWAYS_TOGETHER * max(sizes))
