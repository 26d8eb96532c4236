import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from reviewdesk.stats.bootstrap import Bootstrap, interval, shifted
from reviewdesk.stats.curves import rank


def width(resampled: np.ndarray) -> float:
    low, high = interval(resampled)
    return high - low


@pytest.mark.parametrize("rows", [200, 5000])
def test_means_spread_as_theory_says(rows: int) -> None:
    correct = np.arange(rows) < 0.8 * rows
    resampled = Bootstrap(rows, resamples=2000).means(correct)
    assert resampled.mean() == pytest.approx(0.8, abs=0.005)
    assert width(resampled) == pytest.approx(2 * 1.96 * math.sqrt(0.8 * 0.2 / rows), rel=0.1)


def test_rows_of_one_product_are_drawn_together() -> None:
    products = np.repeat(np.arange(100), 50)
    correct = products < 80  # all reviews of a product are right or all are wrong
    together = Bootstrap(5000, products).means(correct)
    assert width(together) == pytest.approx(2 * 1.96 * math.sqrt(0.8 * 0.2 / 100), rel=0.15)
    assert width(together) > 5 * width(Bootstrap(5000).means(correct))


def test_group_names_do_not_matter_only_who_is_together() -> None:
    groups = np.array([7, 7, 2**63, 0, 0, 0], np.uint64)
    assert Bootstrap(6, groups).groups == 3


def test_counts_of_cells_add_up() -> None:
    counts = Bootstrap(300, resamples=50).counts(np.arange(300) % 4, 5)
    assert counts.shape == (50, 5)
    assert np.all(counts.sum(axis=1) == 300)
    assert np.all(counts[:, 4] == 0)


@pytest.mark.parametrize(("rows", "share"), [(150, 0.5), (4000, 0.5), (4000, 0.02)])
def test_areas_spread_as_drawing_every_row_does(rows: int, share: float) -> None:
    generator = np.random.default_rng(5)
    positive = generator.random(rows) < share
    scores = generator.normal(size=rows) + 1.5 * positive
    resampled = Bootstrap(rows, resamples=1000).ranked(positive, scores)
    plain_roc, plain_precision = [], []
    for _ in range(400):
        drawn = generator.integers(rows, size=rows)
        plain_roc.append(roc_auc_score(positive[drawn], scores[drawn]))
        plain_precision.append(average_precision_score(positive[drawn], scores[drawn]))
    assert width(resampled.roc_auc()) == pytest.approx(width(np.array(plain_roc)), rel=0.2)
    assert width(resampled.average_precision()) == pytest.approx(
        width(np.array(plain_precision)), rel=0.2
    )


def test_areas_of_few_rows_are_exact() -> None:
    positive = np.array([True, False, True, False, True])
    scores = np.array([0.9, 0.8, 0.8, 0.2, 0.1])
    itself = Bootstrap(5).ranked(positive, scores).roc_auc()[0]
    assert itself == pytest.approx(float(rank(positive, scores).roc_auc()))


def test_interval_is_shifted_to_the_exact_value_and_stays_a_share() -> None:
    low, high = interval(shifted(0.99, np.r_[0.95, np.linspace(0.9, 1.0, 101)]))
    assert low == pytest.approx(0.9425)
    assert high == 1.0


def test_seed_decides() -> None:
    values = np.arange(50.0)
    assert np.array_equal(Bootstrap(50, seed=1).means(values), Bootstrap(50, seed=1).means(values))
    assert not np.array_equal(
        Bootstrap(50, seed=1).means(values), Bootstrap(50, seed=2).means(values)
    )


def test_undefined_resamples_are_left_out() -> None:
    assert interval(np.array([np.nan, 0.5, 0.5])) == (0.5, 0.5)
    assert all(math.isnan(end) for end in interval(np.full(3, np.nan)))


def test_one_row_and_one_group() -> None:
    assert interval(Bootstrap(1).means(np.ones(1))) == (1, 1)
    assert Bootstrap(10, np.zeros(10)).groups == 1
