"""Real catalogues for the benches of finders that compare products.

Reviews of known files, prepared as users prepare them; a copy of them in which some stand under
another product; what TF-IDF of scikit-learn says of each.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from bench.machine import data_folder
from reviewdesk.prepare.prepare import prepare
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources import open_inputs

OF_PRODUCT: Final = ("product_id", "product_parent", "product_title")

Ints = NDArray[np.int64]


def prepared(place: Path, out: Path) -> PreparedData:
    """Prepare one file or folder."""
    return prepare(
        open_inputs([str(place)], SourceSettings()),
        out,
        prepare=PrepareSettings(),
        clean=CleanSettings(),
        source=SourceSettings(),
    )


def amazon(out: Path, name: str = "amazon_us") -> PreparedData:
    """Prepare the Amazon files, or one of them."""
    return prepared(data_folder() / name, out)


def software(out: Path) -> PreparedData:
    """Prepare the reviews of digital software."""
    return amazon(out, "amazon_us/amazon_reviews_us_Digital_Software_v1_00.tsv.gz")


def books(out: Path) -> PreparedData:
    """Prepare the reviews of books."""
    return amazon(out, "amazon_us/amazon_reviews_us_Books_v1_00.tsv.gz")


def exchanged(
    data: PreparedData, out: Path, *, share: float, fewest: int, seed: int
) -> tuple[PreparedData, set[str]]:
    """Prepare a copy in which reviews have exchanged their products.

    Args:
        data: the reviews.
        out: where the copy goes.
        share: of the reviews of products that have enough, so many stand under another one.
        fewest: how many reviews are enough.
        seed: another seed exchanges others.

    Returns:
        The copy, and the ids of the reviews that stand wrong.
    """
    table = data.table().drop_columns(["copy_of"])
    product = codes(table.column("product_id"))
    enough = np.flatnonzero(np.bincount(product)[product] >= fewest)
    random = np.random.default_rng(seed)
    moved = random.choice(enough, round(share * len(enough)), replace=False)
    like = _deal(product, moved, random)
    for name in OF_PRODUCT:
        place = table.column_names.index(name)
        table = table.set_column(place, name, table.column(name).take(pa.array(like)))
    file = out.with_suffix(".parquet")
    pq.write_table(table, file)
    wrong = table.column("review_id").take(pa.array(moved)).to_pylist()
    return prepared(file, out), set(wrong)


def _deal(product: Ints, moved: Ints, random: np.random.Generator) -> Ints:
    """Return for each review the one whose product it gets, (n,); those moved get another's."""
    takes = random.permutation(moved)
    while True:
        same = np.flatnonzero(product[takes] == product[moved])
        if not len(same):
            break
        other = random.integers(len(moved), size=len(same))
        for one, two in zip(same.tolist(), other.tolist(), strict=True):
            takes[[one, two]] = takes[[two, one]]
    like = np.arange(len(product))
    like[moved] = takes
    return like


def codes(values: pa.ChunkedArray) -> Ints:
    """Return a number for each value, 0, 1, ... in their order, (n,)."""
    _, inverse = np.unique(values.to_numpy(), return_inverse=True)
    return np.asarray(inverse, np.int64)


def texts_of(table: pa.Table) -> list[str]:
    """Return headline and body of each review."""
    headline = pc.fill_null(table.column("review_headline"), "")
    joined = pc.binary_join_element_wise(headline, table.column("review_body"), " ")
    return list(joined.to_pylist())


def tfidf(texts: Sequence[str], **settings: Any) -> sparse.csr_matrix:
    """Return what scikit-learn makes of texts: rows of length one."""
    vectorizer = TfidfVectorizer(min_df=2, dtype=np.float32, **settings)
    return sparse.csr_matrix(vectorizer.fit_transform(texts))
