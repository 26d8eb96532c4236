"""Many labels: softmax regression with one AdaGrad rate a feature.

Source: Duchi, Hazan and Singer 2011, Adaptive subgradient methods for online learning.
"""

import math

import numpy as np
from numpy.typing import NDArray

from reviewdesk.models.linear.weights import sum_rows
from reviewdesk.text.compiled import compiled


@compiled
def softmax_epoch(
    ids: NDArray[np.uint32],
    ends: NDArray[np.int64],
    order: NDArray[np.int64],
    labels: NDArray[np.int32],
    costs: NDArray[np.float32],
    rates: NDArray[np.float32],
    table: NDArray[np.float32],
    bias: NDArray[np.float32],
) -> None:
    """Visit rows once and move the weights against each one's gradient.

    Args:
        ids: features of all rows.
        ends: (n + 1,) row i has ``ids[ends[i]:ends[i + 1]]``.
        order: which rows, in which order.
        labels: (n,) the label of each row.
        costs: (k,) what an error on a row of each label costs.
        rates: (2,) the rate at the beginning and at the end.
        table: (features, width) k weights times the scale, the scale's square, and the sum of
            squared gradients; the rest is zero. One row is one or two lines of the cache.
        bias: (width,) k biases, zero, and the sum of squared gradients.
    """
    k, width = len(costs), table.shape[1]
    sums = np.empty(width, np.float32)
    for turn in range(len(order)):
        row = order[turn]
        rate = rates[0] + (rates[1] - rates[0]) * np.float32(turn / len(order))
        begin, end = ends[row], ends[row + 1]
        sum_rows(ids, begin, end, table, sums)
        inverse = np.float32(1) / np.sqrt(sums[k]) if sums[k] > 0 else np.float32(0)
        squares = to_gradient(sums, inverse, bias, labels[row], costs)
        bias[k + 1] += squares
        step = rate / np.sqrt(bias[k + 1])
        for label in range(k):
            bias[label] -= step * sums[label]
        squares *= inverse * inverse
        rate *= inverse
        for place in range(begin, end):
            feature = ids[place]
            scale = table[feature, k]  # squared, as the weights are kept times the scale
            total = table[feature, k + 1] + scale * squares
            step = rate * scale / np.sqrt(total)
            for label in range(width):
                table[feature, label] -= step * sums[label]
            table[feature, k + 1] = total


@compiled
def to_gradient(
    sums: NDArray[np.float32],
    inverse: np.float32,
    bias: NDArray[np.float32],
    truth: int,
    costs: NDArray[np.float32],
) -> np.float32:
    """Turn a row's sums into the gradient of its loss, and return its squared length."""
    k = len(costs)
    largest = np.float32(-np.inf)
    for label in range(k):
        sums[label] = sums[label] * inverse + bias[label]
        largest = max(largest, sums[label])
    total = np.float32(0)
    for label in range(k):
        sums[label] = np.float32(math.exp(sums[label] - largest))
        total += sums[label]
    squares = np.float32(0)
    for label in range(k):
        share = sums[label] / total
        if label == truth:
            share -= np.float32(1)
        sums[label] = share * costs[truth]
        squares += sums[label] * sums[label]
    for label in range(k, len(sums)):
        sums[label] = 0
    return squares
