import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from reviewdesk.stats.curves import RankedCounts, precision_recall_points, rank, roc_points


@pytest.mark.parametrize("distinct", [3, 1000])
def test_areas_equal_scikit_learn_with_and_without_ties(distinct: int) -> None:
    generator = np.random.default_rng(1)
    positive = generator.random(500) < 0.3
    scores = np.round(generator.random(500) * distinct + positive * distinct / 4) / distinct
    counts = rank(positive, scores.astype(np.float32))
    assert float(counts.roc_auc()) == pytest.approx(roc_auc_score(positive, scores))
    assert float(counts.average_precision()) == pytest.approx(
        average_precision_score(positive, scores)
    )


def test_areas_of_many_resamples_are_those_of_each() -> None:
    one = RankedCounts(np.array([2.0, 1.0]), np.array([0.0, 3.0]))
    other = RankedCounts(np.array([0.0, 1.0]), np.array([4.0, 0.0]))
    both = RankedCounts(
        np.stack([one.positives, other.positives]), np.stack([one.negatives, other.negatives])
    )
    assert both.roc_auc().tolist() == [float(one.roc_auc()), float(other.roc_auc())]
    assert both.average_precision().tolist() == [
        float(one.average_precision()),
        float(other.average_precision()),
    ]


def test_perfect_reversed_and_constant_scores() -> None:
    positive = np.array([True, True, False, False])
    assert rank(positive, np.array([0.9, 0.8, 0.2, 0.1])).roc_auc() == 1
    assert rank(positive, np.array([0.1, 0.2, 0.8, 0.9])).roc_auc() == 0
    constant = rank(positive, np.full(4, 0.5))
    assert constant.roc_auc() == 0.5
    assert constant.average_precision() == 0.5


@pytest.mark.parametrize("kind", [True, False])
def test_one_class_has_no_roc_area(kind: bool) -> None:
    counts = rank(np.full(3, kind), np.array([0.1, 0.2, 0.3]))
    assert math.isnan(float(counts.roc_auc()))
    assert math.isnan(float(counts.average_precision())) is not kind


def test_roc_points_run_from_corner_to_corner_on_the_curve() -> None:
    generator = np.random.default_rng(2)
    positive = generator.random(4000) < 0.1
    scores = generator.random(4000) + positive * 0.3
    false_rates, true_rates = roc_points(rank(positive, scores), most=50)
    assert len(false_rates) <= 51
    assert (false_rates[0], true_rates[0]) == (0, 0)
    assert (false_rates[-1], true_rates[-1]) == (1, 1)
    exact_false, exact_true, _ = roc_curve(positive, scores, drop_intermediate=False)
    exact = set(zip(exact_false.round(9), exact_true.round(9), strict=True))
    assert set(zip(false_rates.round(9), true_rates.round(9), strict=True)) <= exact
    assert np.trapezoid(true_rates, false_rates) == pytest.approx(
        roc_auc_score(positive, scores), abs=0.01
    )


def test_precision_recall_points_end_at_the_share_of_positives() -> None:
    positive = np.array([True, False, True, False, False])
    scores = np.array([0.9, 0.8, 0.7, 0.2, 0.1])
    recalls, precisions = precision_recall_points(rank(positive, scores), most=100)
    assert (recalls[0], precisions[0]) == (0.5, 1.0)
    assert recalls[-1] == 1
    assert precisions[-1] == pytest.approx(2 / 5)
