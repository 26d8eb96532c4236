import numpy as np
import pytest

from reviewdesk.errors import NotEnoughData
from reviewdesk.examples.folds import NO_FOLD, deal_folds, product_folds, training_rows

from .shop import corpus


def test_every_labelled_review_is_in_one_fold_with_its_product() -> None:
    stars = [None if row % 7 == 0 else 1 + row % 5 for row in range(1_000)]
    examples = corpus(star_rating=stars)
    folds = product_folds(examples, 5)
    assert folds.dtype == np.int16
    np.testing.assert_array_equal(folds == NO_FOLD, ~examples.labelled)
    assert {*folds[examples.labelled].tolist()} == set(range(5))
    for product in np.unique(examples.groups):
        assert len({*folds[(examples.groups == product) & examples.labelled].tolist()}) <= 1


def test_folds_are_alike_in_size_and_labels() -> None:
    examples = corpus(product_id=[f"B{row}" for row in range(1_000)])
    folds = product_folds(examples, 4)
    for fold in range(4):
        counts = examples.counts(folds == fold)
        assert abs(counts["negative"] - 62.5) <= 2
        assert abs(counts["positive"] - 187.5) <= 2


def test_seeds() -> None:
    examples = corpus()
    first, same, other = (product_folds(examples, 5, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()


def test_labels_of_one_product_each_do_not_all_land_in_one_fold() -> None:
    labels = np.repeat(np.arange(10, dtype=np.int32), 20)
    folds = deal_folds(labels, labels.astype(np.uint64), 5, 0)
    assert np.bincount(folds).tolist() == [40] * 5


def test_one_product_with_most_reviews_stays_in_one_fold() -> None:
    groups = np.array([0] * 900 + list(range(1, 101)), np.uint64)
    folds = deal_folds(np.zeros(1_000, np.int32), groups, 3, 0)
    assert len({*folds[:900].tolist()}) == 1
    assert folds.min() >= 0
    assert folds.max() <= 2


def test_what_predicts_a_fold_has_not_seen_its_products_or_texts() -> None:
    examples = corpus(review_body=[f"text {row % 600}" for row in range(1_000)])
    folds = product_folds(examples, 5)
    for fold in range(5):
        rows, dropped = training_rows(examples, folds, fold)
        inside = folds == fold
        assert dropped > 0
        assert dropped + int(rows.sum()) + int(inside.sum()) == 1_000
        assert not set(examples.text_keys[rows]) & set(examples.text_keys[inside])
        assert not set(examples.groups[rows]) & set(examples.groups[inside])


def test_reviews_without_a_label_are_not_learnt_from() -> None:
    examples = corpus(star_rating=[None if row % 2 else 1 + row % 5 for row in range(1_000)])
    rows, _ = training_rows(examples, product_folds(examples, 3), 0)
    assert not rows[1::2].any()


def test_too_little_to_fold() -> None:
    with pytest.raises(NotEnoughData, match="5 folds need as many products; this data has 2"):
        product_folds(corpus(10), 5)
    with pytest.raises(NotEnoughData, match="all 10 are"):
        product_folds(corpus(10, star_rating=[5] * 10), 2)
