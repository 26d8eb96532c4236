"""Many labels: softmax regression with one AdaGrad rate a feature.

Source: Duchi, Hazan and Singer 2011, Adaptive subgradient methods for online learning.
"""

import math

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled


@compiled
def softmax_epoch(
    ids: NDArray[np.uint32],
    ends: NDArray[np.int64],
    order: NDArray[np.int64],
    labels: NDArray[np.int32],
    inverse: NDArray[np.float32],
    costs: NDArray[np.float32],
    rates: NDArray[np.float32],
    weights: NDArray[np.float32],
    bias: NDArray[np.float32],
) -> None:
    """Visit rows once and move the weights against each one's gradient.

    Args:
        ids: features of all rows.
        ends: (n + 1,) row i has ``ids[ends[i]:ends[i + 1]]``.
        order: which rows, in which order.
        labels: (n,) the label of each row.
        inverse: (n,) 1 over each row's length.
        costs: (k,) what an error on a row of each label costs.
        rates: (2,) the rate at the beginning and at the end.
        weights: (features, width) k weights, then the scale, then the sum of squared gradients;
            the rest is zero. One row is one or two lines of the processor's cache.
        bias: (width,) k biases, then zero and the sum of squared gradients.
    """
    k, width = len(costs), weights.shape[1]
    scores = np.zeros(width, np.float32)
    for turn in range(len(order)):
        row = order[turn]
        rate = rates[0] + (rates[1] - rates[0]) * np.float32(turn / len(order))
        begin, end = ends[row], ends[row + 1]
        score_row(ids, begin, end, inverse[row], weights, k, bias, scores)
        squares = to_gradient(scores, labels[row], costs, k)
        bias[k + 1] += squares
        step = rate / np.float32(math.sqrt(bias[k + 1]))
        for label in range(k):
            bias[label] -= step * scores[label]
        for place in range(begin, end):
            feature = ids[place]
            value = weights[feature, k] * inverse[row]
            total = weights[feature, k + 1] + value * value * squares
            weights[feature, k + 1] = total
            step = rate * value / np.float32(math.sqrt(total))
            for label in range(width):
                weights[feature, label] -= step * scores[label]


@compiled
def score_row(
    ids: NDArray[np.uint32],
    begin: int,
    end: int,
    length: np.float32,
    weights: NDArray[np.float32],
    k: int,
    bias: NDArray[np.float32],
    scores: NDArray[np.float32],
) -> None:
    """Write the k scores of one row."""
    width = len(scores)
    for label in range(width):
        scores[label] = 0
    for place in range(begin, end):
        feature = ids[place]
        value = weights[feature, k] * length
        for label in range(width):
            scores[label] += value * weights[feature, label]
    for label in range(k):
        scores[label] += bias[label]


@compiled
def to_gradient(
    scores: NDArray[np.float32], truth: int, costs: NDArray[np.float32], k: int
) -> np.float32:
    """Turn scores into the gradient of the loss and return its squared length."""
    largest = scores[0]
    for label in range(1, k):
        largest = max(largest, scores[label])
    total = np.float32(0)
    for label in range(k):
        scores[label] = np.float32(math.exp(scores[label] - largest))
        total += scores[label]
    squares = np.float32(0)
    for label in range(k):
        share = scores[label] / total
        if label == truth:
            share -= np.float32(1)
        scores[label] = share * costs[truth]
        squares += scores[label] * scores[label]
    for label in range(k, len(scores)):
        scores[label] = 0
    return squares
