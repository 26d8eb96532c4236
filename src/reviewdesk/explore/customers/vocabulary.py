"""What kinds of words reviews hold, told from how they stand in sentences: no list of words.

A *name* has a capital inside sentences. A *thing* is what reviews are of: frequent, at least in a
category, and often behind "this" ("this book"). An *aspect* is what people speak of: a word that
stands bare behind "the" or "my" ("the battery is"), and is no thing and no name.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.explore.customers.mentions import Mentions
from reviewdesk.text.phrase_keys import NEGATED, Hashes
from reviewdesk.text.phrases import (
    BEFORE_ANOTHER,
    BEHIND_THE,
    BEHIND_THIS,
    COMES,
    INSIDE,
    NAMED,
)

# Measured on software, books, films and vouchers (bench/customers.py): what stands above each line
# was read, and the line put where the other kind begins.
NAME_SHARE: Final = 0.5
THING_SHARE: Final = 0.3
THING_REVIEWS: Final = 0.02
KIND_SHARE: Final = 0.2  # in a category, where a thing is in more of the reviews: "this movie"
KIND_REVIEWS: Final = 0.1
FEWEST_OF_KIND: Final = 200
ASPECT_SHARE: Final = 0.15
ASPECT_ALONE: Final = 0.45  # "the best" and "the last" stand before another word more often
FEWEST_SEEN: Final = 5

Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """What the v keys are.

    Args:
        parts: (v, 4) the keys of their words, 0 for none.
        single: (v,) whether a key is a word.
        aspect: (v,) whether it is a word that people speak of.
        meant: (v, 4) whether a word of a key is neither a name nor a thing.
        told: (v, 4) the same, or a name that is in no product's title.
    """

    parts: Hashes
    single: Flags
    aspect: Flags
    meant: Flags
    told: Flags

    @property
    def says_something(self) -> Flags:
        """Whether two words of a key tell something, and one of them is no negation and no name."""
        meant = self.meant & (self.parts != np.uint64(NEGATED))
        says: Flags = (self.told.sum(axis=1) >= 2) & meant.any(axis=1)
        return says


def read_vocabulary(mentions: Mentions) -> Vocabulary:
    """Tell what the keys of reviews are."""
    parts, counts = mentions.phrases.parts, mentions.phrases.counts
    single = parts[:, 1] == 0
    seen = np.maximum(counts[:, INSIDE], 1)
    name = single & (counts[:, INSIDE] >= FEWEST_SEEN) & (counts[:, NAMED] >= NAME_SHARE * seen)
    pointed = counts[:, BEHIND_THIS]
    spoken = counts[:, BEHIND_THE] + pointed
    bare = single & (10 * spoken >= counts[:, COMES])
    item_word = (
        bare
        & (counts[:, COMES] >= THING_REVIEWS * len(mentions))
        & (pointed >= THING_SHARE * np.maximum(spoken, FEWEST_SEEN))
    )
    kind = bare & (pointed >= KIND_SHARE * np.maximum(spoken, FEWEST_SEEN))
    item_word |= _of_a_category(mentions, kind)
    aspect = (
        single
        & ~name
        & ~item_word
        & (counts[:, BEHIND_THE] >= FEWEST_SEEN)
        & (counts[:, BEHIND_THE] >= ASPECT_SHARE * counts[:, COMES])
        & (
            counts[:, BEHIND_THE]
            >= ASPECT_ALONE * (counts[:, BEHIND_THE] + counts[:, BEFORE_ANOTHER])
        )
    )
    there = parts != 0
    told = there & ~np.isin(parts, parts[item_word, 0])
    meant = told & ~np.isin(parts, parts[name, 0])
    told &= ~np.isin(parts, parts[name & _in_titles(mentions, name), 0])
    return Vocabulary(parts, single, aspect, meant, told)


def _in_titles(mentions: Mentions, words: Flags) -> Flags:
    """Say which words stand in the title of any product."""
    titles = pc.unique(mentions.facts["product_title"]).drop_null()
    there = np.zeros(len(words), np.bool_)
    there[mentions.phrases.places(titles.cast(pa.large_string()), words).column] = True
    return there


def _of_a_category(mentions: Mentions, candidates: Flags) -> Flags:
    """Say which words stand in a large share of the reviews of any category."""
    codes = mentions.facts["product_category"].combine_chunks().dictionary_encode().indices
    category = codes.fill_null(len(codes.unique())).to_numpy(zero_copy_only=False)
    sizes = np.bincount(category)
    kept = candidates[mentions.phrase]
    phrase, of = mentions.phrase[kept], category[mentions.review[kept]]
    frequent = np.zeros(len(candidates), np.bool_)
    for code in np.flatnonzero(sizes >= FEWEST_OF_KIND):
        counts = np.bincount(phrase[of == code], minlength=len(candidates))
        frequent |= counts >= KIND_REVIEWS * sizes[code]
    return frequent & candidates
