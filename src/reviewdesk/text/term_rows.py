"""Which frequent terms each text has, as the rows of a sparse matrix, in two passes.

Terms are those of ``terms``; the first pass is its ``TermSketch``. The second gives each term that
is frequent there a column in the order in which terms first come, and writes each text's columns.
"""

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.text.buffers import buffers
from reviewdesk.text.compiled import compiled
from reviewdesk.text.dull import Dull, Hashes, dull
from reviewdesk.text.languages import numbers_or
from reviewdesk.text.letters import letters
from reviewdesk.text.terms import (
    NO_COLUMN,
    SPARE,
    TermSketch,
    find_place,
    term_name,
    working_room,
    write_terms,
)

_SECOND: Final = np.uint64(0x9E3779B97F4A7C15)


class Rows(NamedTuple):
    """The terms of texts: those of text ``i`` are ``columns[ends[i]:ends[i + 1]]``, each once."""

    columns: NDArray[np.int32]
    ends: NDArray[np.int64]  # (n + 1,)


class TermRows:
    """The second pass: which frequent terms each text has.

    Args:
        sketch: the finished first pass over the same texts.
        most: how many terms to keep, about.
        fewest: in how many texts a term must be at least.
    """

    def __init__(self, sketch: TermSketch, most: int, fewest: int) -> None:
        self._shift, self._numbers, self._main = sketch.shift, sketch.numbers, sketch.main
        self._kept, _ = sketch.frequent(most, fewest)
        self._room = int(min(most, self._kept.sum()) * (1 + SPARE)) + 1
        places = 1 << (2 * self._room).bit_length()
        self._keys = np.zeros(places, np.uint64)
        self._columns = np.full(places, NO_COLUMN, np.int32)
        self.names: list[str] = []

    def rows(self, texts: pa.Array, *, learn: bool = True) -> Rows:
        """Return the terms of texts, each once a text and in the order in which they first come.

        Args:
            texts: (n,) texts; null is a text without terms.
            learn: whether terms that have no column yet get one.
        """
        data, offsets, _ = buffers(texts)
        size = int(offsets[-1] - offsets[0])
        columns, ends = np.empty(2 * size + 1, np.int32), np.zeros(len(offsets), np.int64)
        spans = np.empty((self._room, 2), np.int64)
        before = len(self.names)
        known = _write_rows(
            data,
            offsets,
            letters(),
            dull(),
            dull().lists[numbers_or(texts, self._main)],
            self._numbers,
            self._shift,
            self._kept,
            self._keys,
            self._columns,
            before,
            self._room if learn else before,
            spans,
            columns,
            ends,
        )
        self.names += [term_name(data[begin:end]) for begin, end in spans[before:known]]
        return Rows(columns[: ends[-1]].copy(), ends)


@compiled
def _write_rows(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    table: NDArray[np.uint32],
    dull_lists: Dull,
    which: NDArray[np.uint8],
    numbers: bool,
    shift: np.uint64,
    kept: NDArray[np.bool_],
    keys: Hashes,
    columns: NDArray[np.int32],
    known: int,
    most: int,
    new_spans: NDArray[np.int64],
    out: NDArray[np.int32],
    ends: NDArray[np.int64],
) -> int:
    """Write the columns of each text; return how many columns there are now."""
    room = working_room(offsets)
    seen = np.zeros(len(new_spans) + 1, np.int64)
    count = 0
    for text in range(len(offsets) - 1):
        found = write_terms(data, offsets, text, table, dull_lists, which[text], numbers, room)
        for place in range(found):
            term = room[2][place]
            if not (kept[term >> shift] and kept[(term * _SECOND) >> shift]):
                continue
            at = find_place(keys, columns, term)
            column = columns[at]
            if column == NO_COLUMN:
                if known >= most:
                    continue
                column = known
                keys[at], columns[at] = term, column
                new_spans[column] = room[3][place]
                known += 1
            if seen[column] != text + 1:
                seen[column] = text + 1
                out[count] = column
                count += 1
        ends[text + 1] = count
    return known
