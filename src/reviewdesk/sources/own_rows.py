"""A file's own rows: every column as it stands, and the review that was read of each."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.schema import REJECTS
from reviewdesk.sources.amazon import AmazonReviews
from reviewdesk.sources.amazon_parquet import AmazonParquet
from reviewdesk.sources.base import Source
from reviewdesk.sources.catalog import Input
from reviewdesk.sources.columns import to_reviews
from reviewdesk.sources.json_formats import JsonFormat
from reviewdesk.sources.kept import ALL_COLUMNS, WHOLE_OBJECT, kept_name
from reviewdesk.sources.raw_rows import RawRows
from reviewdesk.sources.table import Table
from reviewdesk.sources.tally import Tally

OBJECT: Final = "\0object"
"""The column of rows that are JSON objects: each as JSON."""

_READ: Final = (
    *("product_id", "product_title", "product_category", "star_rating"),
    *("review_headline", "review_body", "review_date"),
)
"""What rows hold in formats that have no columns, such as a folder of texts."""


@dataclass(frozen=True)
class OwnRows:
    """Some rows of one file, in its order.

    Args:
        own: (n,) rows with the file's own columns; of JSON the column ``OBJECT``.
        reviews: (n,) the same rows as reviews, not yet cleaned.
        lines: (n,) where each row begins; None where the format has no lines.
        rejects: rows that could not be read, with their lines.
        bytes_read: bytes of the file as it lies on disk, read since the last rows.
        separator: what separates the fields of a line; empty where rows are no such lines.
    """

    own: pa.RecordBatch
    reviews: pa.RecordBatch
    lines: Sequence[int] | None
    rejects: pa.RecordBatch
    bytes_read: int
    separator: str


def own_rows(input_: Input, *, whole: bool = True) -> Iterator[OwnRows]:
    """Yield all rows of a file, good and bad.

    Args:
        input_: with the way in which its ratings and dates are read.
        whole: whether all columns are wanted; if not, those that its reader keeps stand in the
            reviews.

    Raises:
        StorageError: it cannot be read.
    """
    reader = copy.copy(input_.reader)
    header, separator = _keep_all(reader, input_) if whole else ([], "")
    kept = () if whole else reader.kept
    tally, unused = Tally(input_.name), Tally(input_.name)
    reading = input_.reading or reader.reading_by_default()
    waiting = pa.RecordBatch.from_pylist([], REJECTS)
    for rows in Input(input_.file, reader).raw_rows(tally, {}):
        reviews = to_reviews(
            rows, unused, reading=reading, category=reader.settings.category, kept=kept
        )
        early, waiting = _before_last(pa.concat_batches([waiting, tally.rejects.take()]), rows)
        own, size = _own(rows, header, reviews), tally.bytes_read
        yield OwnRows(own, reviews, rows.lines, early, size, separator)
        tally.bytes_read = 0
    rejects = pa.concat_batches([waiting, tally.rejects.take()])
    none = to_reviews(RawRows.none(), unused, kept=kept)
    nothing = pa.RecordBatch.from_pylist([], pa.schema([(name, pa.string()) for name in header]))
    yield OwnRows(nothing, none, [], rejects, tally.bytes_read, separator)


def _before_last(rejects: pa.RecordBatch, rows: RawRows) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Return the rejects that stand before the last of some rows, and those that do not.

    A file is read by blocks, so that a row that is too long is met before its neighbours are.
    """
    if not len(rejects) or not rows.lines:
        return rejects.slice(len(rejects)), rejects
    early = pc.fill_null(pc.less(rejects["line"], rows.lines[-1]), False)
    return rejects.filter(early), rejects.filter(pc.invert(early))


def _keep_all(reader: Source, input_: Input) -> tuple[list[str], str]:
    """Let a reader keep all that a file has.

    Returns:
        The file's columns and what separates them; nothing where rows name their own.
    """
    header: Sequence[str] = ()
    separator = ""
    if isinstance(reader, AmazonReviews | Table):
        header, separator = reader.header(input_.file)
    if header:
        reader.kept = ALL_COLUMNS
    elif isinstance(reader, JsonFormat | Table | AmazonParquet):
        reader.kept = (WHOLE_OBJECT,)
    return distinct_names(header), separator


def _own(rows: RawRows, header: Sequence[str], reviews: pa.RecordBatch) -> pa.RecordBatch:
    if rows.own is not None:
        names = distinct_names(rows.own.schema.names)
        return pa.RecordBatch.from_arrays(rows.own.columns, names=names)
    if header:
        columns = [rows.columns.get(kept_name(str(place))) for place in range(len(header))]
        nothing = pa.nulls(rows.count, pa.string())
        texts = [nothing if one is None else one.cast(pa.string()) for one in columns]
        return pa.RecordBatch.from_arrays(texts, names=list(header))
    if (objects := rows.columns.get(kept_name(WHOLE_OBJECT))) is not None:
        return pa.RecordBatch.from_arrays([objects], names=[OBJECT])
    return reviews.select(_READ)


def distinct_names(names: Sequence[str]) -> list[str]:
    """Return names of columns of which no two are equal, and none is empty."""
    distinct: dict[str, None] = {}
    for place, name in enumerate(names, 1):
        free = name.strip() or f"column {place}"
        number = 2
        while free in distinct:
            free = f"{name.strip() or f'column {place}'} ({number})"
            number += 1
        distinct[free] = None
    return list(distinct)
