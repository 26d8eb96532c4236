"""The real data sets of the linear bench as plain texts, labels and groups."""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bench.machine import data_folder
from reviewdesk.settings import CleanSettings, SourceSettings
from reviewdesk.sources import open_inputs
from reviewdesk.text.clean import clean_batch
from reviewdesk.text.hashing import combine64, hash64, unit_interval
from reviewdesk.text.headlines import is_default_headline
from reviewdesk.text.tokens import normalised_key

COLUMNS: Final = ("review_headline", "review_body")


@dataclass(frozen=True)
class DataSet:
    """Texts with labels.

    Args:
        texts: (n) ``review_headline`` and ``review_body``.
        labels: (n,) 0 to k - 1.
        groups: (n,) what stays on one side.
    """

    texts: pa.Table
    labels: NDArray[np.int32]
    groups: NDArray[np.uint64]

    @cached_property
    def text_keys(self) -> NDArray[np.uint64]:
        """What is equal for bodies that count as the same text, (n,)."""
        return hash64(normalised_key(self.texts.column(COLUMNS[1]).combine_chunks()))

    def without_texts_of(
        self, rows: NDArray[np.bool_], others: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Return the rows whose text is not among other rows' texts, (n,)."""
        return rows & ~np.isin(self.text_keys, self.text_keys[others])

    def folds(self, k: int, seed: int) -> NDArray[np.int64]:
        """Deal groups out to k folds, (n,)."""
        salted = combine64(self.groups, np.full(len(self.groups), seed, np.uint64))
        return (unit_interval(salted) * k).astype(np.int64)

    def table(self, rows: NDArray[np.bool_]) -> pa.Table:
        """Return some rows with their labels and groups."""
        whole = self.texts.append_column("label", pa.array(self.labels))
        return whole.append_column("group", pa.array(self.groups)).filter(pa.array(rows))


def imdb() -> DataSet:
    """Two labels of long reviews, grouped by movie."""
    table = _reviews("imdb/aclImdb_train.tar.gz")
    table = table.filter(pc.is_valid(table.column("star_rating")))
    positive = pc.greater(table.column("star_rating"), 3).to_numpy().astype(np.int32)
    return DataSet(table.select(COLUMNS), positive, hash64(table.column("product_id")))


def stars(*, default_headlines: bool) -> DataSet:
    """Five labels of software reviews, grouped by product."""
    table = _reviews("amazon_us/amazon_reviews_us_Digital_Software_v1_00.tsv.gz")
    if not default_headlines:
        given = is_default_headline(table.column("review_headline").combine_chunks())
        table = table.filter(pc.invert(given))
    labels = table.column("star_rating").to_numpy().astype(np.int32) - 1
    return DataSet(table.select(COLUMNS), labels, hash64(table.column("product_id")))


def categories(classes: int) -> DataSet:
    """Many labels of short texts, grouped by text."""
    path = data_folder() / f"categories/categories{classes}.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    labels = np.unique([row["category"] for row in rows], return_inverse=True)[1]
    bodies = pa.chunked_array([pa.array([row["text"] for row in rows], pa.string())])
    texts = pa.table({COLUMNS[0]: pa.nulls(len(rows), pa.string()), COLUMNS[1]: bodies})
    return DataSet(texts, labels.astype(np.int32), hash64(bodies))


DATA_SETS: Final[dict[str, Callable[[], DataSet]]] = {
    "imdb": imdb,
    "categories25": lambda: categories(25),
    "categories14": lambda: categories(14),
    "stars": lambda: stars(default_headlines=True),
    "stars-own-headlines": lambda: stars(default_headlines=False),
}


def _reviews(place: str) -> pa.Table:
    return pa.Table.from_batches(_cleaned(data_folder() / place))


def _cleaned(path: Path) -> Iterator[pa.RecordBatch]:
    for one in open_inputs([str(path)], SourceSettings()):
        for batch in one.read():
            yield clean_batch(batch.reviews, CleanSettings())
