"""LIBSVM's sparse format: a label and ``index:value`` pairs, ascending from 1, one text a line.

Source: LIBSVM, README, "Usage of svm-train"; scikit-learn's ``load_svmlight_file`` reads it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def libsvm_lines(
    labels: Sequence[int], rows: NDArray[np.int64], indices: NDArray[np.int64]
) -> bytes:
    """Return one line a text, with how often each index occurs in it.

    Args:
        labels: (n,) each text's label, as a number.
        rows: (t,) the text that each occurrence is in, 0 to n - 1.
        indices: (t,) the index that occurs, from 1.
    """
    width = int(indices.max(initial=0)) + 1
    keys, counts = np.unique(rows * width + indices, return_counts=True)
    found, index = np.divmod(keys, width)
    pairs = [f"{i}:{n}" for i, n in zip(index.tolist(), counts.tolist(), strict=True)]
    ends = np.searchsorted(found, np.arange(len(labels) + 1)).tolist()
    return "".join(
        " ".join([str(label), *pairs[ends[row] : ends[row + 1]]]) + "\n"
        for row, label in enumerate(labels)
    ).encode()
