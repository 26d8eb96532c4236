import math

import numpy as np
import pytest
from scipy.stats import t as student
from sklearn.metrics import average_precision_score, roc_auc_score

from reviewdesk.stats.curves import rank
from reviewdesk.stats.jackknife import (
    Jackknife,
    Jackknifed,
    JackknifeEvidence,
    clustered_shares,
    shifted,
)
from reviewdesk.stats.shares import share_interval


def mean_of(values: np.ndarray, groups: np.ndarray | None = None) -> Jackknifed:
    jackknife = Jackknife(len(values), groups)
    return Jackknifed(float(values.mean()), jackknife.means(values), jackknife.evidence())


@pytest.mark.parametrize("rows", [200, 5000])
def test_standard_errors_are_what_theory_says(rows: int) -> None:
    correct = np.arange(rows) < 0.8 * rows
    assert mean_of(correct).variance == pytest.approx(0.8 * 0.2 / rows, rel=0.1)


def test_rows_of_one_product_are_left_out_together() -> None:
    products = np.repeat(np.arange(100), 50)
    correct = products < 80  # all reviews of a product are right or all are wrong
    assert mean_of(correct, products).variance == pytest.approx(0.8 * 0.2 / 100, rel=0.05)


def test_few_equal_products_have_students_interval() -> None:
    products = np.repeat(np.arange(10), 40)
    correct = np.random.default_rng(0).random(400) < 0.5 + 0.04 * (products - 4.5)
    low, high = mean_of(correct, products).interval()
    means = correct.reshape(10, 40).mean(axis=1)
    plain = student.ppf(0.975, 9) * means.std(ddof=1) / math.sqrt(10)
    assert (high - low) / 2 == pytest.approx(plain, rel=0.2)


def test_products_of_very_unequal_size_count_as_fewer() -> None:
    jackknife = Jackknife(105, np.r_[np.zeros(100), np.arange(1, 6)])
    assert jackknife.evidence().groups == 6
    assert jackknife.evidence().degrees == 1


def test_group_names_do_not_matter_only_who_is_together() -> None:
    groups = np.array([7, 7, 2**63, 0, 0, 0], np.uint64)
    assert Jackknife(6, groups).groups == 3


def test_counts_lack_one_group_each() -> None:
    counts = Jackknife(300).counts(np.arange(300) % 4, 5)
    assert counts.shape == (300, 5)
    assert np.all(counts.sum(axis=1) == 299)
    assert np.all(counts[:, 4] == 0)


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_areas_are_off_by_what_leaving_out_every_row_shows(share: float) -> None:
    generator = np.random.default_rng(5)
    positive = generator.random(200) < share
    scores = generator.normal(size=200) + 1.5 * positive
    counts = Jackknife(200).ranked(positive, scores)
    others = [np.delete(np.arange(200), row) for row in range(200)]
    plain = {
        "roc_auc": [roc_auc_score(positive[kept], scores[kept]) for kept in others],
        "average_precision": [
            average_precision_score(positive[kept], scores[kept]) for kept in others
        ],
    }
    for name, values in plain.items():
        found = getattr(counts, name)()
        assert np.std(found[1:]) == pytest.approx(np.std(values), rel=0.1), name


def test_areas_of_few_rows_are_exact() -> None:
    positive = np.array([True, False, True, False, True])
    scores = np.array([0.9, 0.8, 0.8, 0.2, 0.1])
    everything = Jackknife(5).ranked(positive, scores).roc_auc()[0]
    assert everything == pytest.approx(float(rank(positive, scores).roc_auc()))


def test_what_is_left_is_shifted_to_the_exact_value() -> None:
    assert shifted(0.99, np.array([0.95, 0.94, 0.96])) == pytest.approx([0.98, 1.0])


