"""Folds for cross-fitting: every review is predicted by a classifier that has not seen its product.

Source: Chernozhukov et al. 2018, Double/debiased machine learning (cross-fitting); Northcutt,
Jiang and Chuang 2021, Confident learning (why label errors need out-of-sample probabilities).
"""

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import NotEnoughData
from reviewdesk.examples.examples import Examples, require_classes
from reviewdesk.examples.strata import ordered_groups
from reviewdesk.text.hashing import combine64

NO_FOLD = -1


def product_folds(examples: Examples, k: int, seed: int = 0) -> NDArray[np.int16]:
    """Deal the products out to folds, so that each fold has its share of every label.

    Args:
        examples: n reviews.
        k: how many folds, 2 or more.
        seed: another seed gives another division.

    Returns:
        (n,) the fold of each labelled review, 0 to k - 1; -1 where there is no label.

    Raises:
        NotEnoughData: there is only one label, or there are fewer products than folds.
    """
    purpose = f"cross-fitting {examples.target.target}"
    require_classes(examples.counts(), purpose, examples.left_out)
    labelled = np.flatnonzero(examples.labelled)
    products = examples.groups[labelled]
    found = len(np.unique(products))
    if found < k:
        raise NotEnoughData(f"{k} folds need as many products; this data has {found:,}")
    folds = np.full(len(examples), NO_FOLD, np.int16)
    folds[labelled] = deal_folds(examples.label[labelled], products, k, seed)
    return folds


def with_unlabelled(
    examples: Examples, folds: NDArray[np.int16], k: int, seed: int = 0
) -> NDArray[np.int16]:
    """Return folds of all reviews: those without a label are in the fold of their product.

    A product of which no review has a label is dealt to a fold by the hash of its name.

    Args:
        examples: n reviews.
        folds: (n,) what ``product_folds`` returned for them.
        k: how many folds.
        seed: another seed deals out in another way.
    """
    labelled = examples.labelled
    products, first = np.unique(examples.groups[labelled], return_index=True)
    of_product = folds[labelled][first]
    place = np.minimum(np.searchsorted(products, examples.groups), len(products) - 1)
    known = products[place] == examples.groups
    drawn = combine64(examples.groups, np.full(len(examples), seed, np.uint64)) % np.uint64(k)
    return np.where(known, of_product[place], drawn.astype(np.int16))


def deal_folds(
    labels: NDArray[np.int32], groups: NDArray[np.uint64], k: int, seed: int
) -> NDArray[np.int16]:
    """Deal groups out to k folds of about equal size, stratum by stratum.

    Args:
        labels: (n,) the label of each row, none of them negative.
        groups: (n,) equal for rows that stay together.
        k: how many folds.
        seed: another seed gives another division.

    Returns:
        (n,) the fold of each row, 0 to k - 1.
    """
    ordered = ordered_groups(labels, groups, seed, "folds")
    ends = np.cumsum(ordered.sizes)
    starts = ends - ordered.sizes
    first = np.searchsorted(ordered.strata, ordered.strata)  # (g,) where each stratum begins
    rows = np.bincount(ordered.strata, weights=ordered.sizes)[ordered.strata]
    middle = (starts + ends) / 2 - starts[first]
    # Each stratum begins at the next fold, so that strata of one group do not all land in one.
    folds = (np.floor(middle / rows * k).astype(np.int64) + ordered.strata) % k
    return folds[ordered.of_row].astype(np.int16)


def training_rows(
    examples: Examples, folds: NDArray[np.int16], fold: int
) -> tuple[NDArray[np.bool_], int]:
    """Return which reviews a classifier learns from that predicts one fold.

    They are the labelled reviews of the other folds, but for those whose text also stands in the
    fold.

    Returns:
        (n,) which reviews; and how many were dropped for their text.
    """
    outside = examples.labelled & (folds != fold)
    kept = outside & ~np.isin(examples.text_keys, examples.text_keys[folds == fold])
    return kept, int(outside.sum() - kept.sum())
