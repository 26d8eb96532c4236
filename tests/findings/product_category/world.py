"""Products with reviews whose texts are numbers: what two base models would say of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class World:
    """What base models say (n, k), each review's product (n,), and where products stand (p,)."""

    base_logs: list[NDArray[np.float32]]
    product: Ints
    assigned: Ints
    right: Ints

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Which products stand in a wrong category, (p,)."""
        wrong: NDArray[np.bool_] = self.assigned != self.right
        return wrong


def world(
    products: int = 1_200,
    k: int = 5,
    *,
    noise: float = 0.05,
    sure: float = 3.0,
    alike: float = 0.5,
    to: int | None = None,
    overlap: bool = False,
    seed: int = 0,
) -> World:
    """Make products whose reviews lean to their right category.

    Args:
        products: how many.
        k: how many categories.
        noise: the share of products in a wrong category.
        sure: by how much a review's score for its right category is higher.
        alike: the share of what a review says besides that it says with all of its product.
        to: the category that products move to; any by default.
        overlap: whether what is said of the first two categories is nearly the same.
        seed: another seed makes others.
    """
    random = np.random.default_rng(seed)
    sizes = random.choice([1, 2, 3, 5, 8, 20], products, p=[0.2, 0.2, 0.2, 0.2, 0.1, 0.1])
    right = random.integers(k, size=products)
    assigned = right.copy()
    moved = random.random(products) < noise
    anywhere = (right[moved] + random.integers(1, k, moved.sum())) % k
    assigned[moved] = anywhere if to is None else to
    product = np.repeat(np.arange(products), sizes)
    shared = random.normal(size=(products, k))[product] * np.sqrt(alike)
    own = random.normal(size=(len(product), k)) * np.sqrt(1 - alike)
    scores = shared + own
    scores[np.arange(len(product)), right[product]] += sure
    if overlap:
        either = right[product] < 2
        scores[either, 0] = scores[either, :2].max(axis=1)
        scores[either, 1] = scores[either, 0] + 0.3 * shared[either, 1]
    base_logs = []
    for _ in range(2):
        predicted = np.exp(scores + 0.3 * random.normal(size=scores.shape))
        base_logs.append((predicted / predicted.sum(axis=1, keepdims=True)).astype(np.float32))
    return World(base_logs, product, assigned, right)
