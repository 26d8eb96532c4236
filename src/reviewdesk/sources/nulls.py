"""Words that programs write where there is no value, in every column of every format."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

NULL_WORDS: Final = (
    *("null", "nan", "none", "nil", "n/a", "#n/a", "<na>", "nat", "\\n", "(null)", "-", "--"),
)
"""In lower case; they are compared in any case. ``\\N`` is MySQL's and Hive's."""

EXACT_NULL_WORDS: Final = ("NA",)
"""R's; in another case it is a word. In ``marketplace`` it is Namibia."""

_LONGEST: Final = 8
"""The longest of them with a blank at either end."""


def stand_for_null(values: pa.Array, name: str) -> NDArray[np.bool_]:
    """Say which texts are empty, blank or a word for nothing.

    Args:
        values: (n,) strings.
        name: their column of the reviews table.

    Returns:
        (n,) bool; False where there is null.
    """
    words = pc.utf8_trim_whitespace(values)
    null = pc.or_(
        pc.equal(pc.binary_length(words), 0),
        pc.is_in(pc.utf8_lower(words), pa.array(NULL_WORDS)),
    )
    if name != "marketplace":
        null = pc.or_(null, pc.is_in(words, pa.array(EXACT_NULL_WORDS)))
    found: NDArray[np.bool_] = pc.fill_null(null, False).to_numpy(zero_copy_only=False)
    return found


def without_nulls(values: pa.Array, name: str) -> pa.Array:
    """Return texts with null where nothing or a word for it stands.

    Blanks that are longer than any such word stay: cleaning looks at them.

    Args:
        values: (n,) strings.
        name: their column of the reviews table.
    """
    lengths = pc.fill_null(pc.binary_length(values), 0).to_numpy(zero_copy_only=False)
    short = np.flatnonzero(lengths <= _LONGEST)
    if not len(short):
        return values
    texts = (
        values if len(short) == len(values) else values.take(pa.array(short))
    ).dictionary_encode()
    null = stand_for_null(texts.dictionary, name)
    if not null.any():
        return values
    indices = texts.indices.fill_null(0).to_numpy(zero_copy_only=False)
    mask = np.zeros(len(values), np.bool_)
    mask[short] = null[indices]
    return pc.if_else(pa.array(mask), pa.scalar(None, values.type), values)
