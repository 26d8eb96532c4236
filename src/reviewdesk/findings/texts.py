"""The texts of the reviews that findings point at, looked up when a page is made."""

import datetime
from collections.abc import Collection
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.report.blocks import excerpt

MOST_CHARACTERS: Final = 1_000
LINE_CHARACTERS: Final = 200
"""Of a title or a headline."""
_COLUMNS: Final = (
    *("review_id", "review_headline", "review_body", "star_rating", "review_date"),
    *("product_id", "product_title", "product_category"),
)


class ReviewText(NamedTuple):
    """One review as a page shows it: what is missing is empty or None."""

    headline: str
    body: str
    stars: int | None
    day: datetime.date | None
    product: str
    product_title: str
    category: str


def review_texts(
    data: PreparedData, ids: Collection[str], progress: Progress = SILENT
) -> dict[str, ReviewText]:
    """Return the texts of some reviews by their ids; a review that is not there is left out.

    Args:
        data: the reviews.
        ids: which ones; their texts are held in memory, cut where a page would grow too long.
        progress: is shown how far it has come.
    """
    wanted = pa.array(sorted(set(ids)), pa.string())
    texts = {}
    with progress.task("Looking up", data.rows, "reviews") as task:
        for batch in data.batches(_COLUMNS):
            chosen = batch.filter(pc.is_in(batch.column("review_id"), value_set=wanted))
            for row in chosen.to_pylist():
                texts[row["review_id"]] = ReviewText(
                    excerpt(row["review_headline"] or "", LINE_CHARACTERS),
                    row["review_body"][:MOST_CHARACTERS],
                    row["star_rating"],
                    row["review_date"],
                    row["product_id"] or "",
                    excerpt(row["product_title"] or "", LINE_CHARACTERS),
                    row["product_category"] or "",
                )
            task.advance(len(batch))
    return texts
