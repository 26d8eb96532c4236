"""Reviews as lines of words in lower case, with a blank after each."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.models.linear.texts import field_texts
from reviewdesk.models.vectors.text_rows import TextLines
from reviewdesk.text.compiled import compiled
from reviewdesk.text.letters import letters
from reviewdesk.text.words import hash_words

CURLY: tuple[str, str] = ("’", "'")


def review_lines(batch: pa.RecordBatch, columns: Sequence[str]) -> TextLines:
    """Return one line for each review: the words of all its fields, one field after the other.

    Args:
        batch: n reviews.
        columns: the fields.
    """
    lower = [
        pc.replace_substring(pc.utf8_lower(as_strings(batch.column(name))), *CURLY)
        for name in columns
    ]
    texts = field_texts(pa.record_batch(lower, names=list(columns)), columns)
    sizes = texts.bytes
    # Scripts that do not divide words give each character twice, and a blank after each pair.
    out = np.empty(int(sizes.sum()) * 3 + 8 * len(batch), np.uint8)
    ends = np.zeros(len(batch) + 1, np.int64)
    most = int((texts.bounds[:, :, 1] - texts.bounds[:, :, 0]).max(initial=0))
    hashes, spans = np.empty(most + 1, np.uint64), np.empty((most + 1, 2), np.int64)
    _write_words(texts.data, texts.bounds, letters(), hashes, spans, out, ends)
    data = out[: ends[-1]]
    data.flags.writeable = False
    return TextLines(data, ends[:-1], ends[1:])


def as_strings(column: pa.Array) -> pa.Array:
    """Return a column of texts, perhaps a dictionary, as large strings."""
    if isinstance(column, pa.DictionaryArray):
        column = column.dictionary_decode()
    return column.cast(pa.large_string())


@compiled
def _write_words(
    data: NDArray[np.uint8],
    bounds: NDArray[np.int64],
    table: NDArray[np.uint32],
    hashes: NDArray[np.uint64],
    spans: NDArray[np.int64],
    out: NDArray[np.uint8],
    ends: NDArray[np.int64],
) -> None:
    at = 0
    for row in range(bounds.shape[0]):
        for field in range(bounds.shape[1]):
            start, end = bounds[row, field, 0], bounds[row, field, 1]
            for word in range(hash_words(data, start, end, np.uint64(0), table, hashes, spans)):
                for place in range(spans[word, 0], spans[word, 1]):
                    out[at] = data[place]
                    at += 1
                out[at] = np.uint8(32)
                at += 1
        ends[row + 1] = at
