import math

import numpy as np
import pytest
from scipy.stats import binom

from reviewdesk.stats.shares import share_interval, share_intervals


def test_one_right_of_one_says_little() -> None:
    low, high = share_interval(1, 1)
    assert low < 0.21
    assert high == 1


@pytest.mark.parametrize("rows", [1, 2, 5, 10, 60, 1000, 20_000])
def test_no_interval_is_without_width_and_all_hold_what_was_seen(rows: int) -> None:
    for hits in {0, 1, rows // 2, rows - 1, rows} & set(range(rows + 1)):
        low, high = share_interval(hits, rows)
        assert 0 <= low < high <= 1
        assert low <= hits / rows <= high


def test_right_and_wrong_are_treated_alike() -> None:
    low, high = share_interval(17, 20)
    assert share_interval(3, 20) == pytest.approx((1 - high, 1 - low))


def test_of_many_rows_it_is_the_usual_interval() -> None:
    low, high = share_interval(9000, 10_000)
    assert (low, high) == pytest.approx((0.89396, 0.90574), abs=2e-4)


@pytest.mark.parametrize("rows", [5, 8, 10, 13, 17, 20, 40, 70, 200])
def test_coverage_is_never_below_93_percent(rows: int) -> None:
    """Computed by scipy's binomial distribution; Wilson's and equal tails have 0.83 and 0.93."""
    counts = np.arange(rows + 1)
    low, high = share_intervals(counts, np.full(rows + 1, rows))
    for rate in (0.5, 0.55, 0.613, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995):
        holds = (low <= rate + 1e-9) & (rate - 1e-9 <= high)
        assert binom.pmf(counts, rows, rate)[holds].sum() >= 0.93 - 1e-6, rate


@pytest.mark.parametrize(("rows", "rate"), [(20, 0.7), (50, 0.9), (70, 0.95), (200, 0.98)])
def test_coverage_is_not_needlessly_above_97_percent(rows: int, rate: float) -> None:
    counts = np.arange(rows + 1)
    low, high = share_intervals(counts, np.full(rows + 1, rows))
    holds = (low <= rate) & (rate <= high)
    assert 0.93 <= binom.pmf(counts, rows, rate)[holds].sum() <= 0.97


def test_of_no_rows_nothing_is_said() -> None:
    assert all(math.isnan(end) for end in share_interval(0, 0))
    assert [len(ends) for ends in share_intervals(np.empty(0), np.empty(0))] == [0, 0]
