"""How alike the words of categories are, from a sample of their reviews."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.text.hashing import hash64

BUCKETS: Final = 1 << 15
NOT_LETTERS: Final = r"[^\p{L}\p{N}']+"


class CategoryWords:
    """Counts in how many reviews of each category a word is; words are hashed.

    Args:
        categories: how many there are.
    """

    def __init__(self, categories: int) -> None:
        self._counts = np.zeros((categories, BUCKETS))
        self._reviews = np.zeros(categories)

    def add(self, texts: pa.Array, category: NDArray[np.integer]) -> None:
        """Count some reviews.

        Args:
            texts: (n,) without nulls.
            category: (n,) 0 to k - 1.
        """
        words = pc.split_pattern_regex(pc.utf8_lower(texts), pattern=NOT_LETTERS)
        rows = pc.list_parent_indices(words).to_numpy(zero_copy_only=False)
        slots = hash64(pc.list_flatten(words)) % np.uint64(BUCKETS)
        pairs = np.unique(rows.astype(np.int64) * BUCKETS + slots.astype(np.int64))
        np.add.at(self._counts, (category[pairs // BUCKETS], pairs % BUCKETS), 1)
        self._reviews += np.bincount(category, minlength=len(self._reviews))

    def similarity(self) -> NDArray[np.float64]:
        """Return the similarity of every two categories, (k, k), 0 to 1 and 0 with itself.

        It is the cosine between what sets each of the two apart from the mean of all; two that
        differ from it in opposite ways have 0.
        """
        shares = np.sqrt(self._counts / np.maximum(self._reviews, 1)[:, np.newaxis])
        shares = shares[:, shares.any(axis=0)]
        apart = shares - shares.mean(axis=0)
        lengths = np.sqrt((apart**2).sum(axis=1))
        cosines = apart @ apart.T / np.maximum(np.outer(lengths, lengths), 1e-12)
        np.fill_diagonal(cosines, 0.0)
        alike: NDArray[np.float64] = np.clip(cosines, 0.0, 1.0)
        return alike
