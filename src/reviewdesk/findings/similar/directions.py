"""The most alike products of each product by dense vectors: every cosine, block by block.

Dense vectors are the user's own, so that nothing is known of them but their directions: a product
of another category is as like as its vector says.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.findings.similar.neighbours import Neighbours, nobody, offer
from reviewdesk.progress import SILENT, Progress
from reviewdesk.text.compiled import compiled

BLOCK_VALUES: Final = 16_777_216
"""Cosines that are held at a time."""
STEPS: Final = 1_048_576
"""Cosines are rounded to one of so many steps: what is computed in another order is then equal."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


def nearest_directions(
    values: Floats, asked: Ints, k: int, *, variant: Ints, progress: Progress = SILENT
) -> Neighbours:
    """Return the k most alike products of each that is asked for, of those with a cosine above 0.

    Variants and ties are treated as by ``nearest``.

    Args:
        values: (p, d) vectors of all products, of length one or zeros.
        asked: (q,) products.
        k: how many to return for each.
        variant: (p,) equal for variants of one product, 0 to p - 1.
        progress: is shown how far it has come.
    """
    products, similarity = neighbours = nobody(len(asked), k)
    size = max(1, BLOCK_VALUES // max(len(values), 1))
    with progress.task("Comparing products", len(asked), "products") as task:
        for at in range(0, len(asked), size):
            block = slice(at, min(at + size, len(asked)))
            own = asked[block].astype(np.int64)
            cosines = values[own] @ values.T  # (block, p)
            _rank(cosines, own, variant, products[block], similarity[block])
            task.advance(block.stop - at)
    return neighbours


@compiled
def _rank(
    cosines: Floats,
    asked: Ints,
    variant: Ints,
    products: NDArray[np.int32],
    similarity: Floats,
) -> None:
    """Write the most alike of each row."""
    last = products.shape[1] - 1
    for query in range(len(asked)):
        own = asked[query]
        for product in range(cosines.shape[1]):
            cosine = np.rint(cosines[query, product] * np.float32(STEPS)) / np.float32(STEPS)
            if cosine > similarity[query, last] and variant[product] != variant[own]:
                offer(products[query], similarity[query], product, cosine, variant)
