"""Texts that are nearly the same, found by sketches of their runs of words.

Runs of three words are dealt by their hashes to bins, and the smallest hash of each bin is kept.
Two texts share a bin as often as they share runs of all that they have, so that four bands of three
bins each are enough: nearly equal texts share two bands or more, others hardly ever.

Source: Broder 1997, On the resemblance and containment of documents; Li, Owen and Zhang 2012, One
permutation hashing.
"""

import itertools
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.text.buffers import buffers
from reviewdesk.text.compiled import compiled
from reviewdesk.text.hashing import Hashes, combine64
from reviewdesk.text.letters import letters
from reviewdesk.text.ngrams import ngram
from reviewdesk.text.words import hash_words

BANDS: Final = 4
BAND_BINS: Final = 3
BINS: Final = 16  # 12 of them make the bands
RUN: Final = 3  # words
SHIFT: Final = 60  # a bin is the upper 4 bits of a hash
FEWEST_WORDS: Final = 16
"""Shorter texts are written alike by several people."""

_NONE: Final = np.iinfo(np.uint64).max
_SEED: Final = np.uint64(0x51CC5F1D)


def sketch(texts: pa.Array) -> Hashes:
    """Return the bands of each text, (n, 4); all 0 for a text that is short or null."""
    content, offsets, valid = buffers(texts)
    bands = np.zeros((len(texts), BANDS), np.uint64)
    room = int(np.diff(offsets).max(initial=0)) + 1
    _sketch(content, offsets, valid, letters(), np.empty(room, np.uint64), bands)
    return bands


def alike_groups(bands: Hashes) -> NDArray[np.int64]:
    """Return groups of texts that share two bands, (n,): the first of its like; itself if alone.

    Args:
        bands: (n, 4) what ``sketch`` returned.
    """
    group = np.arange(len(bands))
    long = np.flatnonzero(bands.any(axis=1))
    for one, other in itertools.combinations(range(BANDS), 2):
        keys = combine64(bands[long, one], bands[long, other])
        order = np.argsort(keys, kind="stable")
        starts = np.append(True, np.diff(keys[order]) != 0)[: len(long)]
        first = long[order][np.flatnonzero(starts)][np.cumsum(starts) - 1]
        group[long[order]] = np.minimum(group[long[order]], group[first])
    return group


@compiled
def _sketch(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    valid: NDArray[np.bool_],
    table: NDArray[np.uint32],
    words: Hashes,
    bands: Hashes,
) -> None:
    none = np.empty((0, 2), np.int64)
    least = np.empty(BINS, np.uint64)
    for text in range(len(bands)):
        if not valid[text]:
            continue
        count = hash_words(data, offsets[text], offsets[text + 1], _SEED, table, words, none)
        if count < FEWEST_WORDS:
            continue
        least[:] = _NONE
        for first in range(count - RUN + 1):
            run = ngram(words, first, RUN)
            place = run >> np.uint64(SHIFT)
            least[place] = min(least[place], run)
        for band in range(BANDS):
            bands[text, band] = ngram(least, band * BAND_BINS, BAND_BINS)