@pytest.mark.parametrize("groups", [None, np.repeat(np.arange(20), 10)])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_all_right_and_all_wrong_have_an_interval(value: float, groups: np.ndarray | None) -> None:
    low, high = mean_of(np.full(200, value), groups).interval()
    assert 0 <= low < high <= 1
    assert value in (low, high)


def test_equal_figures_differ_by_an_interval_around_zero() -> None:
    one = mean_of(np.arange(100) < 90)
    low, high = one.difference(one, 0)
    assert low == -high < 0
    assert high < 0.05


def test_of_fewer_than_five_products_nothing_is_said() -> None:
    correct = np.arange(400) % 10 > 0
    for products in (1, 2, 4):
        few = mean_of(correct, np.arange(400) % products)
        assert all(map(math.isnan, few.interval()))
        assert all(map(math.isnan, few.difference(few, 0)))
    assert not math.isnan(mean_of(correct, np.arange(400) % 5).interval().low)


def test_a_figure_that_only_four_products_speak_of_has_no_interval() -> None:
    evidence = Jackknife(60, np.repeat(np.arange(20), 3)).evidence(np.arange(60) < 12)
    assert evidence.groups == 4
    assert evidence.too_little


def test_few_reviews_of_a_product_each_are_independent() -> None:
    correct = np.array([True, False, True])
    found = Jackknifed(2 / 3, np.empty(0), JackknifeEvidence(3, 3, 1.0), hits=int(correct.sum()))
    assert found.interval() == share_interval(2, 3)


def test_figures_without_an_upper_bound() -> None:
    surprises = np.random.default_rng(1).exponential(size=300)
    jackknife = Jackknife(300)
    found = Jackknifed(
        float(surprises.mean()), jackknife.means(surprises), jackknife.evidence(), math.inf
    )
    low, high = found.interval()
    assert low < 1 < high
    assert high - low == pytest.approx(2 * 1.96 / math.sqrt(300), rel=0.15)
    none = Jackknifed(0.0, np.zeros(5), JackknifeEvidence(5, 5, 1.0), math.inf).interval()
    assert none.low == 0 < none.high


# The worst cells of bench/coverage.py: before, 0.21, 0.49 and 0.65 of intervals held the truth.
@pytest.mark.parametrize(
    ("products", "reviews", "rate", "spread"),
    [(5, 60, 0.8, 0.7), (10, 200, 0.85, 0.7), (29, 70, 0.85, 0.7), (300, 20, 0.995, 0.7),
     (30, 60, 0.99, 0.7), (5, 2, 0.5, 0.0)],
)  # fmt: skip
def test_shares_of_products_hold_the_truth(
    products: int, reviews: int, rate: float, spread: float
) -> None:
    random = np.random.default_rng(4)
    odds = math.log(rate / (1 - rate))
    many = random.standard_normal(1_000_000)
    truth = (1 / (1 + np.exp(-odds - 1.7 * spread * many))).mean()
    held = 0
    for _ in range(200):
        chances = 1 / (1 + np.exp(-odds - 1.7 * spread * random.standard_normal(products)))
        groups = np.repeat(np.arange(products), reviews)
        right = random.random(len(groups)) < chances[groups]
        low, high = mean_of(right, groups).interval()
        held += low <= truth <= high
    assert held / 200 >= 0.9


def test_parts_are_measured_by_themselves() -> None:
    groups = np.repeat(np.arange(30), 4)
    counted = np.random.default_rng(0).random(120) < 0.8
    parts = np.r_[np.zeros(80, int), np.full(40, 2)]
    low, high = clustered_shares(counted, parts, groups)
    assert (low[0], high[0]) == mean_of_counted(counted[:80], groups[:80])
    assert math.isnan(low[1])
    assert low[2] < counted[80:].mean() < high[2]


def mean_of_counted(counted: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    return mean_of(counted, groups).interval()


def test_one_row_and_one_group() -> None:
    assert mean_of(np.ones(1)).interval().low < 0.7
    assert Jackknife(10, np.zeros(10)).groups == 1
