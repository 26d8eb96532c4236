"""From a text's vector to the probability of each label, as each of fastText's losses has it.

Source: fastText at 1142dc4, ``src/loss.cc``. Its probabilities pass through ``log(p + 1e-5)``, so
that the highest can be 1.00001; one-against-all looks its sigmoid up in a table of 512 steps.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.text.compiled import compiled

EPSILON: Final = np.float32(1e-5)
TABLE_STEPS: Final = 512
TABLE_END: Final = 8
LOWEST: Final = np.float32(-80)
"""Below it, a turn's odds have no number any more."""

Floats = NDArray[np.float32]


def huffman_tree(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the tree that fastText makes of labels by how often they occur.

    Args:
        counts: (k,) in falling order.

    Returns:
        (k - 1, 2): the left and the right child of each inner node; children below k are labels,
        the others inner nodes, k more than their place. The last one is the root.
    """
    k = len(counts)
    weight = [*counts.tolist(), *[10**15] * (k - 1)]
    children = np.zeros((k - 1, 2), np.int64)
    leaf, node = k - 1, k
    for made in range(k, 2 * k - 1):
        for side in range(2):
            if leaf >= 0 and weight[leaf] < weight[node]:
                children[made - k, side], leaf = leaf, leaf - 1
            else:
                children[made - k, side], node = node, node + 1
        weight[made] = sum(weight[child] for child in children[made - k])
    return children


def softmax(scores: Floats) -> Floats:
    """Return probabilities that add up to 1, (n, k)."""
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Floats = odds / odds.sum(axis=1, keepdims=True)
    return result


def sigmoid_by_table(scores: Floats) -> Floats:
    """Return fastText's sigmoid: of the lower end of a step, 0 below -8 and 1 above 8."""
    steps = np.arange(TABLE_STEPS + 1, dtype=np.float32)
    ends = steps * np.float32(2 * TABLE_END) / np.float32(TABLE_STEPS) - np.float32(TABLE_END)
    table = (1.0 / (1.0 + np.exp(-ends))).astype(np.float32)
    inside = np.clip(scores, -TABLE_END, TABLE_END)
    step = (inside + np.float32(TABLE_END)) * np.float32(TABLE_STEPS) / np.float32(TABLE_END) / 2
    found = table[step.astype(np.int64)]
    found = np.where(scores < -TABLE_END, np.float32(0), found)
    result: Floats = np.where(scores > TABLE_END, np.float32(1), found)
    return result


def tree_probabilities(scores: Floats, children: NDArray[np.int64]) -> Floats:
    """Return the probability of each label from those of the turns on the way to it.

    Args:
        scores: (n, k - 1) or wider, one for each inner node; above 0 the right child is likelier.
        children: from ``huffman_tree``.

    Returns:
        (n, k).
    """
    k = len(children) + 1
    logs = np.zeros((2 * k - 1, len(scores)), np.float32)
    for inner in range(k - 2, -1, -1):
        right = 1 / (1 + np.exp(-np.maximum(scores[:, inner], LOWEST)))
        sides = (np.float32(1) - right, right)
        for side in range(2):
            logs[children[inner, side]] = logs[k + inner] + np.log(sides[side] + EPSILON)
    return np.ascontiguousarray(np.exp(logs[:k]).T)


def probabilities(loss: str, scores: Floats, children: NDArray[np.int64] | None) -> Floats:
    """Return fastText's probability of each label, (n, k).

    Args:
        loss: the loss's name.
        scores: (n, k) products of text vectors and outputs.
        children: the tree, where the loss is ``hs``.
    """
    if children is not None:
        return tree_probabilities(scores, children)
    found = softmax(scores) if loss == "softmax" else sigmoid_by_table(scores)
    return found + EPSILON


@compiled
def dot_products(hidden: Floats, columns: Floats, scores: Floats) -> None:
    """Write the product of each text's vector and each output.

    It adds up column by column, as fastText does, so that not even the last bit differs: at the
    edge of a step of its sigmoid, one bit is a step.

    Args:
        hidden: (n, dim).
        columns: (dim, k), the outputs turned over.
        scores: (n, k) zeros, gets the products.
    """
    for text in range(hidden.shape[0]):
        for column in range(hidden.shape[1]):
            value = hidden[text, column]
            for label in range(columns.shape[1]):
                scores[text, label] += value * columns[column, label]
