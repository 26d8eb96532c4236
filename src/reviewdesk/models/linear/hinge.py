"""Two labels: dual coordinate descent on the squared hinge.

Source: Hsieh et al. 2008, A dual coordinate descent method for large-scale linear SVM.
"""

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled
import os
BIAS = np.float32(os.environ.get("BIAS","1"))


@compiled
def hinge_epoch(
    ids: NDArray[np.uint32],
    ends: NDArray[np.int64],
    order: NDArray[np.int64],
    signs: NDArray[np.float32],
    inverse: NDArray[np.float32],
    slack: NDArray[np.float32],
    alphas: NDArray[np.float32],
    weights: NDArray[np.float32],
    bias: NDArray[np.float32],
) -> None:
    """Visit rows once and make each as right as the slack allows.

    A row's value of feature j is ``scale_j * inverse``; the weights are kept times their scale,
    so that scoring reads one number a feature.

    Args:
        ids: features of all rows.
        ends: (n + 1,) row i has ``ids[ends[i]:ends[i + 1]]``.
        order: which rows, in which order.
        signs: (n,) 1 or -1.
        inverse: (n,) 1 over each row's length.
        slack: (2,) 1 / 2C for a row of sign -1 and of sign 1.
        alphas: (n,) the dual variables.
        weights: (features, 2) weight times scale, and the scale's square.
        bias: (1,).
    """
    for row in order:
        begin, end = ends[row], ends[row + 1]
        length, sign = inverse[row], signs[row]
        half = slack[1] if sign > 0 else slack[0]
        a, b, c, d = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        at = begin
        while at + 4 <= end:  # four sums, so that one addition need not wait for the other
            a += weights[ids[at], 0]
            b += weights[ids[at + 1], 0]
            c += weights[ids[at + 2], 0]
            d += weights[ids[at + 3], 0]
            at += 4
        while at < end:
            a += weights[ids[at], 0]
            at += 1
        score = ((a + b) + (c + d)) * length + BIAS * bias[0]
        present = BIAS * BIAS + (np.float32(1) if length > 0 else np.float32(0))
        gradient = sign * score - np.float32(1) + alphas[row] * half
        alpha = max(alphas[row] - gradient / (present + half), np.float32(0))
        step = (alpha - alphas[row]) * sign
        if step != 0:
            alphas[row] = alpha
            bias[0] += step * BIAS
            step *= length
            for place in range(begin, end):
                weights[ids[place], 0] += step * weights[ids[place], 1]
