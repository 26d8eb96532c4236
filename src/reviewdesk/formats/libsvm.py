"""LIBSVM's sparse format: a label and ``index:value`` pairs, ascending from 1, one row a line.

Source: LIBSVM, README, "Usage of svm-train"; scikit-learn's ``load_svmlight_file`` reads it.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_BLANK: Final = pa.scalar(" ", pa.large_string())
_COLON: Final = pa.scalar(":", pa.large_string())


def libsvm_lines(
    labels: Sequence[int] | Sequence[str] | NDArray[Any],
    indices: NDArray[np.integer[Any]],
    values: NDArray[Any],
    ends: NDArray[np.int64],
) -> bytes:
    """Return one line a row.

    Args:
        labels: (n,) each row's label, as a number; of several, numbers with a comma between.
        indices: (m,) the indices of all rows, from 1, in each row ascending.
        values: (m,) whole numbers, or floats, which are read back as they were.
        ends: (n + 1,) where each row begins and ends.
    """
    if not len(labels):
        return b""
    pairs = pc.binary_join_element_wise(
        pa.array(indices).cast(pa.large_string()), pa.array(values).cast(pa.large_string()), _COLON
    )
    joined = pc.binary_join(pa.LargeListArray.from_arrays(pa.array(ends), pairs), _BLANK)
    names = pa.array(labels).cast(pa.large_string())
    lines = pc.if_else(
        pa.array(np.diff(ends) > 0), pc.binary_join_element_wise(names, joined, _BLANK), names
    )
    return "".join(f"{line}\n" for line in lines.to_pylist()).encode()
