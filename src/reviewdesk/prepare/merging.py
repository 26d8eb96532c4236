"""Merging: the rows of one part are gathered from all runs, range by range, and sorted."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.prepare.duplicates import DERIVED_ID
from reviewdesk.prepare.identity import content_numbers
from reviewdesk.prepare.runs import SORT_KEYS, Key, Piece, ranges, read_range
from reviewdesk.schema import (
    COPY_OF,
    REVIEW_LANGUAGE,
    REVIEW_TOKENS,
    REVIEWS,
    prepared_schema,
    ratings_schema,
)
from reviewdesk.settings import PrepareSettings
from reviewdesk.text.content_words import content_words
from reviewdesk.text.languages import language_column

RANGE_BYTES: Final = 64 * 1024 * 1024


class DecidedRun(Protocol):
    """A run, and what is to become of its rows."""

    @property
    def file(self) -> str:
        """Where its rows are: a local path or an address."""

    def verdicts(self, start: int, rows: int) -> NDArray[np.int32]:
        """Return the verdicts on some of its rows, (rows,), as ``duplicates`` has them."""

    def originals(self, start: int, rows: int) -> pa.Array:
        """Return the ids of which some of its rows are copies, (rows,) strings or null."""


def merged(
    runs: Sequence[tuple[DecidedRun, Sequence[Piece]]], settings: PrepareSettings
) -> Iterator[pa.Table]:
    """Yield the rows of one part that stay, in order, in bounded memory.

    Args:
        runs: all runs that have rows of the part, each with its batches of it.
        settings: what is written beside the reviews table.
    """
    schema = prepared_schema(tokens=settings.tokens)
    batches = [piece.batch for _, pieces in runs for piece in pieces]
    for low, high in ranges(batches, RANGE_BYTES):
        parts = [part for run, pieces in runs for part in _kept(run, pieces, low, high, schema)]
        if parts:
            rows = pa.Table.from_batches(parts).combine_chunks()
            del parts
            rows = rows.take(pc.sort_indices(rows, sort_keys=list(SORT_KEYS)))
            rows = _with_languages(rows, schema)
            yield _with_tokens(rows, schema, settings) if settings.tokens else rows


def merged_ratings(
    runs: Sequence[tuple[DecidedRun, Sequence[Piece]]], settings: PrepareSettings
) -> Iterator[pa.Table]:
    """Yield the rows that have stars and no text, without what is made of a text.

    Args:
        runs: as for ``merged``.
        settings: the same.
    """
    names = ratings_schema().names
    for rows in merged(runs, replace(settings, tokens=False, stem=False)):
        yield rows.select(names)


def _with_languages(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    languages = [language_column(chunk) for chunk in rows["review_body"].chunks]
    column = pa.chunked_array(languages, pa.string())
    return rows.append_column(schema.field(REVIEW_LANGUAGE.name), column)


def _with_tokens(rows: pa.Table, schema: pa.Schema, settings: PrepareSettings) -> pa.Table:
    bodies = rows["review_body"].chunks
    words = [content_words(chunk, stems=settings.stem) for chunk in bodies]
    return rows.append_column(schema.field(REVIEW_TOKENS.name), pa.chunked_array(words))


def _kept(
    run: DecidedRun,
    pieces: Sequence[Piece],
    low: Key | None,
    high: Key | None,
    schema: pa.Schema,
) -> Iterator[pa.RecordBatch]:
    for start, batch, inside in read_range(run.file, pieces, low, high):
        verdicts = run.verdicts(start, batch.num_rows)
        stays = inside & (verdicts >= 0)
        if not stays.any():
            continue
        rows = _with_numbers(batch, verdicts) if (verdicts > 0).any() else batch
        originals = run.originals(start, batch.num_rows)
        rows = rows.append_column(schema.field(COPY_OF.name), originals)
        yield rows if stays.all() else rows.filter(pa.array(stays))


def _with_numbers(batch: pa.RecordBatch, verdicts: NDArray[np.int32]) -> pa.RecordBatch:
    """Return the batch with ``-2``, ``-3`` ... behind the ids that get a number.

    Where an id is none, a number that is derived from the content comes before that.
    """
    column = batch.schema.get_field_index("review_id")
    ids = batch.column(column)
    derived = verdicts > DERIVED_ID
    if derived.any():
        own = pc.binary_join_element_wise(ids, content_numbers(batch), "-")
        ids = pc.if_else(pa.array(derived), own, ids)
    numbers = np.where(derived, verdicts - DERIVED_ID, verdicts)
    numbered = pc.binary_join_element_wise(ids, pa.array(numbers).cast(pa.string()), "-")
    ids = pc.if_else(pa.array(numbers > 1), numbered, ids)
    return batch.set_column(column, REVIEWS.field("review_id"), ids)
