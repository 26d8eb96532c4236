"""Two labels: dual coordinate descent on the squared hinge.

Source: Hsieh et al. 2008, A dual coordinate descent method for large-scale linear SVM.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.models.linear.weights import sum_pairs
from reviewdesk.text.compiled import compiled

BIAS_VALUE: Final = 0.1
"""The bias is the weight of one more feature with this value in each row: small, so that the rows
visited last do not move it much."""

_BIAS: Final = np.float32(BIAS_VALUE)


@compiled
def hinge_epoch(
    ids: NDArray[np.uint32],
    ends: NDArray[np.int64],
    order: NDArray[np.int64],
    labels: NDArray[np.int32],
    slack: NDArray[np.float32],
    alphas: NDArray[np.float32],
    table: NDArray[np.float32],
    bias: NDArray[np.float32],
) -> None:
    """Visit rows once and make each as right as the slack allows.

    Args:
        ids: features of all rows.
        ends: (n + 1,) row i has ``ids[ends[i]:ends[i + 1]]``.
        order: which rows, in which order.
        labels: (n,) 0 or 1.
        slack: (2,) 1 / 2C for each label.
        alphas: (n,) the dual variables.
        table: (features, 2) weight times scale, and the scale's square.
        bias: (1,).
    """
    sums = np.empty(2, np.float32)
    unit = np.float32(1)
    for row in order:
        begin, end = ends[row], ends[row + 1]
        sum_pairs(ids, begin, end, table, sums)
        present = unit if sums[1] > 0 else np.float32(0)
        inverse = unit / np.sqrt(sums[1]) if sums[1] > 0 else np.float32(0)
        sign = unit if labels[row] == 1 else -unit
        half = slack[labels[row]]
        gradient = sign * (sums[0] * inverse + bias[0]) - unit + alphas[row] * half
        alpha = max(alphas[row] - gradient / (present + _BIAS * _BIAS + half), np.float32(0))
        step = (alpha - alphas[row]) * sign
        if step != 0:
            alphas[row] = alpha
            bias[0] += step * _BIAS * _BIAS
            step *= inverse
            for place in range(begin, end):
                feature = ids[place]
                table[feature, 0] += step * table[feature, 1]
