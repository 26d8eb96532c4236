"""The words and pairs of words of every review, as numbers: read again and again, never held."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.text.headlines import is_default_headline
from reviewdesk.text.term_rows import Rows, TermRows
from reviewdesk.text.terms import TermSketch

MOST_TERMS: Final = 131_072
FEWEST_REVIEWS: Final = 3
BATCH_ROWS: Final = 16_384

_COLUMNS: Final = ("review_headline", "review_body")


class ReviewTerms:
    """The terms of n reviews, headline and body; numbers are terms too.

    Args:
        data: the reviews; their texts are read once to see which terms are frequent.
        most: how many terms to keep, about.
        fewest: in how many reviews a term must be at least.
        progress: is shown how far it has come.
        batch_rows: rows that are read at once; what is found does not depend on it.
    """

    def __init__(
        self,
        data: PreparedData,
        *,
        most: int = MOST_TERMS,
        fewest: int = FEWEST_REVIEWS,
        progress: Progress = SILENT,
        batch_rows: int = BATCH_ROWS,
    ) -> None:
        self._data, self._progress, self._batch_rows = data, progress, batch_rows
        sketch = TermSketch(numbers=True, main=data.main_language)
        with progress.task("Finding terms", data.rows, "reviews") as task:
            for batch in data.batches(_COLUMNS, batch_rows):
                sketch.add(_said(batch))
                task.advance(len(batch))
        self._terms = TermRows(sketch, most, fewest)

    @property
    def names(self) -> list[str]:
        """The terms that were met so far, as they are shown; column ``i`` is ``names[i]``."""
        return self._terms.names

    def batches(self, why: str) -> Iterator[tuple[int, Rows]]:
        """Read all reviews: yield the place of a batch's first review, and its terms.

        Args:
            why: what the reader is shown, as in "Weighing words".
        """
        at = 0
        with self._progress.task(why, self._data.rows, "reviews") as task:
            for batch in self._data.batches(_COLUMNS, self._batch_rows):
                yield at, self._terms.rows(_said(batch))
                at += len(batch)
                task.advance(len(batch))

    def of(self, texts: Sequence[str | None]) -> Rows:
        """Return the terms of other texts, such as titles, as far as reviews have them."""
        return self._terms.rows(pa.array(texts, pa.large_string()), learn=False)

    def parts(self) -> NDArray[np.int32]:
        """Return the columns of the words of each term, (terms, 2); -1 where there is none.

        A term of one word has that word; a pair has its two words where they have columns.
        """
        columns = {name: column for column, name in enumerate(self.names)}
        found = np.full((len(columns), 2), -1, np.int32)
        for column, name in enumerate(self.names):
            for place, word in enumerate(name.split(" ")[:2]):
                found[column, place] = columns.get(word, -1)
        return found


def _said(batch: pa.RecordBatch) -> pa.Array:
    """Return headline and body as one text; words of the two are no pair.

    Headlines that the shop filled in say nothing of a product.
    """
    wide = pa.large_string()
    headline = batch.column("review_headline").fill_null("").cast(wide)
    headline = pc.if_else(is_default_headline(headline), pa.scalar("", wide), headline)
    body = batch.column("review_body").fill_null("").cast(wide)
    return pc.binary_join_element_wise(headline, body, pa.scalar(". ", wide))
