"""How phrases are written most often, and reviews that show it: one more pass over a few texts."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.explore.customers.mentions import Mentions, texts_of
from reviewdesk.explore.customers.tables import EXAMPLES
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.text.hashing import Hashes
from reviewdesk.text.phrases import phrase_text

MOST_EXAMPLES: Final = 3
MOST_SPELLINGS: Final = 24
"""In so many reviews is looked how a phrase is written."""
GOOD_BYTES: Final = 250  # a review of about this size shows a phrase and is soon read
BEFORE: Final = 90  # characters of an excerpt before the phrase
BEHIND: Final = 150

Ints = NDArray[np.int64]


class Wanted(NamedTuple):
    """A line of a list: its number, its phrase, and the reviews that say it."""

    entry: int
    phrase: int
    variants: Sequence[int]
    reviews: Ints


class Shown(NamedTuple):
    """How each phrase is written most often, and the table of examples, schema ``EXAMPLES``."""

    spelling: dict[int, str]
    examples: pa.Table


def show(
    data: PreparedData,
    mentions: Mentions,
    wanted: Sequence[Wanted],
    progress: Progress = SILENT,
) -> Shown:
    """Read the texts that show what phrases are.

    Args:
        data: prepared reviews.
        mentions: which review says what.
        wanted: the lines of all lists.
        progress: is shown how far it has come.
    """
    votes = mentions.facts["helpful_votes"].combine_chunks().fill_null(0).to_numpy()
    chosen = {line.entry: _examples(line.reviews, mentions, votes) for line in wanted}
    looked_for: dict[tuple[int, int], list[int]] = {}
    for line in wanted:
        for review in chosen[line.entry].tolist():
            looked_for.setdefault((review, line.phrase), []).append(line.entry)
    samples = [_smallest(line.reviews, mentions.order) for line in wanted]
    chosen_rows = np.unique(np.concatenate([np.empty(0, np.int64), *samples, *chosen.values()]))
    keys = np.zeros(len(mentions.phrases), np.bool_)
    for line in wanted:
        keys[[line.phrase, *line.variants]] = True
    spellings: dict[int, Counter[str]] = {}
    rows: list[dict[str, Any]] = []
    ids = mentions.facts["review_id"]
    for at, texts in texts_of(data, mentions.rows[chosen_rows], progress):
        spoken = mentions.phrases.places(texts, keys)
        raw = [text.encode() for text in texts.to_pylist()]
        for text, phrase, begin, end in zip(*(part.tolist() for part in spoken), strict=True):
            spellings.setdefault(phrase, Counter())[phrase_text(raw[text][begin:end])] += 1
            review = int(chosen_rows[at[text]])
            for entry in looked_for.pop((review, phrase), ()):
                excerpt = _excerpt(raw[text], begin, end)
                rows.append({"entry": entry, "review_id": ids[review].as_py(), **excerpt})
    rows.sort(key=lambda row: (row["entry"], row["review_id"]))
    spelling = {phrase: _usual(counts) for phrase, counts in spellings.items()}
    return Shown(spelling, pa.Table.from_pylist(rows, EXAMPLES))


def _examples(reviews: Ints, mentions: Mentions, votes: NDArray[Any]) -> Ints:
    """Choose reviews that were found helpful, and of these such as are soon read."""
    helpful = np.minimum(votes[reviews], 3)
    away = np.abs(np.log(np.maximum(mentions.size[reviews], 1) / GOOD_BYTES))
    order = np.lexsort((mentions.order[reviews], np.round(away), -helpful))
    return reviews[order[:MOST_EXAMPLES]]


def _smallest(reviews: Ints, order: Hashes) -> Ints:
    return reviews[np.argsort(order[reviews])[:MOST_SPELLINGS]]


def _usual(counts: Counter[str]) -> str:
    """Return the most frequent spelling; of several the shortest, then the first by letters."""
    return min(counts, key=lambda text: (-counts[text], len(text), text))


def _excerpt(text: bytes, begin: int, end: int) -> dict[str, Any]:
    before, phrase, behind = (
        part.decode("utf-8", "replace") for part in (text[:begin], text[begin:end], text[end:])
    )
    if len(before) > BEFORE:
        before = "… " + before[-BEFORE:].partition(" ")[2]
    if len(behind) > BEHIND:
        behind = behind[:BEHIND].rpartition(" ")[0] + " …"
    before = before.lstrip(". ") if not before.startswith("…") else before
    return {
        "excerpt": before + phrase + behind,
        "begin": len(before),
        "end": len(before) + len(phrase),
    }
