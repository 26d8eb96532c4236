"""Reviews as LIBSVM chunks on disk: hashed words and runs of words with their counts.

chunks/
├── 000.libsvm  a random part of the reviews; the label, then index:count
├── sides.npy   (n,) of each row in the order of the files: learnt from, held out or left out
├── chunks.json the pieces that are read at once, with their digests
└── features.npz  which features count, and how much
"""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.examples.examples import LABEL
from reviewdesk.formats.libsvm import libsvm_lines
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.models.neural.tokens import RowSides
from reviewdesk.models.sparse.chunks import BY_ROW, LEARNT, SIDES_FILE, VALIDATION, FeatureFile
from reviewdesk.models.sparse.sparse_rows import SparseRows
from reviewdesk.storage import storage_errors
from reviewdesk.text.hashed_counts import Counts, hashed_counts
from reviewdesk.text.hashing import combine64

LEFT_OUT: Final = 3
ROWS: Final = 8_192


def review_rows(fields: Sequence[pa.Array], buckets: int, ngrams: int) -> SparseRows:
    """Return the counts of hashed words of reviews; see ``hashed_counts``."""
    return rows_of_counts(hashed_counts(fields, buckets, ngrams))


def rows_of_counts(found: Counts) -> SparseRows:
    """Return counts as rows of features."""
    return SparseRows(found.indices.astype(np.int32), found.counts.astype(np.float32), found.ends)


def write_chunks(
    folder: Path,
    train: LabelledReviews,
    validation: LabelledReviews | None,
    *,
    columns: Sequence[str],
    k: int,
    buckets: int,
    ngrams: int,
    chunks: int,
    share: float,
    seed: int,
) -> list[FeatureFile]:
    """Write reviews as chunks, and deal them to those that are learnt from and those held out.

    Args:
        folder: where.
        train: labelled reviews.
        validation: those to held out; None: a share of the others, by whole groups, and none of
            their texts is learnt from.
        columns: the text columns.
        k: how many labels there are.
        buckets: how many indices words are hashed to.
        ngrams: the longest run of words that is a feature.
        chunks: how many files.
        share: how much is held out.
        seed: another seed deals otherwise.
    """
    paths = [folder / f"{number:03d}.libsvm" for number in range(chunks)]
    sides, chunk_of = RowSides(k, columns), []
    with storage_errors(str(folder)), ExitStack() as stack:
        files = [stack.enter_context(path.open("wb")) for path in paths]
        row = 0
        for part in (train, *([validation] if validation else [])):
            for whole in part.batches():
                for at in range(0, len(whole), ROWS):
                    batch = whole.slice(at, ROWS)
                    rows = review_rows([batch[name] for name in columns], buckets, ngrams)
                    sides.add(batch, rows.indices, rows.ends)
                    dealt = _chunks_of(row, len(batch), chunks, seed)
                    labels = batch[LABEL].to_numpy()
                    for number, file in enumerate(files):
                        own = np.flatnonzero(dealt == number)
                        taken = rows.take(own)
                        counts = taken.values.astype(np.int64)
                        file.write(libsvm_lines(labels[own], taken.indices, counts, taken.ends))
                    chunk_of.append(dealt)
                    row += len(batch)
            sides.end_side()
        given = sides.sides[0] if validation else None
        *_, learnt, aside = sides.dealt(given, share, seed)
        np.save(folder / SIDES_FILE, _in_files(row, learnt, aside, np.concatenate(chunk_of)))
    return [FeatureFile(path, BY_ROW) for path in paths]


def _chunks_of(first: int, rows: int, chunks: int, seed: int) -> NDArray[np.int64]:
    """Return the chunk that each row is written to."""
    places = np.arange(first, first + rows, dtype=np.uint64)
    mixed = combine64(places, np.full(rows, seed, np.uint64))
    return (mixed % np.uint64(chunks)).astype(np.int64)


def _in_files(
    rows: int, learnt: NDArray[np.int64], aside: NDArray[np.int64], chunk_of: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """Return the side of each row in the order in which the files hold them."""
    sides = np.full(rows, LEFT_OUT, np.uint8)
    sides[learnt], sides[aside] = LEARNT, VALIDATION
    return sides[np.argsort(chunk_of, kind="stable")]
