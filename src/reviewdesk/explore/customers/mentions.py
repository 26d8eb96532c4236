"""Which review says which phrase: two passes over the texts of reviews with low or high stars."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.text.hashing import Hashes, hash64
from reviewdesk.text.headlines import is_default_headline
from reviewdesk.text.phrases import Phrases, PhraseSketch

LOW_STARS: Final = 2
"""So many stars and fewer are low."""
HIGH_STARS: Final = 4
"""So many stars and more are high; what lies between is neither."""
LOW: Final = 0
HIGH: Final = 1
SIDES: Final = ("low", "high")

FEWEST: Final = 3
"""A phrase that fewer reviews say is not looked at."""
MOST_KEYS: Final = 400_000
BATCH_ROWS: Final = 16_384
NONE: Final = -1
SMALL: Final = 20_000
SMALL_BITS: Final = 20  # of the sketch of so few reviews

FACTS: Final = (
    *("review_id", "product_id", "product_title", "product_category", "star_rating"),
    *("review_date", "marketplace", "verified_purchase", "vine", "helpful_votes", "total_votes"),
    "copy_of",
)
TEXTS: Final = ("review_headline", "review_body")

Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Mentions:
    """The n reviews with low or high stars and a text, and the m phrases that they say.

    Args:
        facts: (n) the reviews' columns other than texts.
        rows: (n,) their places in the data.
        side: (n,) LOW or HIGH.
        size: (n,) how long their texts are, in bytes.
        order: (n,) an order of them that is the same in whatever order they are stored.
        review: (m,) a review that says a phrase, ascending: a place among the n.
        phrase: (m,) the phrase that it says.
        phrases: what is known of phrases and words.
    """

    facts: pa.Table
    rows: NDArray[np.int64]
    side: NDArray[np.int8]
    size: Ints
    order: Hashes
    review: Ints
    phrase: Ints
    phrases: Phrases

    def __len__(self) -> int:
        return len(self.side)


def read_mentions(data: PreparedData, progress: Progress = SILENT) -> Mentions:
    """Read the texts of all reviews with low or high stars, twice.

    Args:
        data: prepared reviews.
        progress: is shown how far it has come.

    Raises:
        StorageError: a file cannot be read.
        InputError: a file is damaged.
    """
    sketch = PhraseSketch(SMALL_BITS) if data.rows <= SMALL else PhraseSketch()
    with progress.task("Finding phrases", data.rows, "reviews") as task:
        for batch in data.batches([*TEXTS, "star_rating"], BATCH_ROWS):
            sketch.add(said(batch.filter(pa.array(side_of(batch) != NONE))))
            task.advance(len(batch))
    phrases = Phrases(sketch, MOST_KEYS, FEWEST)
    facts, rows, sides, sizes, reviews, columns = [], [], [], [], [], []
    at = count = 0
    with progress.task("Counting phrases", data.rows, "reviews") as task:
        for batch in data.batches([*FACTS, *TEXTS], BATCH_ROWS):
            side = side_of(batch)
            chosen = np.flatnonzero(side != NONE)
            kept = batch.take(pa.array(chosen))
            texts = said(kept)
            said_by = phrases.rows(texts)
            facts.append(kept.select(list(FACTS)))
            rows.append(at + chosen)
            sides.append(side[chosen])
            sizes.append(pc.binary_length(texts).to_numpy().astype(np.int32))
            reviews.append(
                np.repeat(np.arange(len(chosen), dtype=np.int32), np.diff(said_by.ends)) + count
            )
            columns.append(said_by.columns)
            at, count = at + len(batch), count + len(chosen)
            task.advance(len(batch))
    schema = pa.schema([data.schema.field(name) for name in FACTS])
    table = pa.Table.from_batches(facts, schema)
    return Mentions(
        table,
        np.concatenate([np.empty(0, np.int64), *rows]),
        np.concatenate([np.empty(0, np.int8), *sides]),
        np.concatenate([np.empty(0, np.int32), *sizes]),
        hash64(table["review_id"]),
        np.concatenate([np.empty(0, np.int32), *reviews]),
        np.concatenate([np.empty(0, np.int32), *columns]),
        phrases,
    )


def texts_of(
    data: PreparedData, rows: NDArray[np.int64], progress: Progress = SILENT
) -> Iterator[tuple[NDArray[np.int64], pa.Array]]:
    """Yield the texts of some reviews, batch by batch.

    Args:
        data: prepared reviews.
        rows: (n,) places of reviews in it, ascending.
        progress: is shown how far it has come.

    Yields:
        Places among the n, and the texts of these reviews.
    """
    at = 0
    with progress.task("Reading examples", data.rows, "reviews") as task:
        for batch in data.batches(TEXTS, BATCH_ROWS):
            first, last = np.searchsorted(rows, (at, at + len(batch)))
            if first < last:
                chosen = batch.take(pa.array(rows[first:last] - at))
                yield np.arange(first, last), said(chosen)
            at += len(batch)
            task.advance(len(batch))


def side_of(batch: pa.RecordBatch) -> NDArray[np.int8]:
    """Return for each review LOW, HIGH, or NONE where it is neither."""
    stars = batch.column("star_rating").fill_null(0).to_numpy(zero_copy_only=False)
    side = np.full(len(stars), NONE, np.int8)
    side[(stars > 0) & (stars <= LOW_STARS)] = LOW
    side[stars >= HIGH_STARS] = HIGH
    return side


def said(batch: pa.RecordBatch) -> pa.Array:
    """Return headline and body as one text; no phrase goes from one to the other.

    Headlines that the shop filled in say nothing.
    """
    wide = pa.large_string()
    headline = batch.column("review_headline").fill_null("").cast(wide)
    headline = pc.if_else(is_default_headline(headline), pa.scalar("", wide), headline)
    body = batch.column("review_body").fill_null("").cast(wide)
    return pc.binary_join_element_wise(headline, body, pa.scalar(". ", wide))
